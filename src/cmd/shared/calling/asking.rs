//! Asking a person, and waiting for what they decide.

use std::time::{Duration, Instant as Elapsed};

use crate::cmd::Door;
use crate::cmd::shared::writing::{About, Desk, Done, catch_up};
use logbook_format::carried::CarriedRun;
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::rows::{self, Asked};
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Address, Field, Instant, Kind, Status, Verdict};
use logbook_store::Watch;
use logbook_store::append::State;
use logbook_view::approvals::{Request, Shown};
use logbook_view::facts::{Facts, FieldSet};
use logbook_view::past::Standing;
use logbook_view::{Approvals, Course, Past};

/// How often a waiter looks: well below the 100 ms in which a decision is to be noticed.
const LOOK_MS: u64 = 40;

/// What is asked.
pub struct Question<'q> {
    /// The run that waits.
    pub run: &'q str,
    /// What is asked for, in words.
    pub action: &'q str,
    /// The call that a decision is bound to, and what else is said of it.
    pub call: &'q Pairs,
    /// What in the logbook asks for a decision; empty: the agent does.
    pub rule: &'q Pairs,
    /// How long a decision may take, milliseconds.
    pub expires_ms: Option<u64>,
}

/// The requests of a run, and what its rows say of the run.
struct Inquiry {
    run: String,
    approvals: Approvals,
    task: String,
    agent: String,
}

impl Past for Inquiry {
    const FIELDS: FieldSet = Approvals::FIELDS;
    const AS_WRITTEN: bool = true;

    fn push(&mut self, row: &impl Facts, place: &Address) {
        self.approvals.push(row, place);
        if row.kind().is_of_run() && row.text(Field::RunId) == self.run {
            for (kept, field) in [(&mut self.task, Field::Task), (&mut self.agent, Field::AgentId)] {
                if kept.is_empty() {
                    *kept = row.text(field);
                }
            }
        }
    }

    fn carried(&mut self, run: CarriedRun) {
        if run.run == self.run && self.agent.is_empty() {
            self.agent = run.agents.into_iter().next().unwrap_or_default();
        }
    }
}

impl Question<'_> {
    /// The request's row, but for what the run's rows say.
    fn pairs(&self, expires_at: Option<Instant>) -> Result<Pairs> {
        rows::request(self.run, self.action, expires_at, self.rule, self.call)
    }

    /// Stores the request, unless the same is on file and nobody has acted on it: then this joins
    /// it. Gives its name.
    pub fn put(&self, desk: &Desk, door: &mut Door<'_>) -> Result<(String, Option<Done>)> {
        let clock = door.clock;
        let expires_at = self.expires_ms.map(|ms| clock().plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)));
        let asked = self.read(desk, expires_at, door)?;
        if asked.shown() == Shown::Other {
            return Err(Error::new(Exit::No, "the arguments that would be shown are not those of the digest")
                .hint("leave --args-sha256 out; arguments that are not UTF-8 cannot be asked about"));
        }
        if asked.hides_lines() {
            return Err(Error::new(Exit::No, "the arguments contain a private key: nobody would see all that runs")
                .hint("put the key into a file, and name the file"));
        }
        let begin = || Inquiry {
            run: self.run.to_owned(),
            approvals: Approvals::default(),
            task: String::new(),
            agent: String::new(),
        };
        let mut joined = None;
        let done = desk.decide_whether(
            About::Run(self.run),
            door,
            begin,
            |inquiry| {
                // Asked anew under the lock: a request that is over meanwhile is of no use.
                let now = clock();
                let same = |it: &&Request| it.asks_the_same(&asked) && it.is_unused() && is_of_use(it, expires_at, now);
                // By their steps: what retention carried over stands behind rows that are newer.
                let newest = inquiry.approvals.all.iter().filter(same).max_by_key(|request| request.step);
                joined = newest.map(|request| request.name.clone());
                if joined.is_some() {
                    return Ok(None);
                }
                let mut pairs = self.pairs(expires_at)?;
                for (known, name, said) in
                    [(&asked.task, "task", &inquiry.task), (&asked.agent, "agent_id", &inquiry.agent)]
                {
                    if known.is_empty() && !said.is_empty() {
                        pairs.text(name, said)?;
                    }
                }
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

    /// The request as its row will read, secrets redacted.
    fn read(&self, desk: &Desk, expires_at: Option<Instant>, door: &mut Door<'_>) -> Result<Request> {
        let drafts = desk.draft(&self.pairs(expires_at)?, door)?;
        let mut row = Vec::new();
        drafts.rows().iter().for_each(|draft| drafts.render(draft, 1, &mut row));
        Request::of_row(&row).ok_or_else(|| Error::io("the request cannot be read"))
    }
}

/// Whether whoever asks the same can go by `request`: its time is not over, and it is decided, or
/// will be over no later than is asked for now.
fn is_of_use(request: &Request, expires_at: Option<Instant>, now: Instant) -> bool {
    let in_time = || expires_at.is_none_or(|latest| request.expires_at.is_some_and(|over| over <= latest));
    !request.is_over(now) && (request.decision.is_some() || in_time())
}

/// Waits until the request `name` of `run` is decided, or over: then says so in a row. `None`:
/// neither, in the time given.
pub fn wait(
    desk: &Desk,
    run: &str,
    name: &str,
    timeout_ms: Option<u64>,
    door: &mut Door<'_>,
) -> Result<Option<Request>> {
    let began = Elapsed::now();
    let (mut approvals, seen) = desk.look(About::Run(run), door, Approvals::default)?;
    let mut watch = Watch::new(&desk.location.path, seen);
    let mut is_told = false;
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
        if !is_told {
            is_told = true;
            door.note(format_args!("waiting for {name}: logbook approve {}", word(name)));
        }
        if timeout_ms.is_some_and(|ms| began.elapsed() >= Duration::from_millis(ms)) {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(LOOK_MS));
    }
}

