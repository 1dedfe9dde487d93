//! Where runs stand without a scan: the store knows three rows of each run, and
//! those are read.

use std::path::Path;

use crate::error::Result;
use crate::json;
use crate::query::{Place, Row};
use crate::store::{self, RowReader, Snapshot};

/// How many rows a run has, and its highest step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Rows.
    pub rows: u64,
    /// Highest step; 0 when no row has one.
    pub steps: u64,
}

/// Hands on the first, the standing and the newest row of each run of the
/// logbook at `directory`, in order, with the fields `names`; with the last of
/// them how many there are. False when the rows are not as they are known to be:
/// then what was handed on counts for nothing, and all of them must be read.
pub fn known_runs(
    directory: &Path,
    snapshot: &Snapshot,
    names: &[&str],
    mut each: impl FnMut(&Row<'_>, Option<Counts>),
) -> Result<bool> {
    let Some(mut entries) = store::known_runs(directory)? else {
        return Ok(false);
    };
    // In the order of the places, so that neighbours are read together.
    entries.sort_unstable_by_key(|entry| entry.first);
    let mut reader = RowReader::new(snapshot);
    for entry in entries {
        let mut places = vec![entry.first, entry.newest];
        places.extend(entry.standing);
        places.sort_unstable();
        places.dedup();
        let last = places.last().copied();
        for place in places {
            let Some(text) = reader.row(place)? else {
                return Ok(false);
            };
            let mut fields = Vec::new();
            if json::pick(text, names, &mut fields).is_err() {
                return Ok(false);
            }
            let counts = (Some(place) == last).then_some(Counts { rows: entry.rows, steps: entry.last_step });
            // Segments in their order stand for inputs in theirs.
            let place = Place { input: u32::try_from(place.segment).unwrap_or(u32::MAX), offset: place.offset };
            each(&Row { text, fields: &fields, place }, counts);
        }
    }
    Ok(true)
}
