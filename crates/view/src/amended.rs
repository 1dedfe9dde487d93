//! What corrections changed in a row: for each correction who made it and why, and each value
//! before and after.

use logbook_format::Correction;
use logbook_format::corrections::apply;
use logbook_json as json;
use logbook_model::Instant;

/// One correction of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// The name of the correction row.
    pub by: String,
    /// The agent that wrote it; empty if the row does not say.
    pub agent_id: String,
    /// Its timestamp.
    pub at: Option<Instant>,
    /// The changed fields: name, raw value before, raw value after. `None` if there was or is no
    /// value.
    pub changes: Vec<(String, Option<String>, Option<String>)>,
    /// Whether it retracted the row.
    pub retracted: bool,
    /// The reason.
    pub reason: String,
}

/// The changes that `corrections` make to `row`, in order.
pub fn amended(row: &[u8], corrections: &[Correction]) -> Vec<Amended> {
    let mut before = row.to_vec();
    let mut entries = Vec::new();
    for correction in corrections {
        let after = apply(&before, std::slice::from_ref(correction));
        let mut names: Vec<&String> = Vec::new();
        for name in correction.unset.iter().chain(correction.set.iter().map(|(name, _)| name)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let (old, new) = (values(&before, &names), values(&after, &names));
        let changes = names.into_iter().zip(old.into_iter().zip(new));
        entries.push(Amended {
            by: correction.by.clone(),
            agent_id: correction.agent_id.clone(),
            at: Instant::parse(&correction.timestamp),
            changes: changes.map(|(name, (old, new))| (name.clone(), old, new)).collect(),
            retracted: correction.retract,
            reason: correction.reason.clone(),
        });
        before = after;
    }
    entries
}

fn values(row: &[u8], names: &[&String]) -> Vec<Option<String>> {
    let mut values = Vec::new();
    if json::pick(row, names, &mut values).is_err() {
        return vec![None; names.len()];
    }
    values.into_iter().map(|value| value.map(|value| String::from_utf8_lossy(value).into_owned())).collect()
}
