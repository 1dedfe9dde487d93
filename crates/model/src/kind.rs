//! The kinds of rows and their properties: one line per kind. A new kind is a line here, and the
//! compiler finds the places that must know it.

use super::words::Verdict;

/// A row of it with a status decides the status of its run.
const STANDS: u8 = 1;
/// Its rows may be corrected.
const CORRECTABLE: u8 = 2;
/// Its rows are written by the run itself: their agent works in it.
const OF_RUN: u8 = 4;

/// Who may write rows of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// Anybody, with `append`.
    Anybody,
    /// Only this command, which checks something first.
    Command(&'static str),
}

/// The properties of a kind.
#[derive(Debug, Clone, Copy)]
struct Properties {
    word: &'static str,
    writer: Writer,
    flags: u8,
    verdict: Option<Verdict>,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $word:literal $writer:expr, $flags:expr, $verdict:expr;)+) => {
        /// The kind of a row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            /// A step: the row has no kind.
            Step,
            $($(#[doc = $doc])+ $kind,)+
            /// A kind that this program does not know; a config may declare it.
            Other,
        }

        impl Kind {
            /// The built-in kinds that a row may name.
            pub const ALL: &[Kind] = &[$(Kind::$kind),+];

            const fn properties(self) -> Properties {
                match self {
                    Kind::Step | Kind::Other => {
                        let flags = STANDS | CORRECTABLE | if matches!(self, Kind::Step) { OF_RUN } else { 0 };
                        Properties { word: "", writer: Writer::Anybody, flags, verdict: None }
                    }
                    $(Kind::$kind => {
                        Properties { word: $word, writer: $writer, flags: $flags, verdict: $verdict }
                    })+
                }
            }

            fn of_word(word: &[u8]) -> Kind {
                $(if word == $word.as_bytes() {
                    return Kind::$kind;
                })+
                if word.is_empty() { Kind::Step } else { Kind::Other }
            }
        }
    };
}

use Verdict::{Approved, Denied, Expired};
use Writer::{Anybody, Command};

kinds! {
    /// A run begins.
    RunStart "run.start" Anybody, STANDS | CORRECTABLE | OF_RUN, None;
    /// A run ends.
    RunEnd "run.end" Anybody, STANDS | CORRECTABLE | OF_RUN, None;
    /// A call is about to be made.
    CallIntent "call.intent" Anybody, STANDS | OF_RUN, None;
    /// The result of a call.
    CallResult "call.result" Anybody, STANDS | CORRECTABLE | OF_RUN, None;
    /// A person is asked.
    ApprovalRequested "approval.requested" Command("logbook ask"), STANDS | OF_RUN, None;
    /// A request is approved.
    ApprovalApproved "approval.approved" Command("logbook approve RUN"), STANDS, Some(Approved);
    /// A request is denied.
    ApprovalDenied "approval.denied" Command("logbook deny RUN"), STANDS, Some(Denied);
    /// A request is not decided in time.
    ApprovalExpired "approval.expired" Command("logbook ask --wait"), STANDS, Some(Expired);
    /// The answer that a blocked run waits for.
    Answer "answer" Command("logbook answer RUN 'text'"), STANDS, None;
    /// A person stops a run.
    Hold "hold" Command("logbook hold RUN"), STANDS, None;
    /// A person lets a held run go on.
    Release "release" Command("logbook release RUN"), STANDS, None;
    /// The decision of a rule or a contract about a call.
    PolicyDecision "policy.decision" Command("logbook exec"), STANDS, None;
    /// Changes how another row is read.
    Correction "correction" Command("logbook amend RUN STEP"), 0, None;
    /// A reviewer's rating of a run.
    Review "review" Command("logbook review RUN"), 0, None;
    /// Another agent continues the run.
    Handoff "handoff" Anybody, STANDS | CORRECTABLE, None;
    /// A remark.
    Note "note" Anybody, CORRECTABLE, None;
    /// Segments were deleted.
    ArchiveReceipt "archive.receipt" Command("logbook archive"), STANDS, None;
    /// Facts of deleted rows that are still needed.
    ArchiveCarried "archive.carried" Command("logbook archive"), STANDS, None;
    /// The program repaired the log.
    Repair "repair" Command("logbook append (by itself, after a torn row)"), 0, None;
}

impl Kind {
    /// The prefix of the words of all requests and decisions, and of no other kinds.
    pub const APPROVAL_PREFIX: &str = "approval.";

