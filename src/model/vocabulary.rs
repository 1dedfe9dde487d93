//! The words that `phase`, `status` and `kind` may hold: the built-in ones and
//! those that a config declares.

/// Built-in phases.
pub const PHASES: &[&str] = &["plan", "gather", "act", "verify", "report"];
/// Built-in statuses.
pub const STATUSES: &[&str] = &["in-progress", "done", "blocked", "failed"];
/// Built-in kinds; a row without a kind is a plain step.
pub const KINDS: &[&str] = &[
    "run.start",
    "run.end",
    "call.intent",
    "call.result",
    "approval.requested",
    "approval.approved",
    "approval.denied",
    "approval.expired",
    "answer",
    "hold",
    "release",
    "policy.decision",
    "correction",
    "review",
    "handoff",
    "note",
    "archive.receipt",
    "archive.carried",
    "repair",
];
/// The built-in kinds that any writer may give.
pub const PLAIN_KINDS: &[&str] = &["call.intent", "call.result", "note", "run.start", "run.end", "handoff"];
/// Kinds that only their own commands write, since a check under the lock goes
/// with them: decisions, and what the tool says about the logbook.
pub const GUARDED_KINDS: &[&str] = &[
    "approval.requested",
    "approval.approved",
    "approval.denied",
    "approval.expired",
    "answer",
    "hold",
    "release",
    "policy.decision",
    "correction",
    "review",
    "archive.receipt",
    "archive.carried",
    "repair",
];
/// Kinds that never count for where a run stands, even with a status.
pub const BESIDE_KINDS: &[&str] = &["note", "review", "correction", "repair"];

/// Whether rows of `kind` (empty: none) say what their run does itself, so that their agent is one that works in the run.
/// Whoever decides, holds or notes something about a run does not.
pub fn is_of_run_itself(kind: &str) -> bool {
    matches!(kind, "" | "run.start" | "run.end" | "call.intent" | "call.result" | "approval.requested")
}

/// Whether rows of `kind` may be corrected: plain rows, which say what a writer
/// did. Requests, intents, decisions, corrections and what the tool says stay as written.
pub fn is_correctable(kind: &str) -> bool {
    !GUARDED_KINDS.contains(&kind) && kind != "call.intent"
}

/// The words in force for one logbook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vocabulary {
    /// Phases declared beside the built-in ones.
    pub more_phases: Vec<String>,
    /// Statuses declared beside the built-in ones.
    pub more_statuses: Vec<String>,
    /// Kinds declared beside the built-in ones.
    pub more_kinds: Vec<String>,
}

impl Vocabulary {
    /// All phases, built-in first.
    pub fn phases(&self) -> impl Iterator<Item = &str> {
        PHASES.iter().copied().chain(self.more_phases.iter().map(String::as_str))
    }

    /// All statuses, built-in first.
    pub fn statuses(&self) -> impl Iterator<Item = &str> {
        STATUSES.iter().copied().chain(self.more_statuses.iter().map(String::as_str))
    }

    /// All kinds, built-in first.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        KINDS.iter().copied().chain(self.more_kinds.iter().map(String::as_str))
    }
}
