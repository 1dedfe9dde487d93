//! The words that `phase`, `status` and `kind` may have in one logbook: the built-in ones and those
//! that its config declares.

use super::kind::Kind;
use super::words::{Phase, Status};

/// The words in force for one logbook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vocabulary {
    /// Phases declared beside the built-in ones.
    pub more_phases: Vec<String>,
    /// Statuses declared beside the built-in ones.
    pub more_statuses: Vec<String>,
    /// Kinds declared beside the built-in ones.
    pub more_kinds: Vec<String>,
    /// Whether undeclared phases and statuses are stored too (`append --new-words`).
    pub takes_new: bool,
}

impl Vocabulary {
    /// All phases, built-in first.
    pub fn phases(&self) -> impl Iterator<Item = &str> {
        Phase::WORDS.iter().copied().chain(self.more_phases.iter().map(String::as_str))
    }

    /// All statuses, built-in first.
    pub fn statuses(&self) -> impl Iterator<Item = &str> {
        Status::WORDS.iter().copied().chain(self.more_statuses.iter().map(String::as_str))
    }

    /// All kinds, built-in first.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        Kind::ALL.iter().map(|kind| kind.word()).chain(self.more_kinds.iter().map(String::as_str))
    }
}
