//! Which rows are one call: its intent, the request to be allowed, the decision, its result.

use std::collections::HashMap;

use super::Entry;

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
    pub fn told_by(&self) -> Option<usize> {
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

    /// Whether it changed something that lasts.
    pub fn wrote(&self, rows: &[Entry]) -> bool {
        matches!(self.text(rows, "side_effect").as_str(), "write" | "delete")
    }
}

/// The calls among `rows`, in the order in which they began, and requests for calls that were not made.
pub fn calls(rows: &[Entry]) -> (Vec<Call>, Vec<Call>) {
    let mut groups: Vec<Call> = Vec::new();
    // The newest call of each id.
    let mut newest: HashMap<String, usize> = HashMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.has_call() && !row.is_retracted()) {
        let id = row.text("tool_call.id");
        let known = newest.get(&id).copied().filter(|_| !id.is_empty());
        let known = known.and_then(|known| groups.get_mut(known));
        let kind = row.text("kind");
        let begun = Call { id: id.clone(), rows: vec![at], ..Call::default() };
        let begun = match (kind.as_str(), known) {
            ("call.intent", Some(call)) if call.intent.is_none() && call.result.is_none() => {
                call.intent = Some(at);
                call.rows.push(at);
                continue;
            }
            ("call.intent", _) => Call { intent: Some(at), ..begun },
            ("call.result" | "", Some(call)) if call.is_open() => {
                // A plain row about a call that runs says how it goes, not how it ended.
                if !kind.is_empty() {
                    call.result = Some(at);
                }
                call.rows.push(at);
                continue;
            }
            ("call.result" | "", _) => Call { result: Some(at), ..begun },
            (_, Some(call)) if call.result.is_none() => {
                call.rows.push(at);
                continue;
            }
            ("approval.requested", _) => begun,
            _ => continue,
        };
        if !id.is_empty() {
            newest.insert(id, groups.len());
        }
        groups.push(begun);
    }
    groups.into_iter().partition(|group| group.intent.is_some() || group.result.is_some())
}
