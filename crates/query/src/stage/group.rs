//! `group_by` and `summarize`: rows with equal keys become one row. A missing key is null; an array
//! or object is one key as a whole. Without `group_by` all rows are one group, even if there are
//! none.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use logbook_json::string::quote_into;

use crate::aggregate::{Accumulator, Ignored, NumberCache};
use crate::amount::Unit;
use crate::ast::Function;
use crate::eval::order::{Key, write_identity};
use crate::eval::source::{Eval, Fault, NamedSource, Source};
use crate::row::{Place, Row};
use crate::stage::key_cache::KeyCache;
use logbook_model::Zone;

/// The stage, compiled: what rows are grouped by, and what is computed of each group.
#[derive(Debug, Clone)]
pub(crate) struct GroupBy {
    pub keys: Vec<NamedSource>,
    /// The slots of the keys, if all of them are top-level fields of the row.
    pub slots: Option<Box<[usize]>>,
    pub aggregates: Vec<AggregateColumn>,
    /// Whether an aggregate takes its values from a jq program.
    pub uses_jq: bool,
    /// Groups are sorted by descending count, then by key; otherwise by key alone.
    pub by_count: bool,
}

/// One aggregate of `summarize`, compiled.
#[derive(Debug, Clone)]
pub(crate) struct AggregateColumn {
    pub name: String,
    pub function: Function,
    /// `None` for `count` without a field.
    pub source: Option<Source>,
    /// The unit that the name of the field implies.
    pub unit: Option<Unit>,
}

/// The groups so far, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    index: HashMap<Box<[u8]>, usize, RandomState>,
    list: Vec<Group>,
    key_cache: Option<KeyCache>,
    identity: Vec<u8>,
    /// Rows since memory use was last computed.
    rows_since: u64,
}

/// What the numbers of percentiles may take on each thread before they are packed.
const BYTES_MAX: usize = 8 << 20;
/// Computing memory use visits every group. It happens once per this many rows for each group, and
/// at the latest after this many rows.
const ROWS_BETWEEN: (u64, u64) = (16, 1 << 16);

#[derive(Debug)]
struct Group {
    identity: Box<[u8]>,
    /// The place of its first row.
    first: Place,
    /// The keys as that row had them.
    keys: Box<[Box<[u8]>]>,
    states: Box<[Accumulator]>,
}

impl GroupBy {
    fn states(&self) -> Box<[Accumulator]> {
        self.aggregates.iter().map(|column| Accumulator::new(column.function, column.unit)).collect()
    }

    /// Evaluates jq before anything is counted, so that a row whose program fails counts for
    /// nothing.
    fn try_jq(&self, row: &Row<'_>, eval: &mut Eval<'_>) -> Result<(), Fault> {
        for column in &self.aggregates {
            if let Some(source @ Source::Jq(_)) = &column.source {
                source.each(row, eval, |_| {})?;
            }
        }
        Ok(())
    }
}

impl Groups {
    pub(crate) fn push(&mut self, stage: &GroupBy, row: &Row<'_>, eval: &mut Eval<'_>) -> Result<(), Fault> {
        if stage.uses_jq {
            stage.try_jq(row, eval)?;
        }
        self.rows_since += 1;
        let at = self.find(stage, row, eval)?;
        if let Some(group) = self.list.get_mut(at) {
            let mut digits = NumberCache::default();
            for (state, column) in group.states.iter_mut().zip(&stage.aggregates) {
                state.push(column.source.as_ref(), row, &mut digits, eval)?;
            }
        }
        Ok(())
    }

    /// The number of the row's group.
    fn find(&mut self, stage: &GroupBy, row: &Row<'_>, eval: &mut Eval<'_>) -> Result<usize, Fault> {
        let Some(slots) = &stage.slots else { return self.find_by_identity(stage, row, eval) };
        let texts = slots.iter().map(|slot| row.field(*slot).unwrap_or(b"null"));
        let lookup = self.key_cache.get_or_insert_default().find(texts.clone());
        if let Some(number) = lookup.number
            && (lookup.is_exact
                || self.list.get(number).is_some_and(|group| group.keys.iter().map(|key| &**key).eq(texts.clone())))
        {
            return Ok(number);
        }
        let number = self.find_by_identity(stage, row, eval)?;
        self.key_cache.get_or_insert_default().keep(lookup, texts, number);
        Ok(number)
    }

