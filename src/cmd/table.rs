//! The table of commands: which there are, in which group of the help, and how
//! one is built and run.

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::cmd::{self, Door};
use crate::error::{Error, Exit, Result};

/// One command.
pub struct Entry {
    /// What is typed.
    pub name: &'static str,
    /// The name of its manual page.
    pub page: &'static str,
    /// Its group in the help; empty: it is not shown there.
    pub group: &'static str,
    /// One line for the help.
    pub about: &'static str,
    /// Two real examples for its own help.
    examples: &'static str,
    build: fn(Command) -> Command,
    /// Runs it with the arguments that its command read.
    pub run: fn(&ArgMatches, &mut Door<'_>) -> Result<Exit>,
}

/// A room in `cmd` as an entry: its `Args` type and its `run`.
macro_rules! entry {
    ($group:literal, $name:literal, $room:ident :: $module:ident :: $args:ident, $about:literal) => {
        Entry {
            name: $name,
            page: concat!("logbook-", $name),
            group: $group,
            about: $about,
            examples: cmd::$room::$module::EXAMPLES,
            build: <cmd::$room::$module::$args as Args>::augment_args,
            run: |matches, door| {
                let args = <cmd::$room::$module::$args as FromArgMatches>::from_arg_matches(matches)
                    .map_err(|error| Error::usage(error.to_string()))?;
                cmd::$room::$module::run(args, door)
            },
        }
    };
}

/// The groups of the help, in order, and what each is about.
pub const GROUPS: &[&str] = &["log", "read", "decide", "keep", "self"];

/// All commands, in the order of the help.
pub const COMMANDS: &[Entry] = &[
    entry!("log", "append", log::append::Append, "store a step of a run"),
    entry!("read", "runs", read::runs::Runs, "where each run stands, active ones first"),
    entry!("read", "show", read::show::Show, "one run as a timeline, or one row in full"),
    entry!("read", "query", read::query::Query, "filter, group and summarize rows"),
    entry!("read", "report", read::report::Report, "run a saved query: overnight, cost, ratings and others"),
    entry!("read", "stats", read::stats::Stats, "rows, runs, cost and time blocked, by status, day and agent"),
    entry!("read", "fields", read::fields::Fields, "which fields occur, or the values of one"),
    entry!("decide", "amend", decide::amend::Amend, "correct or retract a row, by another row"),
    entry!("keep", "doctor", keep::doctor::Doctor, "is this a good place for a logbook"),
    entry!("self", "init", itself::init::Init, "make a logbook in this directory"),
    entry!("self", "where", itself::where_::Where, "which logbook is used here, and why"),
    entry!("self", "schema", itself::schema::Schema, "print the JSON Schema of a row"),
    entry!("self", "completions", itself::completions::Completions, "print a completion script for a shell"),
    entry!("", "complete-words", itself::complete_words::CompleteWords, "words that a shell completes, one a line"),
    entry!("self", "man", itself::man::Man, "print or write the manual pages"),
    entry!("self", "help", itself::help::Help, "help on a command, or on the query language"),
];

/// The entry called `name`.
pub fn find(name: &str) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| entry.name == name)
}

/// The clap command of one entry, complete for its help and its manual page.
pub fn command(entry: &Entry) -> Command {
    let command = Command::new(entry.name)
        .bin_name(format!("logbook {}", entry.name))
        .after_help(format!("Examples:\n{}", entry.examples))
        .disable_version_flag(true)
        .hide(entry.group.is_empty())
        .args_override_self(false);
    // Last, since the arguments bring a text of their own.
    (entry.build)(command).about(entry.about)
}

/// The whole tree.
pub fn tree() -> Command {
    of(COMMANDS.iter())
}

/// The tree of the commands that the help shows, for completions and manual pages.
pub fn shown() -> Command {
    of(COMMANDS.iter().filter(|entry| !entry.group.is_empty()))
}

fn of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Command {
    entries.fold(
        Command::new("logbook")
            .version(env!("CARGO_PKG_VERSION"))
            .about("A work log for unsupervised agents, on plain JSONL files")
            .disable_help_subcommand(true)
            .subcommand_required(false),
        |tree, entry| tree.subcommand(command(entry)),
    )
}
