//! The newest rows of finished parts, until all parts are known. A batch goes from one thread to
//! another and has as many rows as there were groups, so it consists of few allocations.
//!
//! Where a plan needs only fields of its rows, their values are kept and nothing else.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::row::{Place, Row};
use logbook_model::Stands;
use logbook_model::standing::Stood;

/// Batches are compacted when they take this many bytes more than twice what they took after the
/// last compaction.
const BYTES_MORE: usize = 4 << 20;

/// The newest rows of one batch, one for each group.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Stored>,
    /// The same number for each row; empty if whole rows are kept.
    fields: Vec<Option<Range<usize>>>,
}

/// The place of a row, the index of its batch, and its index there.
type Found = (Place, usize, usize);

#[derive(Debug)]
struct Stored {
    identity: Range<usize>,
    text: Range<usize>,
    /// The place of the row, and what it says of its run.
    standing: Stood<Place>,
}

impl Batch {
    /// Adds a row with its text.
    pub(crate) fn push_whole(&mut self, identity: &[u8], text: &[u8], standing: Stood<Place>) {
        let (identity, text) = (self.keep(identity), self.keep(text));
        self.rows.push(Stored { identity, text, standing });
    }

    /// Adds the fields of a row.
    pub(crate) fn push_fields<'v>(
        &mut self,
        identity: &[u8],
        fields: impl Iterator<Item = Option<&'v [u8]>>,
        standing: Stood<Place>,
    ) {
        let identity = self.keep(identity);
        for field in fields {
            let kept = field.map(|value| self.keep(value));
            self.fields.push(kept);
        }
        self.rows.push(Stored { identity, text: 0..0, standing });
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        from..self.bytes.len()
    }

    fn bytes_taken(&self) -> usize {
        self.bytes.len() + size_of_val(&*self.rows) + size_of_val(&*self.fields)
    }

    fn get(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The fields of row `number`; `count` is their number for each row.
    fn fields(&self, number: usize, count: usize) -> impl Iterator<Item = Option<&[u8]>> {
        let ranges = self.fields.get(number * count..(number + 1) * count).unwrap_or_default();
        ranges.iter().map(|range| range.as_ref().map(|range| self.get(range)))
    }
}

/// All batches so far, in the order of their rows.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    batches: Vec<Batch>,
    /// The bytes they take, and the limit at which they are compacted.
    bytes: usize,
    bytes_max: usize,
}

impl Spill {
    /// Adds a batch; `count` is the number of fields of each row.
    pub(crate) fn add(&mut self, batch: Batch, count: usize) {
        if batch.rows.is_empty() {
            return;
        }
        self.bytes += batch.bytes_taken();
        self.batches.push(batch);
        if self.bytes > self.bytes_max.max(BYTES_MORE) && self.batches.len() > 1 {
            self.compact(count);
        }
    }

    /// Adds all batches of a later batch. Merging may use both budgets, once: the newest of all
    /// rows are determined at the end anyway. The budgets of all parts are not added up, since
    /// there may be as many as pieces of the input.
    pub(crate) fn merge(&mut self, others: Spill, count: usize) {
        if self.batches.is_empty() {
            *self = others;
            return;
        }
        self.bytes_max = self.bytes_max.max(others.bytes_max * 2);
        for batch in others.batches {
            self.add(batch, count);
        }
    }

    fn compact(&mut self, count: usize) {
        let mut compacted = Batch::default();
        for stood in self.newest() {
            let (place, batch, number) = stood.row;
            let Some((batch, row)) = self.batches.get(batch).and_then(|batch| Some((batch, batch.rows.get(number)?)))
            else {
                continue;
            };
            let stands = Stood { weight: stood.weight, holds: stood.holds, row: place };
            match batch.fields.is_empty() {
                true => compacted.push_whole(batch.get(&row.identity), batch.get(&row.text), stands),
                false => compacted.push_fields(batch.get(&row.identity), batch.fields(number, count), stands),
            }
        }
        self.bytes = compacted.bytes_taken();
        self.bytes_max = self.bytes * 2 + BYTES_MORE;
        self.batches = vec![compacted];
    }

    /// The newest row of each group, in order of position.
    fn newest(&self) -> Vec<Stood<Found>> {
        let mut stands: HashMap<&[u8], Stands<Found>, RandomState> = HashMap::default();
        stands.reserve(self.batches.iter().map(|batch| batch.rows.len()).max().unwrap_or(0));
        for (number, batch) in self.batches.iter().enumerate() {
            for (at, row) in batch.rows.iter().enumerate() {
                let later = Stands::of(Some(row.standing)).map(|place| (place, number, at));
                stands.entry(batch.get(&row.identity)).or_default().join(later);
            }
        }
        let mut newest: Vec<_> = stands.into_values().filter_map(|stands| stands.newest().copied()).collect();
        newest.sort_unstable_by_key(|stood| stood.row);
        newest
    }

    /// Passes the newest rows to `each`, in order of position, until it breaks. The flag says
    /// whether the row has its whole text, from which fields must be picked; otherwise it has its
    /// `count` fields.
    pub(crate) fn finish(&self, count: usize, mut each: impl FnMut(&Row<'_>, bool) -> std::ops::ControlFlow<()>) {
        let mut fields = Vec::new();
        for Stood { row: (_, batch, number), .. } in self.newest() {
            let Some((batch, row)) = self.batches.get(batch).and_then(|batch| Some((batch, batch.rows.get(number)?)))
            else {
                continue;
            };
            fields.clear();
            fields.extend(batch.fields(number, count));
            let row = Row { text: batch.get(&row.text), fields: &fields, place: row.standing.row, in_block: false };
            if each(&row, batch.fields.is_empty()).is_break() {
                return;
            }
        }
    }
}
