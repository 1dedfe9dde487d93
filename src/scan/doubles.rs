//! Ids that stand on more than one row, which no writer leaves behind: found by
//! reading every row, without what `cache/` knows.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use regex::bytes::Regex;
use xxhash_rust::xxh3::xxh3_64;

use super::corrections::each_line;
use super::source::Source;
use crate::error::Result;
use crate::json::{self, Limits};
use crate::model::Address;
use crate::query::Place;
use crate::store::index::Place as Stands;
use crate::store::{Input, RowReader, Snapshot};

/// The key as JSON writes it, and how its letters begin when they are written as escapes.
const COULD_HOLD: &str = r#""id"|\\u006"#;

/// An id, and the rows that have it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubledId {
    /// The id.
    pub id: String,
    /// Where they stand.
    pub rows: Vec<Address>,
}

/// The ids among the segments of `snapshot` that two rows or more have. `source`:
/// the same segments; places that are voided in it do not count.
pub fn doubled_ids(source: &Source, snapshot: &Snapshot) -> Result<Vec<DoubledId>> {
    let could_hold = Regex::new(COULD_HOLD).ok();
    // A hash and a place for each id: millions of them must fit into memory.
    let mut seen: Vec<(u64, Stands)> = Vec::new();
    for (index, input) in (0u32..).zip(source.iter()) {
        let Input::Segment(segment) = input else { continue };
        each_line(input, could_hold.as_ref(), |text, offset| {
            if !source.is_voided(Place { input: index, offset })
                && let Some(id) = id_of(text)
            {
                seen.push((xxh3_64(id.as_bytes()), Stands { segment: segment.number, offset }));
            }
            ControlFlow::Continue(())
        });
    }
    seen.sort_unstable();
    let mut reader = RowReader::new(snapshot);
    let mut doubled: BTreeMap<String, Vec<Address>> = BTreeMap::new();
    for group in seen.chunk_by(|one, other| one.0 == other.0).filter(|group| group.len() > 1) {
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

fn id_of(row: &[u8]) -> Option<String> {
    let mut values = Vec::new();
    json::pick(row, &["id"], &mut values).ok()?;
    Some(String::from_utf8_lossy(&json::decode(values[0]?)?).into_owned())
}
