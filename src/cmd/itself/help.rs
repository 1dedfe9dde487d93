//! `logbook help`: the overview by groups, help on one command, and the query
//! language on one screen.

use std::fmt::Write as _;

use crate::cmd::Door;
use crate::cmd::table::{self, COMMANDS, GROUPS};
use crate::error::{Error, Exit, Result, nearest};

/// Examples shown in the help.
pub const EXAMPLES: &str = "  logbook help query      # the query language on one screen\n  logbook help append";

/// Queries below the grammar.
const QUERIES: &str = "  \
  logbook query 'status=blocked' --latest --group blocked_on
  logbook query 'timestamp >= yesterday and not phase=plan' --sort -cost_usd -n 10
  logbook query 'tool_call.side_effect in (write, delete) group_by run_id summarize count, sum(cost_usd)'
  logbook query 'jq(.tool_call.args | length > 3)' --select 'run_id, step, tool_call.tool'";

/// Arguments of `help`.
#[derive(clap::Args)]
pub struct Help {
    /// A command, or nothing for the overview; `query` is the query language
    topic: Option<String>,
}

/// `logbook help [TOPIC]`
pub fn run(args: Help, door: &mut Door<'_>) -> Result<Exit> {
    let Some(topic) = args.topic else {
        return overview(door);
    };
    if topic == "query" {
        let text = format!("{}\nExamples:\n{}\n", include_str!("../../../docs/query-grammar.txt").trim_end(), QUERIES);
        return print(door, &text);
    }
    let Some(entry) = table::find(&topic) else {
        let error = Error::usage(format!("no command called {topic:?}"));
        return Err(match nearest(&topic, COMMANDS.iter().map(|entry| entry.name)) {
            Some(name) => error.hint(format!("logbook help {name}")),
            None => error.hint("logbook help"),
        });
    };
    print(door, &table::command(entry).render_long_help().to_string())
}

/// `logbook` alone: the runs of the logbook that is found here, else the short help.
pub fn nothing_typed(door: &mut Door<'_>) -> Result<Exit> {
    match table::find("runs").map(|runs| (runs, table::command(runs).try_get_matches_from(["runs"]))) {
        Some((runs, Ok(matches))) if crate::cmd::reading::is_logbook_here(door) => (runs.run)(&matches, door),
        _ => overview(door),
    }
}

/// `logbook --help`
pub fn overview(door: &mut Door<'_>) -> Result<Exit> {
    let mut text = String::from(
        "logbook — a work log for unsupervised agents, on plain JSONL files\n\n\
         Usage: logbook COMMAND …\n\n",
    );
    for group in GROUPS {
        let _ = writeln!(text, "{group}");
        for entry in COMMANDS.iter().filter(|entry| entry.group == *group) {
            let _ = writeln!(text, "  {:<12} {}", entry.name, entry.about);
        }
    }
    text.push_str(
        "\nTry:\n  \
         logbook append -r r-88 -p act -a 'run test suite' -s in-progress --next 'inspect failures'\n  \
         logbook query 'status=blocked' --latest --group blocked_on\n\n\
         logbook help COMMAND says more; logbook help query is the query language on one screen.\n",
    );
    print(door, &text)
}

/// `logbook --version`
pub fn version(door: &mut Door<'_>) -> Result<Exit> {
    print(door, concat!("logbook ", env!("CARGO_PKG_VERSION"), "\n"))
}

/// Text as data, on standard output.
pub fn print(door: &mut Door<'_>, text: &str) -> Result<Exit> {
    door.out.text(text)?;
    Ok(Exit::Done)
}
