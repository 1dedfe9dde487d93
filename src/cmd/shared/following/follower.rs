//! Following a logbook: each new row that passes a filter, once, and sleep while none comes.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::superseding::{Superseding, kind_of};
use crate::cmd::Door;
use crate::cmd::shared::reading::RowFilter;
use logbook_format::{Voiding, repair};
use logbook_json::{self as json, Limits, frame};
use logbook_model::Address;
use logbook_model::error::{Error, Result};
use logbook_query::{Place as RowPlace, Row};
use logbook_store::append::Writer;
use logbook_store::cursors::Cursor;
use logbook_store::os_real::REAL;
use logbook_store::{self as store, Place, Watch};

/// Called with a row's place, the row, and whether it passes.
pub type Each<'e> = &'e mut dyn FnMut(Place, &[u8], bool) -> ControlFlow<()>;

/// Reads rows from a place on, and filters them.
pub struct Follower<'p> {
    filter: RowFilter<'p>,
    directory: PathBuf,
    watch: Watch,
    /// Correction rows may pass.
    corrections: bool,
    superseding: Superseding,
}

impl<'p> Follower<'p> {
    /// Follows the logbook at `directory` from `at` on. The filter is evaluated within its bounds.
    pub fn new(directory: &Path, at: Place, filter: RowFilter<'p>, corrections: bool) -> Follower<'p> {
        let directory = directory.to_path_buf();
        Follower {
            filter,
            watch: Watch::new(&directory, at),
            directory,
            corrections,
            superseding: Superseding::default(),
        }
    }

    /// Where the next row begins.
    pub fn at(&self) -> Place {
        self.watch.at()
    }

    /// Calls `each` with the new rows, in order. After a break no more rows are handed on, and the
    /// follower must not be used again.
    pub fn new_rows(&mut self, each: Each<'_>) -> Result<()> {
        let (filter, corrections, superseding) = (self.filter, self.corrections, &mut self.superseding);
        let directory = &self.directory;
        let mut eval = filter.plan.eval();
        let mut over = false;
        self.watch.new_rows(&mut |place, text| {
            let effect = superseding.next(kind_of(text), text);
            let is_copy = effect.after.is_some_and(|voiding| is_copy(directory, &voiding, text));
            if over || is_copy {
                return;
            }
            // The filter comes first: few rows pass, and only those need to be validated.
            let mut fields = Vec::new();
            if frame::pick(text, filter.plan.fields(), &mut fields).is_err() {
                return;
            }
            let row =
                Row { text, fields: &fields, place: RowPlace { input: 0, offset: place.offset }, in_block: false };
            let passes = filter.passes(&row, &mut eval)
                && json::validate(text, Limits::GRAMMAR).is_ok()
                && (corrections || !effect.corrects);
            over = each(place, text, passes).is_break();
        })
    }
}

/// Whether `again` is a copy of the row at the voided place, which was handed on before.
fn is_copy(directory: &Path, voiding: &Voiding, again: &[u8]) -> bool {
    let place = Place { segment: voiding.segment, offset: voiding.offset };
    // If the old one cannot be read now, it was not handed on either.
    voiding.is_kept_by(again)
        && store::row(&REAL, directory, place).ok().flatten().is_some_and(|old| repair::is_same_row(&old, again))
}

/// Where the follower with this cursor begins, if rows end at `end`; `None` without a saved cursor.
pub fn begin(cursor: Option<&Cursor>, end: Place, door: &mut Door<'_>) -> Result<Option<Place>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let Some(saved) = cursor.load()? else { return Ok(None) };
    let place = cursor.settle(saved, end)?;
    if place != saved {
        let [was, now] = [saved, place].map(|at| Address::Place { segment: at.segment, offset: at.offset });
        door.note(format_args!("no row begins at {was}, where the cursor was; is this a copy? Going on at {now}"));
    }
    Ok(Some(place))
}

/// Makes the rows between `from` and `at` durable, before a cursor is saved or something is done
/// about them: a power cut may lose rows that were read.
pub fn sync(writer: &mut Writer<'_>, from: Place, at: Place) -> Result<()> {
    // A place at the start of a segment is the end of the one before.
    let first = from.segment.min(at.segment.saturating_sub(1));
    writer.sync_segments(first..=at.segment).map_err(|error| Error { hint: None, ..error })
}
