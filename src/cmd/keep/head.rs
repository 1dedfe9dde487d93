//! `logbook head`: print one line that covers all rows so far, to be kept elsewhere.

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::keep::archive::note_adopted;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::option_ms;
use logbook_store::append::{Options, Writer};
use logbook_store::archive::Keeper;
use logbook_store::config;
use logbook_store::os_real::REAL;
use logbook_store::{Durability, Purpose, locate};

pub const EXAMPLES: &str = "  logbook head >> ../heads.txt\n  logbook head --seal | ssh witness 'cat >> heads.txt'";

#[derive(Debug, clap::Args)]
pub struct Head {
    /// Seal the active segment first, if it has rows
    #[arg(long)]
    seal: bool,
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How long to wait for locks
    #[arg(long, value_name = "TIME", default_value = "10s")]
    lock_timeout: String,
}

pub fn run(args: Head, door: &mut Door<'_>) -> Result<Exit> {
    let lock_timeout_ms = option_ms("--lock-timeout", &args.lock_timeout)?;
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let settings = config::layered(&location.path, &door.env)?;
    let options =
        Options { durability: Some(Durability::Data), lock_timeout_ms: Some(lock_timeout_ms), now: door.clock };
    let mut keeper = Keeper::open(&REAL, &location.path, settings.clone(), lock_timeout_ms)?;
    if args.seal {
        Writer::open(&REAL, &location.path, settings, options)?.seal()?;
    }
    let covering = keeper.cover(options, &mut |name| door.progress.on(format!("covering {name}")))?;
    note_adopted(&covering, door);
    let Some(head) = keeper.head(options)? else {
        return Err(Error::new(Exit::No, format!("{}: nothing was stored yet", location.path.display()))
            .hint("logbook append -r RUN -a 'what was done'"));
    };
    door.out.line(&head.to_string())?;
    Ok(Exit::Done)
}
