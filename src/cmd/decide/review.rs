//! `logbook review RUN green|yellow|red --why …`: what a reviewer thinks of a run.

use crate::cmd::Door;
use crate::cmd::writing::{Writing, print_rows, unknown_run};
use crate::error::{Error, Exit, Result};
use crate::format::draft::pairs::Pairs;
use crate::store::Purpose;

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook review r-88 green
  logbook review r-88 yellow --why 'right result, but it read the whole mailbox for it'";

/// Arguments of `review`.
#[derive(Debug, Default, clap::Args)]
pub struct Review {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// green, yellow or red
    #[arg(value_name = "RATING", value_parser = ["green", "yellow", "red"])]
    rating: String,
    /// Why, in one sentence; yellow and red need it
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Who rates [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// `logbook review`
pub fn run(args: Review, door: &mut Door<'_>) -> Result<Exit> {
    let result = review(&args, door);
    args.writing.ended(result, door)
}

fn review(args: &Review, door: &mut Door<'_>) -> Result<Exit> {
    let why = args.why.as_deref().map(str::trim).filter(|why| !why.is_empty());
    if why.is_none() && args.rating != "green" {
        return Err(Error::usage(format!("{} needs --why: one sentence that says why", args.rating))
            .hint(format!("logbook review {} {} --why '…'", args.run, args.rating)));
    }
    let mut pairs = Pairs::new();
    for (name, value) in
        [("run_id", args.run.as_str()), ("kind", "review"), ("action", "review"), ("rating", &args.rating)]
    {
        pairs.text(name, value)?;
    }
    if let Some(why) = why {
        pairs.text("reason", why)?;
    }
    let desk = args.writing.desk(door, Purpose::Read)?;
    desk.sign(&mut pairs, args.by.as_deref(), door)?;
    let drafts = desk.draft(&pairs, door)?;
    let mut is_known = true;
    let stored = desk.store(&drafts, door, |state| {
        is_known = state.has_run(&args.run)?;
        if is_known { Ok(()) } else { Err(Error::usage("unknown run")) }
    });
    if !is_known {
        return Err(unknown_run(&args.run, &desk, door));
    }
    print_rows(desk.print, &drafts, &stored?, door)?;
    Ok(Exit::Done)
}
