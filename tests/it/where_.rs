//! `logbook where`: which logbook is used, and why.

use crate::support::Book;

#[test]
fn the_reason_is_told() {
    let book = Book::new();
    let here = book.path().join(".logbook").display().to_string();
    book.run(&["where"]).exit(0).quiet().shows(&here);
    std::fs::create_dir_all(book.path().join("deep/er")).unwrap();
    book.shell("cd deep/er && logbook where").exit(0).shows(&here);
    book.run(&["where", "--dir", "elsewhere"]).exit(0).shows("elsewhere").shows("not there yet");
    book.var("LOGBOOK_DIR", "/tmp/by-variable").run(&["where"]).exit(0).shows("/tmp/by-variable").shows("LOGBOOK_DIR");
}

#[test]
fn without_one_the_fallback_is_named() {
    let book = Book::empty();
    book.run(&["where"]).exit(0).shows("/home/.local/state/logbook").shows("not there yet");
    book.var("XDG_STATE_HOME", "/tmp/state").run(&["where"]).shows("/tmp/state/logbook");
}

#[test]
fn the_search_stops_at_home() {
    let book = Book::empty();
    book.shell("mkdir -p $HOME/a/b ../.logbook && cd $HOME/a/b && logbook where").exit(0).shows("not there yet");
    book.shell("mkdir $HOME/.logbook && cd $HOME/a/b && logbook where").exit(0).shows("/home/.logbook");
}
