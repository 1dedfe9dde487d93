//! What `approve` and `deny` share: which request is meant, whether it may be decided, and the row that does.

use crate::cmd::Door;
use crate::cmd::calling::asking;
use crate::cmd::decide::open_requests;
use crate::cmd::writing::{About, Desk, Done, Writing, print_rows, user};
use crate::error::{Error, Exit, Result, nearest};
use crate::format::draft::pairs::{Pairs, shell_word};
use crate::model::Instant;
use crate::store::Purpose;
use crate::view::Approvals;
use crate::view::approvals::{KINDS, Request, Verdict};

/// Arguments of `approve` and `deny`.
#[derive(Debug, Default, clap::Args)]
pub struct Deciding {
    /// The run, when it has one open request; else the request, as RUN#STEP. Nothing lists what is open
    #[arg(value_name = "RUN|REQUEST")]
    what: Option<String>,
    /// Who decides [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Only if the request is for the arguments with this SHA-256
    #[arg(long, value_name = "DIGITS")]
    args_sha256: Option<String>,
    /// How the list is put out: table, jsonl, json, csv, tsv or md
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// Decides, or lists what there is to decide.
pub fn run(args: &Deciding, verdict: Verdict, door: &mut Door<'_>) -> Result<Exit> {
    let Some(what) = &args.what else {
        let desk = args.writing.desk(door, Purpose::Read)?;
        return open_requests::list(&desk, args.output.as_deref(), door);
    };
    let desk = args.writing.desk(door, Purpose::Read)?;
    let (by, why, args_sha256) = (args.by.as_deref(), args.why.as_deref(), args.args_sha256.as_deref());
    let done = decide(&desk, &Wanted { what, verdict, by, why, args_sha256 }, door)?;
    print_rows(desk.print, &done.drafts, &done.stored, door)?;
    Ok(Exit::Done)
}

/// A decision that somebody wants to make.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// The request, or the run that has one open.
    pub what: &'w str,
    /// Yes or no.
    pub verdict: Verdict,
    /// Who decides; `None`: the user.
    pub by: Option<&'w str>,
    /// Why; a no needs it.
    pub why: Option<&'w str>,
    /// Only if the request is for the arguments with this digest.
    pub args_sha256: Option<&'w str>,
}

/// Stores the decision, if it may be made.
pub fn decide(desk: &Desk, wanted: &Wanted<'_>, door: &mut Door<'_>) -> Result<Done> {
    let &Wanted { what, verdict, by, why, args_sha256 } = wanted;
    let why = why.map(str::trim).filter(|why| !why.is_empty());
    if verdict == Verdict::Denied && why.is_none() {
        return Err(Error::usage("a no needs --why: what the agent is to know")
            .hint(format!("logbook deny {} --why '…'", shell_word(what))));
    }
    let mut signed = Pairs::new();
    desk.sign(&mut signed, by, door)?;
    let now = (door.clock)();
    let who = desk.as_stored("approver", &by.map_or_else(|| user(door), str::to_owned))?;
    let own = Own { who: &who, agent: desk.agent.as_deref(), run: desk.run.as_deref() };
    desk.decide(About::Kinds(&KINDS), door, Approvals::default, |approvals| {
        let request = meant(what, approvals, now)?;
        may_be_decided(request, args_sha256, now)?;
        if !desk.settings.own_approvals {
            own.refuse(request)?;
        }
        let action = if verdict == Verdict::Approved { "approve" } else { "deny" };
        let kind = format!("approval.{}", verdict.word());
        let mut pairs = Pairs::new();
        let texts = [
            ("run_id", request.run.as_str()),
            ("kind", &kind),
            ("action", action),
            ("status", "in-progress"),
            ("answers", &request.name),
            ("approval_state", verdict.word()),
        ];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
        if let Some(why) = why {
            pairs.text("reason", why)?;
        }
        if !request.args_sha256.is_empty() {
            pairs.text("tool_call.args_sha256", &request.args_sha256)?;
        }
        pairs.join(&signed)?;
        Ok(pairs)
    })
}

/// The request that `what` names: itself, or the one that its run has open.
fn meant<'a>(what: &str, approvals: &'a Approvals, now: Instant) -> Result<&'a Request> {
    if let Some(request) = approvals.find(what) {
        return Ok(request);
    }
    let of_run: Vec<&Request> = approvals.all.iter().filter(|request| request.run == what).collect();
    let open: Vec<&Request> = of_run.iter().copied().filter(|request| request.is_open(now)).collect();
    match (open.as_slice(), of_run.last()) {
        ([one], _) => Ok(one),
        // What became of the newest says why there is nothing to decide.
        ([], Some(newest)) => Ok(newest),
        ([], None) => {
            let runs = approvals.all.iter().map(|request| request.run.as_str());
            let error = Error::usage(format!("there is no request of run {what:?}"));
            Err(match nearest(what, runs) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("logbook approve   # lists what is open"),
            })
        }
        (several, _) => {
            let names: Vec<String> =
                several.iter().map(|request| format!("{} ({})", request.name, request.action)).collect();
            Err(Error::usage(format!("run {what:?} has {} open requests: {}", several.len(), names.join(", ")))
                .hint(format!("logbook approve {}", shell_word(&several[0].name))))
        }
    }
}

/// Whether nobody was first, it is not too late, and it is for the arguments that are meant.
fn may_be_decided(request: &Request, args_sha256: Option<&str>, now: Instant) -> Result<()> {
    if let Some(digest) = args_sha256
        && request.args_sha256 != digest
    {
        return Err(Error::new(Exit::No, format!("{} is for other arguments: {}", request.name, request.args_sha256))
            .hint(format!("logbook show {}", shell_word(&request.name))));
    }
    if let Some(decision) = &request.decision {
        return Err(Error::new(
            Exit::No,
            format!("{} was decided already, by {}: {}", request.name, decision.name, asking::told(request)),
        ));
    }
    match request.expires_at {
        Some(at) if request.is_over(now) => {
            Err(Error::new(Exit::No, format!("{} expired at {}", request.name, at.to_utc_ms()))
                .hint("the agent may ask again"))
        }
        _ => Ok(()),
    }
}

/// By what a decision about one's own request is known.
struct Own<'w> {
    who: &'w str,
    agent: Option<&'w str>,
    run: Option<&'w str>,
}

impl Own<'_> {
    fn refuse(&self, request: &Request) -> Result<()> {
        let refused = |what: String| {
            Err(Error::new(Exit::No, format!("nobody decides about their own request: {what}"))
                .hint("from a shell outside the run, another person; or own_approvals = true in config.toml"))
        };
        let agents = [Some(self.who), self.agent];
        if !request.agent.is_empty() && agents.contains(&Some(&request.agent)) {
            return refused(format!("{} is one of agent {}", request.name, request.agent));
        }
        if self.run == Some(&request.run) {
            return refused(format!("this shell is inside run {} (LOGBOOK_RUN)", request.run));
        }
        Ok(())
    }
}
