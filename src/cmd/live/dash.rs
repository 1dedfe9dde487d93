//! `logbook dash`: the state of all runs on a terminal, live. The terminal is restored whatever
//! happens.

use std::path::PathBuf;

use super::screen::events;
use super::screen::filter::Filter;
use super::screen::session::Session;
use super::screen::terminal::Terminal;
use crate::cmd::Door;
use crate::cmd::live::board::Board;
use crate::cmd::shared::reading::Reading;
use logbook_model::error::{Error, Exit, Result};
use logbook_query::text::arguments;
use logbook_store::{Purpose, locate};

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook dash\n  logbook dash 'agent_id=scout and cost_usd>1'";

/// Arguments of `dash`.
#[derive(clap::Args)]
pub struct Dash {
    /// A filter on the runs, as in runs; / changes it
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// All runs, not only active ones; Tab changes it
    #[arg(long)]
    all: bool,
    /// Who decides [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// The logbook, or the directory that holds it
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Show times in UTC
    #[arg(long, conflicts_with = "tz")]
    utc: bool,
    /// Show times in this zone: Europe/Berlin, +02:00
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    tz: Option<String>,
    /// auto, always or never
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "always", "never"], default_value = "auto")]
    color: String,
}

/// `logbook dash`
pub fn run(args: Dash, door: &mut Door<'_>) -> Result<Exit> {
    if !door.out.is_terminal() || !door.input_is_terminal {
        return Err(Error::usage("dash needs a terminal").hint("logbook runs"));
    }
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let reading = Reading {
        dir: Some(location.path.clone()),
        utc: args.utc,
        tz: args.tz,
        color: args.color,
        ..Reading::default()
    };
    let clock = reading.clock(door)?;
    let colour = reading.look(door, clock.zone).colour;
    let filter = Filter::parse(&arguments::join(args.filter.iter().map(String::as_str)), &clock)?;
    let board = Board::open(location, &door.env, &clock, 1)?;

    let events = events::Events::new(board.location())?;
    let mut terminal = Terminal::enter(colour, door)?;
    events.listen();
    let mut session = Session::new(board, reading, args.by, args.all, filter, door);
    let ended = session.run(&events, &mut terminal);
    let left = terminal.leave(door);
    let ended = ended.and_then(|ended| left.map(|()| ended))?;
    if let Some(signal) = ended {
        // End as if the signal had not been caught.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    Ok(Exit::Done)
}
