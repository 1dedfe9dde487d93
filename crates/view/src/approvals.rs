//! Requests for approval, and the decisions on them. The first valid decision by position counts,
//! once.
//!
//! Not here: what a request says (`request`), when a decision is in time (`open_requests`).

use std::collections::HashMap;

use super::open_requests::is_in_time;
use super::past::Past;
use super::request;
pub use super::request::{Decision, Request, Rule, Shown};
use crate::facts::{Facts, FieldSet};
use logbook_model::{Address, Field, Instant, Kind};

/// All requests of some rows, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    /// The requests, in the order of their rows.
    pub all: Vec<Request>,
    by_name: HashMap<String, usize>,
}

/// The kinds of the rows that make and decide requests.
pub const KINDS: [Kind; 4] =
    [Kind::ApprovalRequested, Kind::ApprovalApproved, Kind::ApprovalDenied, Kind::ApprovalExpired];

impl Approvals {
    /// The request whose row has this name. An `id` that a writer chose is not a name.
    pub fn find(&self, name: &str) -> Option<&Request> {
        self.by_name.get(name).and_then(|at| self.all.get(*at))
    }

    /// The requests that may still be decided at `now`, the oldest first. (A carried request is
    /// behind newer rows.)
    pub fn open(&self, now: Instant) -> Vec<&Request> {
        let mut open: Vec<&Request> = self.all.iter().filter(|request| request.is_open(now)).collect();
        open.sort_by_key(|request| request.at);
        open
    }

    /// The newest open request of `run` other than `name`.
    pub fn also_open(&self, run: &str, name: &str, now: Instant) -> Option<&Request> {
        let of_run = self.all.iter().filter(|request| request.run == run && request.name != name);
        of_run.filter(|request| request.is_open(now)).max_by_key(|request| request.step)
    }

    fn answered(&mut self, answers: &str) -> Option<&mut Request> {
        self.by_name.get(answers).copied().and_then(|at| self.all.get_mut(at))
    }
}

impl Past for Approvals {
    const FIELDS: FieldSet = request::FIELDS.and(&[Field::Answers, Field::Approver]);
    const AS_WRITTEN: bool = true;

    fn push(&mut self, row: &impl Facts, place: &Address) {
        let own = row.name(place);
        let verdict = match row.kind() {
            Kind::ApprovalRequested => {
                // Of two rows with one name, the first owns it; the other is a copy. A request has
                // a step.
                if row.step().is_some() && !self.by_name.contains_key(&own) {
                    self.by_name.insert(own.clone(), self.all.len());
                    self.all.push(Request::read(own, row));
                }
                return;
            }
            Kind::CallIntent | Kind::Note => {
                let answered = row.raw(Field::Answers).and_then(|_| self.answered(&row.text(Field::Answers)));
                if let Some(decision) = answered.and_then(|request| request.decision.as_mut()) {
                    decision.taken_by.get_or_insert(own);
                }
                return;
            }
            kind => match kind.verdict() {
                Some(verdict) => verdict,
                None => return,
            },
        };
        let place = match place {
            Address::Place { segment, offset } => Some((*segment, *offset)),
            Address::Step { .. } => None,
        };
        if let Some(request) = self.answered(&row.text(Field::Answers))
            && request.decision.is_none()
            && row.text(Field::RunId) == request.run
            && is_in_time(request.expires_at, verdict, row.at())
        {
            let (by, why) = (row.text(Field::Approver), row.text(Field::Reason));
            request.decision = Some(Decision { verdict, name: own, place, by, why, taken_by: None });
        }
    }
}
