//! `logbook runs`: where each run stands.

use crate::support::Book;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-16T01:00:00Z","phase":"plan","action":"read","status":"in-progress","next_intent":"write"}"#,
    r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T02:00:00Z","phase":"act","action":"migrate","status":"blocked","blocked_on":"maria"}"#,
    r#"{"run_id":"r-3","step":1,"timestamp":"2026-04-16T03:00:00Z","phase":"report","action":"ship","status":"done"}"#,
    r#"{"run_id":"r-4","step":1,"timestamp":"2026-04-01T03:00:00Z","phase":"report","action":"old","status":"done"}"#,
    r#"{"run_id":"r-1","step":2,"timestamp":"2026-04-16T05:00:00Z","kind":"note","status":"failed","action":"a note never counts"}"#,
    r#"{"run_id":"_logbook","timestamp":"2026-04-16T05:00:00Z","kind":"repair"}"#,
    r#"{"run_id":"r-5","step":1,"timestamp":"2026-04-16T07:00:00Z","action":"broke","status":"failed"}"#,
];

fn ids(out: &str) -> Vec<String> {
    let id =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["run_id"].as_str().unwrap().to_owned();
    out.lines().map(id).collect()
}

#[test]
fn active_runs_come_first_and_old_ones_are_left_out() {
    let book = Book::with_rows(ROWS);
    let ended = book.run(&["runs"]);
    assert_eq!(ids(&ended.exit(0).quiet().out), ["r-2", "r-1", "r-5", "r-3"]);
    assert_eq!(ids(&book.run(&["runs", "--all"]).out), ["r-2", "r-1", "r-5", "r-3", "r-4"]);
    ended.shows(
        concat!(
            r#"{"run_id":"r-1","phase":"plan","status":"in-progress","action":"read","next_intent":"write","what_now":"write","rows":2,"steps":2,"#,
            r#""children":0,"cost_usd":0,"cost_usd_with_children":0,"tokens_in":0,"tokens_out":0,"wrote":false,"#,
            r#""denied":false,"held":false,"open_calls":0,"open_approvals":0,"retries":0,"started_at":"2026-04-16T01:00:00Z","#,
            r#""timestamp":"2026-04-16T05:00:00Z","age_ms":10800000}"#
        ),
    );
}

#[test]
fn flags_and_filters_choose_runs() {
    let book = Book::with_rows(ROWS);
    let chosen = |arguments: &[&str]| ids(&book.run(&[&["runs"], arguments].concat()).exit(0).out);
    assert_eq!(chosen(&["--blocked"]), ["r-2"]);
    assert_eq!(chosen(&["--running"]), ["r-1"]);
    assert_eq!(chosen(&["--failed"]), ["r-5"]);
    assert_eq!(chosen(&["--blocked", "--failed"]), ["r-2", "r-5"]);
    assert_eq!(chosen(&["--silent", "2h"]), ["r-2", "r-1"]);
    assert_eq!(chosen(&["--silent", "4h"]), ["r-2"]);
    assert_eq!(chosen(&["action=old"]), ["r-4"]);
    assert_eq!(chosen(&["steps>1"]), ["r-1"]);
    assert_eq!(chosen(&["age>2h and status!=done"]), ["r-2", "r-1"]);
    assert_eq!(chosen(&["-r", "r-3"]), ["r-3"]);
    assert_eq!(chosen(&["-n", "1"]), ["r-2"]);
    book.run(&["runs", "--silent", "2"]).exit(2).says("--silent").says("hint: as --silent 30s");
    book.run(&["runs", "status = = x"]).exit(2).says("^");
}

/// One run with everything in it, one that went on after its end, and two below it.
const RECORD: &[&str] = &[
    r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-16T01:00:00Z","kind":"run.start","status":"in-progress","task":"invoices","requester":"maria","owner":"ops","agent_id":"clerk","model":"atlas-4","cost_usd":0.1,"tokens_in":100}"#,
    r#"{"run_id":"r-1","step":2,"timestamp":"2026-04-16T01:01:00Z","model":"atlas-4-mini","kind":"call.intent","tool_call":{"id":"c1","side_effect":"write"},"status":"in-progress"}"#,
    r#"{"run_id":"r-1","step":3,"timestamp":"2026-04-16T01:02:00Z","kind":"call.result","tool_call":{"id":"c1"},"cost_usd":0.2,"tokens_out":7,"attempt":2}"#,
    r#"{"run_id":"r-1","step":4,"timestamp":"2026-04-16T01:03:00Z","kind":"call.intent","tool_call":{"id":"c2","side_effect":"read"},"attempt":2,"cost_usd":[0.25,1e-20]}"#,
    r#"{"run_id":"r-1","step":5,"timestamp":"2026-04-16T01:04:00Z","kind":"approval.requested","id":"a1","status":"blocked","blocked_on":"maria"}"#,
    r#"{"run_id":"r-1","step":6,"timestamp":"2026-04-16T01:05:00Z","kind":"approval.requested","id":"a2","status":"blocked","blocked_on":"jonas"}"#,
    r#"{"run_id":"r-1","step":7,"timestamp":"2026-04-16T01:06:00Z","kind":"approval.denied","answers":"r-1#5","status":"in-progress","approval_state":"denied"}"#,
    r#"{"run_id":"r-1","step":8,"timestamp":"2026-04-16T01:07:00Z","kind":"run.end","status":"done","final_status":"succeeded"}"#,
    r#"{"run_id":"r-1","step":9,"timestamp":"2026-04-16T01:08:00Z","kind":"review","rating":"yellow","reason":"the total is one cent off","status":"failed"}"#,
    r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T01:09:00Z","parent_run_id":"r-1","status":"done","final_status":"succeeded","cost_usd":2}"#,
    r#"{"run_id":"r-2","step":2,"timestamp":"2026-04-16T01:10:00Z","status":"in-progress","retry_of":"r-2#1"}"#,
    r#"{"run_id":"r-3","step":1,"timestamp":"2026-04-16T01:11:00Z","parent_run_id":"r-2","status":"failed","final_status":"failed","cost_usd":1.5}"#,
];

