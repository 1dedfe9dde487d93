//! `logbook schema`: print the JSON Schema of a row, which is in `schema/`.

use crate::cmd::Door;
use crate::cmd::itself::help;
use logbook_model::error::{Exit, Result};

pub const EXAMPLES: &str = "  logbook schema > row.schema.json\n  logbook schema | jq '.properties.status'";

#[derive(clap::Args)]
pub struct Schema {}

pub fn run(_: Schema, door: &mut Door<'_>) -> Result<Exit> {
    help::print(door, include_str!("../../../schema/row.schema.json"))
}