    fn find_by_identity(&mut self, stage: &GroupBy, row: &Row<'_>, eval: &mut Eval<'_>) -> Result<usize, Fault> {
        self.identity.clear();
        for key in &stage.keys {
            write_identity(key.source.value(row, eval)?.as_deref(), &mut self.identity);
        }
        Ok(match self.index.get(&*self.identity) {
            Some(at) => *at,
            None => {
                let value = |source: &Source, eval: &mut Eval<'_>| -> Result<Box<[u8]>, Fault> {
                    Ok(source.value(row, eval)?.as_deref().unwrap_or(b"null").into())
                };
                let keys = stage.keys.iter().map(|key| value(&key.source, eval)).collect::<Result<_, _>>()?;
                let identity: Box<[u8]> = self.identity.as_slice().into();
                self.insert(Group { identity, first: row.place, keys, states: stage.states() })
            }
        })
    }

    fn insert(&mut self, group: Group) -> usize {
        self.index.insert(group.identity.clone(), self.list.len());
        self.list.push(group);
        self.list.len() - 1
    }

    /// Packs the numbers of percentiles when they take too much memory.
    pub(crate) fn block_ends(&mut self) {
        if self.rows_since < (self.list.len() as u64 * ROWS_BETWEEN.0).min(ROWS_BETWEEN.1) {
            return;
        }
        self.rows_since = 0;
        let bytes: usize = self.list.iter().flat_map(|group| &group.states).map(Accumulator::bytes).sum();
        if bytes > BYTES_MAX {
            self.list.iter_mut().flat_map(|group| &mut group.states).for_each(Accumulator::pack);
        }
    }

    /// Merges the groups of later rows; of any other rows, if no aggregate depends on the order.
    pub(crate) fn merge(&mut self, later: Groups) {
        self.rows_since += later.rows_since;
        for group in later.list {
            match self.index.get(&group.identity).and_then(|at| self.list.get_mut(*at)) {
                Some(mine) => {
                    if group.first < mine.first {
                        (mine.first, mine.keys) = (group.first, group.keys);
                    }
                    for (state, later) in mine.states.iter_mut().zip(group.states) {
                        state.merge(later);
                    }
                }
                None => {
                    self.insert(group);
                }
            }
        }
        self.block_ends();
    }

    /// The rows of the groups in their order, and what each aggregate could not use.
    pub(crate) fn finish(mut self, stage: &GroupBy, zone: &Zone) -> (Vec<Vec<u8>>, Vec<(String, Ignored)>) {
        if stage.keys.is_empty() && self.list.is_empty() {
            self.insert(Group {
                identity: Box::default(),
                first: Place::default(),
                keys: Box::default(),
                states: stage.states(),
            });
        }
        let rank = |group: &Group| {
            let count = match group.states.first() {
                Some(Accumulator::Count(count)) if stage.by_count => *count,
                _ => 0,
            };
            let keys: Vec<Key> = group.keys.iter().map(|key| Key::of(Some(key), zone)).collect();
            // Keys that are spelled differently may be equal in the order.
            (std::cmp::Reverse(count), keys, group.first)
        };
        self.list.sort_by_cached_key(rank);
        let mut ignored = vec![Ignored::default(); stage.aggregates.len()];
        let mut rows = Vec::with_capacity(self.list.len());
        for group in self.list {
            let mut row = vec![b'{'];
            for (key, value) in stage.keys.iter().zip(&group.keys) {
                write_name(&key.name, &mut row);
                row.extend_from_slice(value);
            }
            for ((state, column), ignored) in group.states.into_iter().zip(&stage.aggregates).zip(&mut ignored) {
                write_name(&column.name, &mut row);
                state.finish(&mut row, ignored);
            }
            row.push(b'}');
            rows.push(row);
        }
        let names = stage.aggregates.iter().map(|column| column.name.clone());
        (rows, names.zip(ignored).filter(|(_, ignored)| *ignored != Ignored::default()).collect())
    }
}

/// `"name":`, after a comma unless it is the first member.
fn write_name(name: &str, row: &mut Vec<u8>) {
    if row.len() > 1 {
        row.push(b',');
    }
    quote_into(name, row);
    row.push(b':');
}
