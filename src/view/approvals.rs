//! Requests for approval and what became of them: the first valid decision by position counts, once.
//!
//! Not here: what a request says (`request`).

use std::collections::HashMap;

use super::past::{Past, name, text};
use super::request;
pub use super::request::{Request, Rule, Shown};
use crate::format::corrections::step_of;
use crate::model::{Address, Instant, Kind, Verdict};

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What it says.
    pub verdict: Verdict,
    /// The name of its row.
    pub name: String,
    /// Where that row stands: `None`, if it has no place of its own.
    pub place: Option<(u64, u64)>,
    /// Who decided.
    pub by: String,
    /// Why.
    pub why: String,
    /// The name of the row that acted on it: it counts once.
    pub taken_by: Option<String>,
}

/// All requests, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    /// The requests.
    pub all: Vec<Request>,
    by_name: HashMap<String, usize>,
}

/// The kinds of the rows that requests and decisions are.
pub const KINDS: [Kind; 4] =
    [Kind::ApprovalRequested, Kind::ApprovalApproved, Kind::ApprovalDenied, Kind::ApprovalExpired];

impl Approvals {
    /// The request whose row is called `name`. An `id` that a writer chose is no name.
    pub fn find(&self, name: &str) -> Option<&Request> {
        self.by_name.get(name).and_then(|at| self.all.get(*at))
    }

    /// Those that somebody still may decide, the oldest first: what retention carried over stands behind rows that are newer.
    pub fn open(&self, now: Instant) -> Vec<&Request> {
        let mut open: Vec<&Request> = self.all.iter().filter(|request| request.is_open(now)).collect();
        open.sort_by_key(|request| request.at);
        open
    }

    fn answered(&mut self, answers: &str) -> Option<&mut Request> {
        self.by_name.get(answers).copied().and_then(|at| self.all.get_mut(at))
    }
}

/// Where the fields of requests begin among [`Approvals::FIELDS`].
const OF_REQUEST: usize = 4;
const TIMESTAMP: usize = OF_REQUEST + 1;
const REASON: usize = OF_REQUEST + 4;

impl Past for Approvals {
    const FIELDS: &'static [&'static str] = &{
        let mut all = ["step", "kind", "answers", "approver", "", "", "", "", "", "", "", "", "", ""];
        let mut at = 0;
        while at < request::FIELDS.len() {
            all[OF_REQUEST + at] = request::FIELDS[at];
            at += 1;
        }
        all
    };
    const AS_WRITTEN: bool = true;

    fn push(&mut self, fields: &[Option<&[u8]>], place: &Address) {
        let [step, kind, answers, approver] = std::array::from_fn(|at| fields.get(at).copied().flatten());
        let run = fields.get(OF_REQUEST).copied().flatten();
        let own = name(run, step, place);
        let verdict = match text(kind).as_str() {
            "approval.requested" => {
                // Of two rows that claim one name the first owns it: the other one is a copy.
                if !self.by_name.contains_key(&own) {
                    self.by_name.insert(own.clone(), self.all.len());
                    let step = step_of(step).unwrap_or(0);
                    self.all.push(Request::read((own, step), fields.get(OF_REQUEST..).unwrap_or_default()));
                }
                return;
            }
            "approval.approved" => Verdict::Approved,
            "approval.denied" => Verdict::Denied,
            "approval.expired" => Verdict::Expired,
            "call.intent" | "note" if answers.is_some() => {
                if let Some(decision) = self.answered(&text(answers)).and_then(|request| request.decision.as_mut()) {
                    decision.taken_by.get_or_insert(own);
                }
                return;
            }
            _ => return,
        };
        let field = |at: usize| text(fields.get(at).copied().flatten());
        let decided_at = Instant::parse(&field(TIMESTAMP));
        let (by, why) = (text(approver), field(REASON));
        let place = match place {
            Address::Place { segment, offset } => Some((*segment, *offset)),
            Address::Step { .. } => None,
        };
        if let Some(request) = self.answered(&text(answers))
            && request.decision.is_none()
            && (verdict == Verdict::Expired || decided_at.is_none_or(|at| !request.is_over(at)))
        {
            request.decision = Some(Decision { verdict, name: own, place, by, why, taken_by: None });
        }
    }
}
