//! `logbook release RUN`: let a run go on that was held.

use crate::cmd::Door;
use crate::cmd::shared::writing::{Appended, OpenLogbook, Scope, Writing, print_rows};
use logbook_format::draft::pairs::Pairs;
use logbook_format::rows::{self, HeldStatus};
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Address, Status};
use logbook_store::Purpose;
use logbook_view::facts::{Facts, FieldSet};
use logbook_view::{Course, Holds, Past};

pub const EXAMPLES: &str = "\
  logbook release r-88 --why 'the bucket is right now'
  logbook release r-88 --by maria";

#[derive(Debug, Default, clap::Args)]
pub struct Release {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Who releases it [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// A run, and the holds on file.
struct RunAndHolds {
    course: Course,
    holds: Holds,
}

impl Past for RunAndHolds {
    const FIELDS: FieldSet = Course::FIELDS.join(&Holds::FIELDS);

    fn push(&mut self, row: &impl Facts, place: &Address) {
        self.course.push(row, place);
        self.holds.push(row, place);
    }
}

pub fn run(args: Release, door: &mut Door<'_>) -> Result<Exit> {
    let logbook = args.writing.open(door, Purpose::Read)?;
    let appended = release(&logbook, &args.run, args.why.as_deref(), args.by.as_deref(), door)?;
    print_rows(logbook.print, &appended.drafts, &appended.stored, door)?;
    Ok(Exit::Done)
}

/// Appends the release of `run`.
pub fn release(
    logbook: &OpenLogbook,
    run: &str,
    why: Option<&str>,
    by: Option<&str>,
    door: &mut Door<'_>,
) -> Result<Appended> {
    let run = &*logbook.as_stored("run_id", run)?;
    let mut signed = Pairs::new();
    logbook.sign(&mut signed, by, door)?;
    let begin = || RunAndHolds { course: Course::of(run), holds: Holds::default() };
    logbook.store_from(Scope::Run(run), door, begin, |held| {
        let Some(hold) = held.holds.held.get(run) else {
            return Err(Error::new(Exit::No, format!("run {run:?} is not held"))
                .hint("logbook query 'kind in (hold, release)'   # who held what"));
        };
        // The run gets the status that it would have without the hold.
        let worked = held.course.worked().filter(|worked| !worked.status.is_empty());
        let status = worked.map_or(Status::InProgress.word(), |worked| &worked.status);
        let waited = worked.filter(|_| status == Status::Blocked.word());
        let stood = HeldStatus { status, blocked_on: waited.map(|worked| worked.blocked_on.as_str()) };
        rows::release(run, &hold.name, stood, why, &signed)
    })
}
