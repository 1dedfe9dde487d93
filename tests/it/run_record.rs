//! The record of a run: the table of `docs/run-record.md`, line by line on a sample, and runs that
//! are odd.

use std::fs;

use serde_json::Value;

use crate::support::{Book, repository};

/// Commands that are named before they are there.
const COMING: &[&str] =
    &["start", "end", "review", "handoff", "answer", "exec", "ask", "approve", "deny", "policy", "call"];

/// The table: field, written by, shown by.
fn table() -> Vec<[String; 3]> {
    let text = fs::read_to_string(repository().join("docs/run-record.md")).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| part "));
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            assert_eq!(cells.len(), 4, "{line}");
            [cell(cells[1]), cell(cells[2]), cell(cells[3])]
        })
        .collect()
}

fn rows(name: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(repository().join("samples").join(name)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let text = fs::read_to_string(path).unwrap();
            rows.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        }
    }
    rows
}

/// What a value may be shown as: a string, each element of an array, anything else as it is
/// written.
fn shown_as(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(shown_as).collect(),
        other => vec![other.to_string()],
    }
}

/// Whether `out` holds `text`, and not only as a part of a longer word.
fn holds(out: &str, text: &str) -> bool {
    // Of what is indented.
    if text.starts_with('{') {
        return out.split_whitespace().collect::<String>().contains(&text.split_whitespace().collect::<String>());
    }
    let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    out.match_indices(text)
        .any(|(at, _)| !is_word(out[..at].chars().next_back()) && !is_word(out[at + text.len()..].chars().next()))
}

#[test]
fn every_part_of_a_record_is_kept_written_and_shown() {
    let (book, rows) = (Book::sample("two-agents"), rows("two-agents"));
    let table = table();
    assert!(table.len() > 50, "the table was not found");
    for [field, written, shown] in &table {
        let run = shown.split(' ').nth(1).unwrap();
        let (run_id, step) =
            run.split_once('#').map_or((run, None), |(run_id, step)| (run_id, step.parse::<u64>().ok()));
        let of_run = |row: &&Value| row["run_id"] == run_id && step.is_none_or(|step| row["step"] == step);
        let pointer = format!("/{}", field.replace('.', "/"));
        let mut values: Vec<String> =
            rows.iter().filter(of_run).filter_map(|row| row.pointer(&pointer)).flat_map(shown_as).collect();
        assert!(!values.is_empty(), "{field}: no row of {run} has it");
        if ["cost_usd", "tokens_in", "tokens_out", "wait_ms"].contains(&field.as_str()) {
            let of_run = format!("run_id={run_id}");
            let sum = book.run(&["query", &of_run, "--summarize", &format!("sum({field}) as sum"), "-o", "csv"]);
            values = vec![sum.out.lines().last().unwrap().trim().to_owned()];
        }
        // A correction names its row by its run, the record does not.
        let values: Vec<String> = values.iter().map(|value| value.replace(&format!("{run_id}#"), "#")).collect();
        let ended = book.terminal(&format!("logbook {shown}"), 400, 50);
        ended.exit(0);
        let out = ended.out.replace(&format!("{run_id}#"), "#").replace("\": ", "\":");
        assert!(values.iter().any(|value| holds(&out, value)), "{field}: none of {values:?} is in {ended}");

        let mut words = written.split(' ');
        let command = words.next().unwrap();
        match logbook::cmd::table::find(command) {
            None => assert!(COMING.contains(&command), "{field}: no command {command}"),
            Some(_) => {
                let help = book.run(&[command, "--help"]);
                words.for_each(|flag| assert!(help.out.contains(flag), "{field}: {command} has no {flag}"));
            }
        }
    }
}

#[test]
fn every_standard_field_has_a_line_in_the_table() {
    let table = table();
    // Keys of rows and of traces: of no run as a whole; digests stand for what they are of. What a
    // call undoes, and through which door a decision came, is told in docs/accountability.md.
    let apart = ["id", "trace_id", "span_id", "tool_call", "undoes", "user", "tty", "expires_at"];
    for field in logbook_model::names::PAYLOAD.iter().filter(|field| !apart.contains(&field.name)) {
        assert!(table.iter().any(|[name, ..]| name == field.name), "{} is not in the table", field.name);
    }
}

