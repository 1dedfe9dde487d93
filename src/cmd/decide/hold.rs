//! `logbook hold RUN --why …`: stop a run and the runs below it. `exec` refuses their calls.

use crate::cmd::Door;
use crate::cmd::shared::writing::{Appended, OpenLogbook, Scope, Writing, print_rows, unknown_run};
use logbook_format::carried::CarriedRun;
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::rows;
use logbook_model::Address;
use logbook_model::error::{Error, Exit, Result};
use logbook_store::Purpose;
use logbook_view::facts::{Facts, FieldSet};
use logbook_view::holds::KINDS;
use logbook_view::{Course, Holds, Past};

pub const EXAMPLES: &str = "\
  logbook hold r-88 --why 'it is writing to the wrong bucket'
  logbook hold r-88 --by maria --why 'wait for the review'";

#[derive(Debug, Default, clap::Args)]
pub struct Hold {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// The reason
    #[arg(long, value_name = "TEXT", required = true)]
    why: String,
    /// Who holds it [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

pub fn run(args: Hold, door: &mut Door<'_>) -> Result<Exit> {
    let logbook = args.writing.open(door, Purpose::Read)?;
    let appended = hold(&logbook, &args.run, &args.why, args.by.as_deref(), door)?;
    print_rows(logbook.print, &appended.drafts, &appended.stored, door)?;
    Ok(Exit::Done)
}

/// Appends the hold of `run`.
pub fn hold(logbook: &OpenLogbook, run: &str, why: &str, by: Option<&str>, door: &mut Door<'_>) -> Result<Appended> {
    if why.trim().is_empty() {
        return Err(Error::usage("a hold needs a reason").hint(format!("logbook hold {} --why '…'", shell_word(run))));
    }
    let run = &*logbook.as_stored("run_id", run)?;
    let mut signed = Pairs::new();
    logbook.sign(&mut signed, by, door)?;
    // The name of a run without rows is a typing error, not a run that must never begin.
    let (course, _) = logbook.fold(Scope::Run(run), door, || Course::of(run))?;
    if course.rows == 0 {
        return Err(unknown_run(run, logbook, door));
    }
    logbook.store_from(Scope::Kinds(&KINDS), door, ReadableHolds::default, |ReadableHolds(holds)| {
        if let Some(hold) = holds.held.get(run) {
            return Err(Error::new(
                Exit::No,
                format!("run {run:?} is held already, by {}: {} ({})", hold.by, hold.why, hold.name),
            )
            .hint(format!("logbook release {} --why '…'", shell_word(run))));
        }
        rows::hold(run, why, &signed)
    })
}

/// The holds on file. A file that cannot be read must not keep a person from holding a run, so this
/// does not need all rows.
#[derive(Default)]
struct ReadableHolds(Holds);

impl Past for ReadableHolds {
    const FIELDS: FieldSet = Holds::FIELDS;
    const AS_WRITTEN: bool = true;
    const NEEDS_ALL: bool = false;

    fn push(&mut self, row: &impl Facts, place: &Address) {
        self.0.push(row, place);
    }

    fn carried(&mut self, run: CarriedRun) {
        self.0.carried(run);
    }
}