#[test]
fn a_run_says_what_its_rows_say() {
    let book = Book::with_rows(RECORD);
    book.run(&["runs", "-r", "r-1"]).exit(0).stdout(concat!(
        r#"{"run_id":"r-1","task":"invoices","requester":"maria","owner":"ops","agent_id":"clerk","model":"atlas-4","#,
        r#""status":"done","final_status":"succeeded","rating":"yellow","rating_reason":"the total is one cent off","#,
        r#""rows":9,"steps":9,"children":1,"cost_usd":0.55000000000000000001,"cost_usd_with_children":4.05000000000000000001,"#,
        r#""tokens_in":100,"tokens_out":7,"wrote":true,"denied":true,"held":false,"open_calls":1,"open_approvals":1,"retries":2,"#,
        r#""started_at":"2026-04-16T01:00:00Z","timestamp":"2026-04-16T01:08:00Z","age_ms":24720000}"#,
        "\n"
    ));
    let sums = book.run(&["query", "run_id=r-1 summarize sum(cost_usd) as cost"]);
    sums.stdout("{\"cost\":0.55000000000000000001}\n");
    let chosen = |filter: &str| ids(&book.run(&["runs", filter]).exit(0).out);
    assert_eq!(chosen("wrote=true and denied=true"), ["r-1"]);
    assert_eq!(chosen("final_status=succeeded"), ["r-1"], "r-2 went on after its end");
    assert_eq!(chosen("cost_usd>1"), ["r-2", "r-3"]);
    assert_eq!(chosen("cost_usd_with_children>1.5"), ["r-2", "r-1"]);
    assert_eq!(chosen("open_calls>0 or retries>0"), ["r-2", "r-1"]);
    assert_eq!(chosen("open_approvals=1 and rating=yellow and rating_reason*=cent"), ["r-1"]);
    assert_eq!(chosen("owner=ops and task=invoices and requester=maria and agent_id=clerk and model=atlas-4"), ["r-1"]);
    assert_eq!(chosen("children=1 and tokens_in<1"), ["r-2"]);
    assert_eq!(ids(&book.run(&["runs", "--sort", "-cost_usd", "-n", "2"]).out), ["r-2", "r-3"]);
    assert_eq!(ids(&book.run(&["runs", "--since", "2026-04-16T01:10"]).out), ["r-2", "r-3"]);
    book.run(&["runs", "-o", "csv", "--sort", "run_id", "-n", "1"])
        .shows("run_id,parent_run_id,task,")
        .shows("r-1,,invoices,maria,ops,clerk,atlas-4,,done,");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&book.run(&["runs", "--json"]).out).unwrap()[1]["run_id"],
        "r-3"
    );
}

