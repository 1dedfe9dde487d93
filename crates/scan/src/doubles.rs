//! Ids that stand on more than one row, which no writer leaves behind: found by
//! whoever reads every row, without what `cache/` knows.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use logbook_json::{self as json, Limits};
use logbook_model::Address;
use logbook_model::error::Result;
use logbook_store::Place as Stands;
use logbook_store::{RowReader, Snapshot};

/// An id, and the rows that have it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubledId {
    /// The id.
    pub id: String,
    /// Where they stand.
    pub rows: Vec<Address>,
}

/// The ids of rows, as they are met: a hash and a place for each, since millions of them must fit
/// into memory.
#[derive(Debug, Default)]
pub struct Ids {
    seen: Vec<(u64, Stands)>,
}

impl Ids {
    /// Takes in the `id` of the row at `place`, as it stands there, if it has one.
    pub fn push(&mut self, id: Option<&[u8]>, place: Stands) {
        if let Some(id) = id.and_then(json::decode) {
            self.seen.push((xxh3_64(String::from_utf8_lossy(&id).as_bytes()), place));
        }
    }

    /// Takes in the ids of other rows.
    pub fn join(&mut self, other: Ids) {
        self.seen.extend(other.seen);
    }

    /// Those that two rows or more have, by what stands in `snapshot`.
    pub fn doubled(mut self, snapshot: &Snapshot) -> Result<Vec<DoubledId>> {
        self.seen.sort_unstable();
        let mut reader = RowReader::new(snapshot);
        let mut doubled: BTreeMap<String, Vec<Address>> = BTreeMap::new();
        for group in self.seen.chunk_by(|one, other| one.0 == other.0).filter(|group| group.len() > 1) {
            for (_, place) in group {
                if let Some(text) = reader.row(*place)?
                    && let Some(id) = id_of(text)
                    // What a power cut left of a row has no id.
                    && json::validate(text, Limits::GRAMMAR).is_ok()
                {
                    let place = Address::Place { segment: place.segment, offset: place.offset };
                    doubled.entry(id).or_default().push(place);
                }
            }
        }
        // Two ids may have had one hash.
        let rows = doubled.into_iter().filter(|(_, rows)| rows.len() > 1);
        Ok(rows.map(|(id, rows)| DoubledId { id, rows }).collect())
    }
}

fn id_of(row: &[u8]) -> Option<String> {
    let mut values = Vec::new();
    json::pick(row, &["id"], &mut values).ok()?;
    Some(String::from_utf8_lossy(&json::decode(values[0]?)?).into_owned())
}
