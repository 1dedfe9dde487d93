//! `logbook judge`: answer questions about rules, in a process that can be killed when a rule takes
//! too much. The program starts it itself (`shared/calling/judge`). It reads only its standard
//! input and the files that conditions name.

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::shared::calling::judge::worker;
use logbook_model::Instant;
use logbook_model::error::{Error, Exit, Result};

pub const EXAMPLES: &str = "  logbook judge 2026-04-15T08:00:00Z .logbook <questions.jsonl\n  logbook judge 2026-04-15T08:00:00Z /srv/agents/.logbook";

#[derive(clap::Args)]
pub struct Judge {
    /// The time that rules use as now
    now: String,
    /// The logbook
    directory: PathBuf,
}

pub fn run(args: Judge, door: &mut Door<'_>) -> Result<Exit> {
    let now = Instant::parse(&args.now).ok_or_else(|| Error::usage(format!("{:?} is not a time", args.now)))?;
    worker::answer(args.directory, now, door).map(|()| Exit::Done)
}
