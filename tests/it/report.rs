//! `logbook report`: saved queries.

use std::fs;

use crate::support::{Book, repository};

/// Something for each built-in report to show.
const ROWS: &[&str] = &[
    r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-16T07:30:00Z","kind":"run.start","status":"in-progress","task":"invoices of April","agent_id":"clerk","model":"big","cost_usd":0.5}"#,
    r#"{"run_id":"r-1","step":2,"timestamp":"2026-04-16T07:31:00Z","status":"in-progress","action":"ask","tool_call":{"tool":"issue","mcp_server":"github","side_effect":"write","reversible":false},"artifact_ref":"a.txt"}"#,
    r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T01:00:00Z","status":"in-progress","task":"guides"}"#,
    r#"{"run_id":"r-3","step":1,"timestamp":"2026-04-15T17:00:00Z","status":"blocked","blocked_on":"maria"}"#,
    r#"{"run_id":"r-4","step":1,"timestamp":"2026-04-16T03:00:00Z","status":"done","task":"invoices of March"}"#,
    r#"{"run_id":"r-4","step":2,"timestamp":"2026-04-16T03:30:00Z","kind":"review","rating":"red","reason":"the total is wrong"}"#,
    r#"{"run_id":"r-2","step":2,"timestamp":"2026-04-16T04:00:00Z","kind":"review","rating":"green"}"#,
    r#"{"run_id":"r-1","step":3,"timestamp":"2026-04-16T07:32:00Z","kind":"approval.denied","approval_state":"denied","approver":"jonas","reason":"not yet","answers":"r-1#2"}"#,
];

#[test]
fn each_built_in_report_shows_what_it_is_about() {
    let book = Book::with_rows(ROWS);
    let shown = |words: &[&str], expected: &[&str]| {
        let ended = book.run(&[&["report"], words].concat());
        let runs: Vec<String> = ended
            .exit(0)
            .quiet()
            .out
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|row| {
                row["run_id"]
                    .as_str()
                    .or(row["agent_id"].as_str())
                    .or(row["tool_call.tool"].as_str())
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(runs, expected, "{ended}");
    };
    shown(&["running"], &["r-1", "r-2"]);
    shown(&["stuck"], &["r-3", "r-2"]);
    shown(&["stuck", "silent=10m"], &["r-3", "r-2", "r-1"]);
    shown(&["overnight"], &["r-4", "r-2", "r-1"]);
    shown(&["overnight", "night_from=2026-04-16T07:00Z"], &["r-1"]);
    shown(&["denied"], &["r-1"]);
    shown(&["wrote-files"], &["r-1"]);
    shown(&["irreversible"], &["r-1"]);
    shown(&["mcp", "server=github"], &["issue"]);
    shown(&["mcp", "server=other"], &[]);
    shown(&["cost"], &["clerk"]);
    shown(&["artifacts"], &["r-1"]);
    shown(&["ratings"], &["r-2", "r-4"]);
    shown(&["ratings", "-n", "1"], &["r-2"]);
    shown(&["ratings", "workflow=invoices"], &["r-4"]);
    shown(&["running", "-r", "r-2"], &["r-2"]);
    book.run(&["report", "ratings"]).shows(r#""rating":"red","rating_reason":"the total is wrong""#);
    book.run(&["report", "ratings", "-o", "table"]).shows("● red").shows("● green");
    // Hours that the config says.
    book.write(".logbook/config.toml", b"overnight = \"02:00-07:31\"\n");
    shown(&["overnight"], &["r-4", "r-2"]);
}

#[test]
fn report_alone_says_what_there_is() {
    let list = Book::empty().run(&["report", "-o", "csv"]).exit(0).quiet().out.clone();
    let names: Vec<&str> = list.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "running",
            "stuck",
            "overnight",
            "denied",
            "wrote-files",
            "irreversible",
            "mcp",
            "cost",
            "artifacts",
            "ratings"
        ]
    );
    assert!(list.contains("mcp,server=…,\"Calls of one MCP server, by tool.\""), "{list}");
    assert!(list.contains("stuck,[silent=2h],"), "{list}");
    // All of the folder is shipped.
    let folder = fs::read_dir(repository().join("src/cmd/read/reports")).unwrap();
    assert_eq!(folder.count(), names.len());
}