/// Says in a row that nobody decided in time, if nobody did.
fn expire(desk: &Desk, run: &str, name: &str, door: &mut Door<'_>) -> Result<()> {
    let question = question_of(desk, run, door)?;
    let now = (door.clock)();
    desk.decide_whether(
        About::Run(run),
        door,
        Approvals::default,
        |approvals| {
            let request = approvals.find(name).ok_or_else(|| unknown(name))?;
            if request.decision.is_some() {
                return Ok(None);
            }
            let waits_for = waits_for(approvals, request, question.as_deref(), now);
            rows::expired(asked(request, waits_for.as_deref())).map(Some)
        },
        |_| Ok(()),
    )
    .map(|_| ())
}

/// Stores the row that acts on what was decided about `request`, if `check` lets it: only the first
/// one that acts on a yes counts, and none when it is too late. The decision is made durable
/// before.
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
    let clock = door.clock;
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
                // Never earlier than the row's own time, by which readers judge it.
                (Verdict::Approved, None) if request.is_over(clock()) => {
                    return Err(Error::new(Exit::No, format!("the approval {} has expired", decision.name)).hint(once));
                }
                _ => {}
            }
            let mut pairs = row()?;
            rows::act_on(&mut pairs, &request.name, decision.verdict, &decision.by)?;
            Ok(Some(pairs))
        },
        &mut check,
    )?;
    done.ok_or_else(nothing)
}

/// What a decision about `request` says of it; `waits_for`: what else its run waits for.
pub fn asked<'a>(request: &'a Request, waits_for: Option<&'a str>) -> Asked<'a> {
    Asked { run: &request.run, request: &request.name, args_sha256: &request.args_sha256, waits_for }
}

/// What `run` waits for, as a row other than a request says it.
pub fn question_of(desk: &Desk, run: &str, door: &mut Door<'_>) -> Result<Option<String>> {
    let (course, _) = desk.look(About::Run(run), door, || Course::of(run))?;
    let asks = |it: &&Standing| it.kind != Kind::ApprovalRequested && it.status == Status::Blocked.word();
    Ok(course.worked().filter(asks).map(|it| it.blocked_on.clone()))
}

/// What the run of `request` waits for besides it: a question that was asked, or another approval.
pub fn waits_for(approvals: &Approvals, request: &Request, question: Option<&str>, now: Instant) -> Option<String> {
    // A decision that left its run blocked on another request has that in the same words.
    let question = question.filter(|question| !is_request(approvals, &request.run, question));
    let other = || approvals.also_open(&request.run, &request.name, now);
    question.map(str::to_owned).or_else(|| other().map(|other| rows::approval_of(&other.action)))
}

/// Whether what `run` waits for is one of its requests.
pub fn is_request(approvals: &Approvals, run: &str, waits_for: &str) -> bool {
    approvals.all.iter().any(|request| request.run == run && rows::approval_of(&request.action) == waits_for)
}

/// What was decided, as one line.
pub fn told(request: &Request) -> String {
    let Some(decision) = &request.decision else { return "not decided yet".to_owned() };
    let by = if decision.by.is_empty() { String::new() } else { format!(" by {}", decision.by) };
    let why = if decision.why.is_empty() { String::new() } else { format!(": {}", decision.why) };
    format!("{}{by}{why}", decision.verdict.word())
}

/// The name of a request as a word of the shell; `#` within it is no comment. Whoever asks chose
/// the name of the run.
pub fn word(name: &str) -> String {
    match name.split_once('#') {
        Some((run, _)) if !run.is_empty() && shell_word(run) == run => name.to_owned(),
        _ => shell_word(name),
    }
}

/// There is no such request.
pub fn unknown(name: &str) -> Error {
    Error::usage(format!("there is no request {}", shell_word(name))).hint("logbook approve   # lists what is open")
}
