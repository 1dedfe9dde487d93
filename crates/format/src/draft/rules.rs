//! What a row must meet beside the types of its fields, and the errors for rows that do not.

use super::fields::{self as fields, unknown_word};
use crate::once_id::is_once_id;
use crate::secrets::Redactor;
use logbook_json::validate::line_column;
use logbook_json::{self as json, Limits};
use logbook_model::error::{Error, ErrorKind, Result};
use logbook_model::kind::Writer;
use logbook_model::names::may_be_given;
use logbook_model::{APPEND_ROW_BYTES_MAX, DEPTH_MAX, Kind, Vocabulary};

/// JSON readers represent integers up to this one exactly (2^53 − 1).
pub const STEP_MAX: u64 = (1 << 53) - 1;
/// The highest step that a row may ask for. It leaves as many for holding and ending the run.
pub(crate) const STEP_GIVEN_MAX: u64 = 1 << 52;

/// The limits within which rows are validated.
pub const LIMITS: Limits = Limits { depth_max: DEPTH_MAX, unique_keys: true, whole_surrogates: true };

/// What rows are checked against, and the defaults of missing fields.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The words in force.
    pub vocabulary: &'a Vocabulary,
    /// The run of rows without one.
    pub run_id: Option<&'a str>,
    /// The agent of rows without one.
    pub agent_id: Option<&'a str>,
    /// Whether decisions and rows of the program itself are allowed: only for commands that make
    /// their check under the lock.
    pub own: bool,
    /// Replaces secrets; `None` to store them.
    pub redactor: Option<&'a Redactor>,
}

pub(super) fn check_kind(word: &str, rules: &Rules<'_>) -> Result<()> {
    if let Writer::Command(command) = Kind::named(word).writer()
        && !rules.own
    {
        return Err(Error::usage(format!("rows of kind {word:?} are not appended by hand"))
            .hint(format!("they are written by: {command}")));
    }
    if rules.vocabulary.kinds().any(|declared| declared == word) {
        return Ok(());
    }
    Err(unknown_word("kind", word, rules.vocabulary.kinds().filter(|kind| !Kind::named(kind).is_guarded())))
}

/// Refuses a field that records a decision, and an id of the rows of the program itself.
pub(super) fn check_given(name: &str, value: &[u8]) -> Result<()> {
    if let ("id", Some(id)) = (name, json::decode(value).and_then(|id| String::from_utf8(id.into_owned()).ok()))
        && is_once_id(&id)
    {
        return Err(Error::usage(format!("ids such as {id:?} are those of rows that logbook itself writes"))
            .hint("choose another id"));
    }
    if may_be_given(name, value) {
        return Ok(());
    }
    Err(Error::usage(format!("{name} records a decision, and only the commands that decide write it"))
        .hint("logbook approve, deny, answer, review; for a field of your own choose another name, such as user_name"))
}

pub(super) fn step_of(value: &[u8]) -> Result<u64> {
    std::str::from_utf8(value)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .filter(|step| (1..=STEP_GIVEN_MAX).contains(step))
        .ok_or_else(|| {
            let shown = fields::shown(value);
            Error::usage(format!("step must be a whole number from 1 to {STEP_GIVEN_MAX}, not {shown}"))
        })
}

pub(super) fn not_json(text: &[u8], line: Option<u64>, at: usize, reason: &str) -> Error {
    let (row, column) = line_column(text, at);
    let line = line.map_or(row as u64, |line| line + row as u64 - 1);
    let place = format!("line {line}, column {column}: ");
    let error = Error::usage(format!("{place}{reason}")).of_kind(ErrorKind::AtLine(place.len()));
    match text.first() {
        Some(b'\'') => {
            error.hint("in cmd.exe and PowerShell, single quotes do not quote: pass the row with `logbook append -`")
        }
        _ => error,
    }
}

pub(super) fn not_object(text: &[u8]) -> Error {
    match json::kind(text) {
        Some(json::Kind::Array) => Error::usage("a row is a JSON object, not an array")
            .hint("give the rows one a line: jq -c '.[]' FILE | logbook append -"),
        _ => Error::usage(format!("a row is a JSON object, not {}", fields::shown(text))),
    }
}

pub(super) fn too_long(bytes: usize) -> Error {
    Error::usage(format!("the row has {bytes} bytes; more than 1 MiB ({APPEND_ROW_BYTES_MAX}) are not taken"))
        .hint("store the payload in a file and name it in artifact_ref")
}

/// A field, and its word that is not declared.
pub(crate) type NewWord = (&'static str, String);
/// Undeclared words, each once.
pub(crate) type NewWords = Vec<NewWord>;

/// Undeclared words that are remembered, at most.
const NEW_WORDS_MAX: usize = 8;

/// Refuses an undeclared phase or status, or remembers it if new words are allowed.
pub fn undeclared_word(known: &mut NewWords, field: &'static str, word: &str, vocabulary: &Vocabulary) -> Result<()> {
    if !vocabulary.takes_new || word.is_empty() {
        return Err(match field {
            "phase" => unknown_word(field, word, vocabulary.phases()),
            _ => unknown_word(field, word, vocabulary.statuses()),
        });
    }
    let new = (field, word.to_owned());
    if known.len() < NEW_WORDS_MAX && !known.contains(&new) {
        known.push(new);
    }
    Ok(())
}
