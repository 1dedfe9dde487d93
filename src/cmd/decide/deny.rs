//! `logbook deny`: a no to what an agent asked for.

use super::decision::{self, Deciding};
use crate::cmd::Door;
use logbook_model::Verdict;
use logbook_model::error::{Exit, Result};

/// Two real examples.
pub const EXAMPLES: &str =
    "  logbook deny r-88 --why 'not on a Friday'\n  logbook deny r-88#12 --by maria --why 'use the staging database'";

/// Arguments of `deny`.
#[derive(Debug, Default, clap::Args)]
pub struct Deny {
    #[command(flatten)]
    deciding: Deciding,
}

/// `logbook deny`
pub fn run(args: Deny, door: &mut Door<'_>) -> Result<Exit> {
    decision::run(&args.deciding, Verdict::Denied, door)
}
