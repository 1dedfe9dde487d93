//! A cache of the rows of runs that are being looked at. Only rows that came since the last look
//! are read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;

use super::context::Context;
use crate::cmd::shared::following::superseding::{Superseding, kind_of};
use crate::cmd::shared::reading::run_record::{self, RunRow};
use crate::cmd::shared::reading::{Reading, gather};
use logbook_json::{self as json, Limits};
use logbook_model::Address;
use logbook_model::error::Result;
use logbook_query::literal_of;
use logbook_store::{Watch, end_of};
use logbook_view::Record;

/// The limits of the cache.
const RUNS_MAX: usize = 64;
const BYTES_MAX: usize = 32 << 20;

/// The cached rows of runs.
#[derive(Default)]
pub struct RunRows {
    runs: Mutex<HashMap<String, Slot>>,
}

type Slot = Arc<Mutex<Option<CachedRun>>>;

struct CachedRun {
    /// When the board was last read in full. Corrections since then are not in these rows.
    read_at: u64,
    watch: Watch,
    superseding: Superseding,
    rows: Vec<RunRow>,
}

impl RunRows {
    /// The record of the run `id` without its children; `None` if it has no rows. `read_at` is when
    /// the board was last read in full.
    pub fn record(&self, context: &Context, id: &str, read_at: u64) -> Result<Option<Record>> {
        let slot = self.slot(id);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let is_valid = match slot.as_mut().filter(|cached| cached.read_at == read_at) {
            Some(cached) => cached.catch_up(id)?,
            None => false,
        };
        if !is_valid {
            *slot = Some(CachedRun::read(context, id, read_at)?);
        }
        let rows = slot.as_ref().map_or(&[][..], |cached| &cached.rows);
        let told = rows.iter().map(|(text, place, amended)| (&text[..], place.clone(), amended.clone()));
        Ok((!rows.is_empty()).then(|| Record::of(id, told, Vec::new())))
    }

    fn slot(&self, id: &str) -> Slot {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if !runs.contains_key(id) {
            // Do not wait for a run that is being read.
            let bytes = |slot: &Slot| slot.try_lock().map_or(0, |cached| cached.as_ref().map_or(0, CachedRun::bytes));
            if runs.len() >= RUNS_MAX || runs.values().map(bytes).sum::<usize>() > BYTES_MAX {
                runs.clear();
            }
        }
        Arc::clone(runs.entry(id.to_owned()).or_default())
    }
}

impl CachedRun {
    fn read(context: &Context, id: &str, read_at: u64) -> Result<CachedRun> {
        let reading = Reading { dir: Some(context.location.path.clone()), ..Reading::default() };
        let runs = [id.to_owned()];
        let ((found, rows, _), _) = context.command(|door| gather::rows_of(&runs, &reading, door))?;
        let watch = Watch::new(&context.location.path, end_of(&found.inputs));
        Ok(CachedRun {
            read_at,
            watch,
            superseding: Superseding::default(),
            rows: run_record::rows(id, &found.inputs, rows),
        })
    }

    /// Adds new rows. False if one of them supersedes an earlier row: all must be read anew.
    fn catch_up(&mut self, id: &str) -> Result<bool> {
        let literal = literal_of(id.as_bytes());
        let finder = literal.as_ref().map(memmem::Finder::new);
        let (rows, superseding) = (&mut self.rows, &mut self.superseding);
        let mut is_valid = true;
        self.watch.new_rows(&mut |place, text| {
            is_valid &= !superseding.next(kind_of(text), text).supersedes();
            // The id may be written with escapes.
            let has =
                |finder: &memmem::Finder<'_>| finder.find(text).is_some() || memchr::memchr(b'\\', text).is_some();
            let could_be = finder.as_ref().is_none_or(has);
            if could_be && json::validate(text, Limits::GRAMMAR).is_ok() && run_record::text_of(text, "run_id") == id {
                let address = Address::Place { segment: place.segment, offset: place.offset };
                rows.push((text.to_vec(), Some(address), Vec::new()));
            }
        })?;
        Ok(is_valid)
    }

    fn bytes(&self) -> usize {
        self.rows.iter().map(|(text, ..)| text.len()).sum()
    }
}
