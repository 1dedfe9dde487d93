//! Corrections (`docs/format.md`, Corrections): what a correction row says, and how a row reads
//! with corrections applied.
//!
//! Not here: which row a correction is about and which corrections there are (`scan`), new
//! corrections (`amendment`).

use std::borrow::Cow;
use std::collections::HashMap;

use logbook_json::{self as json, Members, Object};
use logbook_model::names::ENVELOPE;
use logbook_model::{Address, Kind};

/// Fields that cannot be corrected: those that name a row or its corrections, and those that gates
/// read.
pub(crate) const FIXED: &[&str] = &[
    "run_id",
    "step",
    "timestamp",
    "kind",
    "id",
    "corrects",
    CORRECTED_BY,
    "parent_run_id",
    "undoes",
    "expires_at",
    "approval_state",
    "approver",
    "rating",
    "client",
    "answers",
    "user",
    "tty",
];
/// The field of a corrected row that names its corrections.
pub(crate) const CORRECTED_BY: &str = "corrected_by";

/// A correction row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Its name.
    pub by: String,
    /// The row that it corrects.
    pub target: Address,
    /// Fields and their new values as written, in order.
    pub set: Vec<(String, Vec<u8>)>,
    /// Fields that are removed, before `set` is applied.
    pub unset: Vec<String>,
    /// Whether the whole row is retracted.
    pub retract: bool,
    /// The reason; empty if it has none.
    pub reason: String,
    /// The agent that wrote it; empty if it has none.
    pub agent_id: String,
    /// Its timestamp.
    pub timestamp: String,
}

/// Whether `kind`, a value as written, is that of corrections.
pub fn is_correction(kind: Option<&[u8]>) -> bool {
    Kind::of(kind) == Kind::Correction
}

/// What a correction may do to a row. What gates read stays as written, so that nobody who is bound
/// by a decision can edit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing: rows of its kind stay as written.
    Fixed,
    /// Nothing: it acts on a decision.
    Acts,
    /// Change it, but not retract it: it names its parent run, or what it undoes.
    Kept,
    /// Change or retract it.
    Free,
}

impl Target {
    /// The fields that decide.
    pub const FIELDS: [&str; 4] = ["kind", "answers", "parent_run_id", "undoes"];

    /// The target with these values of [`Target::FIELDS`], as written.
    pub fn of(values: &[Option<&[u8]>]) -> Target {
        let said = |at: usize| values.get(at).copied().flatten().filter(|value| *value != b"null");
        if !Kind::of(said(0)).is_correctable() {
            Target::Fixed
        } else if said(1).is_some() {
            Target::Acts
        } else if said(2).or(said(3)).is_some() {
            Target::Kept
        } else {
            Target::Free
        }
    }

    /// Whether `correction` may be applied to such a row.
    pub fn takes(self, correction: &Correction) -> bool {
        match self {
            Target::Fixed | Target::Acts => false,
            Target::Kept => !correction.retract,
            Target::Free => true,
        }
    }
}

impl Correction {
    /// Reads the correction row `row`; `place` names it if it has no step. `None` if it is not a
    /// correction, or names no row.
    pub fn read(row: &[u8], place: impl FnOnce() -> String) -> Option<Correction> {
        const NAMES: [&str; 10] =
            ["kind", "corrects", "set", "unset", "retract", "reason", "agent_id", "timestamp", "run_id", "step"];
        let mut values = Vec::new();
        json::pick(row, &NAMES, &mut values).ok()?;
        if !is_correction(values[0]) {
            return None;
        }
        let target = Address::parse(&String::from_utf8_lossy(&json::decode(values[1]?)?))?;
        let mut set = Vec::new();
        for member in values[2].into_iter().flat_map(Members::new) {
            // A `set` that is not an object sets nothing.
            let Ok(member) = member else { break };
            let name = String::from_utf8_lossy(&member.name()).into_owned();
            if !FIXED.contains(&name.as_str()) {
                set.push((name, member.value.to_vec()));
            }
        }
        let names = values[3].filter(|value| json::kind(value) == Some(json::Kind::Array)).map(json::Leaves::new);
        let names = names.into_iter().flatten().filter_map(json::decode);
        let unset = names.map(|name| String::from_utf8_lossy(&name).into_owned());
        let by = match (values[8].and_then(json::decode), step_of(values[9])) {
            (Some(run), Some(step)) => {
                Address::Step { run_id: String::from_utf8_lossy(&run).into_owned(), step }.to_string()
            }
            _ => place(),
        };
        Some(Correction {
            by,
            target,
            set,
            unset: unset.filter(|name| !FIXED.contains(&name.as_str())).collect(),
            retract: values[4] == Some(b"true"),
            reason: text(values[5]),
            agent_id: text(values[6]),
            timestamp: text(values[7]),
        })
    }
}

