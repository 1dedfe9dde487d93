//! What to say of a run in one line: what it does, or why it does no more (`docs/runs.md`, What now). All lists of runs
//! ask here.

use super::run::Run;
use crate::model::Status;

/// What a run waits for, what went wrong, what came of it, or what it does next. Empty: its rows do not say.
pub fn what_now<'r>(run: &'r Run<'_>) -> &'r str {
    let last = &run.last;
    let said = |text: &'r Option<super::run::Text<'_>>| text.as_deref().unwrap_or_default();
    let does = said(&last.action);
    let choice = match run.known_status() {
        _ if run.is_held() => [said(&last.hold), "", does],
        Some(Status::Blocked) => [run.blocked_on(), run.why_stopped(), does],
        Some(Status::Failed) => [run.why_stopped(), said(&last.error), does],
        Some(Status::Done) => [run.why_stopped(), said(&last.artifact), does],
        Some(Status::InProgress) | None => [said(&last.next), "", does],
    };
    choice.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
