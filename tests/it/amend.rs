//! `logbook amend`: corrections are rows, and what is read has them folded in.

use crate::support::Book;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-88","step":1,"timestamp":"2026-04-16T01:00:00.000Z","phase":"act","action":"run  tests","status":"done","cost_usd":0.5}"#,
    r#"{"run_id":"r-88","step":2,"timestamp":"2026-04-16T02:00:00.000Z","kind":"call.result","action":"cargo test","tool_call":{"tool":"bash","exit_code":0,"big":123456789012345678901234567890}}"#,
    r#"{"run_id":"r-88","timestamp":"2026-04-16T03:00:00.000Z","action":"has no step"}"#,
    r#"{"run_id":"r-9","step":1,"timestamp":"2026-04-16T04:00:00.000Z","action":"untouched   é","odd" : 1e400}"#,
    r#"{"run_id":"r-9","step":2,"timestamp":"2026-04-16T05:00:00.000Z","kind":"approval.approved","action":"go"}"#,
];

fn book() -> Book {
    Book::with_rows(ROWS)
}

#[test]
fn a_correction_is_a_row_and_the_row_reads_as_corrected() {
    let book = book();
    book.run(&["amend", "r-88", "1", "status=failed", "cost_usd=0.25", "--why", "read wrong"])
        .exit(0)
        .quiet()
        .stdout("");
    book.run(&["query", "run_id=r-88 and step=1"]).exit(0).quiet().stdout(concat!(
        r#"{"run_id":"r-88","step":1,"timestamp":"2026-04-16T01:00:00.000Z","phase":"act","action":"run  tests","status":"failed","cost_usd":0.25,"corrected_by":["r-88#3"]}"#,
        "\n"
    ));
    // Rows that nobody corrected come out byte for byte, and the correction not at all.
    book.run(&["query", "run_id=r-9"]).stdout(&format!("{}\n{}\n", ROWS[3], ROWS[4]));
    book.run(&["query", "--count"]).stdout("5\n");
    book.run(&["query", "--count", "--as-written"]).stdout("6\n");
    book.run(&["query", "--as-written", "step=1", "-n", "1"]).stdout(&format!("{}\n", ROWS[0]));
    book.run(&["query", "status=done", "--count"]).stdout("0\n");
    book.run(&["query", "sum"]).exit(3);
    book.run(&["query", "summarize sum(cost_usd) as cost"]).stdout("{\"cost\":0.25}\n");
    book.run(&["runs", "--failed", "--as-written"]).stdout("");
    book.run(&["runs", "--failed"]).shows("\"run_id\":\"r-88\"");
    let kind = book.run(&["query", "kind in (note, correction)"]);
    kind.exit(0).shows(
        r#""kind":"correction","corrects":"r-88#1","set":{"status":"failed","cost_usd":0.25},"reason":"read wrong"}"#,
    );
    book.run(&["query", "not kind=correction", "--count"]).stdout("5\n");
    // The disk holds what was said.
    assert!(book.shell("cat .logbook/*.jsonl").out.starts_with(ROWS[0]));
}

#[test]
fn the_last_correction_wins_for_each_field() {
    let book = book();
    for fields in
        [&["status=failed", "owner=maria"][..], &["status=blocked", "blocked_on=jonas"], &["--unset", "cost_usd"]]
    {
        book.run(&[&["amend", "r-88#1", "--why", "x"], fields].concat()).exit(0).quiet();
    }
    book.run(&["show", "r-88#1"]).stdout(concat!(
        r#"{"run_id":"r-88","step":1,"timestamp":"2026-04-16T01:00:00.000Z","phase":"act","action":"run  tests","status":"blocked","blocked_on":"jonas","owner":"maria","corrected_by":["r-88#3","r-88#4","r-88#5"]}"#,
        "\n"
    ));
}

#[test]
fn dots_reach_into_what_stands_there_now() {
    let book = book();
    book.run(&["amend", "r-88", "2", "tool_call.exit_code=1", "--why", "x"]).exit(0).quiet();
    book.run(&["amend", "r-88", "2", "tool_call.args:={\"a\":[1]}", "--unset", "tool_call.tool", "--why", "x"])
        .exit(0)
        .quiet();
    book.run(&["query", "step=2 and run_id=r-88", "--select", "tool_call"])
        .stdout("{\"tool_call\":{\"exit_code\":1,\"big\":123456789012345678901234567890,\"args\":{\"a\":[1]}}}\n");
    book.run(&["amend", "r-88", "1", "action.x=1", "--why", "x"]).exit(2).says("not an object");
}

#[test]
fn rows_without_a_step_are_named_by_their_place() {
    let book = book();
    let place = format!("@1:{}", ROWS[0].len() + ROWS[1].len() + 2);
    book.run(&["amend", &place, "action=was done", "--why", "x", "--print", "id"]).exit(0).stdout("r-88#3\n");
    book.run(&["query", "action='was done'"]).shows("\"corrected_by\":[\"r-88#3\"]");
    book.run(&["show", &place]).shows("was done");
}

#[test]
fn retracted_rows_vanish() {
    let book = book();
    book.run(&["amend", "r-88", "1", "--retract", "--why", "wrong run"]).exit(0).quiet();
    book.run(&["query", "step=1", "--count"]).stdout("1\n");
    book.run(&["query", "step=1", "--count", "--as-written"]).stdout("2\n");
    book.run(&["show", "r-88#1"]).exit(1).says("r-88#1 was retracted by r-88#3").says("wrong run").says("--as-written");
    book.run(&["show", "r-88#1", "--as-written"]).exit(0).stdout(&format!("{}\n", ROWS[0]));
    book.run(&["amend", "r-88", "1", "status=done", "--why", "x"]).exit(2).says("was retracted by r-88#3");
}

