//! From what was typed to the command that is run. Only the command that was
//! asked for is built, since `append` starts thousands of times a day.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cmd::progress::Watching;
use crate::cmd::table::{COMMANDS, Entry, command, find};
use crate::cmd::{self, Door, slips};
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_render::safe;

/// What people type who mean another command.
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

/// Runs what `arguments` (without the program's name) ask for.
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
        return Err(Error::usage(format!("{first} stands before a command; flags stand after it"))
            .hint(format!("logbook COMMAND {first} …; logbook --help lists the commands")));
    }
    let Some(entry) = find(first) else {
        return Err(unknown(first));
    };
    if arguments.get(1).is_some_and(|word| word == "help") && command(entry).has_subcommands() {
        let within = arguments.get(2).map(|word| word.to_string_lossy().into_owned());
        return cmd::itself::help::run(cmd::itself::help::Help { topic: Some(first.to_owned()), within }, door);
    }
    // `sort_by -cost_usd` without quotes, which reads as a flag.
    let sorts = arguments.iter().any(|argument| argument == "sort_by" || argument == "sort-by");
    let matched = command(entry).try_get_matches_from(&arguments);
    let again = || slips::run_by_flag(entry.name, &arguments).map(|again| command(entry).try_get_matches_from(again));
    match matched.or_else(|error| again().and_then(|again| again.ok()).ok_or(error)) {
        Ok(matches) => {
            let watching = entry.shows_progress.then(|| Watching::begin(entry.name, door));
            let ended = (entry.run)(&matches, door);
            drop(watching);
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

/// The command within the command that was typed, as `begin` of `call begin`.
fn within<'a>(entry: &Entry, arguments: &'a [OsString]) -> Option<&'a str> {
    let word = arguments.get(1)?.to_str()?;
    command(entry).find_subcommand(word).map(|_| word)
}

/// clap's message as ours: the same words, the same place for the hint. It quotes arguments, whose
/// line breaks are not ours: it is asked again about them as they are shown.
fn usage(error: clap::Error, entry: &Entry, arguments: &[OsString]) -> Error {
    let shown = arguments.iter().map(|argument| safe::escape(&argument.to_string_lossy()).into_owned());
    let again = command(entry).try_get_matches_from(shown).err().filter(|again| again.kind() == error.kind());
    let is_ours = again.is_some();
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) if error.kind() == ErrorKind::UnknownArgument => Some(flag.clone()),
        _ => None,
    };
    let text = again.unwrap_or(error).render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let ours = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
    // That a flag could be passed as a value is what nobody meant.
    let helps = |line: &&str| !line.trim_start().starts_with("tip: to pass ");
    let mut lines: Vec<String> = text.lines().take_while(ours).filter(helps).map(str::to_owned).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let mut lines = lines.into_iter();
    let error = Error::usage(lines.next().unwrap_or_default());
    let command = command(entry);
    let typed = match within(entry, arguments).and_then(|name| command.find_subcommand(name)) {
        Some(within) => within,
        None => &command,
    };
    let name = typed.get_bin_name().and_then(|name| name.strip_prefix("logbook ")).unwrap_or(entry.name);
    if let Some(line) = flag.and_then(|flag| slips::meant(name, typed, &flag)) {
        return error.hint(line);
    }
    let error = error.hint(format!("logbook {name} --help"));
    if is_ours { error.beneath(lines) } else { error }
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
