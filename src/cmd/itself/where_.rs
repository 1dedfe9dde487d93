//! `logbook where`: which logbook the commands here use, and why.

use std::path::PathBuf;

use crate::cmd::Door;
use logbook_model::error::{Exit, Result};
use logbook_store::{Purpose, locate};

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook where
  logbook where --dir /var/lib/agents";

/// Arguments of `where`.
#[derive(Debug, clap::Args)]
pub struct Where {
    /// The logbook, or the directory that holds it
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Prints path, reason, and whether it is there, separated by tabs.
pub fn run(args: Where, door: &mut Door<'_>) -> Result<Exit> {
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Tell)?;
    let tab = if door.out.is_terminal() { "  " } else { "\t" };
    let there = if location.exists { String::new() } else { format!("{tab}not there yet") };
    door.out.line(&format!("{}{tab}{}{there}", location.path.display(), location.why.words()))?;
    Ok(Exit::Done)
}
