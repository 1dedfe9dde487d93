//! `logbook help`: the overview by groups, help on one command, and the query language on one
//! screen.

use std::fmt::Write as _;

use clap::Args;

use crate::cmd::Door;
use crate::cmd::read::query::Query;
use crate::cmd::shared::calling::Described;
use crate::cmd::shared::guard::Bounds;
use crate::cmd::shared::reading::{Files, Reading, TimeField};
use crate::cmd::shared::writing::Writing;
use crate::cmd::table::{self, COMMANDS, Entry, GROUPS};
use logbook_model::error::{Error, Exit, Result, nearest};

pub const EXAMPLES: &str = "  logbook help query      # the query language on one screen\n  logbook help config     # rules and contracts to paste";

/// Examples below the grammar.
const QUERIES: &str = "  \
  logbook query 'status=blocked' --latest --group blocked_on
  logbook query 'timestamp >= yesterday and not phase=plan' --sort -cost_usd -n 10
  logbook query 'tool_call.side_effect in (write, delete) group_by run_id summarize count, sum(cost_usd)'
  logbook query 'jq(.tool_call.args | length > 3)' --select 'run_id, step, tool_call.tool'";

#[derive(clap::Args)]
pub struct Help {
    /// A command; query: the query language; options: shared options; config: files to paste
    pub topic: Option<String>,
    /// Its subcommand, such as begin of call
    #[arg(hide = true)]
    pub within: Option<String>,
}

/// `logbook help [TOPIC]`
pub fn run(args: Help, door: &mut Door<'_>) -> Result<Exit> {
    let Some(topic) = args.topic else {
        return overview(door);
    };
    let entry = table::find(&topic);
    if let Some(name) = args.within {
        let command = entry.map(table::command);
        return match command.as_ref().and_then(|command| command.find_subcommand(&name)) {
            Some(within) => print(door, &whole(within.clone())),
            None => Err(Error::usage(format!("{topic} has no command {name:?}")).hint(format!("logbook help {topic}"))),
        };
    }
    if topic == "query" {
        let text = format!("{}\nExamples:\n{}\n", include_str!("../../../docs/query-grammar.txt").trim_end(), QUERIES);
        return print(door, &text);
    }
    if topic == "options" {
        return print(door, &options());
    }
    let Some(entry) = entry else {
        let error = Error::usage(format!("no command called {topic:?}"));
        return Err(match nearest(&topic, COMMANDS.iter().map(|entry| entry.name)) {
            Some(name) => error.hint(format!("logbook help {name}")),
            None => error.hint("logbook help"),
        });
    };
    let command = table::command(entry);
    let mut text = whole(command.clone());
    for within in command.get_subcommands() {
        let _ = write!(text, "\n{}", whole(within.clone()));
    }
    let _ = write!(text, "\n{}", examples(entry));
    if topic == "config" {
        text.push_str(&files());
    }
    let _ = writeln!(text, "\nSee also: logbook man {}", entry.name);
    print(door, &text)
}

/// `logbook COMMAND --help`: the command's own options, and how to see the shared ones. With
/// `within`, the help of a subcommand.
pub fn short(entry: &Entry, within: Option<&str>) -> String {
    let mut command = table::command(entry);
    if let Some(found) = within.and_then(|name| command.find_subcommand(name)) {
        command = found.clone();
    }
    let mut text = command.render_help().to_string();
    if command.get_arguments().any(clap::Arg::is_hide_short_help_set) {
        text.push_str("\nMore options: logbook help options\n");
    }
    text.push('\n');
    text + &examples(entry)
}

/// The examples of a command, as they are typed, without line breaks.
pub fn examples(entry: &Entry) -> String {
    format!("Examples:\n  {}\n", entry.examples.trim_start())
}

/// The help of a command, shared options included.
fn whole(command: clap::Command) -> String {
    command.mut_args(|arg| arg.hide_short_help(false)).render_help().to_string()
}

/// `logbook help options`
fn options() -> String {
    let of = |title: &str, command: clap::Command| {
        let text = whole(command.disable_help_flag(true));
        let (_, options) = text.split_once("Options:\n").unwrap_or_default();
        format!("{title}\n{options}")
    };
    let bare = || clap::Command::new("options");
    let shared = TimeField::augment_args(Files::augment_args(Bounds::augment_args(Reading::augment_args(bare()))));
    let is_rare = |arg: &clap::Arg| arg.is_hide_short_help_set() && !shared.get_arguments().any(|it| it == arg);
    let query = Query::augment_args(bare()).mut_args(|arg| {
        let is_shown = is_rare(&arg);
        arg.hide(!is_shown)
    });
    [
        of("Commands that read have:", Reading::augment_args(bare())),
        of("Those that may take long, such as query and runs, also have:", Bounds::augment_args(bare())),
        of(
            "Those that read files, such as query and fields, also have:",
            TimeField::augment_args(Files::augment_args(bare())),
        ),
        of("query also has:", query),
        of("Commands that store rows have:", Writing::augment_args(bare())),
        of("Those about a call, such as exec and ask, also have:", Described::augment_args(bare())),
    ]
    .join("\n")
}

/// Example files to paste.
fn files() -> String {
    let indented = |text: &str| text.lines().map(|line| format!("  {line}\n")).collect::<String>();
    format!(
        "\nRules and redaction:\n{}\nWhat a tool promises:\n{}",
        indented(include_str!("../../../docs/example-config.toml")),
        indented(include_str!("../../../docs/example-contract.toml"))
    )
}

/// `logbook` alone: the runs of the logbook found here, else the overview.
pub fn nothing_typed(door: &mut Door<'_>) -> Result<Exit> {
    match table::find("runs").map(|runs| (runs, table::command(runs).try_get_matches_from(["runs"]))) {
        Some((runs, Ok(matches))) if crate::cmd::shared::reading::is_logbook_here(door) => (runs.run)(&matches, door),
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
         logbook init   # here; else rows go to one logbook per user\n  \
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

/// Prints text on standard output.
pub fn print(door: &mut Door<'_>, text: &str) -> Result<Exit> {
    door.out.text(text)?;
    Ok(Exit::Done)
}
