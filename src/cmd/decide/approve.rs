//! `logbook approve`: a yes to what an agent asked for.

use super::decision::{self, Deciding};
use crate::cmd::Door;
use logbook_model::Verdict;
use logbook_model::error::{Exit, Result};

/// Two real examples.
pub const EXAMPLES: &str = "  logbook approve              # lists what is open\n  logbook approve r-88 --by maria --why 'the backup is from this morning'";

/// Arguments of `approve`.
#[derive(Debug, Default, clap::Args)]
pub struct Approve {
    #[command(flatten)]
    deciding: Deciding,
}

/// `logbook approve`
pub fn run(args: Approve, door: &mut Door<'_>) -> Result<Exit> {
    decision::run(&args.deciding, Verdict::Approved, door)
}
