//! Ids that more than one row has. No writer produces them; a full scan finds them without the
//! index in `cache/`.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use logbook_json::{self as json, Limits};
use logbook_model::Address;
use logbook_model::error::Result;
use logbook_store::Place as SegmentPlace;
use logbook_store::{RowReader, Snapshot};

/// An id that several rows have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateId {
    /// The id, decoded.
    pub id: String,
    /// The rows that have it, in order.
    pub rows: Vec<Address>,
}

/// The ids seen so far. Only a hash and a place of each is kept, since millions of them must fit
/// into memory.
#[derive(Debug, Default)]
pub struct Ids {
    seen: Vec<(u64, SegmentPlace)>,
}

impl Ids {
    /// Adds the raw value `id` of the row at `place`, if the row has one.
    pub fn push(&mut self, id: Option<&[u8]>, place: SegmentPlace) {
        if let Some(id) = id.and_then(json::decode) {
            self.seen.push((xxh3_64(String::from_utf8_lossy(&id).as_bytes()), place));
        }
    }

    /// Adds the ids of other rows.
    pub fn join(&mut self, other: Ids) {
        self.seen.extend(other.seen);
    }

    /// The ids that at least two rows of `snapshot` have. Fails if a row cannot be read again.
    pub fn duplicates(mut self, snapshot: &Snapshot) -> Result<Vec<DuplicateId>> {
        self.seen.sort_unstable();
        let mut reader = RowReader::new(snapshot);
        let mut duplicates: BTreeMap<String, Vec<Address>> = BTreeMap::new();
        for group in self.seen.chunk_by(|one, other| one.0 == other.0).filter(|group| group.len() > 1) {
            for (_, place) in group {
                if let Some(text) = reader.row(*place)?
                    && let Some(id) = id_of(text)
                    // A torn row does not count.
                    && json::validate(text, Limits::GRAMMAR).is_ok()
                {
                    let place = Address::Place { segment: place.segment, offset: place.offset };
                    duplicates.entry(id).or_default().push(place);
                }
            }
        }
        // Two different ids may have the same hash.
        let rows = duplicates.into_iter().filter(|(_, rows)| rows.len() > 1);
        Ok(rows.map(|(id, rows)| DuplicateId { id, rows }).collect())
    }
}

fn id_of(row: &[u8]) -> Option<String> {
    let mut values = Vec::new();
    json::pick(row, &["id"], &mut values).ok()?;
    Some(String::from_utf8_lossy(&json::decode(values[0]?)?).into_owned())
}
