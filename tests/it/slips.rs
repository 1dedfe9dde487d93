//! Flags of other tools: each answer is a line that works, as it stands.

use std::collections::BTreeSet;

use logbook::cmd::slips;
use logbook::cmd::table::{COMMANDS, command};

use crate::support::Book;

/// What a command needs beside a flag, for `…`, and what stands at its end.
fn rest(name: &str, line: &str) -> (&'static str, &'static str) {
    match name {
        "call begin" if !line.contains("--tool") => ("-r r-88 --tool t", ""),
        "append" | "call begin" => ("-r r-88", ""),
        // The other run has an open call.
        "end" => ("-r r-87", ""),
        "handoff" if line.contains("--to") => ("-r r-88", ""),
        "handoff" => ("-r r-88 --to ada", ""),
        "start" => ("r-89", ""),
        "exec" => ("-r r-88", " -- true"),
        "ask" => ("-r r-88 'may I'", ""),
        "call end" => ("-r r-88 c-1", ""),
        "hold" if !line.contains("--why") => ("r-88 --why x", ""),
        "hold" | "resume" | "release" | "show" | "rollback" => ("r-88", ""),
        "review" if line.contains("green") => ("", ""),
        "review" => ("r-88 green", ""),
        "answer" => ("r-87 yes", ""),
        "amend" if line.contains("--why") => ("r-88 1 action=y", ""),
        "amend" => ("r-88 1 action=y --why z", ""),
        "diff" => ("r-88 r-70", ""),
        "blame" => ("a.txt", ""),
        "archive" => ("--older-than 30d", ""),
        "trigger" => ("--once status=failed", " -- true"),
        _ => ("", ""),
    }
}

/// A logbook in which there is one of each thing that a line can be about.
fn book() -> Book {
    let book = Book::with_rows(&[]);
    book.write(".logbook/contracts/x.toml", b"side_effect = \"none\"\n");
    let all = "logbook append -r r-70 -a done -s done && logbook append -r r-88 -a x artifact_ref=a.txt
        logbook append -r r-87 -a y -s blocked --blocked-on ada && logbook ask -r r-88 'may I' && logbook call begin -r r-88 --id c-1 --tool t";
    book.shell(all);
    book
}

#[test]
fn every_answer_to_a_wrong_flag_is_a_line_that_works() {
    let mut lines = BTreeSet::new();
    for entry in COMMANDS.iter().filter(|entry| !entry.group.is_empty()) {
        let whole = command(entry);
        let within = whole.get_subcommands().map(|within| (format!("{} {}", entry.name, within.get_name()), within));
        for (name, command) in within.chain([(entry.name.to_owned(), &whole)]) {
            let has = |flag: &&str| {
                command.get_arguments().any(|it| {
                    it.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long))
                        || it.get_short().is_some_and(|short| **flag == format!("-{short}"))
                })
            };
            for flag in slips::flags().filter(|flag| !has(flag)) {
                lines.extend(slips::meant(&name, command, flag).map(|line| (name.clone(), line)));
            }
        }
    }
    assert!(lines.len() > 100, "{} lines", lines.len());
    let (seed, mut faults) = (book(), Vec::new());
    // These go on until they are stopped.
    for (name, line) in lines.iter().filter(|(name, _)| name != "serve" && name != "dash") {
        let (beside, end) = rest(name, line);
        let run = match name.as_str() {
            "answer" => "r-87",
            "start" => "r-89",
            _ => "r-88",
        };
        let typed = line
            .replacen("…", beside, usize::from(line.contains("… ") || line.ends_with(" …")))
            .replace("FIELD,…", "status,action")
            .replace("FIELD, …", "status, action")
            .replace("FIELD", "status")
            .replace("RUN", run)
            .replace("NAME", "x")
            .replace("AGENT", "ada")
            .replace("DIRECTORY", ".");
        let ended = Book::empty().shell(&format!("cp -r '{}/.logbook' . && {typed}{end}", seed.path().display()));
        if [2, 125].contains(&ended.code) {
            faults.push(format!("{name}: {line}\n{ended}"));
        }
    }
    assert!(faults.is_empty(), "{} of {} lines\n\n{}", faults.len(), lines.len(), faults.join("\n"));
}
