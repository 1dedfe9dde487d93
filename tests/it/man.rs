//! `logbook man`: pages for every command, committed under `man/`.

use std::fs;

use crate::support::{Book, repository};

#[test]
fn the_committed_pages_are_those_of_the_program() {
    let pages = logbook::cmd::itself::man::pages();
    let shown = logbook::cmd::table::COMMANDS.iter().filter(|entry| !entry.group.is_empty());
    let of = |entry| {
        1 + logbook::cmd::table::command(entry).get_subcommands().filter(|within| !within.is_hide_set()).count()
    };
    assert_eq!(pages.len(), shown.map(of).sum::<usize>() + 1);
    for (name, page) in &pages {
        let committed = fs::read_to_string(repository().join("man").join(name)).unwrap_or_default();
        assert!(committed == *page, "man/{name} is not what the program prints: cargo run -- man --write-to man");
    }
    let names: Vec<_> = pages.iter().map(|(name, _)| name.clone()).collect();
    for entry in fs::read_dir(repository().join("man")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "man/{name} is a page of no command");
    }
}

#[test]
fn every_option_of_a_page_is_described() {
    for (name, page) in logbook::cmd::itself::man::pages() {
        let mut lines = page.lines();
        while let Some(line) = lines.next() {
            if line == ".TP" {
                let option = lines.next().unwrap_or_default();
                assert!(lines.next().is_some_and(|said| !said.is_empty()), "{name}: {option} is not described");
            }
        }
    }
}

#[test]
fn a_page_is_printed_or_written() {
    let book = Book::empty();
    book.run(&["man"]).exit(0).shows(".TH LOGBOOK 1");
    book.run(&["man", "query"]).exit(0).shows("latest");
    book.run(&["man", "quer"]).exit(2).says("hint: logbook man query");
    book.run(&["man", "--write-to", "pages"]).exit(0).quiet();
    assert!(book.path().join("pages/logbook-append.1").is_file());
}
