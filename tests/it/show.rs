//! `logbook show`: one run, or one row in full.

use crate::support::Book;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-88","step":1,"timestamp":"2026-04-16T01:00:00.000Z","phase":"plan","action":"run test suite","status":"in-progress","next_intent":"inspect failures"}"#,
    r#"{"run_id":"r-9","step":1,"timestamp":"2026-04-16T01:01:00.000Z","action":"another run"}"#,
    r#"{"run_id":"r-88","step":2,"timestamp":"2026-04-16T01:02:30.000Z","kind":"call.result","action":"cargo test","tool_call":{"tool":"bash","side_effect":"exec","exit_code":101},"big":123456789012345678901234567890,"odd":1e400}"#,
    r#"{"run_id":"r-88","timestamp":"2026-04-16T01:03:00.000Z","status":"blocked","blocked_on":"maria","action":"no step"}"#,
    r#"{"run_id":"a#1","step":1,"timestamp":"2026-04-16T01:04:00.000Z","action":"odd name"}"#,
];

#[test]
fn a_run_is_a_timeline_for_a_person_and_rows_for_a_program() {
    let book = Book::with_rows(ROWS);
    book.run(&["show", "r-88"]).exit(0).quiet().stdout(&format!("{}\n{}\n{}\n", ROWS[0], ROWS[2], ROWS[3]));
    let ended = book.terminal("logbook show r-88", 80, 24);
    ended.exit(0).shows("2026-04-16 UTC").shows("#1").shows("+2m30s").shows("tool bash (exec) exit 101");
    ended.shows("blocked on: maria").shows("next: inspect failures").shows("@000001:");
}

#[test]
fn a_row_is_shown_in_full() {
    let book = Book::with_rows(ROWS);
    for arguments in [&["show", "r-88#2"][..], &["show", "r-88", "2"]] {
        book.run(arguments).exit(0).quiet().stdout(&format!("{}\n", ROWS[2]));
    }
    let ended = book.terminal("logbook show r-88#2", 80, 24);
    ended
        .exit(0)
        .shows("  \"big\": 123456789012345678901234567890,")
        .shows("\"odd\": 1e400")
        .shows("    \"exit_code\": 101");
    let offset = ROWS[0].len() + ROWS[1].len() + 2;
    book.run(&["show", &format!("@000001:{offset}")]).exit(0).stdout(&format!("{}\n", ROWS[2]));
    book.run(&["show", "a#1"]).exit(0).stdout(&format!("{}\n", ROWS[4]));
}

#[test]
fn what_is_not_there_is_said() {
    let book = Book::with_rows(ROWS);
    book.run(&["show", "r-888"])
        .exit(1)
        .says("no run \"r-888\" among 3 runs")
        .says("did you mean `logbook show r-88`?");
    book.run(&["show", "r-88", "7"]).exit(1).says("has 3 rows, none of them is step 7").says("hint: logbook show r-88");
    book.run(&["show"]).exit(2).says("hint: logbook show --help");
}
