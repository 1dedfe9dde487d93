//! One line about a run: what it does, or why it stopped (`docs/runs.md`, What now). All lists of
//! runs ask here.

use super::run::Run;
use logbook_model::Status;

/// What a run waits for, what went wrong, what came of it, or what it does next. Empty: its rows do
/// not say.
pub fn what_now<'r>(run: &'r Run<'_>) -> &'r str {
    let last = &run.last;
    let does = last.action.as_deref().unwrap_or_default();
    let choice = match run.known_status() {
        _ if run.is_held() => [last.hold(), "", does],
        Some(Status::Blocked) => [run.blocked_on(), run.why_stopped(), does],
        Some(Status::Failed) => [run.why_stopped(), last.error(), does],
        Some(Status::Done) => [run.why_stopped(), last.artifact(), does],
        Some(Status::InProgress) | None => [last.next.as_deref().unwrap_or_default(), "", does],
    };
    choice.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
