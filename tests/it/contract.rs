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
    book.run(&["contract", "check"]).exit(0).stdout("touch: sound\n");
    book.run(&["contract", "show", "touch"])
        .exit(0)
        .shows(r#""name":"touch","args":{"#)
        .shows(r#""impact_scope":"length - 1""#);
    book.run(&["contract", "show", "tuch"]).exit(2).says("did you mean touch?");
    for (text, told) in [
        ("side_effect = 'wriet'", "contracts/bad.toml: side_effect: \"wriet\" is none of"),
        ("args = { type = 'strin' }", "contracts/bad.toml: args: /type: "),
        ("returns = { required = 1 }", "contracts/bad.toml: returns: /required: "),
        ("needs_approval = 'a = = 1'", "contracts/bad.toml: needs_approval: "),
        ("impact_scope = '.a | ['", "contracts/bad.toml: impact_scope: column "),
        ("rollback = []", "contracts/bad.toml: rollback: there is no command"),
        ("rollback = ['{args.0}']", "contracts/bad.toml: rollback: the command itself"),
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
