//! `logbook fields`: which fields occur, and the values of one.

use crate::support::Book;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-16T01:00:00Z","status":"done","cost_usd":0.5,"tags":["a","b"],"odd key":1}"#,
    r#"{"run_id":"r-1","step":2,"timestamp":"2026-04-16T02:00:00Z","status":"blocked","blocked_on":"maria","tool_call":{"tool":"bash","args":{"argv":["ls"]}}}"#,
    r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T03:00:00Z","status":"blocked","blocked_on":"jonas","cost_usd":null,"tool_call":{"tool":"bash"}}"#,
    r#"{"run_id":"r-2","step":2,"timestamp":"2026-04-16T04:00:00Z","cost_usd":"free","calls":[{"tool":"x"},{"tool":"y"}]}"#,
    "not a row",
];

#[test]
fn fields_are_listed_with_types_and_an_example() {
    let book = Book::with_rows(ROWS);
    book.run(&["fields"]).exit(0).says("skipped 1 row").stdout(concat!(
        r#"{"field":"run_id","rows":4,"types":"string","example":"r-1"}"#,
        "\n",
        r#"{"field":"step","rows":4,"types":"number","example":1}"#,
        "\n",
        r#"{"field":"timestamp","rows":4,"types":"string","example":"2026-04-16T01:00:00Z"}"#,
        "\n",
        r#"{"field":"status","rows":3,"types":"string","example":"done"}"#,
        "\n",
        r#"{"field":"blocked_on","rows":2,"types":"string","example":"maria"}"#,
        "\n",
        r#"{"field":"cost_usd","rows":3,"types":"number, null, string","example":0.5}"#,
        "\n",
        r#"{"field":"tool_call","rows":2,"types":"object"}"#,
        "\n",
        r#"{"field":"tool_call.tool","rows":2,"types":"string","example":"bash"}"#,
        "\n",
        r#"{"field":"\"odd key\"","rows":1,"types":"number","example":1}"#,
        "\n",
        r#"{"field":"calls","rows":1,"types":"array"}"#,
        "\n",
        r#"{"field":"calls.tool","rows":1,"types":"string","example":"x"}"#,
        "\n",
        r#"{"field":"tags","rows":1,"types":"array","example":["a","b"]}"#,
        "\n",
        r#"{"field":"tool_call.args","rows":1,"types":"object"}"#,
        "\n",
        r#"{"field":"tool_call.args.argv","rows":1,"types":"array","example":["ls"]}"#,
        "\n",
    ));
    let found = book.run(&["fields", "run_id=r-2", "-n", "2", "-o", "csv"]);
    found.exit(0).stdout("field,rows,types,example\r\nrun_id,2,string,r-2\r\nstep,2,number,1\r\n");
}

#[test]
fn values_of_one_field_are_counted() {
    let book = Book::with_rows(ROWS);
    let lines = "{\"status\":\"blocked\",\"count\":2}\n{\"status\":\"done\",\"count\":1}\n";
    book.run(&["fields", "status"]).exit(0).stdout(lines);
    book.run(&["fields", "status", "-n", "1"]).exit(0).stdout("{\"status\":\"blocked\",\"count\":2}\n");
    book.run(&["fields", "run_id=r-1", "status", "-o", "csv"]).shows("blocked,1").shows("done,1");
    book.run(&["fields", "tool_call.tool"]).exit(0).stdout("{\"tool_call.tool\":\"bash\",\"count\":2}\n");
    book.run(&["fields", "\"odd key\""]).exit(0).shows("\"count\":1");
}

#[test]
fn inputs_and_filters_are_those_of_query() {
    let book = Book::with_rows(ROWS);
    book.write("other.jsonl", b"{\"x\":1}\n{\"x\":2}\n{\"x\":2}\n");
    book.run(&["fields", "other.jsonl"])
        .exit(0)
        .stdout("{\"field\":\"x\",\"rows\":3,\"types\":\"number\",\"example\":1}\n");
    book.run(&["fields", "x", "x>1", "other.jsonl"]).exit(0).stdout("{\"x\":2,\"count\":2}\n");
    book.run_with(&["fields", "-"], b"{\"y\":true}").exit(0).shows("boolean");
    book.run(&["fields", "group_by status"]).exit(2).says("fields takes conditions");
    book.run(&["fields", "statsu"]).exit(0).says("did you mean `status`?");
}

#[test]
fn a_person_sees_a_table() {
    let book = Book::with_rows(ROWS).var("NO_COLOR", "1");
    let ended = book.terminal("logbook fields", 80, 24);
    ended.exit(0).shows("field").shows("\"2026-04-16T01:00:00Z\"").shows("number, null, string");
    assert!(ended.out.lines().all(|line| line.chars().count() <= 80 || line.starts_with("logbook:")), "{ended}");
}

#[test]
fn what_is_nested_deeper_is_not_passed_over_in_silence() {
    let nested = |keys: usize, end: &str| format!("{}{end}{}\n", "{\"k\":".repeat(keys), "}".repeat(keys));
    let book = Book::empty();
    book.run_with(&["fields", "-"], nested(16, "1").as_bytes()).exit(0).quiet();
    book.run_with(&["fields", "-"], nested(16, "[{}]").as_bytes()).exit(0).quiet();
    for end in ["{\"k\":1}", "[1,[{\"k\":1}]]"] {
        let ended = book.run_with(&["fields", "-"], nested(16, end).as_bytes());
        ended.exit(0).says("objects are nested deeper than 16 keys; fields below are not listed");
    }
}
