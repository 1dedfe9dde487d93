//! `docs/gates.md` as code: what approvals, holds, policy and retention allow, in a few maps. It
//! shares no code with the program and reads no row.

use std::collections::{BTreeMap, BTreeSet};

/// A call, as far as a yes is bound to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub tool: Tool,
    /// Which arguments.
    pub key: u64,
    pub irreversible: bool,
}

/// What the policy of the walk says of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// No rule.
    Free,
    /// A person is asked.
    Pay,
    /// Denied.
    Wipe,
    /// Asked about in words, by `ask`: nothing runs.
    Words,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Approved,
    Denied,
}

#[derive(Debug, Clone)]
pub struct Request {
    pub name: String,
    pub run: String,
    pub call: Call,
    pub agent: String,
    pub expires_ms: Option<i64>,
    pub verdict: Option<Verdict>,
    pub used: bool,
}

impl Request {
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.expires_ms.is_some_and(|expires_ms| now_ms >= expires_ms)
    }

    pub fn is_open(&self, now_ms: i64) -> bool {
        self.verdict.is_none() && !self.is_over(now_ms)
    }
}

#[derive(Debug, Default)]
pub struct Run {
    pub held: bool,
    pub parents: BTreeSet<String>,
    pub agents: BTreeSet<String>,
    /// The agent of the first row that names one.
    pub first_agent: String,
}

/// Who types: as what (`--by`), in whose shell.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    pub by: String,
    pub agent: Option<String>,
    pub run: Option<String>,
}

#[derive(Debug, Default)]
pub struct Model {
    pub now_ms: i64,
    /// When rows were deleted last.
    pub deleted_at_ms: i64,
    pub runs: BTreeMap<String, Run>,
    pub requests: Vec<Request>,
}

/// What becomes of a call that somebody wants to make.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Runs,
    /// A rule, or a hold.
    Refused,
    /// This request is open: the place in [`Model::requests`], or a new one.
    Waits(Option<usize>),
    /// This request was denied.
    Denied(usize),
}

impl Model {
    fn run(&mut self, run: &str) -> &mut Run {
        self.runs.entry(run.to_owned()).or_default()
    }

    /// A row of the run itself, by this agent.
    pub fn works(&mut self, run: &str, agent: Option<&str>) {
        let run = self.run(run);
        if let Some(agent) = agent {
            run.agents.insert(agent.to_owned());
            if run.first_agent.is_empty() {
                agent.clone_into(&mut run.first_agent);
            }
        }
    }

    pub fn is_held(&self, run: &str) -> bool {
        let (mut met, mut open) = (BTreeSet::new(), vec![run]);
        while let Some(run) = open.pop() {
            let Some(known) = self.runs.get(run) else { continue };
            if known.held {
                return true;
            }
            open.extend(known.parents.iter().map(String::as_str).filter(|parent| met.insert(*parent)));
        }
        false
    }

    /// The request that asks the same and that whoever asks now goes by.
    fn same(&self, run: &str, call: &Call, expires_ms: Option<i64>) -> Option<usize> {
        let is_it = |request: &Request| {
            let in_time = || expires_ms.is_none_or(|latest| request.expires_ms.is_some_and(|over| over <= latest));
            let of_use = !request.is_over(self.now_ms) && (request.verdict.is_some() || in_time());
            request.run == run && request.call == *call && !request.used && of_use
        };
        self.requests.iter().rposition(is_it)
    }

    fn decided(&self, same: Option<usize>) -> Option<Outcome> {
        let at = same?;
        match self.requests[at].verdict {
            None => Some(Outcome::Waits(same)),
            Some(Verdict::Denied) => Some(Outcome::Denied(at)),
            Some(Verdict::Approved) => None,
        }
    }

    /// `exec`. Gives what becomes of it, and the request that it uses.
    pub fn exec(&self, run: &str, call: &Call, ask: bool, expires_ms: Option<i64>) -> (Outcome, Option<usize>) {
        if call.tool == Tool::Wipe {
            return (Outcome::Refused, None);
        }
        let asks = ask || call.tool == Tool::Pay;
        let same = if asks { self.same(run, call, expires_ms) } else { None };
        if asks && same.is_none() {
            return (Outcome::Waits(None), None);
        }
        match self.decided(same) {
            Some(outcome) => (outcome, None),
            None if self.is_held(run) => (Outcome::Refused, None),
            None => (Outcome::Runs, same),
        }
    }

    /// `ask --wait`: the same without holds, since nothing is called.
    pub fn ask(&self, run: &str, call: &Call, expires_ms: Option<i64>) -> (Outcome, Option<usize>) {
        let same = self.same(run, call, expires_ms);
        match (same, self.decided(same)) {
            (None, _) => (Outcome::Waits(None), None),
            (_, Some(outcome)) => (outcome, None),
            (same, None) => (Outcome::Runs, same),
        }
    }

    pub fn add(&mut self, name: String, run: &str, call: &Call, agent: Option<&str>, expires_ms: Option<i64>) {
        let first = self.runs.get(run).map(|run| run.first_agent.clone()).unwrap_or_default();
        let request = Request {
            name,
            run: run.to_owned(),
            call: call.clone(),
            agent: agent.map_or(first, str::to_owned),
            expires_ms,
            verdict: None,
            used: false,
        };
        // The request is a row of the run itself.
        let agent = Some(request.agent.clone()).filter(|agent| !agent.is_empty());
        self.works(run, agent.as_deref());
        self.requests.push(request);
    }

    /// Whether `actor` may decide on the request.
    pub fn may_decide(&self, at: usize, actor: &Actor) -> bool {
        let request = &self.requests[at];
        let known = self.runs.get(&request.run);
        let agents = known.map(|run| run.agents.clone()).unwrap_or_default();
        let is_theirs = |name: &str| name == request.agent || agents.contains(name);
        let own = is_theirs(&actor.by) || actor.agent.as_deref().is_some_and(is_theirs);
        let inside = actor.run.as_deref() == Some(&request.run);
        let unknown = request.agent.is_empty() && agents.is_empty();
        let agents_shell = actor.agent.is_some() || actor.run.is_some();
        let own_or_unknown = own || inside || (unknown && agents_shell);
        request.is_open(self.now_ms) && !own_or_unknown
    }

    /// The request that a run's name means: its only open one.
    pub fn only_open(&self, run: &str) -> Option<usize> {
        let mut open = (0..self.requests.len())
            .filter(|at| self.requests[*at].run == run && self.requests[*at].is_open(self.now_ms));
        open.next().filter(|_| open.next().is_none())
    }

    pub fn open(&self) -> BTreeSet<String> {
        self.requests.iter().filter(|it| it.is_open(self.now_ms)).map(|it| it.name.clone()).collect()
    }
}
