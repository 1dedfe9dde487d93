//! What is said of rows that came after their run had ended: they are stored, and it stays ended.

use super::{About, Desk};
use crate::cmd::Door;
use logbook_format::draft::pairs::shell_word;
use logbook_model::error::Error;
use logbook_view::Course;

/// So many are named.
const NAMED_MAX: usize = 3;

impl Desk {
    /// Says which of `runs`, which the store takes for ended, are. Corrections count.
    pub fn tell_late(&self, runs: &[String], door: &mut Door<'_>) {
        for (at, run) in runs.iter().enumerate() {
            if at == NAMED_MAX {
                door.note(format_args!("further rows are of runs that had ended, too"));
                return;
            }
            if let Some(end) = self.end_of(run, door) {
                let what = format!("run {run:?} ended with {end}: the row is stored, and the run stays ended");
                door.warn(
                    &Error::usage(what).hint(format!("logbook start --resume {}   # begins it again", shell_word(run))),
                );
            }
        }
    }

    /// The name of the row that ended `run`; `None`: it goes on, or cannot be read.
    pub fn end_of(&self, run: &str, door: &mut Door<'_>) -> Option<String> {
        let (course, _) = self.look(About::Run(run), door, || Course::of(run)).ok()?;
        course.standing().filter(|_| course.stands.ended()).map(|end| end.name.clone())
    }
}
