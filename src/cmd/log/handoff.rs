//! `logbook handoff`: hand a run over to another agent.

use crate::cmd::Door;
use crate::cmd::shared::writing::{OfRun, Writing, print_rows};
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result};
use logbook_store::Purpose;

pub const EXAMPLES: &str = "\
  logbook handoff --to reviewer-2 --artifact patches/0007.diff --note 'tests pass, look at the lock order'
  logbook handoff r-88 --to maria --next 'decide between the two plans'";

#[derive(Debug, Default, clap::Args)]
pub struct Handoff {
    /// The run, unless -r or LOGBOOK_RUN names it; then fields as key=value or key:=json
    #[arg(value_name = "RUN|FIELD")]
    words: Vec<String>,
    #[command(flatten)]
    of: OfRun,
    /// The agent that goes on
    #[arg(long, value_name = "AGENT", required = true)]
    to: String,
    /// The file, URL or tool output to hand over
    #[arg(long, value_name = "REF")]
    artifact: Option<String>,
    /// What that agent must know
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// What comes next
    #[arg(long, alias = "next-intent", value_name = "TEXT")]
    next: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

pub fn run(args: Handoff, door: &mut Door<'_>) -> Result<Exit> {
    let result = handoff(&args, door);
    args.writing.apply_best_effort(result, door)
}

fn handoff(args: &Handoff, door: &mut Door<'_>) -> Result<Exit> {
    let (run, fields) = match args.words.split_first() {
        Some((first, _)) if !first.contains('=') && args.of.run.is_some() => {
            return Err(Error::usage(format!("the run is given twice: {first:?} and -r")));
        }
        Some((first, rest)) if !first.contains('=') => (first.clone(), rest),
        _ => (args.of.name(door)?, &args.words[..]),
    };
    let logbook = args.writing.open(door, Purpose::Read)?;
    let run = logbook.as_stored("run_id", &run)?;
    let mut pairs = rows::handoff(&run, &args.to)?;
    let texts = [("artifact_ref", &args.artifact), ("next_intent", &args.next), ("reason", &args.note)];
    pairs.known(texts.map(|(name, value)| (name, value.as_deref())))?;
    fields.iter().try_for_each(|field| pairs.argument(field))?;
    let drafts = logbook.draft(&pairs, door)?;
    let stored = logbook.store_in_run(&drafts, &run, door)?;
    print_rows(logbook.print, &drafts, &stored, door)?;
    Ok(Exit::Done)
}
