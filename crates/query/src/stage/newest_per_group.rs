//! `latest`: the row of each run that decides its standing (`model::standing`). `latest_by F`: the
//! newest row for each value of F. Newest means last by position. Both come before the filter.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::eval::order::write_identity;
use crate::eval::path::Path;
use crate::row::{Place, Row, pick_fields};
use crate::stage::key_cache::KeyCache;
use crate::stage::spill::{Batch, Spill};
use logbook_json::bits::Finder;
use logbook_model::standing::Weight;
use logbook_model::{Says, Stands};

/// At most this many bytes of the buffer for texts are kept for reuse.
const TEXT_BYTES_KEPT: usize = 8 << 20;

/// The stage, compiled.
#[derive(Debug, Clone)]
pub(crate) struct LatestBy {
    pub by: Path,
    /// For `latest`, the slots of kind and status, which decide whether a row counts for the
    /// standing.
    pub standing: Option<[usize; 2]>,
}

impl LatestBy {
    /// The last slot that is needed of every row.
    pub(crate) fn last_slot(&self) -> usize {
        self.standing.iter().flatten().fold(self.by.slot, |last, slot| last.max(*slot))
    }
}

/// What a row says with `latest_by`: the last row always wins.
const NEWEST: Says = Says { weight: Weight::Step, holds: None };

/// The newest row of each group so far.
///
/// Texts are appended to one buffer. Superseded texts stay in it until it is large; then what the
/// plan needs of the newest rows is spilled, and the buffer is reused. A buffer for each group
/// would be reallocated all the time.
#[derive(Debug, Default)]
pub(crate) struct NewestPerGroup {
    index: HashMap<Arc<[u8]>, usize, RandomState>,
    list: Vec<NewestRow>,
    key_cache: Option<KeyCache>,
    identity: Vec<u8>,
    /// The texts, each with a newline.
    texts: Vec<u8>,
    /// Picks fields from texts that are spilled.
    finder: Option<Finder>,
    /// The groups, by index in `list`, with a text in `texts`.
    with_text: Vec<usize>,
    /// The groups whose text is still to be copied from the current block. Most are superseded
    /// before it ends.
    pending: Vec<usize>,
    /// Rows that were spilled. A row that was taken later supersedes them.
    spilled: Spill,
}

#[derive(Debug)]
struct NewestRow {
    /// The value of F as its first row had it, or empty if the key cache compares such values
    /// exactly.
    value: Box<[u8]>,
    /// The canonical form of that value.
    identity: Arc<[u8]>,
    /// The place of the newest row, and what it says of the run.
    standing: Stands<Place>,
    /// Where its text is in `texts`; `None` if it was spilled.
    text: Option<Range<usize>>,
    /// The length of the newest row's text, while that is still to be copied from its block; `text`
    /// is then that of an older row.
    pending: Option<usize>,
}

impl NewestPerGroup {
    /// Takes a row. A row without a value of F, or with null, belongs to no group.
    pub(crate) fn push(&mut self, stage: &LatestBy, row: &Row<'_>) {
        let says = match stage.standing {
            Some([kind, status]) => row.says(kind, status),
            None => Some(NEWEST),
        };
        let Some(says) = says else { return };
        let Some(value) = stage.by.value(row).filter(|value| **value != *b"null") else { return };
        let key_cache = self.key_cache.get_or_insert_default();
        let lookup = key_cache.find(std::iter::once(&*value));
        let number = match lookup.number {
            Some(number) if lookup.is_exact || self.list.get(number).is_some_and(|newest| *newest.value == *value) => {
                number
            }
            _ => {
                self.identity.clear();
                write_identity(Some(&value), &mut self.identity);
                let number = match self.index.get(&*self.identity) {
                    Some(number) => *number,
                    None => {
                        let identity: Arc<[u8]> = self.identity.as_slice().into();
                        // A key that the cache compares exactly is not compared again.
                        let kept = if lookup.is_exact { Box::default() } else { (*value).into() };
                        self.index.insert(Arc::clone(&identity), self.list.len());
                        let standing = Stands::default();
                        self.list.push(NewestRow { value: kept, identity, standing, text: None, pending: None });
                        self.list.len() - 1
                    }
                };
                key_cache.keep(lookup, std::iter::once(&*value), number);
                number
            }
        };
        self.take(number, says, row);
    }

    fn take(&mut self, number: usize, says: Says, row: &Row<'_>) {
        let Some(newest) = self.list.get_mut(number) else { return };
        if !newest.standing.put(says, row.place) {
            return;
        }
        if row.in_block {
            if newest.pending.replace(row.text.len()).is_none() {
                self.pending.push(number);
            }
        } else {
            newest.pending = None;
            self.keep(number, row.text);
        }
    }

    fn keep(&mut self, number: usize, text: &[u8]) {
        let from = self.texts.len();
        self.texts.extend_from_slice(text);
        self.texts.push(b'\n');
        let text = from..self.texts.len();
        if let Some(newest) = self.list.get_mut(number)
            && newest.text.replace(text).is_none()
        {
            self.with_text.push(number);
        }
    }

    /// Copies the texts that are still needed from `block`, which is about to be overwritten and
    /// begins at byte `offset` of its input.
    pub(crate) fn block_ends(&mut self, block: &[u8], offset: u64) {
        let mut pending = std::mem::take(&mut self.pending);
        for number in pending.drain(..) {
            let Some(newest) = self.list.get_mut(number) else { continue };
            let Some((length, row)) = newest.pending.take().zip(newest.standing.newest()) else { continue };
            let from = row.row.offset.checked_sub(offset).and_then(|from| usize::try_from(from).ok());
            if let Some(text) = from.and_then(|from| block.get(from..from.checked_add(length)?)) {
                self.keep(number, text);
            }
        }
        self.pending = pending;
    }

    /// The size of the buffer for texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.texts.len()
    }

    /// Spills all texts. With `fields_only`, only the fields `names` of each row are kept, since
    /// rows may be long.
    pub fn spill(&mut self, names: &[String], fields_only: bool) {
        let mut batch = Batch::default();
        let mut fields = Vec::new();
        for number in self.with_text.drain(..) {
            let Some(newest) = self.list.get_mut(number) else { continue };
            let Some((range, standing)) = newest.text.take().zip(newest.standing.newest().copied()) else { continue };
            let identity = &newest.identity;
            let Some(text) = self.texts.get(range.clone()) else { continue };
            match fields_only {
                true => {
                    let finder = self.finder.get_or_insert_with(|| Finder::new(names));
                    let _ = finder.first(&self.texts[range.start..], text.len(), |line| {
                        let found = line.values.unwrap_or_else(|| pick_fields(line.text, names, &mut fields));
                        batch.push_fields(identity, found.iter().copied(), standing);
                        ControlFlow::Continue(())
                    });
                }
                false => batch.push_whole(identity, text.strip_suffix(b"\n").unwrap_or(text), standing),
            }
        }
        self.spilled.add(batch, names.len());
        match self.texts.capacity() > TEXT_BYTES_KEPT {
            true => self.texts = Vec::new(),
            false => self.texts.clear(),
        }
    }

    pub(crate) fn into_spilled(self) -> Spill {
        self.spilled
    }
}
