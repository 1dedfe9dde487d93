//! `logbook hold RUN --why …`: a person stops a run and the runs below it; `exec` refuses their calls.

use crate::cmd::Door;
use crate::cmd::writing::{About, Writing, print_rows, unknown_run};
use crate::error::{Error, Exit, Result};
use crate::format::draft_pairs::{Pairs, shell_word};
use crate::store::Purpose;
use crate::view::Holds;
use crate::view::holds::KINDS;

/// Two real examples.
pub const EXAMPLES: &str = "  logbook hold r-88 --why 'it is writing to the wrong bucket'\n  logbook hold r-88 --by maria --why 'wait for the review'";

/// Arguments of `hold`.
#[derive(Debug, Default, clap::Args)]
pub struct Hold {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// Why
    #[arg(long, value_name = "TEXT", required = true)]
    why: String,
    /// Who stops it [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// `logbook hold`
pub fn run(args: Hold, door: &mut Door<'_>) -> Result<Exit> {
    let desk = args.writing.desk(door, Purpose::Read)?;
    let mut signed = Pairs::new();
    desk.sign(&mut signed, args.by.as_deref(), door)?;
    // A run that has no row is a slip of the pen, not a run that never may begin.
    let mut course = crate::view::Course::of(&args.run);
    desk.look(About::Run(&args.run), door, &mut course)?;
    if course.rows == 0 {
        return Err(unknown_run(&args.run, &desk, door));
    }
    let done = desk.decide(About::Kinds(&KINDS), door, Holds::default, |holds| {
        if let Some(hold) = holds.held.get(&args.run) {
            return Err(Error::new(
                Exit::No,
                format!("run {:?} is held already, by {}: {} ({})", args.run, hold.by, hold.why, hold.name),
            )
            .hint(format!("logbook release {} --why '…'", shell_word(&args.run))));
        }
        let mut pairs = Pairs::new();
        let blocked_on = format!("release: {}", args.why);
        let texts = [
            ("run_id", args.run.as_str()),
            ("kind", "hold"),
            ("action", "hold"),
            ("status", "blocked"),
            ("blocked_on", &blocked_on),
            ("reason", &args.why),
        ];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
        pairs.join(&signed)?;
        Ok(pairs)
    })?;
    print_rows(desk.print, &done.drafts, &done.stored, door)?;
    Ok(Exit::Done)
}
