//! Ask a person for approval, wait for the decision, and act on it once.

use std::time::{Duration, Instant as Elapsed};

use crate::cmd::Door;
use crate::cmd::shared::writing::{Appended, OpenLogbook, Scope, push_new_row};
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

/// The polling period of a waiter, well below the 100 ms in which a decision must be noticed.
const POLL_MS: u64 = 40;

/// A request for approval that is about to be made.
pub struct Question<'q> {
    /// The run that waits.
    pub run: &'q str,
    /// What is asked for, in words.
    pub action: &'q str,
    /// The fields of the call that the decision is bound to.
    pub call: &'q Pairs,
    /// The fields that say which rule asks; empty if the agent does.
    pub rule: &'q Pairs,
    /// When the request expires, milliseconds from now.
    pub expires_ms: Option<u64>,
}

/// The requests of a run, and its task and agent.
struct RunRequests {
    run: String,
    approvals: Approvals,
    task: String,
    agent: String,
}

impl Past for RunRequests {
    const FIELDS: FieldSet = Approvals::FIELDS;
    const AS_WRITTEN: bool = true;

    fn push(&mut self, row: &impl Facts, place: &Address) {
        self.approvals.push(row, place);
        if row.kind().is_of_run() && row.text(Field::RunId) == self.run {
            for (value, field) in [(&mut self.task, Field::Task), (&mut self.agent, Field::AgentId)] {
                if value.is_empty() {
                    *value = row.text(field);
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
    /// The fields of the request, without task and agent from earlier rows of the run.
    fn pairs(&self, expires_at: Option<Instant>) -> Result<Pairs> {
        rows::request(self.run, self.action, expires_at, self.rule, self.call)
    }

    /// Appends the request, or joins an equal one that is on file and that nobody has acted on.
    /// Gives its name, and the row if one was appended.
    pub fn store_or_join(&self, logbook: &OpenLogbook, door: &mut Door<'_>) -> Result<(String, Option<Appended>)> {
        let clock = door.clock;
        let expires_at = self.expires_ms.map(|ms| clock().plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)));
        let asked = self.as_request(logbook, expires_at, door)?;
        if asked.shown() == Shown::Other {
            return Err(Error::new(Exit::No, "the arguments that would be shown are not those of the digest")
                .hint("leave --args-sha256 out; arguments that are not UTF-8 cannot be asked about"));
        }
        if asked.hides_lines() {
            return Err(Error::new(Exit::No, "the arguments contain a private key, so part of them would be hidden")
                .hint("put the key into a file, and name the file"));
        }
        let begin = || RunRequests {
            run: self.run.to_owned(),
            approvals: Approvals::default(),
            task: String::new(),
            agent: String::new(),
        };
        let mut joined = None;
        let appended = logbook.store_from_if(
            Scope::Run(self.run),
            door,
            begin,
            |requests| {
                // Evaluated again under the lock: a request may have expired meanwhile.
                let now = clock();
                let same = |it: &&Request| it.asks_the_same(&asked) && it.is_unused() && can_join(it, expires_at, now);
                // By step, since rows that retention carried over are behind newer rows.
                let newest = requests.approvals.all.iter().filter(same).max_by_key(|request| request.step);
                joined = newest.map(|request| request.name.clone());
                if joined.is_some() {
                    return Ok(None);
                }
                let mut pairs = self.pairs(expires_at)?;
                for (given, name, value) in
                    [(&asked.task, "task", &requests.task), (&asked.agent, "agent_id", &requests.agent)]
                {
                    if given.is_empty() && !value.is_empty() {
                        pairs.text(name, value)?;
                    }
                }
                Ok(Some(pairs))
            },
            |_| Ok(()),
        )?;
        let name = match (&appended, joined) {
            (Some(appended), _) => appended.stored.first().map(|row| format!("{}#{}", self.run, row.step)),
            (None, joined) => joined,
        };
        Ok((name.ok_or_else(|| Error::io("the request has no name"))?, appended))
    }

    /// The request as its row will read, redacted.
    fn as_request(&self, logbook: &OpenLogbook, expires_at: Option<Instant>, door: &mut Door<'_>) -> Result<Request> {
        let drafts = logbook.draft(&self.pairs(expires_at)?, door)?;
        let mut row = Vec::new();
        drafts.rows().iter().for_each(|draft| drafts.render(draft, 1, &mut row));
        Request::of_row(&row).ok_or_else(|| Error::io("the request cannot be read"))
    }
}

/// Whether an equal question can join `request`: it has not expired, and it is decided or expires
/// no later than the question would.
fn can_join(request: &Request, expires_at: Option<Instant>, now: Instant) -> bool {
    let in_time = || expires_at.is_none_or(|latest| request.expires_at.is_some_and(|over| over <= latest));
    !request.is_expired(now) && (request.decision.is_some() || in_time())
}

/// Waits until the request `name` of `run` is decided or expires; an expiry is appended as a row.
/// `None` if the timeout passes first.
pub fn wait(
    logbook: &OpenLogbook,
    run: &str,
    name: &str,
    timeout_ms: Option<u64>,
    door: &mut Door<'_>,
) -> Result<Option<Request>> {
    let began = Elapsed::now();
    let (mut approvals, seen) = logbook.fold(Scope::Run(run), door, Approvals::default)?;
    let mut watch = Watch::new(&logbook.location.path, seen);
    let mut is_announced = false;
    loop {
        watch.new_rows(&mut |place, row| {
            push_new_row(&mut approvals, place, row);
        })?;
        let Some(request) = approvals.find(name) else { return Err(unknown_request(name)) };
        if request.decision.is_some() {
            return Ok(Some(request.clone()));
        }
        if request.is_expired((door.clock)()) {
            expire(logbook, run, name, door)?;
            continue;
        }
        if !is_announced {
            is_announced = true;
            door.note(format_args!("waiting for {name}: logbook approve {}", shell_name(name)));
        }
        if timeout_ms.is_some_and(|ms| began.elapsed() >= Duration::from_millis(ms)) {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(POLL_MS));
    }
}

/// Appends the row that says that nobody decided in time, unless somebody just did.
fn expire(logbook: &OpenLogbook, run: &str, name: &str, door: &mut Door<'_>) -> Result<()> {
    let question = open_question(logbook, run, door)?;
    let now = (door.clock)();
    logbook
        .store_from_if(
            Scope::Run(run),
            door,
            Approvals::default,
            |approvals| {
                let request = approvals.find(name).ok_or_else(|| unknown_request(name))?;
                if request.decision.is_some() {
                    return Ok(None);
                }
                let waits_for = waits_for(approvals, request, question.as_deref(), now);
                rows::expired(as_asked(request, waits_for.as_deref())).map(Some)
            },
            |_| Ok(()),
        )
        .map(|_| ())
}

/// Appends the row that acts on the decision about `request`, if `check` allows it. An approval can
/// be acted on once, and not after it expired. The decision is synced first.
pub fn act_on_decision(
    logbook: &OpenLogbook,
    request: &Request,
    door: &mut Door<'_>,
    row: impl Fn() -> Result<Pairs>,
    mut check: impl FnMut(&mut State<'_, '_>) -> Result<()>,
) -> Result<Appended> {
    let undecided = || Error::new(Exit::Undecided, format!("{} is not decided yet", request.name));
    if let Some((segment, _)) = request.decision.as_ref().and_then(|decision| decision.place) {
        logbook.writer(door)?.sync_segment(segment)?;
    }
    let clock = door.clock;
    let appended = logbook.store_from_if(
        Scope::Run(&request.run),
        door,
        Approvals::default,
        |approvals| {
            let request = approvals.find(&request.name).ok_or_else(|| unknown_request(&request.name))?;
            let decision = request.decision.as_ref().ok_or_else(undecided)?;
            let once = "an approval counts once, until it expires: ask again";
            match (decision.verdict, &decision.taken_by) {
                (Verdict::Approved, Some(by)) => {
                    return Err(Error::new(
                        Exit::No,
                        format!("the approval {} was used already, by {by}", decision.name),
                    )
                    .hint(once));
                }
                // The clock is read after the row got its time, by which readers judge it.
                (Verdict::Approved, None) if request.is_expired(clock()) => {
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
    appended.ok_or_else(undecided)
}

/// What the row of a decision says about `request`; `waits_for`: what else its run waits for.
pub fn as_asked<'a>(request: &'a Request, waits_for: Option<&'a str>) -> Asked<'a> {
    Asked { run: &request.run, request: &request.name, args_sha256: &request.args_sha256, waits_for }
}

/// What `run` waits for by its rows, other than requests.
pub fn open_question(logbook: &OpenLogbook, run: &str, door: &mut Door<'_>) -> Result<Option<String>> {
    let (course, _) = logbook.fold(Scope::Run(run), door, || Course::of(run))?;
    let asks = |it: &&Standing| it.kind != Kind::ApprovalRequested && it.status == Status::Blocked.word();
    Ok(course.worked().filter(asks).map(|it| it.blocked_on.clone()))
}

/// What the run of `request` waits for besides it: `question`, or another approval.
pub fn waits_for(approvals: &Approvals, request: &Request, question: Option<&str>, now: Instant) -> Option<String> {
    // A decision that left the run blocked on another request repeats that request's words.
    let question = question.filter(|question| !is_request(approvals, &request.run, question));
    let other = || approvals.also_open(&request.run, &request.name, now);
    question.map(str::to_owned).or_else(|| other().map(|other| rows::approval_of(&other.action)))
}

/// Whether `waits_for` is one of the requests of `run`.
pub fn is_request(approvals: &Approvals, run: &str, waits_for: &str) -> bool {
    approvals.all.iter().any(|request| request.run == run && rows::approval_of(&request.action) == waits_for)
}

/// The decision about a request, as one line.
pub fn summary(request: &Request) -> String {
    let Some(decision) = &request.decision else { return "not decided yet".to_owned() };
    let by = if decision.by.is_empty() { String::new() } else { format!(" by {}", decision.by) };
    let why = if decision.why.is_empty() { String::new() } else { format!(": {}", decision.why) };
    format!("{}{by}{why}", decision.verdict.word())
}

/// The name of a request, quoted for a shell if need be. A `#` within a word begins no comment. The
/// agent chose the name of the run, so it may hold anything.
pub fn shell_name(name: &str) -> String {
    match name.split_once('#') {
        Some((run, _)) if !run.is_empty() && shell_word(run) == run => name.to_owned(),
        _ => shell_word(name),
    }
}

/// The error for a request that does not exist.
pub fn unknown_request(name: &str) -> Error {
    Error::usage(format!("there is no request {}", shell_word(name))).hint("logbook approve   # lists what is open")
}