#[test]
fn children_stand_below_their_parents() {
    let book = Book::with_rows(&[
        // A parent that comes after its child, one that never comes, a circle, a run of its own.
        r#"{"run_id":"c-1","timestamp":"2026-04-16T01:00:00Z","parent_run_id":"p","status":"done","cost_usd":1}"#,
        r#"{"run_id":"c-2","timestamp":"2026-04-16T02:00:00Z","parent_run_id":"p","status":"in-progress","cost_usd":2}"#,
        r#"{"run_id":"g","timestamp":"2026-04-16T02:30:00Z","parent_run_id":"c-2","status":"in-progress","cost_usd":4}"#,
        r#"{"run_id":"p","timestamp":"2026-04-16T03:00:00Z","status":"in-progress","cost_usd":8}"#,
        r#"{"run_id":"lost","timestamp":"2026-04-16T04:00:00Z","parent_run_id":"nowhere","status":"in-progress"}"#,
        r#"{"run_id":"x","timestamp":"2026-04-16T05:00:00Z","parent_run_id":"y","status":"in-progress","cost_usd":16}"#,
        r#"{"run_id":"y","timestamp":"2026-04-16T06:00:00Z","parent_run_id":"z","status":"in-progress","cost_usd":32}"#,
        r#"{"run_id":"z","timestamp":"2026-04-16T07:00:00Z","parent_run_id":"x","status":"in-progress","cost_usd":64}"#,
        r#"{"run_id":"self","timestamp":"2026-04-16T07:30:00Z","parent_run_id":"self","status":"in-progress"}"#,
    ])
    .var("NO_COLOR", "1");
    let table = book.run(&["runs", "-o", "table"]).exit(0).quiet().out.clone();
    let from = table.lines().next().unwrap().find("  run").unwrap() + "  ".len();
    // Signs before the last column take more bytes than columns.
    let name = |line: &str| line.chars().skip(from).collect::<String>();
    let names: Vec<String> = table.lines().skip(1).map(name).collect();
    assert_eq!(
        names,
        [
            "self (of self, in a circle)",
            "z (of x, in a circle)",
            "└ y",
            "  └ x",
            "lost (of nowhere, unknown)",
            "p",
            "├ c-2",
            "│ └ g",
            "└ c-1"
        ]
        .map(|name| name.replace('│', " "))
    );
    let costs =
        book.run(&["runs", "select run_id, cost_usd_with_children as cost, children sort_by run_id"]).out.clone();
    for (run, cost, children) in [("p", 15, 2), ("c-2", 6, 1), ("x", 16, 0), ("y", 48, 1), ("z", 112, 1)] {
        let line = format!(r#"{{"run_id":"{run}","cost":{cost},"children":{children}}}"#);
        assert!(costs.lines().any(|found| found == line), "{line} in {costs}");
    }
    // Without the tree, and sorted: one after the other, each with its parent.
    book.run(&["runs", "-o", "table", "--flat"]).shows("g (of c-2)");
    let sorted = book.run(&["runs", "-o", "table", "--sort", "-cost_usd", "-n", "2"]).out.clone();
    assert!(sorted.lines().nth(1).unwrap().ends_with("  z (of x, in a circle)"), "{sorted}");
    // A parent that is not shown is named.
    book.run(&["runs", "run_id=g", "-o", "table"]).shows("g (of c-2)\n");
}

#[test]
fn a_person_sees_a_table() {
    let book = Book::with_rows(ROWS).var("NO_COLOR", "1");
    let ended = book.terminal("logbook runs", 80, 24);
    ended.shows("▶ 1 running   ■ 1 blocked   ✗ 1 failed in 24h   ✓ 1 completed overnight\n  blocked on: maria 1\n\n");
    ended
        .exit(0)
        .shows("■ blocked")
        .shows("maria")
        .shows("1 finished run older than a day not shown; --all shows them");
    assert!(ended.out.lines().all(|line| line.chars().count() <= 80), "{ended}");
    book.terminal("logbook runs nosuch=1", 80, 24).shows("no run matches, of 5");
}

#[test]
fn the_night_is_what_the_config_says() {
    let book = Book::with_rows(ROWS).var("NO_COLOR", "1").var("TZ", "Europe/Berlin");
    // r-3 was done at 05:00 there.
    book.terminal("logbook runs", 80, 24).shows("✓ 1 completed overnight");
    for (night, done) in [("22:00-05:00", 0), ("05:00-05:01", 1), ("23:30-09:00", 1), ("12:00-04:59", 0)] {
        book.write(".logbook/config.toml", format!("overnight = \"{night}\"\n").as_bytes());
        book.terminal("logbook runs", 80, 24).shows(&format!("✓ {done} completed overnight"));
    }
    for wrong in ["18-8", "18:00", "18:00-25:00", "08:00-08:00", "18:00-8:00", ""] {
        book.write(".logbook/config.toml", format!("overnight = \"{wrong}\"\n").as_bytes());
        book.run(&["config"]).exit(3).says("overnight").says("18:00-08:00").says("hint: mend");
        book.run(&["runs"]).exit(0).says("ignored").says("overnight").says("18:00-08:00");
    }
}

#[test]
fn deep_trees_are_no_trouble() {
    let mut rows: Vec<String> =
        (0..20_000).map(|at| format!(r#"{{"run_id":"r-{at}","parent_run_id":"r-{}","cost_usd":1}}"#, at + 1)).collect();
    rows.push(r#"{"run_id":"r-20000","parent_run_id":"r-0","cost_usd":1}"#.to_owned());
    let book = Book::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let out =
        book.run(&["runs", "sort_by -cost_usd_with_children limit 1 select run_id, cost_usd_with_children as cost"]);
    out.exit(0).stdout("{\"run_id\":\"r-20000\",\"cost\":20001}\n");
    assert_eq!(book.run(&["runs", "-o", "table"]).exit(0).out.lines().count(), 20_002);
}