#[test]
fn what_cannot_be_corrected_is_refused() {
    let book = book();
    book.run(&["amend", "r-88", "1", "status=failed", "--why", "x"]).exit(0);
    let before = book.shell("cat .logbook/*.jsonl").out;
    let refused: &[(&[&str], &str)] = &[
        (&["r-88", "77", "status=done"], "there is no row r-88#77"),
        (&["r-99#1", "status=done"], "there is no row r-99#1"),
        (&["@1:5", "status=done"], "there is no row @000001:5"),
        (&["r-88#3", "status=done"], "is a row of kind \"correction\", which stays as it was written"),
        (&["r-9#2", "action=no"], "is a row of kind \"approval.approved\""),
        (&["r-88", "1", "step=4"], "step of a row cannot be corrected"),
        (&["r-88", "1", "run_id=x"], "run_id of a row cannot be corrected"),
        (&["r-88", "1", "runId=x"], "run_id of a row cannot be corrected"),
        (&["r-88", "1", "timestamp=2026-04-16T01:00:00Z"], "timestamp of a row cannot be corrected"),
        (&["r-88", "1", "kind=note"], "kind of a row cannot be corrected"),
        (&["r-88", "1", "id=x"], "id of a row cannot be corrected"),
        (&["r-88", "1", "corrects=x"], "corrects of a row cannot be corrected"),
        (&["r-88", "1", "--unset", "step"], "step of a row cannot be corrected"),
        (&["r-88", "1", "status=doen"], "did you mean \"done\"?"),
        (&["r-88", "1", "cost_usd=much"], "cost_usd must be a number"),
        (&["r-88", "1", "status=blocked"], "needs blocked_on"),
        (&["r-88", "1", "status:=null"], "--unset status"),
        (&["r-88", "1", "--unset", "cost"], "did you mean cost_usd?"),
        (&["r-88", "1", "--unset", "cost_usd", "cost_usd=1"], "both set and unset"),
        (&["r-88", "1"], "nothing to amend"),
        (&["r-88", "status=done"], "amend takes the row first"),
        (&["r-88", "1", "status=done", "--retract"], "not changed too"),
    ];
    for (arguments, says) in refused {
        book.run(&[&["amend", "--why", "x"], *arguments].concat()).exit(2).says(says);
    }
    book.run(&["amend", "r-88", "1", "status=done"]).exit(2).says("--why");
    book.run(&["amend", "r-88", "1", "status=done", "--why", " "]).exit(2).says("--why is empty");
    assert_eq!(book.shell("cat .logbook/*.jsonl").out, before, "nothing was written");
}

#[test]
fn show_prints_both() {
    let book = book().var("LOGBOOK_AGENT", "reviewer");
    book.run(&[
        "amend",
        "r-88",
        "1",
        "status=failed",
        "owner=maria",
        "--unset",
        "cost_usd",
        "--why",
        "the exit code was 1",
    ])
    .exit(0);
    for line in ["logbook show r-88 --wrap", "logbook show r-88#1"] {
        let ended = book.terminal(line, 100, 24);
        ended.exit(0).shows("corrected by r-88#3 (reviewer, ").shows("status done → failed");
        ended.shows("owner maria added").shows("cost_usd 0.5 removed").shows("— the exit code was 1");
    }
    let written = book.terminal("logbook show r-88 --as-written", 80, 24);
    assert!(written.out.contains("correction") && !written.out.contains("corrected by"), "{written}");
}

#[test]
fn files_and_standard_input_are_folded_on_request() {
    let book = Book::empty();
    let rows = format!(
        "{}\n{}\n",
        ROWS[0], r#"{"run_id":"r-88","step":2,"kind":"correction","corrects":"r-88#1","set":{"status":"failed"}}"#
    );
    book.write("rows.jsonl", rows.as_bytes());
    book.run(&["query", "rows.jsonl"]).exit(0).stdout(&rows);
    for arguments in [
        &["query", "--fold", "--count", "status=failed", "rows.jsonl"][..],
        &["query", "--fold", "--count", "status=failed", "-"],
    ] {
        book.run_with(arguments, rows.as_bytes()).exit(0).stdout("1\n");
    }
    book.run(&["query", "--fold", "--count", "rows.jsonl"]).stdout("1\n");
}

#[test]
fn the_first_by_position_owns_a_name() {
    let book = Book::with_rows(&[ROWS[0], ROWS[0]]);
    book.run(&["amend", "r-88#1", "action=x", "--why", "y"]).exit(0);
    let ended = book.run(&["query", "step=1"]);
    assert!(ended.out.lines().next().unwrap().contains("corrected_by"));
    assert_eq!(ended.out.lines().nth(1).unwrap(), ROWS[0]);
}

#[test]
fn a_query_explains_itself() {
    let book = book();
    let ended = book.run(&["query", "status=blocked", "(.tool_call|length) > 3", "--group", "blocked_on", "--explain"]);
    ended.exit(0).quiet().shows("query        filter status=blocked and (.tool_call|length)>3 group_by blocked_on\n");
    ended.shows("reads        1 file, ").shows("pruned       nothing\n").shows("corrections  folded in\n");
    ended.shows("native       filter status=blocked\n             group_by blocked_on\n");
    ended.shows("jq           filter (.tool_call|length)>3\n").shows("holds        group_by: one group for each key\n");
    let json = book.run(&["query", "not status=done", "--explain", "-o", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&json.exit(0).out).unwrap();
    assert_eq!(plan["streams"], true);
    assert_eq!(plan["native"], serde_json::json!(["filter not status=done"]));
    assert_eq!(plan["bytes"], ROWS.iter().map(|row| row.len() + 1).sum::<usize>());
    book.run(&["query", "status = = x", "--explain"]).exit(2).says("^");
}
