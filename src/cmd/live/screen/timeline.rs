//! One run in full: read again when it changes, laid out again when the terminal's width changes.

use std::time::{Duration, Instant};

use crate::cmd::Door;
use crate::cmd::live::board::Board;
use crate::cmd::shared::reading::{Reading, run_record};
use logbook_model::error::Result;
use logbook_render::Look;
use logbook_render::record::{self, terminal};
use logbook_view::Record;

/// Reading a run takes at most one in this many parts of the time.
const TIME_SHARE: u32 = 8;

/// One run.
pub struct Timeline {
    pub run: String,
    pub lines: Vec<String>,
    /// The first line that is shown.
    pub top: usize,
    record: Option<Record>,
    /// The generation of the board at which it was read.
    seen: u64,
    width: u16,
    /// It is not read again before this.
    next: Instant,
}

impl Timeline {
    /// Shows the run with this name, which is not read yet.
    pub fn of(run: &str) -> Timeline {
        let run = run.to_owned();
        Timeline { run, lines: Vec::new(), top: 0, record: None, seen: 0, width: 0, next: Instant::now() }
    }

    /// Reads and lays out what changed. `room` is the number of lines on the screen: a view at the
    /// end stays at the end.
    pub fn update(
        &mut self,
        board: &Board,
        reading: &Reading,
        look: &Look,
        room: usize,
        door: &mut Door<'_>,
    ) -> Result<()> {
        let width = look.width.unwrap_or(0);
        let changed_at = board.number(&self.run).map_or(0, |number| board.changed_at(number));
        let is_new = self.seen == 0 || (changed_at > self.seen && Instant::now() >= self.next);
        if !is_new && self.width == width {
            return Ok(());
        }
        let is_at_end = self.top > 0 && self.top + room >= self.lines.len();
        if is_new {
            let began = Instant::now();
            let (_, mut records, _) = run_record::records(std::slice::from_ref(&self.run), reading, door)?;
            self.record = records.remove(&self.run);
            self.seen = board.generation();
            self.next = Instant::now() + (began.elapsed() * TIME_SHARE).max(Duration::from_millis(100));
        }
        self.width = width;
        self.lines = match &self.record {
            Some(record) => {
                let facts = terminal::draw_facts(&record.run_id, &record::facts(record, &look.zone), look);
                let text = format!("{facts}\n{}", terminal::draw_timeline(record, look));
                text.lines().map(str::to_owned).collect()
            }
            None => vec!["the run does not exist any more".to_owned()],
        };
        if is_at_end {
            self.top = self.lines.len();
        }
        Ok(())
    }
}
