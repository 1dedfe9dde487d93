//! `logbook help`: the overview, help on a command, the query language.

use crate::support::Book;

#[test]
fn the_overview_has_its_groups_in_order() {
    let book = Book::empty();
    for arguments in [&["--help"][..], &["help"], &["-h"]] {
        let ended = book.run(arguments);
        ended.exit(0).quiet().shows("logbook append").shows("help query");
        let places: Vec<_> = ["\nlog\n", "\nread\n", "\nself\n"].map(|group| ended.out.find(group).unwrap()).into();
        assert!(places.is_sorted(), "{ended}");
    }
}

#[test]
fn every_command_has_two_examples() {
    let book = Book::empty();
    for entry in logbook::cmd::table::COMMANDS {
        for arguments in [&[entry.name, "--help"][..], &["help", entry.name]] {
            if arguments[1] == "query" {
                continue;
            }
            let ended = book.run(arguments);
            ended.exit(0).quiet().shows("Examples:").shows("Usage:");
            let (_, examples) = ended.out.split_once("Examples:").unwrap();
            assert!(examples.matches("logbook ").count() >= 2, "{ended}");
        }
    }
}

#[test]
fn the_query_language_is_on_one_screen() {
    let ended = Book::empty().run(&["help", "query"]);
    ended.exit(0).shows("status=blocked");
    assert!(ended.out.lines().count() <= 60, "{ended}");
}

#[test]
fn nothing_typed_shows_runs_or_the_help() {
    Book::empty().run(&[]).exit(0).shows("Usage: logbook COMMAND");
    let book = Book::with_rows(&[r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-16T07:00:00Z","status":"done"}"#]);
    book.run(&[]).exit(0).shows("\"run_id\":\"r-1\"");
}

#[test]
fn an_unknown_command_says_what_was_meant() {
    let book = Book::empty();
    book.run(&["log"]).exit(2).says("no command called \"log\"").says("hint: logbook append");
    book.run(&["ls"]).exit(2).says("hint: logbook runs");
    book.run(&["quer"]).exit(2).says("did you mean `logbook query`?");
    book.run(&["status=blocked"]).exit(2).says("hint: logbook query 'status=blocked'");
    book.run(&["zzzzzz"]).exit(2).says("hint: logbook --help");
    book.run(&["help", "quers"]).exit(2).says("logbook help query");
    book.run(&["query", "--gruop", "phase"]).exit(2).says("--group").says("hint: logbook query --help");
}

#[test]
fn the_version_is_printed() {
    let expected = format!("logbook {}\n", env!("CARGO_PKG_VERSION"));
    Book::empty().run(&["--version"]).exit(0).stdout(&expected);
}
