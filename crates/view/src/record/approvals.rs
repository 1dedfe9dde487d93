//! Which decision answers which request, and which answer which question. The first decision by
//! position counts.

use std::collections::HashMap;

use super::Entry;
use crate::facts::Facts;
use crate::open_requests::is_in_time;
use logbook_model::{Address, Kind, Verdict};

/// A request, the decision on it, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The index of the request.
    pub request: Option<usize>,
    /// The index of the decision.
    pub decision: Option<usize>,
}

/// An answer to a row that was blocked on something other than an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The index of the blocked row, if it is in the run.
    pub question: Option<usize>,
    /// The index of the answer.
    pub answer: usize,
}

impl Approval {
    /// `open`, `approved`, `denied` or `expired`.
    pub fn outcome(&self, rows: &[Entry]) -> String {
        let decided = self.decision.and_then(|at| rows.get(at)).and_then(|row| row.kind().verdict());
        decided.map_or("open", Verdict::word).to_owned()
    }

    /// The row that says what it is about: the request, else the decision.
    pub fn main_row(&self) -> Option<usize> {
        self.request.or(self.decision)
    }
}

/// The rows of a run by name. Of two rows with one name, the first owns it.
pub(crate) struct Names<'r> {
    run_id: &'r str,
    rows: HashMap<String, usize>,
}

impl<'r> Names<'r> {
    /// The names of `rows`, all of the run `run_id`.
    pub(crate) fn of(run_id: &'r str, rows: &[Entry]) -> Names<'r> {
        let mut names = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            names.entry(row.name.clone()).or_insert(at);
        }
        Names { run_id, rows: names }
    }

    /// The step in `name`, if it names a row of the run.
    fn step(&self, name: &str) -> Option<u64> {
        match Address::parse(name)? {
            Address::Step { run_id, step } if run_id == self.run_id => Some(step),
            _ => None,
        }
    }

    /// The row called `RUN#STEP` or `@SEGMENT:OFFSET`, if it is in the run.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let name = match Address::parse(name)? {
            Address::Step { run_id, step } if run_id == self.run_id => format!("#{step}"),
            Address::Step { .. } => return None,
            place @ Address::Place { .. } => place.to_string(),
        };
        self.rows.get(&name).copied()
    }
}

/// The approvals and answers in `rows`, in the order of their first rows.
pub(crate) fn approvals(names: &Names<'_>, rows: &[Entry]) -> (Vec<Approval>, Vec<Answer>) {
    let (mut approvals, mut answers): (Vec<Approval>, Vec<Answer>) = (Vec::new(), Vec::new());
    let mut by_step: HashMap<u64, usize> = HashMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_retracted()) {
        match (row.kind(), row.step()) {
            // Of two requests with one name, the first owns it; the other is a copy. A request has
            // a step.
            (Kind::ApprovalRequested, Some(step)) if !by_step.contains_key(&step) => {
                by_step.insert(step, approvals.len());
                approvals.push(Approval { request: Some(at), decision: None });
            }
            (Kind::Answer, _) => answers.push(Answer { question: names.find(&row.text("answers")), answer: at }),
            (kind, _) => {
                let Some(verdict) = kind.verdict() else { continue };
                let request = names.step(&row.text("answers")).and_then(|step| by_step.get(&step));
                match request.and_then(|known| approvals.get_mut(*known)) {
                    Some(approval) => {
                        let expires_at = approval.request.and_then(|at| rows[at].expires_at());
                        if is_in_time(expires_at, verdict, Facts::at(row)) {
                            approval.decision = approval.decision.or(Some(at));
                        }
                    }
                    None => approvals.push(Approval { request: None, decision: Some(at) }),
                }
            }
        }
    }
    (approvals, answers)
}
