//! Following a logbook: the rows that come and pass a filter, each once, and sleep while none
//! comes.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::cmd::Door;
use crate::cmd::shared::guard::Evaluation;
use logbook_format::corrections::is_correction;
use logbook_format::{Voiding, repair};
use logbook_json::{self as json, Limits, frame};
use logbook_model::Address;
use logbook_model::error::{Error, Result};
use logbook_query::{Place as RowPlace, Plan, Row};
use logbook_store::Place;
use logbook_store::append::Writer;
use logbook_store::cursors::Cursor;
use logbook_store::os_real::REAL;
use logbook_store::{self as store, Watch};

/// Takes a row, its place, and whether it passes.
pub type Each<'e> = &'e mut dyn FnMut(Place, &[u8], bool) -> ControlFlow<()>;

/// Rows that pass a filter, from a place on.
pub struct Follower<'p> {
    plan: &'p Plan,
    within: &'p Evaluation<'p>,
    directory: PathBuf,
    watch: Watch,
    /// Correction rows are asked for.
    corrections: bool,
    /// What the row before voids: the next one was told before.
    voiding: Option<Voiding>,
}

impl<'p> Follower<'p> {
    /// Of the logbook at `directory`, rows that begin at or after `at`; each is asked within its
    /// bounds.
    pub fn new(
        directory: &Path,
        at: Place,
        (plan, within): (&'p Plan, &'p Evaluation<'p>),
        corrections: bool,
    ) -> Follower<'p> {
        let directory = directory.to_path_buf();
        Follower { plan, within, watch: Watch::new(&directory, at), directory, corrections, voiding: None }
    }

    /// Where the next row is to begin.
    pub fn at(&self) -> Place {
        self.watch.at()
    }

    /// Hands the rows that came to `each`, in order, with their places and whether they pass. After
    /// a break none is handed on any more, and the follower is not to be asked again.
    pub fn new_rows(&mut self, each: Each<'_>) -> Result<()> {
        let (plan, within, corrections, voiding) = (self.plan, self.within, self.corrections, &mut self.voiding);
        let directory = &self.directory;
        let mut eval = plan.eval();
        let mut over = false;
        self.watch.new_rows(&mut |place, text| {
            let again = voiding.take().is_some_and(|voiding| is_told(directory, &voiding, text));
            *voiding = Voiding::read(text);
            if over || again {
                return;
            }
            // The filter speaks first: few rows pass, and only those must be whole ones.
            let mut fields = Vec::new();
            if frame::pick(text, plan.fields(), &mut fields).is_err() {
                return;
            }
            let row =
                Row { text, fields: &fields, place: RowPlace { input: 0, offset: place.offset }, in_block: false };
            let matches = || plan.filter().is_none_or(|filter| filter.matches(&row, &mut eval).unwrap_or(false));
            let passes = within.row(matches)
                && json::validate(text, Limits::GRAMMAR).is_ok()
                && (corrections || !is_correction_row(text));
            over = each(place, text, passes).is_break();
        })
    }
}

/// Whether the row that stood where `voiding` says is the one that stands again here, and was told
/// before.
fn is_told(directory: &Path, voiding: &Voiding, again: &[u8]) -> bool {
    let place = Place { segment: voiding.segment, offset: voiding.offset };
    // Where the old one cannot be read, it could not be told either.
    voiding.is_kept_by(again)
        && store::row(&REAL, directory, place).ok().flatten().is_some_and(|old| repair::is_same_row(&old, again))
}

/// Where the follower with this cursor begins, of rows that end at `end`; `None`: it has none, or
/// it was never saved.
pub fn begin(cursor: Option<&Cursor>, end: Place, door: &mut Door<'_>) -> Result<Option<Place>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let Some(saved) = cursor.load()? else { return Ok(None) };
    let place = cursor.settle(saved, end)?;
    if place != saved {
        let [was, now] = [saved, place].map(|at| Address::Place { segment: at.segment, offset: at.offset });
        door.note(format_args!("no row begins at {was}, where the cursor stood, as in a copy: it goes on at {now}"));
    }
    Ok(Some(place))
}

fn is_correction_row(text: &[u8]) -> bool {
    let mut kind = Vec::new();
    json::pick(text, &["kind"], &mut kind).is_ok() && is_correction(kind.first().copied().flatten())
}

/// Makes what was read from `from` up to `at` durable, before a position is kept or something is
/// done about it: a power cut may take rows that were read.
pub fn sync(writer: &mut Writer<'_>, from: Place, at: Place) -> Result<()> {
    // A place at the start of a segment rests on the one before.
    let first = from.segment.min(at.segment.saturating_sub(1));
    writer.sync_segments(first..=at.segment).map_err(|error| Error { hint: None, ..error })
}
