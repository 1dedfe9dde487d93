//! Which rows are one call: its intent, the request to be allowed, the decision, its result.

use std::collections::HashMap;

use super::Entry;
use crate::facts::Facts;
use crate::pairing::Pairing;
use logbook_model::{Kind, SideEffect};

/// One call of a tool. A call without an intent is a row that speaks of a call and has no pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// `tool_call.id`; empty when it has none.
    pub id: String,
    /// Its rows, the first one first.
    pub rows: Vec<usize>,
    /// What was written before it ran.
    pub intent: Option<usize>,
    /// What came of it; of a row without a pair, that row.
    pub result: Option<usize>,
}

impl Call {
    /// The row that tells the most of what is called: the intent, else the result.
    pub(crate) fn told_by(&self) -> Option<usize> {
        self.intent.or(self.result).or_else(|| self.rows.first().copied())
    }

    /// Whether nobody knows what came of it.
    pub fn is_open(&self) -> bool {
        self.intent.is_some() && self.result.is_none()
    }

    /// A member of `tool_call`: as the intent has it, else as the result does.
    pub fn text(&self, rows: &[Entry], member: &str) -> String {
        let field = format!("tool_call.{member}");
        let of = |at: &usize| rows.get(*at).map(|row| row.text(&field)).filter(|text| !text.is_empty());
        let own = self.intent.iter().chain(&self.result).find_map(of);
        own.or_else(|| self.rows.iter().find_map(of)).unwrap_or_default()
    }

    /// Whether it was made, or begun: none of its rows says that it was refused.
    pub(crate) fn is_made(&self, rows: &[Entry]) -> bool {
        self.intent.iter().chain(&self.result).all(|at| rows.get(*at).is_some_and(Facts::is_of_made_call))
    }

    /// Whether it changed something that lasts.
    pub fn wrote(&self, rows: &[Entry]) -> bool {
        self.is_made(rows) && SideEffect::of(&self.text(rows, "side_effect")).is_some_and(SideEffect::writes)
    }
}

/// The calls among `rows`, in the order in which they began, and requests for calls that were not
/// made. Which result is of which intent `view::pairing` says.
pub(crate) fn calls(rows: &[Entry]) -> (Vec<Call>, Vec<Call>) {
    let mut groups: Vec<Call> = Vec::new();
    let mut open: Pairing<usize> = Pairing::default();
    // The newest request of each id, until its call begins.
    let mut asked: HashMap<Vec<u8>, usize> = HashMap::new();
    let speaks = |row: &Entry| row.has_call() || matches!(row.kind(), Kind::CallIntent | Kind::CallResult);
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| speaks(row) && !row.is_retracted()) {
        let id = row.call().and_then(|call| call.id).map(|id| id.into_owned());
        let begun = || Call { id: row.text("tool_call.id"), rows: vec![at], ..Call::default() };
        let kind = row.kind();
        let known = match kind {
            Kind::CallIntent => id.as_ref().and_then(|id| asked.remove(id)),
            Kind::CallResult => open.result(id.as_deref()),
            // Of another call than the one that is open: that was allowed.
            Kind::ApprovalRequested => id.as_ref().and_then(|id| asked.get(id)).copied(),
            _ => open.newest(id.as_deref()).or_else(|| asked.get(id.as_ref()?)).copied(),
        };
        let place = match (known, kind) {
            (Some(known), _) => {
                groups[known].rows.push(at);
                known
            }
            // A row that speaks of a call and has no pair.
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
            // A plain row about a call that runs says how it goes, not how it ended.
            Kind::Step if known.is_none() => groups[place].result = Some(at),
            Kind::ApprovalRequested => drop(id.map(|id| asked.insert(id, place))),
            _ => {}
        }
    }
    groups.into_iter().partition(|group| group.intent.is_some() || group.result.is_some())
}