#[test]
fn one_saves_reports_of_ones_own() {
    let book = Book::with_rows(ROWS);
    book.write(
        ".logbook/reports/by-agent.txt",
        b"# Rows of one agent.\n# $agent: whose\nfilter agent_id=$agent\nselect run_id\n",
    );
    book.write(".logbook/reports/running.txt", b"filter status=blocked select run_id\n");
    book.write(".logbook/reports/Other.txt", b"select run_id\n");
    book.write(".logbook/reports/notes.md", b"no report\n");
    book.run(&["report", "-o", "csv"]).shows("by-agent,agent=…,Rows of one agent.").shows("running,,\r\n");
    book.run(&["report", "by-agent", "agent=clerk"]).exit(0).stdout("{\"run_id\":\"r-1\"}\n");
    book.run(&["report", "running"]).exit(0).stdout("{\"run_id\":\"r-3\"}\n");
    book.run(&["report", "by-agent", "--text"]).shows("# Rows of one agent.\n# $agent: whose\n");
    // What it is given is a value and never query text.
    book.run(&["report", "by-agent", "agent=x or has run_id"]).exit(0).stdout("");
    book.write(".logbook/reports/broken.txt", b"filter status = = x\n");
    book.run(&["report", "broken"]).exit(2).says("^");
}

#[test]
fn mistakes_are_answered() {
    let book = Book::with_rows(ROWS);
    book.run(&["report", "runing"]).exit(2).says("hint: did you mean `logbook report running`?");
    book.run(&["report", "qqqqq"]).exit(2).says("hint: logbook report");
    book.run(&["report", "mcp"]).exit(2).says("report mcp needs server").says("hint: logbook report mcp server=…");
    book.run(&["report", "mcp", "sever=x"]).exit(2).says("did you mean server=x?");
    book.run(&["report", "mcp", "github"]).exit(2).says("\"github\" is not NAME=VALUE");
    book.run(&["report", "cost", "x=1"]).exit(2).says("hint: logbook report cost");
    Book::empty().run(&["report", "cost"]).exit(3).says("no logbook here");
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let book = Book::with_rows(ROWS);
    book.write("secret.txt", b"select run_id\n");
    book.write(".logbook/secret.txt", b"select run_id\n");
    book.write(".logbook/reports/a.txt", b"select run_id\n");
    for name in
        ["../secret", "../../secret", "/etc/passwd", "A", "a b", "a.txt", "", "ä", ".", "a/../a", &"a".repeat(65)]
    {
        let ended = book.run(&["report", "--", name]);
        assert!(ended.exit(2).err.contains("is not a valid name of a report"), "{name:?}: {ended}");
    }
    // Nor does a link, or what is no file, or a text that names a file.
    book.shell("ln -s ../../secret.txt .logbook/reports/linked.txt; mkfifo .logbook/reports/pipe.txt").exit(0);
    book.run(&["report", "linked"]).exit(3);
    book.run(&["report", "pipe"]).exit(3).says("not a file");
    book.run(&["report"]).exit(0).shows("not a file of at most 64 KiB").shows("ratings");
    book.write(".logbook/reports/reads.txt", b"filter run_id in @../secret.txt\n");
    book.run(&["report", "reads"]).exit(2).says("which reports may not read");
    book.write(".logbook/reports/large.txt", &vec![b'#'; 70_000]);
    book.run(&["report", "large"]).exit(3).says("64 KiB");
    book.write(".logbook/reports/latin.txt", b"# \xE4\n");
    book.run(&["report", "latin"]).exit(3).says("not UTF-8");
    book.shell("rm -r .logbook/reports; ln -s .. .logbook/reports").exit(0);
    book.run(&["report", "secret"]).exit(3).says("is not a directory");
}
