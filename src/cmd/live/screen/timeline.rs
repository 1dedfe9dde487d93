//! One run in full, kept up: read again when it changed, drawn again when the terminal has another
//! width.

use std::time::{Duration, Instant};

use crate::cmd::Door;
use crate::cmd::live::board::Board;
use crate::cmd::shared::reading::{Reading, run_record};
use logbook_model::error::Result;
use logbook_render::Look;
use logbook_render::record::{self, terminal};
use logbook_view::Record;

/// A run that is read takes at most this part of the time.
const PART: u32 = 8;

/// One run.
pub struct Timeline {
    /// Its name.
    pub run: String,
    /// Its lines.
    pub lines: Vec<String>,
    /// The first one shown.
    pub top: usize,
    record: Option<Record>,
    /// The generation of the board that it was read at.
    seen: u64,
    width: u16,
    /// Not read again before.
    next: Instant,
}

impl Timeline {
    /// Of the run of this name; nothing is read yet.
    pub fn of(run: &str) -> Timeline {
        let run = run.to_owned();
        Timeline { run, lines: Vec::new(), top: 0, record: None, seen: 0, width: 0, next: Instant::now() }
    }

    /// Reads what changed, for a terminal that looks so. `room`: how many lines it has; whoever
    /// stands at the end stays there.
    pub fn update(
        &mut self,
        board: &Board,
        reading: &Reading,
        (look, room): (&Look, usize),
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
            self.next = Instant::now() + (began.elapsed() * PART).max(Duration::from_millis(100));
        }
        self.width = width;
        self.lines = match &self.record {
            Some(record) => {
                let facts = terminal::draw_facts(&record.run_id, &record::facts(record, &look.zone), look);
                let text = format!("{facts}\n{}", terminal::draw_timeline(record, look));
                text.lines().map(str::to_owned).collect()
            }
            None => vec!["there is no such run any more".to_owned()],
        };
        if is_at_end {
            self.top = self.lines.len();
        }
        Ok(())
    }
}
