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

/// The help of the program and of all its commands, as it was when it began to be cut: 47,123
/// characters. Who reads it may pay for each of them.
#[test]
fn all_of_the_help_is_short() {
    let book = Book::empty();
    let mut all = book.run(&["--help"]).out.chars().count();
    for entry in logbook::cmd::table::COMMANDS.iter().filter(|entry| !entry.group.is_empty()) {
        all += book.run(&[entry.name, "--help"]).out.chars().count();
    }
    assert!(all <= 47_123 * 6 / 10, "{all} characters");
}

#[test]
fn shared_options_stand_in_one_place() {
    let book = Book::empty();
    let options = book.run(&["help", "options"]);
    for option in ["--since", "--no-cache", "--durability", "--timeout", "--side-effect", "--raw-csv"] {
        options.shows(option);
    }
    // Each command that has one names the page, and says them all in `help COMMAND`.
    for (command, option) in [("runs", "--no-cache"), ("append", "--best-effort"), ("ask", "--side-effect")] {
        let short = book.run(&[command, "--help"]);
        short.shows("logbook help options");
        assert!(!short.out.contains(option), "{short}");
        book.run(&["help", command]).shows(option).shows(&format!("See also: logbook man {command}"));
    }
}

#[test]
fn no_example_is_broken_within_a_line() {
    let book = Book::empty();
    for entry in logbook::cmd::table::COMMANDS.iter().filter(|entry| !entry.group.is_empty()) {
        let help = book.run(&[entry.name, "--help"]);
        for line in entry.examples.lines().map(str::trim) {
            assert!(help.out.lines().any(|shown| shown == format!("  {line}")), "{line}\n{help}");
        }
    }
}

#[test]
fn help_config_can_be_pasted() {
    let book = Book::with_rows(&[]);
    let help = book.run(&["help", "config"]);
    let files = help.out.split("\nRules and redaction:\n").nth(1).expect("the files");
    let (config, contract) = files.split_once("\nWhat a tool promises:\n").expect("a contract");
    let pasted = |text: &str| text.lines().map(|line| format!("{}\n", line.trim_start())).collect::<String>();
    book.write(".logbook/config.toml", pasted(config).as_bytes());
    book.write(".logbook/contracts/migrate.toml", pasted(contract.split("\nSee also").next().unwrap()).as_bytes());
    book.run(&["policy", "-o", "jsonl"]).exit(0).shows("\"rule\":1");
    book.run(&["policy"]).exit(0).shows("\"rule\":1").shows("\"then\":\"ask\"");
    book.run(&["contract", "check"]).exit(0).shows("migrate: valid");
    book.run(&["append", "-r", "r", "-p", "deploy", "-a", "key AKIAIOSFODNN7EXAMPLE"]).exit(0);
    book.run(&["query", "phase=deploy"]).shows("AKIAIOSFODNN7EXAMPLE");
    // As a key that no pattern allows is not shown.
    book.run(&["append", "-r", "r", "-a", "key AKIAIOSFODNN7EXAMPLF"]).exit(0);
    book.run(&["query", "run_id=r"]).shows("AKIAIOSFODNN7EXAMPLE").shows("[redacted:");
}
