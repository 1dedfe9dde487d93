//! `logbook show RUN --tree`: a run, and below it what it started and handed on.

use std::collections::{HashMap, HashSet};

use crate::cmd::Door;
use crate::cmd::read::show::put_rows;
use crate::cmd::shared::reading::gather::{self, GatheredRow};
use crate::cmd::shared::reading::run_record::{no_such_run, records_among, text_of};
use crate::cmd::shared::reading::{self, Corrections, Reading};
use logbook_model::error::{Exit, Result};
use logbook_query::Query;
use logbook_render::Look;
use logbook_render::record::tree::draw;
use logbook_scan::Scanned;
use logbook_view::Record;
use logbook_view::record::tree::{LEVELS_MAX, tree};

/// Draws the tree below `run`; without a `look` prints the rows of all its runs.
pub fn run(run: &str, reading: &Reading, look: Option<&Look>, door: &mut Door<'_>) -> Result<Exit> {
    let corrections = Corrections::wanted(reading, &Query::default());
    let found = reading::logbook_for(door, reading, corrections, None)?;
    let mut records: HashMap<String, Record> = HashMap::new();
    let mut rows: Vec<GatheredRow> = Vec::new();
    let mut scanned = Scanned::default();
    let mut level = vec![run.to_owned()];
    // One scan for each level: who is below is known when the level is.
    for _ in 0..LEVELS_MAX {
        let plan = gather::plan_of(&level, true, reading, door)?;
        let (more, read) = gather::passing(&found.inputs, &plan, &level, reading.strict, door);
        let added = records_among(&level, &found.inputs, &more);
        let below: HashSet<&String> = added.values().flat_map(|record| &record.children).collect();
        let mut below: Vec<String> = below.into_iter().filter(|run| !records.contains_key(*run)).cloned().collect();
        below.retain(|run| !added.contains_key(run));
        below.sort_unstable();
        rows.extend(more.into_iter().filter(|row| added.contains_key(&text_of(&row.text, "run_id"))));
        records.extend(added);
        // What every level skips is the same.
        scanned = read;
        level = below;
        if level.is_empty() {
            break;
        }
    }
    if !records.contains_key(run) {
        return Err(no_such_run("show --tree", run, None, &found.inputs, door));
    }
    match look {
        Some(look) => {
            let text = draw(&tree(run, &records), look);
            door.out.text(&text)?;
        }
        None => {
            rows.sort_by_key(|row| row.place);
            put_rows(&rows, reading.format(door)?, &found.inputs, reading, door)?;
        }
    }
    Ok(reading::note_skipped(door, &mut scanned, &found.inputs, reading.strict))
}
