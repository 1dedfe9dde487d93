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

#[test]
fn a_run_is_told_in_full() {
    let book = Book::sample("two-agents");
    let ended = book.terminal("logbook show r-41", 80, 24);
    ended.exit(0).shows("✓ done · succeeded").shows("model atlas-4, then corvid-2 (#8)").shows("0.0468 USD");
    ended.shows("#13 denied by nora: mail 41 readers").shows("└ ▶ in-progress · approval.denied · mail 41 readers");
    ended.shows("corrected by r-41#18 (nora, 2026-04-15 19:02:10)").shows("yellow by nora");
    assert!(ended.out.lines().all(|line| line.chars().count() <= 80), "{ended}");
    let open = book.terminal("logbook show r-40", 80, 24);
    open.exit(0)
        .shows("1 open, without a result")
        .shows("open: no result on file")
        .shows("children    r-41")
        .shows("#4 to scribe: loans/2026-04.csv");
}

#[test]
fn a_tree_goes_from_agent_to_agent_to_tool_to_file() {
    let book = Book::sample("two-agents");
    let ended = book.terminal("logbook show r-40 --tree", 80, 24);
    ended.exit(0).shows(
        "├─ #4  handed to scribe with loans/2026-04.csv
│  └─ r-41  ✓ done  scribe · write the overdue letters
│     ├─ #10  tool write_file (write)
│     │  └─ → letters/2026-04.md
",
    );
    ended.shows("└─ #6  tool ledger (write) open: no result");
    let rows = book.run(&["show", "r-40", "--tree"]);
    assert_eq!(rows.exit(0).out.lines().count(), 24, "the rows of both runs, the correction folded in: {rows}");
    book.run(&["show", "r-40", "--tree", "-o", "html"]).exit(2).says("--tree cannot be shown as a page");
}

#[test]
fn later_rows_and_corrections_are_left_out_at_a_row() {
    let book = Book::sample("two-agents");
    let corrected = "two of them to readers who had paid";
    book.run(&["show", "r-41", "--record"]).exit(0).shows(corrected);
    for arguments in [&["show", "--at", "r-41", "11"][..], &["show", "--at", "r-41#11"]] {
        let then = book.run(arguments);
        then.exit(0).quiet();
        assert_eq!(then.out.lines().count(), 11, "{then}");
        assert!(!then.out.contains(corrected), "{then}");
    }
    let then = book.terminal("logbook show --at r-41 13", 80, 24);
    then.exit(0).shows("known at    r-41#13").shows("■ blocked").shows("#13 open: nora: mail 41 readers");
    assert!(!then.out.contains("#14"), "{then}");
    // What was known at the row that corrects is the correction.
    book.run(&["show", "--at", "r-41", "18"]).exit(0).shows(corrected);
    book.run(&["show", "--at", "r-41"]).exit(2).says("--at needs a row");
    book.run(&["show", "--at", "r-41", "99"]).exit(1).says("none of them is step 99");
}

#[test]
fn a_retracted_row_is_shown_and_counts_for_nothing() {
    let book = Book::with_rows(&[
        r#"{"run_id":"r","step":1,"action":"buy","status":"in-progress","cost_usd":1}"#,
        r#"{"run_id":"r","step":2,"action":"buy twice","status":"failed","cost_usd":2}"#,
    ]);
    book.run(&["amend", "r#2", "--retract", "--why", "it never happened"]).exit(0);
    let ended = book.terminal("logbook show r", 100, 24);
    ended.exit(0).shows("buy twice").shows("it never happened").shows("▶ in-progress").shows("cost        1 USD");
}

/// Texts that would be marks on a page.
const HOSTILE: &str = r###"{"run_id":"r<script>","step":1,"status":"<b>","task":"</title><script>alert(1)</script>","action":"a|b `c` [d](javascript:e) <img src=x onerror=f> & \u001b[2J \u202e","artifact_ref":"' onmouseover='g","tool_call":{"tool":"<h1>","args":{"<i>":"</td>"}}}"###;

#[test]
fn no_text_of_a_row_is_a_mark_on_a_page() {
    let book = Book::with_rows(&[HOSTILE]);
    let html = book.run(&["show", "r<script>", "-o", "html"]);
    html.exit(0).quiet().shows("&lt;/title&gt;&lt;script&gt;alert(1)").shows("color-scheme: light dark");
    for mark in ["<script", "<img", "<h1>&", "<i>", "javascript:e\"", "' on", "\u{1b}", "\u{202e}", "http://", "src="] {
        let allowed = mark == "src=" && html.out.contains("&lt;img src=x");
        assert!(!html.out.contains(mark) || allowed, "{mark:?} in {html}");
    }
    let open = html.out.matches('<').count();
    assert_eq!(open, html.out.matches('>').count(), "{html}");
    let md = book.run(&["show", "r<script>", "-o", "md"]);
    md.exit(0).quiet().shows(r"a\|b \`c\` \[d\](javascript:e) &lt;img src=x").shows("# r&lt;script>: &lt;/title>");
    for mark in ["<script", "<img", "<b>", "\u{1b}", "\u{202e}"] {
        assert!(!md.out.contains(mark), "{mark:?} in {md}");
    }
    book.run(&["show", "r<script>", "1", "-o", "html"]).exit(2).says("only a run has a page or a record");
    book.run(&["query", "-o", "html"]).exit(2).says("is not an output format");
}
