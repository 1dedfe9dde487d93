//! `logbook start`: a run begins, with what is known of it.

use std::process::Command;

use crate::support::{Book, LOGBOOK};

#[test]
fn an_id_is_made_and_printed() {
    let book = Book::new();
    let started = book.run(&["start", "--task", "migrate", "--owner", "maria"]);
    started.exit(0).quiet();
    let id = started.out.trim().to_owned();
    let digits = id.strip_prefix("r-").unwrap();
    assert!(digits.len() == 8 && digits.bytes().all(|b| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&b)), "{id}");
    book.run(&["query", "--select", "run_id,step,kind,action,status,task,owner"]).stdout(&format!(
        "{{\"run_id\":\"{id}\",\"step\":1,\"kind\":\"run.start\",\"action\":\"start\",\"status\":\"in-progress\",\"task\":\"migrate\",\"owner\":\"maria\"}}\n"
    ));
    let ids: Vec<String> = (0..20).map(|_| book.run(&["start"]).out).collect();
    let mut unlike = ids.clone();
    unlike.sort();
    unlike.dedup();
    assert_eq!(unlike.len(), 20, "a clash was not met: {ids:?}");
}

#[test]
fn everything_that_is_known_is_written() {
    let book = Book::new().var("TRACEPARENT", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    book.write("prompt.md", b"be careful\n");
    book.run(&[
        "start",
        "r-88",
        "--requester",
        "jonas",
        "--agent",
        "coder-1",
        "--agent-version",
        "2",
        "--model",
        "m-1",
        "--prompt-file",
        "prompt.md",
        "--tool",
        "bash",
        "--tool",
        "edit",
        "--permission",
        "read:repo",
        "--input",
        "a.csv",
        "--parent",
        "r-1",
        "--turn",
        "t-9",
        "--evidence",
        "mail:3",
        "ticket=OPS-12",
        "cost_usd=0.5",
    ])
    .exit(0)
    .quiet()
    .stdout("r-88\n");
    let row = book.run(&["query", "run_id=r-88", "--jq", "del(.timestamp)", "-o", "jsonl"]);
    for part in [
        r#""agent_id":"coder-1","agent_version":"2","requester":"jonas","model":"m-1","prompt_version":"sha256:"#,
        r#""turn_id":"t-9","parent_run_id":"r-1","tools_available":["bash","edit"],"permissions":["read:repo"],"#,
        r#""input_refs":["a.csv"],"evidence":["mail:3"],"#,
        r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","ticket":"OPS-12","cost_usd":0.5}"#,
    ] {
        row.shows(part);
    }
    let sum = book.shell("sha256sum < prompt.md").out;
    row.shows(&format!("sha256:{}\"", sum.split_whitespace().next().unwrap()));
}

#[test]
fn eval_sets_the_run_for_what_follows() {
    let book = Book::empty();
    let line = r#"eval "$(logbook start --export --dir "it's here" --agent "o'brien; rm -rf x")" &&
        cd / && logbook append -a work -s done && echo "$LOGBOOK_RUN|$LOGBOOK_AGENT" && logbook query --count"#;
    let ended = book.shell(line);
    ended.exit(0).shows("|o'brien; rm -rf x\n2\n");
    book.shell(
        "TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 logbook start r-1 --export --dir x",
    )
    .shows("export TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n")
    .shows("export LOGBOOK_RUN=r-1\nexport LOGBOOK_DIR=/");
    // What is no trace is neither stored nor handed on.
    book.shell("TRACEPARENT='nonsense; x' logbook start r-2 --export --dir x")
        .exit(0)
        .stdout(&format!("export LOGBOOK_RUN=r-2\nexport LOGBOOK_DIR={}\n", book.path().join("x").display()));
}

#[test]
fn a_run_inside_a_run_has_it_as_its_parent() {
    let book = Book::new().var("LOGBOOK_RUN", "r-parent");
    book.run(&["start", "r-a"]).exit(0);
    book.run(&["start", "r-b", "--parent", "none"]).exit(0);
    book.run(&["start", "r-c", "--parent", "r-b"]).exit(0);
    book.run(&["query", "--select", "run_id,parent_run_id"]).stdout(
        "{\"run_id\":\"r-a\",\"parent_run_id\":\"r-parent\"}\n{\"run_id\":\"r-b\"}\n{\"run_id\":\"r-c\",\"parent_run_id\":\"r-b\"}\n",
    );
    book.run(&["start", "r-parent"]).exit(2).says("cannot be its own parent");
}

#[test]
fn an_id_that_has_rows_is_refused() {
    let book = Book::new();
    book.run(&["start", "r-88"]).exit(0);
    book.run(&["start", "r-88"]).exit(2).says("run \"r-88\" has rows already").says("hint: logbook append -r r-88");
    book.run(&["start", "_x"]).exit(2).says("reserved");
    book.run(&["start", "r-9", "cost_usd=much"]).exit(2).says("cost_usd must be a number");
    book.run(&["start", "r-9", "--prompt-file", "none.md"]).exit(3).says("none.md");
    book.run(&["query", "--count"]).stdout("1\n");
    book.run(&["start", "--best-effort", "r-88"]).exit(0).says("warning: not stored");
}

#[test]
fn of_many_that_race_for_one_id_one_wins() {
    let book = Book::new();
    let start = || {
        let mut command: Command = book.command(LOGBOOK);
        command.args(["start", "r-88"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let racing: Vec<_> = (0..16).map(|_| start()).collect();
    let won = racing.into_iter().filter_map(|mut child| child.wait().unwrap().code()).filter(|code| *code == 0);
    assert_eq!(won.count(), 1);
    book.run(&["query", "--count"]).stdout("1\n");
}
