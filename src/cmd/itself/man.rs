//! `logbook man`: print the manual pages, generated from the same command tree as the help.

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::itself::help;
use crate::cmd::table::{self, COMMANDS};
use logbook_model::error::{Error, Exit, Result, nearest};

/// Examples for the help.
pub const EXAMPLES: &str =
    "  logbook man query | man -l -\n  logbook man --write-to ~/.local/share/man/man1   # all pages";

/// Arguments of `man`.
#[derive(clap::Args)]
pub struct Man {
    /// The command whose page to print [default: logbook itself]
    command: Option<String>,
    /// Write all pages into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    write_to: Option<PathBuf>,
}

/// `logbook man [COMMAND]`
pub fn run(args: Man, door: &mut Door<'_>) -> Result<Exit> {
    if let Some(directory) = args.write_to {
        for (name, page) in pages() {
            let path = directory.join(name);
            std::fs::create_dir_all(&directory)
                .and_then(|()| std::fs::write(&path, page))
                .map_err(|error| Error::io(format!("{}: {error}", path.display())))?;
        }
        return Ok(Exit::Done);
    }
    let wanted = args.command.map_or("logbook.1".to_owned(), |command| format!("logbook-{command}.1"));
    match pages().into_iter().find(|(name, _)| *name == wanted) {
        Some((_, page)) => help::print(door, &page),
        None => {
            let command = wanted.trim_start_matches("logbook-").trim_end_matches(".1").to_owned();
            let error = Error::usage(format!("no manual page for {command:?}"));
            Err(match nearest(&command, COMMANDS.iter().map(|entry| entry.name)) {
                Some(name) => error.hint(format!("logbook man {name}")),
                None => error.hint("logbook help"),
            })
        }
    }
}

/// All pages: file name and text.
pub fn pages() -> Vec<(String, String)> {
    let render = |command: clap::Command, name: &str| {
        let mut page = Vec::new();
        // A page has the options that the short help leaves out.
        let command = command.mut_args(|arg| arg.hide_short_help(false));
        let man =
            clap_mangen::Man::new(command).title(name.to_uppercase()).date("").source("logbook").manual("logbook");
        // Writing into memory does not fail.
        let _ = man.render(&mut page);
        String::from_utf8_lossy(&page).into_owned()
    };
    let mut pages = vec![("logbook.1".to_owned(), render(table::shown(), "logbook"))];
    for entry in COMMANDS.iter().filter(|entry| !entry.group.is_empty()) {
        let command = table::command(entry);
        for within in command.get_subcommands().filter(|within| !within.is_hide_set()) {
            let name = format!("{}-{}", entry.page, within.get_name());
            let page = within.clone().display_name(&name).after_help(help::examples(entry));
            pages.push((format!("{name}.1"), render(page, &name)));
        }
        let page = render(command.name(entry.page).after_help(help::examples(entry)), entry.page);
        pages.push((format!("{}.1", entry.page), page));
    }
    pages
}
