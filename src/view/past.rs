//! What the rows of a run say on which a decision rests: where it stands, which of its calls are open. Folded from
//! a snapshot, and caught up under the lock.
//!
//! Not here: how a run is shown (`record`, `timeline`), requests and decisions (`approvals`).

use super::standing;
use crate::format::carried;
use crate::json;
use crate::model::{Address, Kind};

/// A fold over rows on which a decision rests.
pub trait Past {
    /// The fields that it reads.
    const FIELDS: &'static [&'static str];
    /// Whether rows count as they were written, whatever was said of them since. So gates read: nobody who is bound by a
    /// decision can edit it.
    const AS_WRITTEN: bool = false;
    /// Whether nothing may be missing: where a file cannot be read, nobody knows what it says of a decision.
    const NEEDS_ALL: bool = Self::AS_WRITTEN;

    /// Takes the next row, its fields by [`Past::FIELDS`]; `place` is where it stands.
    fn push(&mut self, fields: &[Option<&[u8]>], place: &Address);

    /// Takes what was carried over of a run whose rows were deleted.
    fn carried(&mut self, _run: carried::CarriedRun) {}
}

/// Shows `past` the row `text`, which stands at `place`; one that carries others over, as those.
pub fn show<P: Past>(past: &mut P, text: &[u8], place: &Address) {
    let mut push = |text: &[u8]| {
        let mut values = Vec::new();
        if json::pick(text, P::FIELDS, &mut values).is_ok() {
            past.push(&values, place);
        }
    };
    match carried::rows(text) {
        Some(rows) => {
            rows.into_iter().for_each(&mut push);
            carried::runs(text).into_iter().for_each(|run| past.carried(run));
        }
        None => push(text),
    }
}

/// The row that says where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its status.
    pub status: String,
    /// What it waits for.
    pub blocked_on: String,
}

/// A call whose intent is on file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The call's own id.
    pub id: String,
    /// The name of its intent.
    pub name: String,
    /// What is called.
    pub tool: String,
    /// The contract that it goes by, where the intent names one.
    pub contract: String,
    /// What the intent says is done.
    pub action: String,
    /// The name of its result; `None`: the call is open.
    pub result: Option<String>,
}

/// One run, as far as decisions about it go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    run: String,
    /// How many rows it has.
    pub rows: u64,
    /// The row that says where it stands.
    pub standing: Option<Standing>,
    /// The same, holds and releases aside: what it did and waited for by itself.
    pub worked: Option<Standing>,
    /// Its calls, in order.
    pub calls: Vec<Call>,
}

impl Course {
    /// Of this run, before any row.
    pub fn of(run: &str) -> Course {
        Course { run: run.to_owned(), rows: 0, standing: None, worked: None, calls: Vec::new() }
    }
}

impl Course {
    /// Calls without a result.
    pub fn open_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.result.is_none())
    }
}

impl Past for Course {
    const FIELDS: &'static [&'static str] = &["run_id", "step", "kind", "status", "blocked_on", "tool_call", "action"];

    fn push(&mut self, fields: &[Option<&[u8]>], place: &Address) {
        if text(fields[0]) != self.run {
            return;
        }
        self.rows += 1;
        let name = name(fields[0], fields[1], place);
        let kind = Kind::of(fields[2]);
        if standing::counts(fields[2], fields[3]) {
            let (status, blocked_on) = (text(fields[3]), text(fields[4]));
            let standing = Standing { name: name.clone(), kind, status, blocked_on };
            if !kind.is_hold() {
                self.worked = Some(standing.clone());
            }
            self.standing = Some(standing);
        }
        if matches!(kind, Kind::CallIntent | Kind::CallResult) {
            let mut members = Vec::new();
            // What is no object has no id.
            let _ = fields[5].map(|call| json::pick(call, &["id", "tool", "contract"], &mut members));
            let id = text(members.first().copied().flatten());
            let known = self.calls.iter_mut().find(|call| call.id == id && call.result.is_none());
            match known {
                Some(call) if kind == Kind::CallResult => call.result = Some(name),
                None if kind == Kind::CallIntent => {
                    let [tool, contract] = [1, 2].map(|at| text(members.get(at).copied().flatten()));
                    self.calls.push(Call { id, name, tool, contract, action: text(fields[6]), result: None });
                }
                _ => {}
            }
        }
    }
}

/// A row's name: `RUN#STEP`, or its place.
pub fn name(run: Option<&[u8]>, step: Option<&[u8]>, place: &Address) -> String {
    match crate::format::corrections::step_of(step) {
        Some(step) => format!("{}#{step}", text(run)),
        None => place.to_string(),
    }
}

/// A string value's characters; empty for anything else.
pub fn text(value: Option<&[u8]>) -> String {
    let text = value.and_then(json::decode).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}