    /// The kind with this value of the field `kind`, as written. Null and `""` are [`Kind::Step`].
    pub fn of(value: Option<&[u8]>) -> Kind {
        match value {
            None | Some(b"null") => Kind::Step,
            Some(value) => match value {
                // Nearly all values have no escape.
                [b'"', word @ .., b'"'] if !word.contains(&b'\\') => Kind::of_word(word),
                value => logbook_json::decode(value).map_or(Kind::Other, |word| Kind::of_word(&word)),
            },
        }
    }

    /// The kind with this word.
    pub fn named(word: &str) -> Kind {
        Kind::of_word(word.as_bytes())
    }

    /// Its word in rows; empty for [`Kind::Step`] and [`Kind::Other`].
    pub const fn word(self) -> &'static str {
        self.properties().word
    }

    /// Who may write such rows.
    pub const fn writer(self) -> Writer {
        self.properties().writer
    }

    /// Whether only one command may write such rows.
    pub fn is_guarded(self) -> bool {
        self.writer() != Writer::Anybody
    }

    /// Whether such a row decides the status of its run, if it has one.
    pub(crate) const fn counts_for_standing(self) -> bool {
        self.properties().flags & STANDS != 0
    }

    /// Whether a row of this kind with this status, a value as written, decides the status of its
    /// run (`docs/format.md`, Standing).
    pub(crate) fn stands(self, status: Option<&[u8]>) -> bool {
        self.counts_for_standing() && status.is_some_and(|status| status.starts_with(b"\""))
    }

    /// Whether such rows may be corrected. Decisions, what gates read and what the program writes
    /// may not.
    pub const fn is_correctable(self) -> bool {
        self.properties().flags & CORRECTABLE != 0
    }

    /// Whether such rows are written by the run itself, so that their agent works in it. Those who
    /// decide, hold or note something about a run do not.
    pub const fn is_of_run(self) -> bool {
        self.properties().flags & OF_RUN != 0
    }

    /// Whether such a row holds a run or releases it.
    pub const fn is_hold(self) -> bool {
        matches!(self, Kind::Hold | Kind::Release)
    }

    /// Whether such a row is a decision, an answer, a hold or a release.
    pub const fn is_decision(self) -> bool {
        self.verdict().is_some() || self.is_hold() || matches!(self, Kind::Answer)
    }

    /// Whether such a row requests a decision about a call, or is the decision.
    pub const fn is_of_approval(self) -> bool {
        matches!(self, Kind::ApprovalRequested) || self.verdict().is_some()
    }

    /// What such a row decides about a request.
    pub const fn verdict(self) -> Option<Verdict> {
        self.properties().verdict
    }

    /// Whether such a row is about a call, and so does not end or begin its run.
    pub const fn tells_of_call(self) -> bool {
        matches!(self, Kind::CallIntent | Kind::CallResult | Kind::PolicyDecision)
    }

    /// Whether the call in such a row was begun or made. In other rows it was requested, decided
    /// on, or not made.
    pub const fn makes_calls(self) -> bool {
        matches!(self, Kind::Step | Kind::CallIntent | Kind::CallResult)
    }
}

impl Verdict {
    /// The kind of the row that records this verdict.
    pub const fn kind(self) -> Kind {
        match self {
            Approved => Kind::ApprovalApproved,
            Denied => Kind::ApprovalDenied,
            Expired => Kind::ApprovalExpired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_decisions_are_known_by_how_they_begin() {
        for kind in Kind::ALL {
            assert_eq!(kind.word().starts_with(Kind::APPROVAL_PREFIX), kind.is_of_approval(), "{kind:?}");
            assert!(kind.verdict().is_none_or(|verdict| verdict.kind() == *kind), "{kind:?}");
        }
    }

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.word()), *kind);
            assert_eq!(Kind::of(Some(format!("\"{}\"", kind.word()).as_bytes())), *kind);
        }
        assert_eq!(Kind::of(Some(br#""n\u006fte""#)), Kind::Note);
        for none in [None, Some(b"null".as_slice()), Some(b"\"\"")] {
            assert_eq!(Kind::of(none), Kind::Step);
        }
        for other in [b"\"metric\"".as_slice(), b"7", b"[\"note\"]", b"{}", b"true", b"\"note"] {
            assert_eq!(Kind::of(Some(other)), Kind::Other, "{}", String::from_utf8_lossy(other));
        }
    }
}
