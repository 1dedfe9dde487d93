//! `logbook diff`: in what two runs differ.

use crate::support::Book;

#[test]
fn what_differs_is_told_and_ends_in_one() {
    let book = Book::sample("two-agents");
    let ended = book.run(&["diff", "r-41", "r-31"]);
    ended.exit(1).quiet();
    for line in [
        r#"{"what":"model","a":"atlas-4, then corvid-2","b":"atlas-4"}"#,
        r#"{"what":"prompt_version","a":"letters-8","b":"letters-7"}"#,
        r#"{"what":"inputs","a":"{\"month\":\"2026-04\"}","b":"{\"month\":\"2026-03\"}"}"#,
        r#"{"what":"side effect send","a":"0","b":"1"}"#,
        r#"{"what":"approval","a":"denied by nora: mail 41 readers"}"#,
        r#"{"what":"approval","b":"approved by nora: mail 38 readers"}"#,
        r#"{"what":"artifact","a":"letters/2026-04.md"}"#,
        r#"{"what":"cost_usd","a":"0.0468","b":"0.0418"}"#,
    ] {
        ended.shows(&format!("{line}\n"));
    }
    ended.shows(r##"{"what":"first step apart","a":"#2 read the loans"##);
    assert!(!ended.out.contains("tools_available"), "the same is not told: {ended}");
    let drawn = book.terminal("logbook diff r-41 r-31", 80, 24);
    drawn.exit(1).shows("state_version     loans@2026-04-15                loans@2026-04-01");
    book.run(&["diff", "r-41", "r-41"]).exit(0).quiet().stdout("");
}

#[test]
fn the_last_good_run_is_found() {
    let book = Book::sample("two-agents");
    let named = book.run(&["diff", "r-41", "r-31"]);
    assert_eq!(book.run(&["diff", "r-41", "--last-good"]).exit(1).out, named.out);
    assert_eq!(book.run(&["diff", "r-41", "--last-good", "--same", "agent_id"]).exit(1).out, named.out);
    book.run(&["diff", "r-40", "--last-good"]).exit(1).says("no other run with task");
    book.run(&["diff", "r-31", "--last-good", "--same", "parent_run_id"]).exit(1).says("has no parent_run_id");
    book.run(&["diff", "r-31", "--last-good", "--same", "colour"]).exit(2).says("hint: --same task|");
    book.run(&["diff", "r-41"]).exit(2);
    book.run(&["diff", "r-41", "r-42"]).exit(1).says("did you mean `logbook diff r-4");
}

#[test]
fn a_run_that_failed_later_or_changed_its_task_is_no_good_one() {
    let row = |run: &str, step: u32, rest: &str| format!(r#"{{"run_id":"{run}","step":{step},{rest}}}"#);
    let end = r#""kind":"run.end","status":"done","final_status":"succeeded""#;
    let rows = [
        row("old", 1, r#""task":"sweep \"all\"","model":"m-0""#),
        row("old", 2, end),
        row("reopened", 1, r#""task":"sweep \"all\"","model":"m-1""#),
        row("reopened", 2, end),
        row("reopened", 3, r#""status":"failed""#),
        row("other", 1, r#""task":"mop","model":"m-2""#),
        row("other", 2, r#""task":"sweep \"all\"""#),
        row("other", 3, end),
        row("now", 1, r#""task":"sweep \u0022all\"","model":"m-3","status":"failed""#),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let ended = Book::with_rows(&rows).run(&["diff", "now", "--last-good"]);
    ended.exit(1).shows(r#"{"what":"model","a":"m-3","b":"m-0"}"#);
}

#[test]
fn time_and_cost_alone_are_no_difference() {
    let rows = [
        r#"{"run_id":"a","step":1,"timestamp":"2026-04-16T01:00:00Z","action":"go","status":"done","cost_usd":0.1}"#,
        r#"{"run_id":"b","step":1,"timestamp":"2026-04-16T02:00:00Z","action":"go","status":"done","cost_usd":0.25}"#,
    ];
    Book::with_rows(&rows)
        .run(&["diff", "a", "b"])
        .exit(0)
        .stdout("{\"what\":\"cost_usd\",\"a\":\"0.1\",\"b\":\"0.25\"}\n");
}
