//! `logbook approve` and `logbook deny`: which request is meant, whether it may be decided, and the
//! row of the decision.

use std::collections::BTreeSet;

use crate::cmd::Door;
use crate::cmd::decide::open_requests;
use crate::cmd::shared::calling::approval;
use crate::cmd::shared::writing::{Appended, OpenLogbook, Scope, Writing, print_rows, user};
use logbook_format::carried::CarriedRun;
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_model::shown::as_it_reads;
use logbook_model::{Address, Field, Instant, Verdict};
use logbook_render::{Look, request as shown};
use logbook_store::Purpose;
use logbook_view::approvals::{KINDS, Request, Shown};
use logbook_view::facts::{Facts, FieldSet};
use logbook_view::{Approvals, Past};

/// Examples of `approve`.
pub const APPROVE: &str = "\
  logbook approve              # lists what is open
  logbook approve r-88 --by maria --why 'the backup is from this morning'";
/// Examples of `deny`.
pub const DENY: &str = "\
  logbook deny r-88 --why 'not on a Friday'
  logbook deny r-88#12 --by maria --why 'use the staging database'";

/// Arguments of `approve` and `deny`.
#[derive(Debug, Default, clap::Args)]
pub struct Deciding {
    /// A run with one open request, or a request as RUN#STEP; without it, list what is open
    #[arg(value_name = "RUN|REQUEST")]
    what: Option<String>,
    /// Who decides, never the agent that asked [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Only if the request is for the arguments with this SHA-256
    #[arg(long, value_name = "DIGITS")]
    args_sha256: Option<String>,
    /// Format of the list: table, jsonl, json, csv, tsv or md
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// `logbook approve`
pub fn approve(args: Deciding, door: &mut Door<'_>) -> Result<Exit> {
    run(&args, Verdict::Approved, door)
}

/// `logbook deny`
pub fn deny(args: Deciding, door: &mut Door<'_>) -> Result<Exit> {
    run(&args, Verdict::Denied, door)
}

/// Decides about a request, or lists the open ones.
fn run(args: &Deciding, verdict: Verdict, door: &mut Door<'_>) -> Result<Exit> {
    let logbook = args.writing.open(door, Purpose::Read)?;
    let Some(what) = &args.what else {
        return open_requests::list(&logbook, args.output.as_deref(), door);
    };
    let (by, why, args_sha256) = (args.by.as_deref(), args.why.as_deref(), args.args_sha256.as_deref());
    let wanted = Wanted { what, verdict, by, why, args_sha256, takes_irreversible: true };
    let Decided { request, appended } = decide(&logbook, &wanted, door)?;
    print_rows(logbook.print, &appended.drafts, &appended.stored, door)?;
    if door.err.is_terminal() {
        confirm(&request, verdict, door)?;
    }
    Ok(Exit::Done)
}

/// Shows a person the request that was decided.
fn confirm(request: &Request, verdict: Verdict, door: &mut Door<'_>) -> Result<()> {
    door.note(format_args!("{} {}: {}", verdict.word(), request.name, request.action));
    if verdict == Verdict::Approved {
        let look = Look { width: Some(door.columns), ..door.look()? };
        let sheet = shown::sheet(request, (door.clock)(), &look.zone, usize::MAX);
        door.err.drawn(&shown::card(&sheet, &look));
    }
    Ok(())
}

/// A decision that a person wants to make.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// The request, or the run that has one open.
    pub what: &'w str,
    pub verdict: Verdict,
    /// Who decides; `None`: the user.
    pub by: Option<&'w str>,
    /// Why; required to deny.
    pub why: Option<&'w str>,
    /// Only if the request is for the arguments with this digest.
    pub args_sha256: Option<&'w str>,
    /// The person was told separately that the call cannot be undone, if so.
    pub takes_irreversible: bool,
}

/// A decision that was made.
pub struct Decided {
    pub request: Request,
    /// The row of the decision.
    pub appended: Appended,
}

/// Appends the decision, if it may be made.
pub fn decide(logbook: &OpenLogbook, wanted: &Wanted<'_>, door: &mut Door<'_>) -> Result<Decided> {
    let &Wanted { what, verdict, by, why, args_sha256, takes_irreversible } = wanted;
    let why = why.map(str::trim).filter(|why| !why.is_empty());
    if verdict == Verdict::Denied && why.is_none() {
        return Err(Error::usage("a denial needs a reason for the agent")
            .hint(format!("logbook deny {} --why '…'", shell_word(what))));
    }
    let mut signed = Pairs::new();
    logbook.sign(&mut signed, by, door)?;
    let clock = door.clock;
    let who = logbook.as_stored("approver", &by.map_or_else(|| user(door), str::to_owned))?;
    let decider = Decider {
        name: &who,
        agent: logbook.agent.as_deref(),
        run: logbook.run.as_deref(),
        agents: agents(logbook, what, door)?,
    };
    let question = match run_of(what) {
        Some(run) => approval::open_question(logbook, &run, door)?,
        None => None,
    };
    let mut decided = None;
    let appended = logbook.store_from(Scope::Kinds(&KINDS), door, Approvals::default, |approvals| {
        // Read after the row got its time, by which readers judge it.
        let now = clock();
        let request = find(what, approvals, now)?;
        may_be_decided(request, args_sha256, now)?;
        if verdict == Verdict::Approved {
            shows_all_that_runs(request)?;
        }
        if !logbook.settings.own_approvals {
            decider.refuse_own(request)?;
        }
        if verdict == Verdict::Approved && request.reversible == Some(false) && !takes_irreversible {
            return Err(Error::usage(format!(
                "{} cannot be undone, and the approval does not say that you know",
                request.name
            ))
            .hint("tick the box, or: logbook approve"));
        }
        decided = Some(request.clone());
        let waits_for = approval::waits_for(approvals, request, question.as_deref(), now);
        rows::decision(approval::as_asked(request, waits_for.as_deref()), verdict, why, &signed)
    })?;
    let request = decided.ok_or_else(|| Error::io("nothing was decided"))?;
    Ok(Decided { request, appended })
}

