//! The newest rows of parts of the input, put away until all parts are known: each part in few
//! pieces of memory, since it goes from one thread to another, and there are as many rows as runs.
//!
//! Of rows of which only fields will be asked, the values of these are kept and nothing else.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::row::{Place, Row};
use logbook_model::Stands;
use logbook_model::standing::Stood;

/// Spill are made one when they take so many bytes more than twice what the newest rows took the
/// last time.
const BYTES_MORE: usize = 4 << 20;

/// Rows of one part, of runs (or whatever `latest_by` says).
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Stored>,
    /// For each row as many as there are fields; empty where rows are kept whole.
    fields: Vec<Option<Range<usize>>>,
}

/// The place of a row, its part, and its number there.
type Found = (Place, usize, usize);

#[derive(Debug)]
struct Stored {
    identity: Range<usize>,
    text: Range<usize>,
    /// By this row, which stands at the place.
    stands: Stood<Place>,
}

impl Batch {
    /// Puts a row away as it stands.
    pub(crate) fn push_whole(&mut self, identity: &[u8], text: &[u8], stands: Stood<Place>) {
        let (identity, text) = (self.keep(identity), self.keep(text));
        self.rows.push(Stored { identity, text, stands });
    }

    /// Puts the fields of a row away.
    pub(crate) fn push_fields<'v>(
        &mut self,
        identity: &[u8],
        fields: impl Iterator<Item = Option<&'v [u8]>>,
        stands: Stood<Place>,
    ) {
        let identity = self.keep(identity);
        for field in fields {
            let kept = field.map(|value| self.keep(value));
            self.fields.push(kept);
        }
        self.rows.push(Stored { identity, text: 0..0, stands });
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

    /// The fields of row `number`, if there are `count` of each.
    fn fields(&self, number: usize, count: usize) -> impl Iterator<Item = Option<&[u8]>> {
        let ranges = self.fields.get(number * count..(number + 1) * count).unwrap_or_default();
        ranges.iter().map(|range| range.as_ref().map(|range| self.get(range)))
    }
}

/// All parts so far.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    parts: Vec<Batch>,
    /// How many bytes they take, and at how many they are made one.
    bytes: usize,
    bytes_max: usize,
}

impl Spill {
    /// Adds a part. `count`: how many fields there are of each row.
    pub(crate) fn add(&mut self, part: Batch, count: usize) {
        if part.rows.is_empty() {
            return;
        }
        self.bytes += part.bytes_taken();
        self.parts.push(part);
        if self.bytes > self.bytes_max.max(BYTES_MORE) && self.parts.len() > 1 {
            self.compact(count);
        }
    }

    /// Adds all parts of others. Two threads' are let take what both were: the newest of all are
    /// sought at the end anyway. Yet not what any number of them were, since there may be as many
    /// as pieces.
    pub(crate) fn merge(&mut self, others: Spill, count: usize) {
        if self.parts.is_empty() {
            *self = others;
            return;
        }
        self.bytes_max = self.bytes_max.max(others.bytes_max * 2);
        for part in others.parts {
            self.add(part, count);
        }
    }

    fn compact(&mut self, count: usize) {
        let mut one = Batch::default();
        for stood in self.newest() {
            let (place, part, number) = stood.row;
            let Some((part, row)) = self.parts.get(part).and_then(|part| Some((part, part.rows.get(number)?))) else {
                continue;
            };
            let stands = Stood { weight: stood.weight, holds: stood.holds, row: place };
            match part.fields.is_empty() {
                true => one.push_whole(part.get(&row.identity), part.get(&row.text), stands),
                false => one.push_fields(part.get(&row.identity), part.fields(number, count), stands),
            }
        }
        self.bytes = one.bytes_taken();
        self.bytes_max = self.bytes * 2 + BYTES_MORE;
        self.parts = vec![one];
    }

    /// For each run the row that says where it stands, in order of position. Spill come in the
    /// order of their rows.
    fn newest(&self) -> Vec<Stood<Found>> {
        let mut stands: HashMap<&[u8], Stands<Found>, RandomState> = HashMap::default();
        stands.reserve(self.parts.iter().map(|part| part.rows.len()).max().unwrap_or(0));
        for (number, part) in self.parts.iter().enumerate() {
            for (at, row) in part.rows.iter().enumerate() {
                let later = Stands::of(Some(row.stands)).map(|place| (place, number, at));
                stands.entry(part.get(&row.identity)).or_default().join(later);
            }
        }
        let mut newest: Vec<_> = stands.into_values().filter_map(|stands| stands.newest().copied()).collect();
        newest.sort_unstable_by_key(|stood| stood.row);
        newest
    }

    /// Hands the newest rows to `each`, in order of position, until it is enough, and whether a row
    /// is whole: then its fields are still to be found, else they are these, `count` of them.
    pub(crate) fn finish(&self, count: usize, mut each: impl FnMut(&Row<'_>, bool) -> std::ops::ControlFlow<()>) {
        let mut fields = Vec::new();
        for Stood { row: (_, part, number), .. } in self.newest() {
            let Some((part, row)) = self.parts.get(part).and_then(|part| Some((part, part.rows.get(number)?))) else {
                continue;
            };
            fields.clear();
            fields.extend(part.fields(number, count));
            let row = Row { text: part.get(&row.text), fields: &fields, place: row.stands.row, in_block: false };
            if each(&row, part.fields.is_empty()).is_break() {
                return;
            }
        }
    }
}
