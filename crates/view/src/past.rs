//! What the rows of a run say on which a decision rests: where it stands, which of its calls are
//! open. Folded from a snapshot, and caught up under the lock.
//!
//! Not here: how a run is shown (`record`, `timeline`), requests and decisions (`approvals`).

use super::pairing::Pairing;
use crate::facts::{Facts, FieldSet, Picked};
use logbook_format::carried;
use logbook_json as json;
use logbook_model::{Address, Field, Kind, Stands};

/// A fold over rows on which a decision rests.
pub trait Past {
    /// The fields that it reads.
    const FIELDS: FieldSet;
    /// Whether rows count as they were written, whatever was said of them since. So gates read:
    /// nobody who is bound by a decision can edit it.
    const AS_WRITTEN: bool = false;
    /// Whether nothing may be missing: where a file cannot be read, nobody knows what it says of a
    /// decision.
    const NEEDS_ALL: bool = Self::AS_WRITTEN;

    /// Takes the next row, of which at least [`Past::FIELDS`] were picked; `place` is where it
    /// stands.
    fn push(&mut self, row: &impl Facts, place: &Address);

    /// Takes what was carried over of a run whose rows were deleted.
    fn carried(&mut self, _run: carried::CarriedRun) {}
}

/// Shows `past` the row `text`, which stands at `place`; one that carries others over, as those.
pub fn show<P: Past>(past: &mut P, text: &[u8], place: &Address) {
    let mut push = |text: &[u8]| {
        let mut values = Vec::new();
        let set = const { &P::FIELDS };
        if json::pick(text, set.names(), &mut values).is_ok() {
            past.push(&Picked::new(set, &values), place);
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
    /// Where it stands.
    pub stands: Stands<Standing>,
    /// The same, holds and releases aside: what it did and waited for by itself.
    pub worked: Stands<Standing>,
    /// Its calls, in order.
    pub calls: Vec<Call>,
    pairing: Pairing<usize>,
}

impl Course {
    /// Of this run, before any row.
    pub fn of(run: &str) -> Course {
        Course {
            run: run.to_owned(),
            rows: 0,
            stands: Stands::default(),
            worked: Stands::default(),
            calls: Vec::new(),
            pairing: Pairing::default(),
        }
    }
}

impl Course {
    /// The row that says where it stands.
    pub fn standing(&self) -> Option<&Standing> {
        self.stands.newest().map(|stood| &stood.row)
    }

    /// The same, holds and releases aside.
    pub fn worked(&self) -> Option<&Standing> {
        self.worked.newest().map(|stood| &stood.row)
    }

    /// Calls without a result.
    pub fn open_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.result.is_none())
    }
}

impl Past for Course {
    const FIELDS: FieldSet = FieldSet::of(&[
        Field::RunId,
        Field::Step,
        Field::Kind,
        Field::Status,
        Field::FinalStatus,
        Field::BlockedOn,
        Field::ToolCall,
        Field::Action,
    ]);

    fn push(&mut self, row: &impl Facts, place: &Address) {
        if row.text(Field::RunId) != self.run {
            return;
        }
        self.rows += 1;
        let name = row.name(place);
        let kind = row.kind();
        if let Some(says) = row.stands() {
            let (status, blocked_on) = (row.text(Field::Status), row.text(Field::BlockedOn));
            let standing = Standing { name: name.clone(), kind, status, blocked_on };
            if !kind.is_hold() {
                self.worked.put(says, standing.clone());
            }
            self.stands.put(says, standing);
        }
        let id = row.call().and_then(|call| call.id).map(|id| id.into_owned());
        match kind {
            Kind::CallIntent => {
                self.pairing.intent(id.as_deref(), self.calls.len());
                let member = |of: &str| {
                    let member = row.member(of, Field::ToolCall).unwrap_or_default();
                    String::from_utf8_lossy(&member).into_owned()
                };
                self.calls.push(Call {
                    id: id.map_or_else(String::new, |id| String::from_utf8_lossy(&id).into_owned()),
                    name,
                    tool: member("tool"),
                    contract: member("contract"),
                    action: row.text(Field::Action),
                    result: None,
                });
            }
            Kind::CallResult => {
                if let Some(call) = self.pairing.result(id.as_deref()).and_then(|at| self.calls.get_mut(at)) {
                    call.result = Some(name);
                }
            }
            _ => {}
        }
    }
}

/// A string value's characters; empty for anything else.
pub(crate) fn text(value: Option<&[u8]>) -> String {
    let text = value.and_then(json::decode).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}
