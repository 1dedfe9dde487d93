//! From the arguments to the command that runs. Only that command is built, since `append` starts
//! thousands of times a day.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cmd::progress::ProgressLine;
use crate::cmd::table::{COMMANDS, Entry, command, find};
use crate::cmd::{self, Door, slips};
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_render::safe;

/// Words that people type for a command, and the command.
const SYNONYMS: &[(&str, &str)] = &[
    ("log", "append"),
    ("add", "append"),
    ("write", "append"),
    ("run", "exec"),
    ("execute", "exec"),
    ("tool", "call"),
    ("intent", "call"),
    ("begin", "start"),
    ("open", "start"),
    ("stop", "end"),
    ("finish", "end"),
    ("close", "end"),
    ("done", "end"),
    ("complete", "end"),
    ("succeeded", "end"),
    ("rules", "policy"),
    ("yes", "approve"),
    ("accept", "approve"),
    ("allow", "approve"),
    ("no", "deny"),
    ("reject", "deny"),
    ("refuse", "deny"),
    ("request", "ask"),
    ("wait", "ask"),
    ("pause", "hold"),
    ("freeze", "hold"),
    ("unhold", "release"),
    ("unpause", "release"),
    ("rate", "review"),
    ("reply", "answer"),
    ("respond", "answer"),
    ("delegate", "handoff"),
    ("hand-off", "handoff"),
    ("correct", "amend"),
    ("retract", "amend"),
    ("ls", "runs"),
    ("list", "runs"),
    ("status", "runs"),
    ("ps", "runs"),
    ("grep", "query"),
    ("search", "query"),
    ("find", "query"),
    ("select", "query"),
    ("filter", "query"),
    ("cat", "query"),
    ("view", "show"),
    ("dir", "where"),
    ("path", "where"),
    ("new", "init"),
    ("create", "init"),
    ("completion", "completions"),
];

/// Runs the command that `arguments`, without the program's name, name.
pub fn run(arguments: Vec<OsString>, door: &mut Door<'_>) -> Result<Exit> {
    let Some(first) = arguments.first() else {
        return cmd::itself::help::nothing_typed(door);
    };
    let Some(first) = first.to_str() else {
        return Err(Error::usage(format!("no command called {first:?}")).hint("logbook --help"));
    };
    match first {
        "-h" | "--help" => return cmd::itself::help::overview(door),
        "-V" | "--version" => return cmd::itself::help::version(door),
        _ => {}
    }
    if first.starts_with('-') {
        return Err(Error::usage(format!("{first} is before the command; flags come after it"))
            .hint(format!("logbook COMMAND {first} …; logbook --help lists the commands")));
    }
    let Some(entry) = find(first) else {
        return Err(unknown(first));
    };
    if arguments.get(1).is_some_and(|word| word == "help") && command(entry).has_subcommands() {
        let within = arguments.get(2).map(|word| word.to_string_lossy().into_owned());
        return cmd::itself::help::run(cmd::itself::help::Help { topic: Some(first.to_owned()), within }, door);
    }
    // Unquoted, `-cost_usd` in `sort_by -cost_usd` looks like a flag.
    let sorts = arguments.iter().any(|argument| argument == "sort_by" || argument == "sort-by");
    let matched = command(entry).try_get_matches_from(&arguments);
    let again = || slips::run_by_flag(entry.name, &arguments).map(|again| command(entry).try_get_matches_from(again));
    match matched.or_else(|error| again().and_then(|again| again.ok()).ok_or(error)) {
        Ok(matches) => {
            let progress = entry.shows_progress.then(|| ProgressLine::begin(entry.name, door));
            let ended = (entry.run)(&matches, door);
            drop(progress);
            door.err.end_progress();
            ended
        }
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            cmd::itself::help::print(door, &cmd::itself::help::short(entry, within(entry, &arguments)))
        }
        Err(error) if sorts && error.kind() == ErrorKind::UnknownArgument => Err(usage(error, entry, &arguments)
            .hint("put a clause between quotes, as 'sort_by -timestamp', or write --sort -timestamp")),
        Err(error) => Err(Error { exit: entry.refusal, ..usage(error, entry, &arguments) }),
    }
}

/// The subcommand that was typed, such as `begin` in `call begin`.
fn within<'a>(entry: &Entry, arguments: &'a [OsString]) -> Option<&'a str> {
    let word = arguments.get(1)?.to_str()?;
    command(entry).find_subcommand(word).map(|_| word)
}

/// clap's error as ours, with a hint. The message quotes arguments, which may contain line breaks,
/// so clap parses them again in escaped form.
fn usage(error: clap::Error, entry: &Entry, arguments: &[OsString]) -> Error {
    let shown = arguments.iter().map(|argument| safe::escape(&argument.to_string_lossy()).into_owned());
    let again = command(entry).try_get_matches_from(shown).err().filter(|again| again.kind() == error.kind());
    let is_escaped = again.is_some();
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) if error.kind() == ErrorKind::UnknownArgument => Some(flag.clone()),
        _ => None,
    };
    let mut error = again.unwrap_or(error);
    // The hint replaces the usage.
    error.remove(ContextKind::Usage);
    let command = command(entry);
    let typed = match within(entry, arguments).and_then(|name| command.find_subcommand(name)) {
        Some(within) => within,
        None => &command,
    };
    if !typed.has_subcommands() {
        // clap suggests to pass the flag as a value, which nobody meant. With subcommands it says
        // which of them has the flag.
        error.remove(ContextKind::Suggested);
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    // The last paragraph says to try `--help`, which the hint does too.
    let text = text.rsplit_once("\n\n").map_or(text, |(text, _)| text);
    let mut lines = text.trim_end().lines().map(str::to_owned);
    let error = Error::usage(lines.next().unwrap_or_default());
    let name = typed.get_bin_name().and_then(|name| name.strip_prefix("logbook ")).unwrap_or(entry.name);
    if let Some(line) = flag.and_then(|flag| slips::meant(name, typed, &flag)) {
        return error.hint(line);
    }
    let error = error.hint(format!("logbook {name} --help"));
    if is_escaped { error.beneath(lines) } else { error }
}

/// Commands that this build was made without.
const ABSENT: &[&str] = &[
    #[cfg(not(feature = "dash"))]
    "dash",
    #[cfg(not(feature = "serve"))]
    "serve",
];

fn unknown(word: &str) -> Error {
    let error = Error::usage(format!("no command called {word:?}"));
    if let Some((_, meant)) = SYNONYMS.iter().find(|(synonym, _)| *synonym == word) {
        return error.hint(format!("logbook {meant} — {}", find(meant).map_or("", |entry| entry.about)));
    }
    if logbook_query::text::arguments::is_query_text(word) {
        return error.hint(format!("logbook query '{word}'"));
    }
    if ABSENT.contains(&word) {
        let error = Error::usage(format!("this build of logbook has no `{word}`"));
        return error.hint(format!("cargo install --path . --features {word}"));
    }
    match nearest(word, COMMANDS.iter().map(|entry| entry.name)) {
        Some(name) => error.hint(format!("did you mean `logbook {name}`?")),
        None => error.hint("logbook --help"),
    }
}
