//! The rows that commands store: one function per row, which knows its kind and the fields that it
//! always has. Commands add further fields.
//!
//! Not here: rows that are given (`draft/`), who signs a decision and what is said about a call
//! (`cmd`): these are fields that the caller passes.

use super::draft::pairs::Pairs;
use logbook_model::error::Result;
use logbook_model::{ApprovalState, FinalStatus, Instant, Kind, Rating, Side, Status, Then, Verdict};

/// A row of `run` with this action, and with the fields that have a text.
fn row<const N: usize>(run: &str, kind: Kind, action: &str, texts: [(&str, Option<&str>); N]) -> Result<Pairs> {
    let mut pairs = Pairs::new();
    pairs.known([("run_id", Some(run)), ("kind", Some(kind.word())), ("action", Some(action))])?;
    pairs.known(texts)?;
    Ok(pairs)
}

fn status(status: Status) -> (&'static str, Option<&'static str>) {
    ("status", Some(status.word()))
}

/// A run begins.
pub fn start(run: &str, action: &str) -> Result<Pairs> {
    row(run, Kind::RunStart, action, [status(Status::InProgress)])
}

/// A run ends.
pub fn end(run: &str, action: &str, ended: FinalStatus) -> Result<Pairs> {
    row(run, Kind::RunEnd, action, [status(ended.status()), ("final_status", Some(ended.word()))])
}

/// A run is handed over to the agent `to`.
pub fn handoff(run: &str, to: &str) -> Result<Pairs> {
    row(run, Kind::Handoff, &format!("hand over to {to}"), [("handoff_to", Some(to))])
}

/// A remark.
pub fn note(run: &str, action: &str) -> Result<Pairs> {
    row(run, Kind::Note, action, [])
}

/// A call that is about to be made; `call` describes it.
pub fn intent(run: &str, action: &str, call: &Pairs) -> Result<Pairs> {
    let mut pairs = row(run, Kind::CallIntent, action, [status(Status::InProgress)])?;
    pairs.join(call)?;
    Ok(pairs)
}

/// A call that was not made, because a person denied it; `call` describes it.
pub fn not_made(run: &str, action: &str, call: &Pairs) -> Result<Pairs> {
    let mut pairs = row(run, Kind::Note, &format!("was not run: {action}"), [status(Status::InProgress)])?;
    pairs.join(call)?;
    Ok(pairs)
}

/// The result of the call `id` of `tool`. The caller adds the result.
pub fn result(run: &str, action: &str, id: &str, tool: &str) -> Result<Pairs> {
    row(run, Kind::CallResult, action, [("tool_call.id", Some(id)), ("tool_call.tool", Some(tool))])
}

/// The decision of a rule or a contract about a call. The caller adds which one.
pub fn policy_decision(run: &str, then: Then, action: &str) -> Result<Pairs> {
    let action = format!("policy: {} {action}", then.word());
    row(run, Kind::PolicyDecision, &action, [("policy.then", Some(then.word()))])
}

/// What such a decision was about, from the action of its row.
pub fn what_was_judged(action: &str) -> &str {
    let judged = action.strip_prefix("policy: ").and_then(|rest| rest.split_once(' '));
    judged.filter(|(word, _)| Then::of(word).is_some()).map_or(action, |(_, judged)| judged)
}

/// Whether this program chose `action` for a row of `kind`, so that it says no more than the kind.
pub fn is_own_word(kind: Kind, action: &[u8]) -> bool {
    match kind {
        Kind::RunStart => matches!(action, b"start" | b"resume"),
        Kind::RunEnd => action == b"end",
        kind => kind.is_decision() || kind == Kind::Review,
    }
}

/// A side broke a contract in a call that was made.
pub fn breach(run: &str, contract: &str, side: Side, fault: &str) -> Result<Pairs> {
    let mut pairs =
        row(run, Kind::PolicyDecision, &format!("policy: the {} broke contract {contract}", side.word()), [])?;
    blame(&mut pairs, contract, side, fault)?;
    Ok(pairs)
}

/// Adds to `pairs` which side broke a contract, and how.
pub fn blame(pairs: &mut Pairs, contract: &str, side: Side, fault: &str) -> Result<()> {
    let side = ("policy.side", Some(side.word()));
    pairs.known([("policy.contract", Some(contract)), side, ("reason", Some(fault))])
}

