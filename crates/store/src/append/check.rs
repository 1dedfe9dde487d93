//! What a check may ask about the state under the lock, before the rows of a call are stored.

use super::base::{Base, Found};
use super::catch_up::Ready;
use crate::index::Key;
use crate::parts::Place;
use logbook_format::carried;
use logbook_json as json;
use logbook_model::error::Result;

/// A row on file, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFile {
    /// Where it begins.
    pub place: Place,
    /// Its bytes, without the newline.
    pub text: Vec<u8>,
}

/// The state under the lock, for a check.
pub struct State<'a, 'o> {
    base: &'a mut Base<'o>,
}

impl<'a, 'o> State<'a, 'o> {
    pub(super) fn of(ready: &'a mut Ready<'_, 'o>) -> State<'a, 'o> {
        State { base: ready.base }
    }

    /// Calls `each` with every row that begins at or after `from`, in order: what was appended
    /// since the caller looked.
    pub fn rows_since(&mut self, from: Place, each: &mut dyn FnMut(Place, &[u8])) -> Result<()> {
        self.base.rows_since(from, each)
    }

    /// The row with this id. Of several the last one counts.
    pub fn find_id(&mut self, id: &str) -> Result<Option<OnFile>> {
        Ok(self.base.on_file(id)?.map(|Found { place, text }| OnFile { place, text }))
    }

    /// Whether `run` seems to have ended: corrections are not applied.
    pub fn has_ended(&mut self, run: &str) -> Result<bool> {
        let turn = self.base.index.turn(self.base.os, &self.base.directory, run)?;
        Ok(turn.is_some_and(|turn| turn.is_end))
    }

    /// The rows that say which runs are held, in order, with those that were carried over from
    /// deleted segments.
    pub fn holds(&mut self) -> Result<Vec<OnFile>> {
        self.rows(Key::Holds)
    }

    /// The runs above `run` that its rows name, also in deleted segments.
    pub fn parents(&mut self, run: &str) -> Result<Vec<String>> {
        let mut parents = Vec::new();
        for row in self.rows(Key::ParentsOf(run))? {
            let carried = carried::runs(&row.text).into_iter().filter(|it| it.run == run).flat_map(|it| it.parents);
            let named = parent_of(&row.text, run).into_iter().chain(carried);
            parents.extend(named.filter(|parent| !parent.is_empty()));
        }
        parents.sort_unstable();
        parents.dedup();
        Ok(parents)
    }

    /// Whether `run` has a row.
    pub fn has_run(&mut self, run: &str) -> Result<bool> {
        Ok(self.base.index.run(self.base.os, &self.base.directory, run)?.is_some())
    }

    fn rows(&mut self, key: Key<'_>) -> Result<Vec<OnFile>> {
        let mut rows = Vec::new();
        for place in self.base.places(key)? {
            if let Some(text) = self.base.row_on_file(place)? {
                rows.push(OnFile { place, text });
            }
        }
        Ok(rows)
    }
}

/// The run that `row` names above its own, if it is a row of `run`.
fn parent_of(row: &[u8], run: &str) -> Option<String> {
    let mut values = Vec::new();
    json::pick(row, &["run_id", "parent_run_id"], &mut values).ok()?;
    let own = json::decode(values[0]?)?;
    (*own == *run.as_bytes()).then(|| json::decode(values[1]?))?.map(|it| String::from_utf8_lossy(&it).into_owned())
}
