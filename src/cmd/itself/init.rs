//! `logbook init`: make a logbook here.

use std::path::PathBuf;

use crate::cmd::Door;
use logbook_model::error::{Exit, Result};
use logbook_store::directory;
use logbook_store::os_real::REAL;

pub const EXAMPLES: &str = "\
  logbook init
  logbook init --dir /var/lib/agents";

#[derive(Debug, clap::Args)]
pub struct Init {
    /// Make it in this directory instead
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Makes the directory and its `.gitignore`, and prints its path.
pub fn run(args: Init, door: &mut Door<'_>) -> Result<Exit> {
    let base = match args.dir.or_else(|| door.env.var("LOGBOOK_DIR").map(PathBuf::from)) {
        Some(dir) => door.env.cwd.join(dir),
        None => door.env.cwd.clone(),
    };
    let path = if base.file_name().is_some_and(|name| name == ".logbook") { base } else { base.join(".logbook") };
    let new = directory::initialize(&REAL, &path)?;
    let word = if new { "made" } else { "already there:" };
    door.out.line(&format!("{word} {}", path.display()))?;
    Ok(Exit::Done)
}
