//! `logbook append`: what it takes, what it refuses, and what then stands on file.

use std::fs;

use proptest::prelude::*;

use crate::support::Book;

/// The rows on file, all segments in order.
fn on_file(book: &Book) -> String {
    let mut names: Vec<_> = fs::read_dir(book.path().join(".logbook"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    names.sort();
    names.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn a_row_of_flags_stands_in_the_order_of_the_format() {
    let book = Book::new();
    let line = "logbook append --timestamp 2026-04-15T11:30:00.10+02:00 -s in-progress --next 'inspect failures' \
                -a 'run test suite' -p act -r r-88 cost_usd=0.12 tool_call.tool=bash 'tags:=[\"a\", 1]' --print id";
    book.shell(line).exit(0).quiet().stdout("r-88#1\n");
    assert_eq!(
        on_file(&book),
        concat!(
            r#"{"run_id":"r-88","step":1,"timestamp":"2026-04-15T09:30:00.10Z","phase":"act","action":"run test suite","#,
            r#""status":"in-progress","next_intent":"inspect failures","cost_usd":0.12,"tool_call":{"tool":"bash"},"tags":["a", 1]}"#,
            "\n"
        )
    );
}

#[test]
fn payload_bytes_are_kept() {
    let book = Book::new();
    let row = r#"{"z":123456789012345678901234567890,"run_id":"r","b":1e400,"a":-0.0,"s":"\u0041\/\n","o":{"y" : [ 1 ,2],"x":{}},"timestamp":"2026-01-01T00:00:00Z"}"#;
    book.run(&["append", row]).exit(0).quiet();
    assert_eq!(
        on_file(&book),
        r#"{"run_id":"r","step":1,"timestamp":"2026-01-01T00:00:00Z","z":123456789012345678901234567890,"b":1e400,"a":-0.0,"s":"\u0041\/\n","o":{"y" : [ 1 ,2],"x":{}}}"#.to_owned() + "\n"
    );
}

#[test]
fn camel_case_is_written_in_snake_case() {
    let book = Book::new();
    let row = r#"{"runId":"r","toolCallId":"c1","costUsd":1,"toolCall":{"sideEffect":"read","odd":1},"timestamp":"2026-01-01T00:00:00Z","status":null,"myField":2}"#;
    book.run(&["append", row]).exit(0).quiet();
    assert_eq!(
        on_file(&book),
        r#"{"run_id":"r","step":1,"timestamp":"2026-01-01T00:00:00Z","tool_call":{"side_effect":"read","odd":1,"id":"c1"},"cost_usd":1,"myField":2}"#.to_owned() + "\n"
    );
}

#[test]
fn a_pretty_printed_row_becomes_one_line() {
    let book = Book::new();
    book.run(&["append", "{\n  \"run_id\": \"r\",\n  \"o\": {\n    \"a\": 1\n  }\n}\n"]).exit(0).quiet();
    assert!(on_file(&book).ends_with("\"o\":{     \"a\": 1   }}\n"));
}

#[test]
fn bad_input_is_refused_and_nothing_written() {
    let deep = format!(r#"{{"run_id":"r","a":{}1{}}}"#, "[".repeat(70), "]".repeat(70));
    let long = format!(r#"{{"run_id":"r","a":"{}"}}"#, "x".repeat(1 << 20));
    let cases: &[(&str, &[&str])] = &[
        (r#"{"run_id":"r",}"#, &["line 1, column 15"]),
        ("{\"run_id\":\n \"r\" x}", &["line 2, column 6"]),
        (r#"[{"run_id":"r"}]"#, &["not an array"]),
        (r#"{"run_id":""}"#, &["run_id is empty"]),
        (r#"{"run_id":null}"#, &["run_id is null"]),
        (r#"{"run_id":"_logbook"}"#, &["reserved"]),
        (r#"{"a":1}"#, &["no run_id", "LOGBOOK_RUN"]),
        (r#"{"run_id":"r","status":"blocked"}"#, &["needs blocked_on"]),
        (r#"{"run_id":"r","status":"blokced"}"#, &[r#"did you mean "blocked"?"#, "in-progress, done, blocked, failed"]),
        (r#"{"run_id":"r","phase":"acting"}"#, &["unknown phase"]),
        (r#"{"run_id":"r","kind":"approval.approved"}"#, &["logbook approve"]),
        (r#"{"run_id":"r","a":1,"a":2}"#, &[r#"key "a" is repeated"#]),
        (r#"{"run_id":"r","o":{"a":1,"\u0061":2}}"#, &[r#"key "a" is repeated"#]),
        (r#"{"run_id":"r","runId":"r"}"#, &["given twice"]),
        (r#"{"run_id":"r","step":0}"#, &["step"]),
        (r#"{"run_id":"r","step":1.0}"#, &["step"]),
        (r#"{"run_id":"r","timestamp":"2026-02-30T00:00:00Z"}"#, &["RFC 3339"]),
        (r#"{"run_id":"r","cost_usd":"free"}"#, &["cost_usd must be a number"]),
        (r#"{"run_id":"r","tool_call":{"side_effect":"wirte"}}"#, &[r#"did you mean "write"?"#]),
        (r#"{"run_id":"r","a":"\ud800"}"#, &["surrogate"]),
        ("\u{feff}{\"run_id\":\"r\"}", &["byte order mark"]),
        ("{\"run_id\":\"r\",\"a\":\"\u{1}\"}", &["control character"]),
        (&deep, &["nested deeper than 64"]),
        (&long, &["1 MiB"]),
    ];
    let book = Book::new();
    for (row, says) in cases {
        let ended = book.run_with(&["append", "-"], row.replace('\n', " ").as_bytes());
        ended.exit(2);
        if !row.contains('\n') {
            for part in *says {
                ended.says(part);
            }
        }
        assert!(ended.err.starts_with("logbook: line 1"), "{ended}");
        // An argument cannot be that long, and one that is no object is taken for a field.
        if row.len() < 100_000 && row.starts_with('{') {
            let ended = book.run(&["append", row]);
            ended.exit(2).says(says[0]);
        }
    }
    for bytes in
        [&b"{\"run_id\":\"r\",\"a\":\"\xff\"}"[..], b"{\"run_id\":\"r\",\"a\":\"\0\"}", b"{\"run_id\":\"r\"}\0"]
    {
        book.run_with(&["append", "-"], bytes).exit(2).says("line 1, column");
    }
    assert_eq!(on_file(&book), "");
}

#[test]
fn fields_are_typed_and_given_once() {
    let book = Book::new();
    let refused: &[(&[&str], &str)] = &[
        (&["cost_usd=abc"], "cost_usd must be a number"),
        (&["tokens_in=1.5"], "whole number"),
        (&["a=1", "a=2"], "a is given twice"),
        (&["action=x", "-a", "y"], "action is given twice"),
        (&["a=1", "a.b=2"], "reaches into a"),
        (&["a.b=2", "a=1"], "a is given twice"),
        (&["x:=[a]"], "quote JSON for the shell"),
        (&["tool_call=bash"], "tool_call.tool=bash"),
        (&["0.5"], "shell eat"),
        (&["cost_usd="], "quote the argument"),
        (&["-s", "blokced"], "did you mean"),
        (&["{\"a\":1}", "a=2"], "is repeated"),
    ];
    for (fields, says) in refused {
        let mut arguments = vec!["append", "-r", "r"];
        arguments.extend(*fields);
        book.run(&arguments).exit(2).says(says);
    }
    book.run(&["append"]).exit(2).says("nothing to append");
    assert_eq!(on_file(&book), "");
    book.run(&["append", "-r", "r", "{\"a\":1}", "b=2", "attempt=3", "tool_call.reversible=true", "state_version=v1"])
        .exit(0);
    assert!(
        on_file(&book).contains(r#""b":"2","attempt":3,"tool_call":{"reversible":true},"state_version":"v1","a":1}"#)
    );
}

#[test]
fn a_batch_stops_skips_or_aborts() {
    let rows =
        b"{\"run_id\":\"b\",\"n\":1}\n\n{\"run_id\":\"b\",\"n\":2}\r\n{\"run_id\":\"b\",}\n{\"run_id\":\"b\",\"n\":4}";
    let book = Book::new();
    book.run_with(&["append", "-", "--on-error", "abort"], rows)
        .exit(2)
        .says("line 4, column 15")
        .says("0 rows stored");
    assert_eq!(on_file(&book), "");
    book.run_with(&["append", "-", "--print", "id"], rows)
        .exit(2)
        .stdout("b#1\nb#2\n")
        .says("line 4, column 15")
        .says("2 rows stored");
    book.run_with(&["append", "-", "--on-error", "skip"], rows).exit(2).says("skipped: line 4").says("3 rows stored");
    let steps: Vec<bool> = (1..=5).map(|step| on_file(&book).contains(&format!("\"step\":{step},"))).collect();
    assert_eq!(steps, [true; 5]);
}

#[test]
fn variables_fill_what_is_left_out() {
    let book = Book::new().var("LOGBOOK_RUN", "env").var("LOGBOOK_AGENT", "a-1").var("LOGBOOK_PRINT", "id");
    book.run(&["append", "-a", "x"]).exit(0).stdout("env#1\n");
    book.run(&["append", "{\"action\":\"y\",\"agent_id\":\"b\"}"]).exit(0).stdout("env#2\n");
    book.run_with(&["append", "-"], b"{\"n\":1}\n{\"run_id\":\"other\"}\n").exit(0).stdout("env#3\nother#1\n");
    assert_eq!(on_file(&book).matches("\"agent_id\":\"a-1\"").count(), 3);
}

#[test]
fn an_id_is_stored_once() {
    let book = Book::new();
    let append = |action: &str| book.run(&["append", "-r", "r", "-a", action, "--id", "k", "--print", "id"]);
    append("x").exit(0).stdout("r#1\n");
    append("x").exit(0).stdout("r#1\n");
    append("y").exit(2).says("r#1");
    let both = b"{\"run_id\":\"r\",\"id\":\"m\",\"n\":1}\n{\"run_id\":\"r\",\"id\":\"m\",\"n\":1}\n{\"run_id\":\"r\",\"id\":\"m\",\"n\":2}\n";
    book.run_with(&["append", "-"], both).exit(2).says("line 3").says("taken by another row");
    assert_eq!(on_file(&book).lines().count(), 2);
}

#[test]
fn best_effort_warns_and_succeeds() {
    let book = Book::new();
    book.run(&["append", "-s", "nonsense", "-r", "r", "--best-effort"]).exit(0).says("warning");
    book.write("file", b"");
    book.run(&["append", "-r", "r", "-a", "x", "--dir", "file", "--best-effort"]).exit(0).says("warning");
}

#[test]
fn the_fallback_is_told_once() {
    let book = Book::empty();
    book.run(&["append", "-r", "r", "-a", "x"]).exit(0).says("logbook init");
    book.run(&["append", "-r", "r", "-a", "x", "--print", "id"]).exit(0).quiet().stdout("r#2\n");
}

fn json_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""\ud83d\ude00\/\b""#.to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[ {}]", values.join(" ,"))),
            prop::collection::btree_map("[a-zäA-Z .#]{0,6}", inner, 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{} :{value}", serde_json::to_string(key).unwrap()))
                    .collect();
                format!("{{{}\t}}", members.join(", "))
            }),
        ]
    })
}

#[test]
fn what_is_stored_and_cannot_be_printed_is_not_called_not_stored() {
    let book = Book::new();
    book.shell("logbook append -r r -a a --id k --print id >/dev/full").exit(4);
    book.shell("echo '{\"run_id\":\"r\"}' | logbook append - --print id >/dev/full").exit(4);
    assert_eq!(on_file(&book).lines().count(), 2);
    book.shell("logbook append -r r -a a --id k --print id").exit(0).stdout("r#1\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn every_payload_value_comes_back_byte_for_byte(values in prop::collection::vec(json_value(), 1..200)) {
        let book = Book::new();
        let rows: String = values.iter().map(|value| format!("{{\"v\": {value} ,\"run_id\":\"r\"}}\n")).collect();
        book.run_with(&["append", "-"], rows.as_bytes()).exit(0).quiet();
        let file = on_file(&book);
        prop_assert_eq!(file.lines().count(), values.len());
        for (line, value) in file.lines().zip(&values) {
            let (_, rest) = line.split_once(",\"v\":").unwrap();
            prop_assert_eq!(rest.strip_suffix('}').unwrap(), value.as_str());
        }
    }
}
