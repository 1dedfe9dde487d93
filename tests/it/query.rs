//! `logbook query`: inputs, formats, exit codes. What the language means is in
//! `query_cases` and its data.

use crate::support::Book;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-15T23:00:00Z","phase":"act","action":"a","status":"blocked","blocked_on":"maria"}"#,
    r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T01:00:00Z","phase":"act","action":"b","status":"blocked","blocked_on":"jonas","cost_usd":0.5}"#,
    r#"{"run_id":"r-1","step":2,"timestamp":"2026-04-16T02:00:00Z","phase":"act","action":"c","status":"done","cost_usd":1.25}"#,
    r#"{"run_id":"r-3","step":1,"timestamp":"2026-04-16T03:00:00Z","phase":"act","action":"d","status":"blocked","blocked_on":"jonas"}"#,
];

fn lines(rows: &[&str]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn rows_come_out_byte_for_byte() {
    let book = Book::with_rows(ROWS);
    book.run(&["query", "status=blocked"]).exit(0).quiet().stdout(&lines(&[ROWS[0], ROWS[1], ROWS[3]]));
    book.run(&["query"]).exit(0).quiet().stdout(&lines(ROWS));
    book.run(&["query", "timestamp >= 2026-04-15T00:00Z AND status=done"]).exit(0).stdout(&lines(&[ROWS[2]]));
    book.run(&["query", "status=blocked", "and", "blocked_on=jonas"]).exit(0).stdout(&lines(&[ROWS[1], ROWS[3]]));
}

#[test]
fn groups_are_counted() {
    let book = Book::with_rows(ROWS);
    let all = book.run(&["query", "status=blocked", "--group", "blocked_on"]);
    all.exit(0).quiet().stdout(concat!(
        r#"{"blocked_on":"jonas","count":2,"runs":2,"oldest":"2026-04-16T01:00:00Z"}"#,
        "\n",
        r#"{"blocked_on":"maria","count":1,"runs":1,"oldest":"2026-04-15T23:00:00Z"}"#,
        "\n"
    ));
    let standing = book.run(&["query", "status=blocked", "--latest", "--group", "blocked_on"]);
    standing.exit(0).stdout("{\"blocked_on\":\"jonas\",\"count\":2,\"runs\":2,\"oldest\":\"2026-04-16T01:00:00Z\"}\n");
    for text in ["filter status=blocked group_by blocked_on", "filter status=blocked\ngroup_by blocked_on"] {
        book.run(&["query", text]).exit(0).stdout(&all.out);
    }
    book.run(&["query", "--summarize", "count, sum(cost_usd) as cost"]).stdout("{\"count\":4,\"cost\":1.75}\n");
}

#[test]
fn common_flags_choose_rows() {
    let book = Book::with_rows(ROWS);
    book.run(&["query", "-r", "r-1"]).stdout(&lines(&[ROWS[0], ROWS[2]]));
    book.run(&["query", "--since", "2026-04-16"]).stdout(&lines(&ROWS[1..]));
    book.run(&["query", "--until", "2026-04-15"]).stdout(&lines(&ROWS[..1]));
    book.run(&["query", "--since", "-6h"]).stdout(&lines(&ROWS[2..]));
    book.run(&["query", "--since", "6h"]).stdout(&lines(&ROWS[2..]));
    book.run(&["query", "--since", "yesterday", "-n", "1"]).stdout(&lines(&ROWS[..1]));
    book.run(&["query", "--since", "6"]).exit(2).says("--since");
    book.run(&["query", "--tz", "America/New_York", "timestamp=2026-04-15"]).stdout(&lines(&ROWS[..4]));
    book.run(&["query", "--sort", "-timestamp", "--limit", "1"]).stdout(&lines(&[ROWS[3]]));
    book.run(&["query", "--count", "status=blocked"]).stdout("3\n");
    book.run(&["query", "--arg", "who", "jonas", "blocked_on=$who", "--count"]).stdout("2\n");
}

#[test]
fn every_format_says_the_same() {
    let book =
        Book::with_rows(&[r#"{"run_id":"r,\"1\"","step":1,"action":"=1+1\ttab","status":"done","cost_usd":1.50}"#]);
    let select = ["query", "--select", "run_id,action,cost_usd,none", "-o"];
    let out = |format: &str| book.run(&[&select[..], &[format]].concat()).exit(0).out.clone();
    assert_eq!(out("jsonl"), "{\"run_id\":\"r,\\\"1\\\"\",\"action\":\"=1+1\\ttab\",\"cost_usd\":1.50}\n");
    assert_eq!(out("json"), "[\n{\"run_id\":\"r,\\\"1\\\"\",\"action\":\"=1+1\\ttab\",\"cost_usd\":1.50}\n]\n");
    assert_eq!(out("csv"), "run_id,action,cost_usd,none\r\n\"r,\"\"1\"\"\",'=1+1\ttab,1.50,\r\n");
    assert_eq!(out("tsv"), "run_id\taction\tcost_usd\tnone\nr,\"1\"\t'=1+1\\ttab\t1.50\t\n");
    assert_eq!(
        out("md"),
        "| run_id | action | cost_usd | none |\n| --- | --- | --- | --- |\n| r,\"1\" | =1+1\\ttab | 1.50 |  |\n"
    );
    assert_eq!(out("table"), "run_id  action     cost_usd\nr,\"1\"   =1+1\\ttab      1.50\n");
    let raw = book.run(&["query", "--select", "action", "-o", "csv", "--raw-csv"]);
    raw.stdout("action\r\n=1+1\ttab\r\n");
    book.run(&["query", "--json", "status=nothing"]).stdout("[]\n");
    book.run(&["query", "-o", "xml"]).exit(2).says("-o table|jsonl|json|csv|tsv|md");
}

#[test]
fn files_globs_directories_and_stdin_are_read() {
    let book = Book::empty();
    let row = |name: &str| format!("{{\"run_id\":\"{name}\",\"status\":\"blocked\"}}\n");
    book.write("logs/b.jsonl", row("b").as_bytes());
    book.write("logs/a.jsonl", row("a").as_bytes());
    book.write("logs/deep/c.jsonl", row("c").as_bytes());
    book.write("logs/notes.txt", b"not rows");
    let all = [row("a"), row("b"), row("c")].concat();
    book.run(&["query", "status=blocked", "logs"]).exit(0).quiet().stdout(&all);
    book.run(&["query", "status=blocked", "logs/*.jsonl"]).exit(0).stdout(&[row("a"), row("b")].concat());
    book.run(&["query", "logs/b.jsonl", "logs/a.jsonl"]).exit(0).stdout(&[row("b"), row("a")].concat());
    book.run_with(&["query", "status=blocked", "-"], all.as_bytes()).exit(0).stdout(&all);
    book.shell("zstd --version >/dev/null 2>&1 || exit 0; zstd -q logs/a.jsonl -o a.jsonl.zst").exit(0);
    book.shell("gzip -k logs/a.jsonl && logbook query logs/a.jsonl.gz").exit(0).stdout(&row("a"));
    book.run(&["query", "x/*.jsonl"]).exit(3).says("no file matches");
    book.run(&["query", "blocked"]).exit(3).says("'status=blocked'");
    book.run(&["query", "where", "status=done"]).exit(3).says("has no word before it");
    book.run(&["query", "no/such.jsonl"]).exit(3).says("no/such.jsonl: no such file or directory");
}

#[test]
fn exit_codes_answer_a_script() {
    let book = Book::with_rows(ROWS);
    book.run(&["query", "status=failed"]).exit(0).stdout("");
    book.run(&["query", "-e", "status=failed"]).exit(1).stdout("");
    book.run(&["query", "-q", "status=failed"]).exit(1).stdout("").quiet();
    book.run(&["query", "-q", "status=done"]).exit(0).stdout("").quiet();
    book.run(&["query", "status="]).exit(2).says("^");
    book.shell("logbook query | head -n 1").exit(0).quiet();
}
