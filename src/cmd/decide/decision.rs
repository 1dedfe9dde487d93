//! What `approve` and `deny` share: which request is meant, whether it may be decided, and the row
//! that does.

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

/// Arguments of `approve` and `deny`.
#[derive(Debug, Default, clap::Args)]
pub struct Deciding {
    /// A run with one open request, or a request as RUN#STEP; without it, list what is open
    #[arg(value_name = "RUN|REQUEST")]
    what: Option<String>,
    /// Who decides, never the agent that asked [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Why
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

/// Decides, or lists what there is to decide.
pub fn run(args: &Deciding, verdict: Verdict, door: &mut Door<'_>) -> Result<Exit> {
    let Some(what) = &args.what else {
        let logbook = args.writing.open(door, Purpose::Read)?;
        return open_requests::list(&logbook, args.output.as_deref(), door);
    };
    let logbook = args.writing.open(door, Purpose::Read)?;
    let (by, why, args_sha256) = (args.by.as_deref(), args.why.as_deref(), args.args_sha256.as_deref());
    let wanted = Wanted { what, verdict, by, why, args_sha256, takes_irreversible: true };
    let Decided { request, done } = decide(&logbook, &wanted, door)?;
    print_rows(logbook.print, &done.drafts, &done.stored, door)?;
    if door.err.is_terminal() {
        confirm(&request, verdict, door)?;
    }
    Ok(Exit::Done)
}

/// Says to a person what was decided about.
fn confirm(request: &Request, verdict: Verdict, door: &mut Door<'_>) -> Result<()> {
    door.note(format_args!("{} {}: {}", verdict.word(), request.name, request.action));
    if verdict == Verdict::Approved {
        let look = Look { width: Some(door.columns), ..door.look()? };
        let sheet = shown::sheet(request, (door.clock)(), &look.zone, usize::MAX);
        door.err.drawn(&shown::card(&sheet, &look));
    }
    Ok(())
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
    /// Whoever decides was told apart from everything else that it cannot be undone, where it
    /// cannot.
    pub takes_irreversible: bool,
}

/// A decision that was made.
pub struct Decided {
    /// The request.
    pub request: Request,
    /// The row.
    pub done: Appended,
}

/// Stores the decision, if it may be made.
pub fn decide(logbook: &OpenLogbook, wanted: &Wanted<'_>, door: &mut Door<'_>) -> Result<Decided> {
    let &Wanted { what, verdict, by, why, args_sha256, takes_irreversible } = wanted;
    let why = why.map(str::trim).filter(|why| !why.is_empty());
    if verdict == Verdict::Denied && why.is_none() {
        return Err(Error::usage("a denial needs a reason: what the agent is to know")
            .hint(format!("logbook deny {} --why '…'", shell_word(what))));
    }
    let mut signed = Pairs::new();
    logbook.sign(&mut signed, by, door)?;
    let clock = door.clock;
    let who = logbook.as_stored("approver", &by.map_or_else(|| user(door), str::to_owned))?;
    let own = Own {
        who: &who,
        agent: logbook.agent.as_deref(),
        run: logbook.run.as_deref(),
        agents: agents(logbook, what, door)?,
    };
    let question = match run_of(what) {
        Some(run) => approval::open_question(logbook, &run, door)?,
        None => None,
    };
    let mut decided = None;
    let done = logbook.store_from(Scope::Kinds(&KINDS), door, Approvals::default, |approvals| {
        // Under the lock it is later: never earlier than the row's own time, by which readers judge
        // it.
        let now = clock();
        let request = meant(what, approvals, now)?;
        may_be_decided(request, args_sha256, now)?;
        if verdict == Verdict::Approved && request.shown() == Shown::Other {
            return Err(Error::new(
                Exit::No,
                format!("{} shows arguments that do not have its digest: nobody can know what would run", request.name),
            )
            .hint(format!("logbook deny {} --why 'the arguments shown are others'", shell_word(&request.name))));
        }
        if verdict == Verdict::Approved && request.hides_lines() {
            return Err(Error::new(
                Exit::No,
                format!("lines of the arguments of {} are hidden: nobody can know what would run", request.name),
            )
            .hint(format!("logbook deny {} --why 'put the key into a file'", shell_word(&request.name))));
        }
        if !logbook.settings.own_approvals {
            own.refuse(request)?;
        }
        if verdict == Verdict::Approved && request.reversible == Some(false) && !takes_irreversible {
            return Err(Error::usage(format!("{} cannot be undone, and nobody said that they know it", request.name))
                .hint("tick the box, or: logbook approve"));
        }
        decided = Some(request.clone());
        let waits_for = approval::waits_for(approvals, request, question.as_deref(), now);
        rows::decision(approval::as_asked(request, waits_for.as_deref()), verdict, why, &signed)
    })?;
    let request = decided.ok_or_else(|| Error::io("nothing was decided"))?;
    Ok(Decided { request, done })
}

/// The request that `what` names: itself, as RUN#STEP, or the one that its run has open. What reads
/// as the name of a row never means a run, whatever runs are called.
fn meant<'a>(what: &str, approvals: &'a Approvals, now: Instant) -> Result<&'a Request> {
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
                .hint(format!("logbook show {}; logbook approve lists them", shell_word(&several[0].name))))
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
            format!("{} was decided already, by {}: {}", request.name, decision.name, approval::summary(request)),
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

/// The run that is meant, or whose request is.
fn run_of(what: &str) -> Option<String> {
    match Address::parse(what) {
        Some(Address::Step { run_id, .. }) => Some(run_id),
        Some(Address::Place { .. }) => None,
        None => Some(what.to_owned()),
    }
}

/// The agents that made the run's own rows, by the run or the request that `what` names.
fn agents(logbook: &OpenLogbook, what: &str, door: &mut Door<'_>) -> Result<BTreeSet<String>> {
    let Some(run) = run_of(what) else { return Ok(BTreeSet::new()) };
    let begin = || Agents { run: run.clone(), named: BTreeSet::new() };
    Ok(logbook.fold(Scope::Run(&run), door, begin)?.0.named)
}

/// Who works in a run: the agents of rows that say what a run does itself.
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

/// By what a decision about one's own request is known.
struct Own<'w> {
    who: &'w str,
    agent: Option<&'w str>,
    run: Option<&'w str>,
    /// The agents that work in the run.
    agents: BTreeSet<String>,
}

impl Own<'_> {
    fn refuse(&self, request: &Request) -> Result<()> {
        let refused = |what: String| {
            Err(Error::new(Exit::No, format!("nobody decides about their own request: {what}"))
                .hint("from a shell outside the run, another person; or own_approvals = true in config.toml"))
        };
        let theirs: Vec<String> = self.agents.iter().chain([&request.agent]).map(|name| as_it_reads(name)).collect();
        let is_theirs = |name: &str| !as_it_reads(name).is_empty() && theirs.contains(&as_it_reads(name));
        if let Some(agent) = [Some(self.who), self.agent].into_iter().flatten().find(|name| is_theirs(name)) {
            return refused(format!("{} is one of agent {agent}", request.name));
        }
        if self.run.is_some_and(|run| as_it_reads(run) == as_it_reads(&request.run)) {
            return refused(format!("this shell is inside run {} (LOGBOOK_RUN)", request.run));
        }
        // Who asked is not known: an agent's shell may be theirs.
        if request.agent.is_empty() && self.agents.is_empty() && (self.agent.is_some() || self.run.is_some()) {
            return refused(format!("{} does not say which agent asks, and this shell is an agent's", request.name));
        }
        Ok(())
    }
}