const ODD: &[&str] = &[
    r#"{"run_id":"child","step":1,"timestamp":"2026-04-16T01:00:00Z","parent_run_id":"late","action":"before its parent"}"#,
    r#"{"run_id":"late","step":9,"timestamp":"2026-04-16T00:00:00Z","action":"out of order","status":"in-progress"}"#,
    r#"{"run_id":"late","step":2,"action":"no time","cost_usd":0.1}"#,
    r#"{"run_id":"late","step":9,"timestamp":"nonsense","action":"the same step","cost_usd":0.2,"tokens_in":"many"}"#,
    r#"{"run_id":"a","step":1,"timestamp":"2026-04-16T02:00:00Z","parent_run_id":"b","task":5,"tool_call":"none"}"#,
    r#"{"run_id":"b","step":1,"timestamp":"2026-04-16T02:00:01Z","parent_run_id":"c","tools_available":{"x":1}}"#,
    r#"{"run_id":"c","step":1,"timestamp":"2026-04-16T02:00:02Z","parent_run_id":"a","kind":7,"status":["done"]}"#,
    r#"{"run_id":"self","step":1,"timestamp":"2026-04-16T02:00:03Z","parent_run_id":"self","answers":"self#1","kind":"answer"}"#,
    r#"{"run_id":"orphan","step":1,"timestamp":"2026-04-16T02:00:04Z","parent_run_id":"nobody","retry_of":"orphan#1"}"#,
    r#"{"run_id":"bare"}"#,
    r#"{"run_id":"calls","step":1,"kind":"call.result","tool_call":{"id":"x","tool":"t"}}"#,
    r#"{"run_id":"calls","step":2,"kind":"call.intent","tool_call":{"id":"x","tool":"t"}}"#,
    r#"{"run_id":"calls","step":3,"kind":"call.intent","tool_call":{"id":"x","tool":"t"}}"#,
    r#"{"run_id":"calls","step":4,"kind":"call.result","tool_call":{"id":"x","tool":"t"}}"#,
    r#"{"run_id":"calls","step":5,"kind":"approval.denied","answers":"calls#99","approver":"eve"}"#,
    r#"{"run_id":"calls","step":6,"action":"without an id","tool_call":{"tool":"t","side_effect":"delete"}}"#,
];

#[test]
fn odd_runs_are_shown_in_every_form() {
    let book = Book::with_rows(ODD);
    for run in ["child", "late", "a", "b", "c", "self", "orphan", "bare", "calls"] {
        for form in ["", "--tree", "-o md", "-o html", "--record", "-o jsonl", "--tree -o jsonl"] {
            book.terminal(&format!("logbook show {run} {form}"), 80, 24).exit(0).shows(run);
        }
        book.run(&["resume", run]).exit(0).quiet().shows(run);
        book.run(&["resume", run, "--max-tokens", "0", "-o", "json"]).exit(0).quiet();
        book.run(&["diff", run, run]).exit(0).quiet().stdout("");
    }
    let late = book.terminal("logbook show late", 80, 24);
    late.shows("children    child").shows("0.3 USD").shows("#9").shows("#2");
    book.terminal("logbook show orphan", 80, 24).shows("parent nobody");
    book.terminal("logbook show self", 80, 24).shows("parent self");
    let round = book.terminal("logbook show a --tree", 80, 24);
    assert_eq!(round.out.matches("(see above)").count(), 1, "{round}");
    round.shows("└─ c").shows("   └─ b").shows("      └─ a");
}

#[test]
fn calls_are_paired_by_their_ids_in_order() {
    let book = Book::with_rows(ODD);
    let record: Value = serde_json::from_str(&book.run(&["show", "calls", "--record"]).out).unwrap();
    let calls: Vec<(&Value, &Value)> =
        record["calls"].as_array().unwrap().iter().map(|call| (&call["intent"], &call["result"])).collect();
    let expected = [("", "#1"), ("#2", ""), ("#3", "#4"), ("", "#6")];
    assert_eq!(calls.len(), expected.len(), "{record}");
    for ((intent, result), (is_intent, is_result)) in calls.iter().zip(expected) {
        assert_eq!((intent.as_str().unwrap_or(""), result.as_str().unwrap_or("")), (is_intent, is_result));
    }
    assert_eq!(record["calls"][1]["open"], true);
    assert_eq!(record["denied"][0]["approver"], "eve");
}

#[test]
fn a_run_that_ended_goes_on_when_it_is_begun_again() {
    let rows = [
        r#"{"run_id":"r","step":1,"status":"in-progress","model":"m-1"}"#,
        r#"{"run_id":"r","step":2,"kind":"run.end","status":"done","final_status":"succeeded"}"#,
        r#"{"run_id":"r","step":3,"kind":"review","rating":"red","reason":"wrong","status":"failed"}"#,
    ];
    let record = |rows: &[&str]| -> Value {
        serde_json::from_str(&Book::with_rows(rows).run(&["show", "r", "--record"]).exit(0).out).unwrap()
    };
    let over = record(&rows);
    assert_eq!(
        (&over["final_status"], &over["rating"], &over["rating_reason"]),
        (&"succeeded".into(), &"red".into(), &"wrong".into())
    );
    let late = r#"{"run_id":"r","step":4,"status":"in-progress","model":"m-2"}"#;
    let late = record(&[&rows[..], &[late]].concat());
    assert_eq!((&late["final_status"], &late["status"]), (&"succeeded".into(), &"done".into()));
    let again = r#"{"run_id":"r","step":4,"kind":"run.start","status":"in-progress","model":"m-2"}"#;
    let open = record(&[&rows[..], &[again]].concat());
    assert_eq!((&open["final_status"], &open["status"]), (&Value::Null, &"in-progress".into()));
    assert_eq!(open["said_later"][0]["model"], "m-2");
}