/// The request called `what` (RUN#STEP), or the open request of the run `what`. The name of a row
/// never means a run, whatever runs are called.
fn find<'a>(what: &str, approvals: &'a Approvals, now: Instant) -> Result<&'a Request> {
    if let Some(request) = approvals.find(what) {
        return Ok(request);
    }
    if Address::parse(what).is_some() {
        return Err(approval::unknown_request(what));
    }
    let of_run: Vec<&Request> = approvals.all.iter().filter(|request| request.run == what).collect();
    let open: Vec<&Request> = approvals.open(now).into_iter().filter(|request| request.run == what).collect();
    match (open.as_slice(), of_run.iter().max_by_key(|request| request.step)) {
        ([one], _) => Ok(one),
        // The state of the newest request says why there is nothing to decide.
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
                .hint(format!("logbook show {}; logbook approve lists them", shell_word(&several[0].name))))
        }
    }
}

/// Refuses to approve arguments that a person cannot see.
fn shows_all_that_runs(request: &Request) -> Result<()> {
    let name = shell_word(&request.name);
    if request.shown() == Shown::Other {
        let message = format!("{} shows arguments that do not match its digest", request.name);
        return Err(
            Error::new(Exit::No, message).hint(format!("logbook deny {name} --why 'the arguments shown are others'"))
        );
    }
    if request.hides_lines() {
        let message = format!("lines of the arguments of {} are hidden", request.name);
        return Err(Error::new(Exit::No, message).hint(format!("logbook deny {name} --why 'put the key into a file'")));
    }
    Ok(())
}

/// Refuses a request that is decided, has expired, or is for other arguments.
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
            format!("{} was decided already, by {}: {}", request.name, decision.name, approval::summary(request)),
        ));
    }
    match request.expires_at {
        Some(at) if request.is_expired(now) => {
            Err(Error::new(Exit::No, format!("{} expired at {}", request.name, at.to_utc_ms()))
                .hint("the agent may ask again"))
        }
        _ => Ok(()),
    }
}

/// The run that `what` names, or the run of the request that it names.
fn run_of(what: &str) -> Option<String> {
    match Address::parse(what) {
        Some(Address::Step { run_id, .. }) => Some(run_id),
        Some(Address::Place { .. }) => None,
        None => Some(what.to_owned()),
    }
}

/// The agents of the run that `what` names.
fn agents(logbook: &OpenLogbook, what: &str, door: &mut Door<'_>) -> Result<BTreeSet<String>> {
    let Some(run) = run_of(what) else { return Ok(BTreeSet::new()) };
    let begin = || Agents { run: run.clone(), named: BTreeSet::new() };
    Ok(logbook.fold(Scope::Run(&run), door, begin)?.0.named)
}

/// The agents of a run: those of the rows that the run itself wrote.
struct Agents {
    run: String,
    named: BTreeSet<String>,
}

impl Past for Agents {
    const FIELDS: FieldSet = FieldSet::of(&[Field::RunId, Field::Kind, Field::AgentId]);
    const AS_WRITTEN: bool = true;

    fn push(&mut self, row: &impl Facts, _: &Address) {
        if row.kind().is_of_run() && row.says(Field::AgentId) && row.text(Field::RunId) == self.run {
            self.named.insert(row.text(Field::AgentId));
        }
    }

    fn carried(&mut self, run: CarriedRun) {
        if run.run == self.run {
            self.named.extend(run.agents);
        }
    }
}

/// Who decides, and from which run, to refuse a decision about one's own request.
struct Decider<'w> {
    name: &'w str,
    /// `LOGBOOK_AGENT` of this shell.
    agent: Option<&'w str>,
    /// `LOGBOOK_RUN` of this shell.
    run: Option<&'w str>,
    /// The agents of the run that asks.
    agents: BTreeSet<String>,
}

impl Decider<'_> {
    fn refuse_own(&self, request: &Request) -> Result<()> {
        let refused = |what: String| {
            Err(Error::new(Exit::No, format!("nobody decides about their own request: {what}"))
                .hint("from a shell outside the run, another person; or own_approvals = true in config.toml"))
        };
        let theirs: Vec<String> = self.agents.iter().chain([&request.agent]).map(|name| as_it_reads(name)).collect();
        let is_theirs = |name: &str| !as_it_reads(name).is_empty() && theirs.contains(&as_it_reads(name));
        if let Some(agent) = [Some(self.name), self.agent].into_iter().flatten().find(|name| is_theirs(name)) {
            return refused(format!("{} is one of agent {agent}", request.name));
        }
        if self.run.is_some_and(|run| as_it_reads(run) == as_it_reads(&request.run)) {
            return refused(format!("this shell is inside run {} (LOGBOOK_RUN)", request.run));
        }
        // If it is not known who asked, the shell of an agent may be the asker's.
        if request.agent.is_empty() && self.agents.is_empty() && (self.agent.is_some() || self.run.is_some()) {
            return refused(format!("{} does not say which agent asks, and this shell is an agent's", request.name));
        }
        Ok(())
    }
}
