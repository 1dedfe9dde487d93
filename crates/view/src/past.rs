//! The facts about a run that a gate decides by: its state, and which calls are open. They are
//! folded from a snapshot, and caught up under the lock.
//!
//! Not here: how a run is shown (`record`, `runs`), requests and decisions (`approvals`).

use super::pairing::Pairing;
use crate::facts::{Facts, FieldSet, Picked};
use logbook_format::carried;
use logbook_json as json;
use logbook_model::{Address, Field, Kind, Stands};

/// A fold over rows whose result decides something.
pub trait Past {
    /// The fields that it reads.
    const FIELDS: FieldSet;
    /// Whether rows count as they were written, without corrections. Gates read like this, so that
    /// nobody who is bound by a decision can edit it.
    const AS_WRITTEN: bool = false;
    /// Whether a file that cannot be read is an error: it may hold a decision.
    const NEEDS_ALL: bool = Self::AS_WRITTEN;

    /// Adds the next row, of which at least [`Past::FIELDS`] were picked. `place` is its address.
    fn push(&mut self, row: &impl Facts, place: &Address);

    /// Adds what was carried over from the deleted rows of a run.
    fn carried(&mut self, _run: carried::CarriedRun) {}
}

/// Adds the row `text` at `place` to `past`. Of a row that carries others, those are added.
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

/// The row that decides the state of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The name of the row.
    pub name: String,
    /// The kind of the row.
    pub kind: Kind,
    /// The status.
    pub status: String,
    /// What the run waits for.
    pub blocked_on: String,
}

/// A call whose intent is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `tool_call.id`.
    pub id: String,
    /// The name of the intent.
    pub name: String,
    /// The tool.
    pub tool: String,
    /// The contract, if the intent names one.
    pub contract: String,
    /// The action of the intent.
    pub action: String,
    /// The name of the result; `None` while the call is open.
    pub result: Option<String>,
}

/// The facts about one run that decisions need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    run: String,
    /// The number of its rows.
    pub rows: u64,
    /// Its state.
    pub stands: Stands<Standing>,
    /// Its state without holds and releases: what it did and waited for by itself.
    pub worked: Stands<Standing>,
    /// Its calls, in order.
    pub calls: Vec<Call>,
    pairing: Pairing<usize>,
}

impl Course {
    /// The run before its first row.
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

    /// The row that decides its state.
    pub fn standing(&self) -> Option<&Standing> {
        self.stands.newest().map(|stood| &stood.row)
    }

    /// The row that decides its state without holds and releases.
    pub fn worked(&self) -> Option<&Standing> {
        self.worked.newest().map(|stood| &stood.row)
    }

    /// The calls without a result.
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

/// The decoded string `value`; empty if it is not a string.
pub(crate) fn text(value: Option<&[u8]>) -> String {
    let text = value.and_then(json::decode).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}
