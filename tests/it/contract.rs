//! `logbook contract`, and what a contract does to `exec`.

use crate::ask::book;
use crate::support::Book;

const TOUCH: &str = r#"
modifies = ["the file that it is given"]
side_effect = "write"
impact_scope = "length - 1"
rollback = ["rm", "--", "{args.1}"]
needs_approval = "tool_call.impact_scope>2"

[args]
type = "array"
minItems = 2
items = { type = "string", pattern = "^[a-z]+$" }

[failure_modes]
1 = "the directory is not there"
"#;

fn contracted() -> Book {
    let book = book().var("LOGBOOK_RUN", "r-88");
    book.write(".logbook/contracts/touch.toml", TOUCH.as_bytes());
    book
}

#[test]
fn contracts_are_listed_shown_and_checked() {
    let book = contracted();
    book.run(&["contract"]).exit(0).stdout("touch\n");
    book.run(&["contract", "check"]).exit(0).stdout("touch: valid\n");
    book.run(&["contract", "show", "touch"])
        .exit(0)
        .shows(r#""name":"touch","args":{"#)
        .shows(r#""impact_scope":"length - 1""#);
    book.run(&["contract", "show", "tuch"]).exit(2).says("did you mean touch?");
    for (text, told) in [
        ("side_effect = 'wriet'", "contracts/bad.toml: side_effect: \"wriet\" is not one of"),
        ("args = { type = 'strin' }", "contracts/bad.toml: args: /type: "),
        ("returns = { required = 1 }", "contracts/bad.toml: returns: /required: "),
        ("needs_approval = 'a = = 1'", "contracts/bad.toml: needs_approval: "),
        ("impact_scope = '.a | ['", "contracts/bad.toml: impact_scope: column "),
        ("rollback = []", "contracts/bad.toml: rollback: there is no command"),
        ("rollback = ['{args.0}']", "contracts/bad.toml: rollback: the name of the command"),
        ("reversible = false\nrollback = ['rm']", "contracts/bad.toml: reversible: "),
        ("modifies = 1", "contracts/bad.toml: TOML parse error at line 1, column 12"),
        ("undo = 1", "unknown field `undo`"),
    ] {
        book.write(".logbook/contracts/bad.toml", text.as_bytes());
        book.run(&["contract", "check"]).exit(2).says(told);
        book.run(&["contract", "check", "touch"]).exit(0);
        // A contract that cannot be asked lets nothing pass.
        book.run(&["exec", "--best-effort", "--contract", "bad", "--", "touch", "ran"]).exit(125).says("bad.toml");
        assert!(!book.path().join("ran").exists());
    }
}

#[test]
fn a_caller_that_breaks_it_is_refused_and_a_tool_that_does_is_told_of() {
    let book = contracted();
    book.run(&["exec", "--args", "digest", "--best-effort", "--", "touch", "not/this"])
        .exit(125)
        .says("the command was not run: contract \"touch\" takes no such arguments: /1: ");
    book.run(&["exec", "--contract", "touch", "--", "sh", "-c", "exit 1"]).exit(125);
    book.run(&["exec", "--", "touch", "ran"]).exit(0);
    assert!(book.path().join("ran").exists());
    book.run(&["exec", "--contract", "touch", "--", "false", "ran"]).exit(1);
    book.run(&["query", "kind=policy.decision", "policy.side=tool", "--select", "policy.contract,policy.side,reason"])
        .stdout(
            "{\"policy.contract\":\"touch\",\"policy.side\":\"tool\",\"reason\":\"exit 1: the directory is not there\"}\n",
        );
    let refused = &book.run(&["query", "kind=policy.decision policy.side=caller policy.then=deny", "--count"]).out;
    assert_eq!(refused, "2\n");
    book.run(&["query", "kind=call.intent", "-n", "1", "--jq", ".tool_call | del(.id, .args_sha256)"]).stdout(concat!(
        r#"{"tool":"touch","args":["touch","ran"],"side_effect":"write","impact_scope":1,"contract":"touch"}"#,
        "\n"
    ));
    book.run(&["exec", "--contract", "nobody", "--", "true"]).exit(125).says("there is no contract \"nobody\"");
}

#[test]
fn a_contract_has_a_person_asked() {
    let book = contracted();
    let exec = ["exec", "--timeout", "50ms", "--", "touch", "a", "b", "c"];
    book.run(&exec).exit(125).says("is not decided yet");
    let request = book.run(&["query", "kind=approval.requested", "--jq", ".run_id + \"#\" + (.step|tostring)"]).out;
    book.shell(&format!("LOGBOOK_RUN= logbook approve '{}' --by maria", request.trim().trim_matches('"'))).exit(0);
    assert!(!book.path().join("a").exists());
    book.run(&exec).exit(0);
    assert!(book.path().join("a").exists());
    book.run(&["query", "kind=policy.decision", "-n", "1", "--select", "policy"])
        .stdout("{\"policy\":{\"then\":\"ask\",\"contract\":\"touch\",\"when\":\"tool_call.impact_scope>2\"}}\n");
}

const LOOKUP: &str = r#"
[args]
type = "object"
required = ["table"]

[returns]
type = "object"
required = ["rows"]

[failure_modes]
3 = "no such table"
"#;

fn breaches(book: &Book) -> String {
    book.run(&["query", "kind=policy.decision", "--select", "policy.side,policy.contract,tool_call.tool,reason"])
        .out
        .clone()
}

#[test]
fn calls_that_cannot_be_wrapped_go_by_it_too() {
    let book = contracted();
    book.write(".logbook/contracts/lookup.toml", LOOKUP.as_bytes());
    let begin = |more: &[&str]| book.run(&[&["call", "begin", "--tool", "db", "--contract", "lookup"], more].concat());
    begin(&["{}"]).exit(1).says("the call must not be made: contract \"lookup\" takes no such arguments");
    begin(&["--best-effort"]).exit(1).says("takes no such arguments");
    for (end, told) in [
        (&["{\"rows\":[]}"][..], ""),
        (&["{}"], "stored, but contract \"lookup\": the tool broke it: "),
        (&["--exit-code", "3"], "stored, but contract \"lookup\": the tool broke it: exit 3: no such table"),
    ] {
        let id = begin(&["{\"table\":\"t\"}"]).exit(0).out.trim().to_owned();
        book.run(&[&["call", "end", &id], end].concat()).exit(0).says(told);
    }
    let told = breaches(&book);
    assert_eq!(told.matches("\"policy.side\":\"caller\"").count(), 2, "{told}");
    assert_eq!(told.matches("\"policy.side\":\"tool\"").count(), 2, "{told}");
    assert_eq!(told.matches("\"tool_call.tool\":\"db\"").count(), 4, "{told}");
    book.run(&["query", "kind=call.intent", "--count"]).stdout("3\n");
}

#[test]
fn what_a_command_prints_is_what_it_returns() {
    let book = book().var("LOGBOOK_RUN", "r-88");
    let returns = "[returns.properties.stdout.properties.bytes]\nmaximum = 3\n";
    book.write(".logbook/contracts/echo.toml", returns.as_bytes());
    book.run(&["exec", "--capture", "--", "echo", "ab"]).exit(0);
    assert_eq!(breaches(&book), "");
    book.run(&["exec", "--capture", "--", "echo", "abc"]).exit(0);
    assert!(breaches(&book).contains("\"policy.side\":\"tool\",\"policy.contract\":\"echo\""), "{}", breaches(&book));
}

#[test]
fn appended_rows_are_kept_and_held_against_it() {
    let book = contracted();
    book.write(".logbook/contracts/lookup.toml", LOOKUP.as_bytes());
    let row = |call: &str| format!("{{\"run_id\":\"r-7\",\"action\":\"look up\",\"tool_call\":{call}}}");
    let good = row(r#"{"tool":"lookup","args":{"table":"t"},"result":{"rows":[1]}}"#);
    let asked_wrong = row(r#"{"id":"c-1","tool":"lookup","args":{}}"#);
    let answered_wrong = row(r#"{"tool":"other","contract":"lookup","result":{},"exit_code":0}"#);
    book.run(&["append", "--print", "id", &good]).exit(0).quiet().stdout("r-7#1\n");
    book.run(&["append", "--print", "id", &asked_wrong])
        .exit(0)
        .stdout("r-7#2\n")
        .says("stored, but contract \"lookup\": the caller broke it: ");
    // Many at once: each is kept, in its place, with what it breaks behind it; what was given is
    // printed and counted.
    let batch = format!(
        "{good}\n{answered_wrong}\n{asked_wrong}\n{{\"run_id\":\"r-7\",\"tool_call\":{{\"tool\":\"none\"}}}}\n"
    );
    book.run_with(&["append", "-", "--print", "id"], batch.as_bytes())
        .exit(0)
        .stdout("r-7#4\nr-7#5\nr-7#7\nr-7#9\n")
        .says("2 rows stored that break a contract, or could not be checked against one; the first: line 2: contract \"lookup\": the tool broke it: ");
    book.run(&["query", "kind=policy.decision", "--jq", "[.step,.policy.side,.policy.contract,.tool_call.tool]", "-o", "jsonl"])
        .stdout("[3,\"caller\",\"lookup\",\"lookup\"]\n[6,\"tool\",\"lookup\",\"other\"]\n[8,\"caller\",\"lookup\",\"lookup\"]\n");
    // A retry stores neither again.
    let with_id = asked_wrong.replace("\"action\"", "\"id\":\"key-1\",\"action\"");
    for _ in 0..2 {
        book.run(&["append", &with_id]).exit(0);
    }
    book.run(&["query", "run_id=r-7", "--count"]).stdout("11\n");
    // A contract that is none keeps nothing from being stored.
    book.write(".logbook/contracts/lookup.toml", b"undo = 1\n");
    book.run(&["append", &asked_wrong]).exit(0).says("could not be checked against a contract");
    book.run(&["query", "run_id=r-7", "--count"]).stdout("12\n");
}
