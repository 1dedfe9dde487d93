//! The table of commands, by group of the help, and how each is built and run.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::cmd::{self, Door};
use logbook_model::error::{Error, Exit, Result};

/// A command.
pub struct Entry {
    /// The name that is typed.
    pub name: &'static str,
    /// The name of its manual page.
    pub page: &'static str,
    /// Its group in the help; empty if it is hidden.
    pub group: &'static str,
    /// Its summary in the help.
    pub about: &'static str,
    /// Examples for its help.
    pub examples: &'static str,
    /// The exit code for arguments that are not valid.
    pub refusal: Exit,
    /// Whether it shows on a terminal how much it has read.
    pub shows_progress: bool,
    build: fn(Command) -> Command,
    /// The help of `--output`, if the command does not take every format.
    formats: Option<&'static str>,
    /// Runs it with the parsed arguments.
    pub run: fn(&ArgMatches, &mut Door<'_>) -> Result<Exit>,
}

/// A file in `cmd` as an entry: its `Args` type, its `EXAMPLES` and its `run`. Two commands in one
/// file name these last two.
macro_rules! entry {
    ($group:literal, $name:literal, $room:ident :: $module:ident :: $args:ident, $about:literal) => {
        entry!($group, $name, $room::$module::$args, EXAMPLES, run, $about)
    };
    (
        $group:literal, $name:literal, $room:ident :: $module:ident :: $args:ident,
        $examples:ident, $run:ident, $about:literal
    ) => {
        Entry {
            name: $name,
            page: concat!("logbook-", $name),
            group: $group,
            about: $about,
            examples: cmd::$room::$module::$examples,
            // 2 could be the exit status of the command that `exec` runs.
            refusal: if matches!($name.as_bytes(), b"exec") { Exit::Exec(125) } else { Exit::Usage },
            shows_progress: matches!($group.as_bytes(), b"read" | b"keep") && !matches!($name.as_bytes(), b"tail"),
            build: <cmd::$room::$module::$args as Args>::augment_args,
            formats: match $name.as_bytes() {
                b"resume" => Some("md (the default) or json"),
                b"tail" => Some("table or jsonl; a table on a terminal, jsonl in a pipe"),
                _ => None,
            },
            run: |matches, door| {
                let args = <cmd::$room::$module::$args as FromArgMatches>::from_arg_matches(matches)
                    .map_err(|error| Error::usage(error.to_string()))?;
                cmd::$room::$module::$run(args, door)
            },
        }
    };
}

/// The groups of the help, in order.
pub const GROUPS: &[&str] = &["log", "read", "decide", "live", "keep", "self"];

/// All commands, in the order of the help.
pub const COMMANDS: &[Entry] = &[
    entry!("log", "start", log::start::Start, "begin a run, with what is known about it"),
    entry!("log", "append", log::append::Append, "store a step of a run"),
    entry!("log", "exec", log::exec::Exec, "run a command, and record its start and its end"),
    entry!("log", "call", log::call::Call, "record a tool call that exec cannot wrap: call begin, call end"),
    entry!("log", "ask", log::ask::Ask, "ask a person for approval; --wait waits for the answer"),
    entry!("log", "handoff", log::handoff::Handoff, "hand a run over to another agent"),
    entry!("log", "end", log::end::End, "end a run: succeeded, failed, paused, escalated or rolled_back"),
    entry!("read", "runs", read::runs::Runs, "list runs and their status, active ones first"),
    entry!("read", "show", read::show::Show, "show one run, as a timeline, tree or page, or one row"),
    entry!("read", "query", read::query::Query, "filter, group and summarize rows"),
    entry!("read", "tail", read::tail::Tail, "print the newest rows; with -f, new ones as they come"),
    entry!("read", "resume", read::resume::Resume, "print what an agent needs to go on with a run"),
    entry!("read", "report", read::report::Report, "run a saved query: overnight, cost, ratings and others"),
    entry!("read", "diff", read::diff::Diff, "show how two runs differ; exit 1 if they do"),
    entry!("read", "blame", read::blame::Blame, "list the runs and calls that touched a file"),
    entry!("read", "stats", read::stats::Stats, "rows, runs, cost and time blocked, by status, day and agent"),
    entry!("read", "fields", read::fields::Fields, "list fields, or the values of one"),
    entry!(
        "decide",
        "approve",
        decide::decision::Deciding,
        APPROVE,
        approve,
        "say yes to what an agent asks for; alone, list what is open"
    ),
    entry!(
        "decide",
        "deny",
        decide::decision::Deciding,
        DENY,
        deny,
        "say no to what an agent asks for; alone, list what is open"
    ),
    entry!("decide", "answer", decide::answer::Answer, "answer what a blocked run waits for"),
    entry!("decide", "hold", decide::hold::Hold, "stop a run and those below it: exec refuses their calls"),
    entry!("decide", "release", decide::release::Release, "let a held run go on"),
    entry!("decide", "amend", decide::amend::Amend, "correct or retract a row, by another row"),
    entry!("decide", "review", decide::review::Review, "rate a run green, yellow or red, and say why"),
    entry!("decide", "rollback", decide::rollback::Rollback, "plan how to undo a run; --execute carries it out"),
    entry!("decide", "contract", decide::contract::Contract, "list, show and check the contracts of tools"),
    entry!("decide", "policy", decide::policy::Policy, "list the rules by which exec allows, asks or denies"),
    #[cfg(feature = "dash")]
    entry!("live", "dash", live::dash::Dash, "watch all runs on a terminal; approve and deny by key"),
    entry!("live", "trigger", live::trigger::Trigger, "run a program for every row that passes, at least once"),
    #[cfg(feature = "serve")]
    entry!("live", "serve", live::serve::Serve, "serve runs, approvals, queries and reports as live pages"),
    entry!("keep", "archive", keep::archive::Archive, "archive sealed segments, or delete old ones"),
    entry!("keep", "verify", keep::verify::Verify, "check that all sealed segments are unchanged"),
    entry!("keep", "head", keep::head::Head, "print one line that covers all rows so far, to keep elsewhere"),
    entry!("keep", "doctor", keep::doctor::Doctor, "find what is wrong with a logbook, and what to do"),
    entry!("self", "init", itself::init::Init, "make a logbook in this directory"),
    entry!("self", "where", itself::where_::Where, "print which logbook is used here, and why"),
    entry!("self", "config", itself::config::Config, "print settings, and where each value comes from"),
    entry!("self", "schema", itself::schema::Schema, "print the JSON Schema of a row"),
    entry!("self", "completions", itself::completions::Completions, "print a completion script for a shell"),
    entry!("", "complete-words", itself::complete_words::CompleteWords, "print the words that a shell completes"),
    entry!("", "judge", itself::judge::Judge, "answer questions about rules, for this program itself"),
    entry!("self", "man", itself::man::Man, "print or write the manual pages"),
    entry!("self", "help", itself::help::Help, "explain a command, or the query language"),
];

/// The entry called `name`.
pub fn find(name: &str) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| entry.name == name)
}

/// The clap command of one entry, without its examples: clap would wrap their lines.
pub fn command(entry: &Entry) -> Command {
    let command = Command::new(entry.name)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .hide(entry.group.is_empty())
        .args_override_self(false);
    // Last, since the arguments set a text of their own.
    let mut command = (entry.build)(command).about(entry.about);
    if let Some(formats) = entry.formats {
        command = command.mut_arg("output", |output| output.help(formats));
    }
    with_help(command, "logbook")
}

/// A command and its subcommands with `--help`. clap passes on to subcommands that its own flag is
/// disabled, but not the flag that replaces it.
fn with_help(command: Command, before: &str) -> Command {
    let name = format!("{before} {}", command.get_name());
    let within: Vec<String> = command.get_subcommands().map(|within| within.get_name().to_owned()).collect();
    let command = within
        .iter()
        .fold(command, |command, within| command.mut_subcommand(within, |within| with_help(within, &name)));
    command
        .bin_name(name)
        .disable_help_flag(true)
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::HelpShort).help("Print help").hide(true))
}

/// The tree of all commands.
pub fn tree() -> Command {
    of(COMMANDS.iter())
}

/// The commands that the help shows, for completions and manual pages.
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
