//! What to say of a run in one line: what it does, or why it does no more (`docs/runs.md`, What now). All lists of runs
//! ask here.

use super::run::Run;
use crate::model::Status;

/// What a run waits for, what went wrong, what came of it, or what it does next. Empty: its rows do not say.
pub fn what_now<'r>(run: &'r Run<'_>) -> &'r str {
    let last = &run.last;
    let choice = match run.known_status() {
        _ if run.is_held() => [last.hold(), "", last.action()],
        Some(Status::Blocked) => [run.blocked_on(), run.why_stopped(), last.action()],
        Some(Status::Failed) => [run.why_stopped(), last.error(), last.action()],
        Some(Status::Done) => [run.why_stopped(), last.artifact(), last.action()],
        Some(Status::InProgress) | None => [last.next(), "", last.action()],
    };
    choice.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
