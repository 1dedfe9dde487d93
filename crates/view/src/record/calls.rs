//! Which rows belong to one call: its intent, the request for approval, the decision, its result.

use std::collections::HashMap;

use super::Entry;
use crate::facts::Facts;
use crate::pairing::Pairing;
use logbook_model::{Kind, SideEffect};

/// One call of a tool. A row about a call that no other row belongs to is a call without an intent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// `tool_call.id`; empty if it has none.
    pub id: String,
    /// The indexes of its rows, in order.
    pub rows: Vec<usize>,
    /// The index of the intent.
    pub intent: Option<usize>,
    /// The index of the result. Of a single row without an intent, that row.
    pub result: Option<usize>,
}

impl Call {
    /// The row that says the most about the call: the intent, else the result.
    pub(crate) fn main_row(&self) -> Option<usize> {
        self.intent.or(self.result).or_else(|| self.rows.first().copied())
    }

    /// Whether its outcome is unknown.
    pub fn is_open(&self) -> bool {
        self.intent.is_some() && self.result.is_none()
    }

    /// A member of `tool_call` as text: from the intent, else from the result, else from any row.
    pub fn text(&self, rows: &[Entry], member: &str) -> String {
        let field = format!("tool_call.{member}");
        let of = |at: &usize| rows.get(*at).map(|row| row.text(&field)).filter(|text| !text.is_empty());
        let own = self.intent.iter().chain(&self.result).find_map(of);
        own.or_else(|| self.rows.iter().find_map(of)).unwrap_or_default()
    }

    /// Whether it was made or begun: none of its rows says that it was refused.
    pub(crate) fn is_made(&self, rows: &[Entry]) -> bool {
        self.intent.iter().chain(&self.result).all(|at| rows.get(*at).is_some_and(Facts::is_of_made_call))
    }

    /// Whether it was made and changes data.
    pub fn wrote(&self, rows: &[Entry]) -> bool {
        self.is_made(rows) && SideEffect::of(&self.text(rows, "side_effect")).is_some_and(SideEffect::writes)
    }
}

/// The calls in `rows`, in the order in which they began, and the requests for calls that were not
/// made. `view::pairing` says which result belongs to which intent.
pub(crate) fn calls(rows: &[Entry]) -> (Vec<Call>, Vec<Call>) {
    let mut groups: Vec<Call> = Vec::new();
    let mut open: Pairing<usize> = Pairing::default();
    // The newest request with each id, until its call begins.
    let mut asked: HashMap<Vec<u8>, usize> = HashMap::new();
    let speaks = |row: &Entry| row.has_call() || matches!(row.kind(), Kind::CallIntent | Kind::CallResult);
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| speaks(row) && !row.is_retracted()) {
        let id = row.call().and_then(|call| call.id).map(|id| id.into_owned());
        let begun = || Call { id: row.text("tool_call.id"), rows: vec![at], ..Call::default() };
        let kind = row.kind();
        let known = match kind {
            Kind::CallIntent => id.as_ref().and_then(|id| asked.remove(id)),
            Kind::CallResult => open.result(id.as_deref()),
            // A request is about another call than the open one, which was allowed.
            Kind::ApprovalRequested => id.as_ref().and_then(|id| asked.get(id)).copied(),
            _ => open.newest(id.as_deref()).or_else(|| asked.get(id.as_ref()?)).copied(),
        };
        let place = match (known, kind) {
            (Some(known), _) => {
                groups[known].rows.push(at);
                known
            }
            // A row about a call that belongs to no other row.
            (None, Kind::CallIntent | Kind::CallResult | Kind::Step | Kind::ApprovalRequested) => {
                groups.push(begun());
                groups.len() - 1
            }
            (None, _) => continue,
        };
        match kind {
            Kind::CallIntent => {
                groups[place].intent = Some(at);
                open.intent(id.as_deref(), place);
            }
            Kind::CallResult => groups[place].result = Some(at),
            // A step about an open call reports progress, not an outcome.
            Kind::Step if known.is_none() => groups[place].result = Some(at),
            Kind::ApprovalRequested => drop(id.map(|id| asked.insert(id, place))),
            _ => {}
        }
    }
    groups.into_iter().partition(|group| group.intent.is_some() || group.result.is_some())
}
