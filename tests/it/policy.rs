//! `logbook policy`, and what the rules do to `exec`.

use crate::ask::book;
use crate::support::Book;

const RULES: &str = r#"
[[policy]]
when = "tool_call.side_effect in (delete, payment, deploy) and not tool_call.reversible=true"
then = "ask"
why = "it cannot be undone"

[[policy]]
when = "tool_call.args~'rm -rf'"
then = "deny"

[[policy]]
when = "tool_call.tool=touch"
then = "allow"
why = "harmless"
"#;

fn ruled() -> Book {
    let book = book().var("LOGBOOK_RUN", "r-88");
    book.write(".logbook/config.toml", RULES.as_bytes());
    book
}

#[test]
fn the_rules_in_force_are_shown() {
    let book = ruled();
    book.run(&["policy", "show"]).exit(0).quiet().stdout(concat!(
        r#"{"rule":1,"when":"tool_call.side_effect in (delete, payment, deploy) and not tool_call.reversible=true","then":"ask","why":"it cannot be undone"}"#,
        "\n",
        r#"{"rule":2,"when":"tool_call.args~'rm -rf'","then":"deny"}"#,
        "\n",
        r#"{"rule":3,"when":"tool_call.tool=touch","then":"allow","why":"harmless"}"#,
        "\n"
    ));
    book.write(".logbook/config.toml", b"[[policy]]\nwhen = 'tool_call.tool ='\nthen = 'deny'\n");
    book.run(&["policy", "show"]).exit(2).says("config.toml: policy rule 1");
    // A rule that cannot be asked lets nothing pass.
    book.run(&["exec", "--best-effort", "--", "touch", "ran"]).exit(125).says("policy rule 1");
    assert!(!book.path().join("ran").exists());
    book.write(".logbook/config.toml", b"[[policy]]\nwhen = 'a=1'\nthen = 'perhaps'\n");
    book.run(&["policy", "show"]).exit(3).says("policy");
}

#[test]
fn the_first_rule_that_a_call_meets_decides_and_a_row_says_so() {
    let book = ruled();
    book.run(&["exec", "--", "touch", "ran"]).exit(0);
    assert!(book.path().join("ran").exists());
    book.run(&["exec", "--best-effort", "--args", "digest", "--", "sh", "-c", "rm -rf ran"])
        .exit(125)
        .says("the command was not run: denied by policy rule 2 (tool_call.args~'rm -rf')");
    assert!(book.path().join("ran").exists());
    book.run(&["exec", "--", "true"]).exit(0);
    book.run(&["query", "kind=policy.decision", "--select", "policy.rule,policy.then,reason,tool_call.tool"]).stdout(
        concat!(
            r#"{"policy.rule":"3","policy.then":"allow","reason":"harmless","tool_call.tool":"touch"}"#,
            "\n",
            r#"{"policy.rule":"2","policy.then":"deny","tool_call.tool":"sh"}"#,
            "\n"
        ),
    );
    book.run(&["append", "--kind", "policy.decision"]).exit(2);
}

#[test]
fn a_rule_has_a_person_asked() {
    let book = ruled();
    let exec = ["exec", "--side-effect", "delete", "--timeout", "50ms", "--", "touch", "ran"];
    book.run(&exec).exit(125).says("is not decided yet");
    let request = book.run(&["query", "kind=approval.requested", "--jq", ".run_id + \"#\" + (.step|tostring)"]).out;
    let request = request.trim().trim_matches('"');
    book.shell(&format!("LOGBOOK_RUN= logbook approve '{request}' --by maria")).exit(0);
    assert!(!book.path().join("ran").exists());
    book.run(&exec).exit(0);
    assert!(book.path().join("ran").exists());
    // What can be undone needs nobody.
    book.run(&["exec", "--side-effect", "delete", "--reversible", "--", "true"]).exit(0);
}

#[test]
fn calls_that_cannot_be_wrapped_are_ruled_too() {
    let book = ruled();
    let begin = |more: &[&str]| book.run(&[&["call", "begin", "--tool", "db", "--timeout", "50ms"], more].concat());
    begin(&["--id", "c-1", "[\"rm -rf x\"]"]).exit(1).says("the call must not be made: denied by policy rule 2");
    begin(&["--id", "c-1", "{\"a\":1}"]).exit(0).stdout("c-1\n");
    begin(&["--id", "c-1"]).exit(2).says("has a call \"c-1\" already");
    let deletes = ["--side-effect", "delete", "{\"table\":\"t\"}"];
    begin(&deletes).exit(1).says("is not decided yet");
    book.shell("LOGBOOK_RUN= logbook approve r-88 --by maria --why fine").exit(0);
    begin(&deletes).exit(0);
    // It counts once.
    begin(&deletes).exit(1).says("is not decided yet");
    book.run(&["query", "kind=call.intent approver=maria", "--select", "tool_call.tool", "-o", "tsv"])
        .stdout("tool_call.tool\ndb\n");
    begin(&["--ask", "{}"]).exit(1).says("is not decided yet");
}
