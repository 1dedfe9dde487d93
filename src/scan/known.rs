//! Where runs stand without a scan: the store knows three rows of each run, and
//! those are read. Exactly what a scan of all rows would fold to, or nothing.

use std::path::Path;

use crate::error::Result;
use crate::json;
use crate::query::{Place, Row};
use crate::store::{self, RowReader, Snapshot};
use crate::view::Runs;
use crate::view::runs::FIELDS;

/// The fold over the runs of the logbook at `directory`; `None` when the rows
/// are not as they are known to be, so that all of them must be read.
pub fn known_runs(directory: &Path, snapshot: &Snapshot) -> Result<Option<Runs>> {
    let Some(mut entries) = store::known_runs(directory)? else {
        return Ok(None);
    };
    // In the order of the places, so that neighbours are read together.
    entries.sort_unstable_by_key(|entry| entry.first);
    let mut reader = RowReader::new(snapshot);
    let mut runs = Runs::default();
    for entry in entries {
        let mut places = vec![entry.first, entry.newest];
        places.extend(entry.standing);
        places.sort_unstable();
        places.dedup();
        for place in places {
            let Some(text) = reader.row(place)? else {
                return Ok(None);
            };
            let mut fields = Vec::new();
            if json::pick(text, &FIELDS, &mut fields).is_err() {
                return Ok(None);
            }
            // Segments in their order stand for inputs in theirs.
            let place = Place { input: u32::try_from(place.segment).unwrap_or(u32::MAX), offset: place.offset };
            runs.push(&Row { text, fields: &fields, place });
        }
        runs.count(entry.rows, entry.last_step);
    }
    Ok(Some(runs))
}
