//! `logbook where`: print which logbook is used here, and why.

use std::path::PathBuf;

use crate::cmd::Door;
use logbook_model::error::{Exit, Result};
use logbook_store::{Purpose, locate};

pub const EXAMPLES: &str = "\
  logbook where
  logbook where --dir /var/lib/agents";

#[derive(Debug, clap::Args)]
pub struct Where {
    /// The logbook, or the directory that holds it
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Prints the path, the reason, and whether it exists, separated by tabs.
pub fn run(args: Where, door: &mut Door<'_>) -> Result<Exit> {
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Tell)?;
    let tab = if door.out.is_terminal() { "  " } else { "\t" };
    let missing = if location.exists { String::new() } else { format!("{tab}not there yet") };
    door.out.line(&format!("{}{tab}{}{missing}", location.path.display(), location.why.words()))?;
    Ok(Exit::Done)
}