/// The step of a stored row.
pub fn step_of(value: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(value?).ok()?.parse().ok().filter(|step| *step > 0)
}

/// The characters of a string; empty for any other value.
fn text(value: Option<&[u8]>) -> String {
    let text = value.and_then(json::decode).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// A member of a row that is rewritten.
struct RowMember<'a> {
    /// The key as it is spelled between its quotes.
    key: Cow<'a, [u8]>,
    /// The characters of the key.
    name: Cow<'a, [u8]>,
    value: &'a [u8],
}

/// `row` with `corrections` applied in order. Unset fields are removed, set fields are replaced in
/// place, and new fields are added in the order of the envelope or at the end. Of repeated keys the
/// last is kept. `corrected_by` at the end names the corrections.
pub fn apply(row: &[u8], corrections: &[Correction]) -> Vec<u8> {
    let mut parts: Vec<Option<RowMember<'_>>> = Vec::new();
    let mut index: HashMap<Cow<'_, [u8]>, usize> = HashMap::new();
    for member in Members::new(row).flatten() {
        let name = member.name();
        if let Some(old) = index.insert(name.clone(), parts.len()) {
            parts[old] = None;
        }
        parts.push(Some(RowMember { key: member.key.into(), name, value: member.value }));
    }
    if let Some(at) = index.remove(CORRECTED_BY.as_bytes()) {
        parts[at] = None;
    }
    for correction in corrections {
        for name in &correction.unset {
            if let Some(at) = index.remove(name.as_bytes()) {
                parts[at] = None;
            }
        }
        for (name, value) in &correction.set {
            if let Some(Some(part)) = index.get(name.as_bytes()).and_then(|at| parts.get_mut(*at)) {
                part.value = value;
                continue;
            }
            let quoted = json::quote(name);
            let key = quoted[1..quoted.len() - 1].to_vec();
            let part = RowMember { key: key.into(), name: name.as_bytes().into(), value };
            let at = index_for(name, &parts);
            if at == parts.len() {
                index.insert(part.name.clone(), at);
                parts.push(Some(part));
            } else {
                parts.insert(at, Some(part));
                index = parts
                    .iter()
                    .enumerate()
                    .filter_map(|(at, part)| part.as_ref().map(|part| (part.name.clone(), at)))
                    .collect();
            }
        }
    }
    print(&parts, corrections, row.len())
}

/// The index at which a new field is inserted.
fn index_for(name: &str, parts: &[Option<RowMember<'_>>]) -> usize {
    let rank = |name: &[u8]| ENVELOPE.iter().position(|field| field.as_bytes() == name);
    let Some(own) = rank(name.as_bytes()) else { return parts.len() };
    let before =
        |part: &Option<RowMember<'_>>| part.as_ref().and_then(|part| rank(&part.name)).is_some_and(|rank| rank < own);
    parts.iter().rposition(before).map_or(0, |at| at + 1)
}

fn print(parts: &[Option<RowMember<'_>>], corrections: &[Correction], length: usize) -> Vec<u8> {
    let mut out = Object::with_capacity(length + 64);
    for part in parts.iter().flatten() {
        out.spelled(&part.key, part.value);
    }
    out.texts(CORRECTED_BY, corrections.iter().map(|correction| &correction.by)).end()
}
