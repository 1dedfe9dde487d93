//! Asking a person, and waiting for what they decide.

use std::time::{Duration, Instant};

use crate::cmd::Door;
use crate::cmd::writing::{About, Desk, Done, catch_up};
use crate::error::{Error, Exit, Result};
use crate::format::draft::pairs::{Pairs, shell_word};
use crate::store::Watch;
use crate::store::append::State;
use crate::view::Approvals;
use crate::view::approvals::{Decision, Request, Verdict};

/// How often a waiter looks: well below the 100 ms in which a decision is to be noticed.
const LOOK_MS: u64 = 40;

/// What is asked.
pub struct Question<'q> {
    /// The run that waits.
    pub run: &'q str,
    /// What is asked for, in words.
    pub action: &'q str,
    /// The digest of the arguments that a decision is bound to.
    pub args_sha256: Option<&'q str>,
    /// How long a decision may take, milliseconds.
    pub expires_ms: Option<u64>,
    /// What else the request says.
    pub beside: &'q Pairs,
}

impl Question<'_> {
    /// Whether `request` asks the same, and nobody has acted on its decision.
    fn is(&self, request: &Request, action: &str) -> bool {
        let same = match self.args_sha256 {
            Some(digest) => request.args_sha256 == digest,
            None => request.args_sha256.is_empty() && request.action == action,
        };
        same && request.run == self.run && request.decision.as_ref().is_none_or(|decision| decision.taken_by.is_none())
    }

    /// Stores the request, unless the same is on file and nobody has acted on it: then this joins it. Gives its name.
    pub fn put(&self, desk: &Desk, door: &mut Door<'_>) -> Result<(String, Option<Done>)> {
        let now = (door.clock)();
        let action = desk.as_stored("action", self.action)?;
        let expires_at = self.expires_ms.map(|ms| now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)).to_utc_ms());
        let mut joined = None;
        let done = desk.decide_whether(
            About::Run(self.run),
            door,
            Approvals::default,
            |approvals| {
                // A decision that has come, or one that still may.
                let of_use = |request: &&Request| {
                    let is_no = |it: &Decision| it.verdict != Verdict::Approved;
                    self.is(request, &action) && (request.decision.as_ref().is_some_and(is_no) || !request.is_over(now))
                };
                joined = approvals.all.iter().rev().find(of_use).map(|request| request.name.clone());
                if joined.is_some() {
                    return Ok(None);
                }
                let mut pairs = Pairs::new();
                let blocked_on = format!("approval: {}", self.action);
                let texts = [
                    ("run_id", self.run),
                    ("kind", "approval.requested"),
                    ("action", self.action),
                    ("status", "blocked"),
                    ("blocked_on", &blocked_on),
                    ("approval_state", "requested"),
                ];
                texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
                if let Some(expires_at) = &expires_at {
                    pairs.text("expires_at", expires_at)?;
                }
                pairs.join(self.beside)?;
                Ok(Some(pairs))
            },
            |_| Ok(()),
        )?;
        let name = match (&done, joined) {
            (Some(done), _) => done.stored.first().map(|row| format!("{}#{}", self.run, row.step)),
            (None, joined) => joined,
        };
        Ok((name.ok_or_else(|| Error::io("the request has no name"))?, done))
    }
}

/// Waits until the request `name` of `run` is decided, or over: then says so in a row. `None`: neither, in the time given.
pub fn wait(
    desk: &Desk,
    run: &str,
    name: &str,
    timeout_ms: Option<u64>,
    door: &mut Door<'_>,
) -> Result<Option<Request>> {
    let began = Instant::now();
    let mut approvals = Approvals::default();
    let seen = desk.look(About::Run(run), door, &mut approvals)?;
    let mut watch = Watch::new(&desk.location.path, seen);
    loop {
        watch.new_rows(&mut |place, row| {
            catch_up(&mut approvals, place, row);
        })?;
        let Some(request) = approvals.find(name) else { return Err(unknown(name)) };
        if request.decision.is_some() {
            return Ok(Some(request.clone()));
        }
        if request.is_over((door.clock)()) {
            expire(desk, run, name, door)?;
            continue;
        }
        if timeout_ms.is_some_and(|ms| began.elapsed() >= Duration::from_millis(ms)) {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(LOOK_MS));
    }
}

/// Says in a row that nobody decided in time, if nobody did.
fn expire(desk: &Desk, run: &str, name: &str, door: &mut Door<'_>) -> Result<()> {
    desk.decide_whether(
        About::Run(run),
        door,
        Approvals::default,
        |approvals| {
            let request = approvals.find(name).ok_or_else(|| unknown(name))?;
            if request.decision.is_some() {
                return Ok(None);
            }
            let mut pairs = Pairs::new();
            let texts = [
                ("run_id", run),
                ("kind", "approval.expired"),
                ("action", "expire"),
                ("status", "in-progress"),
                ("answers", name),
                ("approval_state", Verdict::Expired.word()),
                ("reason", "nobody decided in time"),
            ];
            texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
            if !request.args_sha256.is_empty() {
                pairs.text("tool_call.args_sha256", &request.args_sha256)?;
            }
            Ok(Some(pairs))
        },
        |_| Ok(()),
    )
    .map(|_| ())
}

/// Stores the row that acts on what was decided about `request`, if `check` lets it: only the first one that acts on a yes
/// counts, and none when it is too late. The decision is made durable before.
pub fn take(
    desk: &Desk,
    request: &Request,
    door: &mut Door<'_>,
    row: impl Fn() -> Result<Pairs>,
    mut check: impl FnMut(&mut State<'_, '_>) -> Result<()>,
) -> Result<Done> {
    let nothing = || Error::new(Exit::Undecided, format!("{} is not decided yet", request.name));
    if let Some((segment, _)) = request.decision.as_ref().and_then(|decision| decision.place) {
        desk.writer(door)?.sync_segment(segment)?;
    }
    let now = (door.clock)();
    let done = desk.decide_whether(
        About::Run(&request.run),
        door,
        Approvals::default,
        |approvals| {
            let request = approvals.find(&request.name).ok_or_else(|| unknown(&request.name))?;
            let decision = request.decision.as_ref().ok_or_else(nothing)?;
            let once = "an approval counts once, and in its time: ask again";
            match (decision.verdict, &decision.taken_by) {
                (Verdict::Approved, Some(by)) => {
                    return Err(Error::new(
                        Exit::No,
                        format!("the approval {} was used already, by {by}", decision.name),
                    )
                    .hint(once));
                }
                (Verdict::Approved, None) if request.is_over(now) => {
                    return Err(Error::new(Exit::No, format!("the approval {} has expired", decision.name)).hint(once));
                }
                _ => {}
            }
            let mut pairs = row()?;
            pairs.text("answers", &request.name)?;
            pairs.text("approval_state", decision.verdict.word())?;
            if !decision.by.is_empty() {
                pairs.text("approver", &decision.by)?;
            }
            Ok(Some(pairs))
        },
        &mut check,
    )?;
    done.ok_or_else(nothing)
}

/// What was decided, as one line.
pub fn told(request: &Request) -> String {
    let Some(decision) = &request.decision else { return "not decided yet".to_owned() };
    let by = if decision.by.is_empty() { String::new() } else { format!(" by {}", decision.by) };
    let why = if decision.why.is_empty() { String::new() } else { format!(": {}", decision.why) };
    format!("{}{by}{why}", decision.verdict.word())
}

/// There is no such request.
pub fn unknown(name: &str) -> Error {
    Error::usage(format!("there is no request {}", shell_word(name))).hint("logbook approve   # lists what is open")
}