#[test]
fn looking_for_letters_only_changes_no_answer() {
    use crate::rows::{Shape, agent_rows};
    for shape in [Shape::Steps, Shape::Calls] {
        let book = Book::new();
        let text = String::from_utf8(agent_rows(7, 6000, shape)).unwrap();
        let rows: Vec<&str> = text.lines().collect();
        let run = |row: &str| serde_json::from_str::<Value>(row).unwrap()["run_id"].as_str().unwrap().to_owned();
        let mut lines: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        let (one, other) = (run(rows[100]), run(rows[3000]));
        // Spelled so that no letters of theirs are found, and a child far behind.
        let spelled = one.replace('0', "\\u0030").replace('/', "\\/");
        lines.push(format!(r#"{{"run_id":"{spelled}","action":"spelled","artifact_ref":"docs\/a \u006eote.md"}}"#));
        lines.push(format!(r#"{{"run_id":"child","parent_run_id":"{spelled}","step":1,"action":"wrong name"}}"#));
        lines.push(format!(r#"{{"run_id":"far","step":1,"parent_run_id":"{one}","action":"no letters"}}"#));
        book.write(".logbook/2026-04-15.000001.jsonl", (lines.join("\n") + "\n").as_bytes());
        book.run(&["amend", "far#1", "artifact_ref=docs/a note.md", "--why", "it was his"]).exit(0);
        let record: Value = serde_json::from_str(&book.run(&["show", &one, "--record"]).exit(0).out).unwrap();
        assert_eq!(record["children"], serde_json::json!(["child", "far"]), "{shape:?}");
        for arguments in [
            &["show", &one, "-o", "jsonl"][..],
            &["show", &one, "--record"],
            &["show", &other, "--record"],
            &["show", &one, "--tree", "-o", "table"],
            &["resume", &other],
            &["diff", &one, &other],
            &["blame", "docs/a note.md"],
            &["blame", "src/lib.rs"],
        ] {
            let few = book.run(arguments);
            let all = book.run(&[arguments, &["--strict"]].concat());
            assert_eq!((few.code, &few.out), (all.code, &all.out), "{shape:?} {few}");
        }
        let touched = book.run(&["blame", "docs/a note.md"]).out;
        assert_eq!(touched.lines().count(), 2, "{touched}");
    }
}

#[test]
fn runs_and_show_say_the_same() {
    let same = [
        "parent_run_id",
        "task",
        "requester",
        "owner",
        "agent_id",
        "model",
        "phase",
        "status",
        "action",
        "blocked_on",
        "final_status",
        "rating",
        "rating_reason",
        "rows",
        "cost_usd",
        "tokens_in",
        "tokens_out",
        "started_at",
        "timestamp",
    ];
    let mut compared = 0;
    for sample in ["two-agents", "night-shift", "rotated"] {
        let book = Book::sample(sample);
        let runs: Value = serde_json::from_str(&book.run(&["runs", "--all", "-o", "json"]).exit(0).out).unwrap();
        for run in runs.as_array().unwrap() {
            let id = run["run_id"].as_str().unwrap();
            let record: Value = serde_json::from_str(&book.run(&["show", id, "--record"]).exit(0).out).unwrap();
            for field in same {
                // A list of runs has a column for each sum; nothing to add up is nothing in a
                // record.
                let told = run.get(field).filter(|value| **value != 0);
                assert_eq!(told, record.get(field).filter(|value| **value != 0), "{field} of {id}");
            }
            let count = |list: &str, holds: &dyn Fn(&Value) -> bool| {
                record[list].as_array().map_or(0, |list| list.iter().filter(|item| holds(item)).count())
            };
            let is_open = |approval: &Value| approval["outcome"] == "open";
            assert_eq!(
                run["open_calls"].as_u64().unwrap_or(0) as usize,
                count("calls", &|call| call["open"] == true),
                "{id}"
            );
            assert_eq!(run["open_approvals"].as_u64().unwrap_or(0) as usize, count("approvals", &is_open), "{id}");
            assert_eq!(run["retries"].as_u64().unwrap_or(0) as usize, count("retries", &|_| true), "{id}");
            assert_eq!(run["denied"] == true, count("denied", &|_| true) > 0, "{id}");
            let wrote = |call: &Value| call["side_effect"] == "write" || call["side_effect"] == "delete";
            assert_eq!(run["wrote"] == true, count("calls", &wrote) > 0, "{id}");
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn a_chain_of_runs_is_followed_so_far_and_no_further() {
    let row = |at: usize| format!(r#"{{"run_id":"r-{at}","step":1,"parent_run_id":"r-{}"}}"#, at.wrapping_sub(1));
    let rows: Vec<String> = (0..40).map(row).collect();
    let book = Book::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let tree = book.terminal("logbook show r-0 --tree", 200, 50);
    tree.exit(0).shows("└─ r-31\n").shows("└─ r-32  … not followed further\n");
    assert_eq!(tree.out.lines().count(), 33, "{tree}");
}
