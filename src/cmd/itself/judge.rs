//! `logbook judge`: answers questions about rules, in a process that may be ended when a rule takes
//! too much. The program starts it for itself (`shared/calling/judge`); it reads nothing but its standard
//! input and the files that conditions name.

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::shared::calling::judge::bench;
use logbook_model::Instant;
use logbook_model::error::{Error, Exit, Result};

/// Two real examples.
pub const EXAMPLES: &str = "  logbook judge 2026-04-15T08:00:00Z .logbook <questions.jsonl\n  logbook judge 2026-04-15T08:00:00Z /srv/agents/.logbook";

/// Arguments of `judge`.
#[derive(clap::Args)]
pub struct Judge {
    /// What rules take for now
    now: String,
    /// The logbook whose rules they are
    directory: PathBuf,
}

/// `logbook judge`
pub fn run(args: Judge, door: &mut Door<'_>) -> Result<Exit> {
    let now = Instant::parse(&args.now).ok_or_else(|| Error::usage(format!("{:?} is not a time", args.now)))?;
    bench::answer(args.directory, now, door).map(|()| Exit::Done)
}