/// A request to a person about a call, which `call` describes; `rule` is what in the logbook asks.
pub fn request(run: &str, action: &str, expires_at: Option<Instant>, rule: &Pairs, call: &Pairs) -> Result<Pairs> {
    let (blocked_on, expires_at) = (approval_of(action), expires_at.map(|at| at.to_utc_ms()));
    let texts = [
        status(Status::Blocked),
        ("blocked_on", Some(&*blocked_on)),
        ("approval_state", Some(ApprovalState::Requested.word())),
        ("expires_at", expires_at.as_deref()),
    ];
    let mut pairs = row(run, Kind::ApprovalRequested, action, texts)?;
    pairs.join(rule)?;
    pairs.join(call)?;
    Ok(pairs)
}

/// What a run waits for while `action` is requested.
pub fn approval_of(action: &str) -> String {
    format!("approval: {action}")
}

/// The status of a run after its wait: in progress, unless it waits for something else too.
fn goes_on(waits_for: Option<&str>) -> [(&'static str, Option<&str>); 2] {
    let stands = if waits_for.is_some() { Status::Blocked } else { Status::InProgress };
    [status(stands), ("blocked_on", waits_for)]
}

/// A request that is decided.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The run that waits.
    pub run: &'a str,
    /// The name of the request.
    pub request: &'a str,
    /// The digest of the arguments that it is for; empty if there is none.
    pub args_sha256: &'a str,
    /// What else the run waits for.
    pub waits_for: Option<&'a str>,
}

/// The decision of a person; `signed` says who.
pub fn decision(asked: Asked<'_>, verdict: Verdict, why: Option<&str>, signed: &Pairs) -> Result<Pairs> {
    let action = match verdict {
        Verdict::Approved => "approve",
        Verdict::Denied => "deny",
        Verdict::Expired => "expire",
    };
    let [status, blocked_on] = goes_on(asked.waits_for);
    let texts = [
        status,
        blocked_on,
        ("answers", Some(asked.request)),
        ("approval_state", Some(verdict.word())),
        ("reason", why),
        ("tool_call.args_sha256", Some(asked.args_sha256).filter(|digest| !digest.is_empty())),
    ];
    let mut pairs = row(asked.run, verdict.kind(), action, texts)?;
    pairs.join(signed)?;
    Ok(pairs)
}

/// A request is not decided in time.
pub fn expired(asked: Asked<'_>) -> Result<Pairs> {
    decision(asked, Verdict::Expired, Some("nobody decided in time"), &Pairs::new())
}

/// Adds to `pairs` that the row acts on the decision `by` about `request`.
pub fn act_on(pairs: &mut Pairs, request: &str, verdict: Verdict, by: &str) -> Result<()> {
    let by = ("approver", Some(by).filter(|by| !by.is_empty()));
    pairs.known([("answers", Some(request)), ("approval_state", Some(verdict.word())), by])
}

/// A person stops a run; `signed` says who.
pub fn hold(run: &str, why: &str, signed: &Pairs) -> Result<Pairs> {
    let blocked_on = format!("release: {why}");
    let texts = [status(Status::Blocked), ("blocked_on", Some(&*blocked_on)), ("reason", Some(why))];
    beside(run, Kind::Hold, texts, signed)
}

/// The status of a run without its hold.
#[derive(Debug, Clone, Copy)]
pub struct HeldStatus<'a> {
    /// The status, which a config may have declared.
    pub status: &'a str,
    /// What it waits for, if it is blocked.
    pub blocked_on: Option<&'a str>,
}

/// The release of a run that the row `hold` held, with its old status; `signed` says who releases
/// it.
pub fn release(run: &str, hold: &str, stood: HeldStatus<'_>, why: Option<&str>, signed: &Pairs) -> Result<Pairs> {
    let texts =
        [("status", Some(stood.status)), ("answers", Some(hold)), ("blocked_on", stood.blocked_on), ("reason", why)];
    beside(run, Kind::Release, texts, signed)
}

/// The answer to the row `question`; `signed` says who answers, `waits_for` what else the run waits
/// for.
pub fn answer(run: &str, text: &str, question: &str, waits_for: Option<&str>, signed: &Pairs) -> Result<Pairs> {
    let [status, blocked_on] = goes_on(waits_for);
    let texts = [status, blocked_on, ("reason", Some(text)), ("answers", Some(question))];
    beside(run, Kind::Answer, texts, signed)
}

/// A reviewer's rating of a run; `signed` says who.
pub fn review(run: &str, rating: Rating, why: Option<&str>, signed: &Pairs) -> Result<Pairs> {
    beside(run, Kind::Review, [("rating", Some(rating.word())), ("reason", why)], signed)
}

/// A row with its kind as its action, which somebody signs.
fn beside<const N: usize>(run: &str, kind: Kind, texts: [(&str, Option<&str>); N], signed: &Pairs) -> Result<Pairs> {
    let mut pairs = row(run, kind, kind.word(), texts)?;
    pairs.join(signed)?;
    Ok(pairs)
}
