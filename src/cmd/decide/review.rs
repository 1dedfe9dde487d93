//! `logbook review RUN green|yellow|red --why …`: rate a run.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cmd::Door;
use crate::cmd::shared::writing::{Writing, print_rows};
use logbook_format::draft::pairs::Pairs;
use logbook_format::rows;
use logbook_model::Rating;
use logbook_model::error::{Error, Exit, Result};
use logbook_store::Purpose;

pub const EXAMPLES: &str = "\
  logbook review r-88 green
  logbook review r-88 yellow --why 'right result, but it read the whole mailbox for it'";

#[derive(Debug, clap::Args)]
pub struct Review {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// green, yellow or red
    #[arg(value_name = "RATING", value_parser = ratings())]
    rating: Rating,
    /// The reason; required for yellow and red
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Who rates [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

fn ratings() -> impl TypedValueParser<Value = Rating> {
    PossibleValuesParser::new(Rating::WORDS).try_map(|word| Rating::of(&word).ok_or("it is not a rating"))
}

pub fn run(args: Review, door: &mut Door<'_>) -> Result<Exit> {
    let result = review(&args, door);
    args.writing.apply_best_effort(result, door)
}

fn review(args: &Review, door: &mut Door<'_>) -> Result<Exit> {
    let why = args.why.as_deref().map(str::trim).filter(|why| !why.is_empty());
    let word = args.rating.word();
    if why.is_none() && args.rating != Rating::Green {
        return Err(Error::usage(format!("{word} needs --why: one sentence"))
            .hint(format!("logbook review {} {word} --why '…'", args.run)));
    }
    let logbook = args.writing.open(door, Purpose::Read)?;
    let mut signed = Pairs::new();
    logbook.sign(&mut signed, args.by.as_deref(), door)?;
    let drafts = logbook.draft(&rows::review(&args.run, args.rating, why, &signed)?, door)?;
    let stored = logbook.store_in_run(&drafts, &args.run, door)?;
    print_rows(logbook.print, &drafts, &stored, door)?;
    Ok(Exit::Done)
}
