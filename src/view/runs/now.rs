//! What to say of a run in one line: what it does, or why it does no more (`docs/runs.md`, What now). All lists of runs
//! ask here.

use std::borrow::Cow;

use super::run::Run;
use crate::model::Status;

/// What a run waits for, what went wrong, what came of it, or what it does next. Empty: its rows do not say.
pub fn what_now<'r>(run: &'r Run<'_>) -> Cow<'r, str> {
    let last = &run.last;
    let first = match run.known_status() {
        _ if run.is_held() => [last.hold(), Cow::default()],
        Some(Status::Blocked) => [run.blocked_on().into(), run.why_stopped().into()],
        Some(Status::Failed) => [run.why_stopped().into(), last.error()],
        Some(Status::Done) => [run.why_stopped().into(), last.artifact()],
        Some(Status::InProgress) | None => [last.next(), Cow::default()],
    };
    first.into_iter().find(|text| !text.is_empty()).unwrap_or_else(|| last.action())
}
