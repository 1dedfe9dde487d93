//! The kinds of rows and what each is good for: one line for each. A new kind is a line here, and
//! the compiler finds the places that must know it.

use super::words::Verdict;

/// Its rows say where their run stands, if they carry a status.
const STANDS: u8 = 1;
/// Its rows may be corrected.
const CORRECTABLE: u8 = 2;
/// Its rows say what their run does itself: their agent is one that works in it.
const OF_RUN: u8 = 4;

/// Who writes rows of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// Whoever appends them.
    Anybody,
    /// Only this command, since a check goes with it.
    Command(&'static str),
}

/// What rows of a kind are good for.
#[derive(Debug, Clone, Copy)]
struct Properties {
    word: &'static str,
    writer: Writer,
    flags: u8,
    verdict: Option<Verdict>,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $word:literal $writer:expr, $flags:expr, $verdict:expr;)+) => {
        /// What sort of row it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            /// A plain step: the row names no kind.
            Step,
            $($(#[doc = $doc])+ $kind,)+
            /// A kind that this program does not know, or that a config declares.
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
    /// What came of a call.
    CallResult "call.result" Anybody, STANDS | CORRECTABLE | OF_RUN, None;
    /// A person is asked.
    ApprovalRequested "approval.requested" Command("logbook ask"), STANDS | OF_RUN, None;
    /// A yes.
    ApprovalApproved "approval.approved" Command("logbook approve RUN"), STANDS, Some(Approved);
    /// A no.
    ApprovalDenied "approval.denied" Command("logbook deny RUN"), STANDS, Some(Denied);
    /// Nobody decided in time.
    ApprovalExpired "approval.expired" Command("logbook ask --wait"), STANDS, Some(Expired);
    /// What a blocked run waited for.
    Answer "answer" Command("logbook answer RUN 'text'"), STANDS, None;
    /// A person stops a run.
    Hold "hold" Command("logbook hold RUN"), STANDS, None;
    /// And lets it go on.
    Release "release" Command("logbook release RUN"), STANDS, None;
    /// What a rule or a contract says of a call.
    PolicyDecision "policy.decision" Command("logbook exec"), STANDS, None;
    /// What another row should have said.
    Correction "correction" Command("logbook amend RUN STEP"), 0, None;
    /// What a reviewer thinks of a run.
    Review "review" Command("logbook review RUN"), 0, None;
    /// Another agent goes on.
    Handoff "handoff" Anybody, STANDS | CORRECTABLE, None;
    /// Something beside.
    Note "note" Anybody, CORRECTABLE, None;
    /// Segments were deleted.
    ArchiveReceipt "archive.receipt" Command("logbook archive"), STANDS, None;
    /// What deleted rows said that still counts.
    ArchiveCarried "archive.carried" Command("logbook archive"), STANDS, None;
    /// The tool mended the log.
    Repair "repair" Command("logbook append (by itself, after a torn row)"), 0, None;
}

impl Kind {
    /// With what the words of all kinds of requests and decisions begin, and of no others.
    pub const APPROVAL_PREFIX: &str = "approval.";

    /// The kind that `value`, a field's value as written, names. Null and "" name none.
    pub fn of(value: Option<&[u8]>) -> Kind {
        match value {
            None | Some(b"null") => Kind::Step,
            Some(value) => match value {
                // As it is written nearly always.
                [b'"', word @ .., b'"'] if !word.contains(&b'\\') => Kind::of_word(word),
                value => logbook_json::decode(value).map_or(Kind::Other, |word| Kind::of_word(&word)),
            },
        }
    }

    /// The kind called `word`.
    pub fn named(word: &str) -> Kind {
        Kind::of_word(word.as_bytes())
    }

    /// What rows call it; empty: they do not.
    pub const fn word(self) -> &'static str {
        self.properties().word
    }

    /// Who writes such rows.
    pub const fn writer(self) -> Writer {
        self.properties().writer
    }

    /// Whether only its own command writes such rows.
    pub fn is_guarded(self) -> bool {
        self.writer() != Writer::Anybody
    }

    /// Whether such a row says where its run stands, if it carries a status.
    pub(crate) const fn counts_for_standing(self) -> bool {
        self.properties().flags & STANDS != 0
    }

    /// Whether a row of this kind with this status, a value as written, says where its run stands
    /// (`docs/format.md`, Standing).
    pub(crate) fn stands(self, status: Option<&[u8]>) -> bool {
        self.counts_for_standing() && status.is_some_and(|status| status.starts_with(b"\""))
    }

    /// Whether such rows may be corrected. What gates read, decisions, and what the tool says stay
    /// as written.
    pub const fn is_correctable(self) -> bool {
        self.properties().flags & CORRECTABLE != 0
    }

    /// Whether such rows say what their run does itself, so that their agent is one that works in
    /// it. Whoever decides, holds or notes something about a run does not.
    pub const fn is_of_run(self) -> bool {
        self.properties().flags & OF_RUN != 0
    }

    /// Whether such a row holds a run, or lets it go on.
    pub const fn is_hold(self) -> bool {
        matches!(self, Kind::Hold | Kind::Release)
    }

    /// Whether such a row is somebody's word on a run: a decision, an answer, a hold or its end.
    pub const fn is_decision(self) -> bool {
        self.verdict().is_some() || self.is_hold() || matches!(self, Kind::Answer)
    }

    /// Whether such a row asks for a decision about a call, or is one.
    pub const fn is_of_approval(self) -> bool {
        matches!(self, Kind::ApprovalRequested) || self.verdict().is_some()
    }

    /// What such a row decides about a request.
    pub const fn verdict(self) -> Option<Verdict> {
        self.properties().verdict
    }

    /// Whether such a row tells how a call goes, and so not what becomes of its run.
    pub const fn tells_of_call(self) -> bool {
        matches!(self, Kind::CallIntent | Kind::CallResult | Kind::PolicyDecision)
    }

    /// Whether a call in such a row was made, or begun: in others it was asked about, judged, or
    /// not made.
    pub const fn makes_calls(self) -> bool {
        matches!(self, Kind::Step | Kind::CallIntent | Kind::CallResult)
    }
}

impl Verdict {
    /// The kind of the row that says so.
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
