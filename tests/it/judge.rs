//! The process that evaluates rules for gates (`logbook judge`), and gates whose rules run away
//! (more in `tests/gates/bounds.txt`).

use crate::support::Book;

const NOW: &str = "2026-04-15T08:00:00Z";

#[test]
fn questions_are_answered_a_line_each() {
    let book = Book::new();
    book.write(".logbook/tools", b"rm\n");
    let questions = [
        r#"{"rule":{"Program":".n + 1"},"about":"{\"n\":1}"}"#,
        r#"{"rule":{"Condition":{"when":"n>1 and action~'^a'","arguments":null}},"about":"{\"n\":2,\"action\":\"ab\"}"}"#,
        r#"{"rule":{"Condition":{"when":"tool_call.tool in @tools","arguments":null}},"about":"{\"tool_call\":{\"tool\":\"rm\"}}"}"#,
        r#"{"rule":{"Schema":"{\"type\":\"array\"}"},"about":"{}"}"#,
        r#"{"rule":{"Schema":"{\"type\":\"array\"}"},"about":"[]"}"#,
        r#"{"rule":{"Program":".n"},"about":null}"#,
        r#"{"rule":{"Program":".n ]"},"about":null}"#,
        "no question",
    ];
    let ended = book.run_with(&["judge", NOW, ".logbook"], (questions.join("\n") + "\n").as_bytes());
    let answers: Vec<&str> = ended.exit(0).quiet().out.lines().collect();
    assert_eq!(answers.len(), questions.len(), "{answers:?}");
    assert_eq!(answers[0], r#"{"Verdict":{"Value":"2"}}"#);
    assert_eq!(answers[1], r#"{"Verdict":{"Met":true}}"#);
    assert_eq!(answers[2], r#"{"Verdict":{"Met":true}}"#);
    assert_eq!(answers[3], r#"{"Verdict":{"Fault":"value is not of type \"array\""}}"#);
    assert_eq!(answers[4], r#"{"Verdict":{"Fault":null}}"#);
    assert_eq!(answers[5], r#"{"Verdict":"Sound"}"#);
    assert!(answers[6].starts_with(r#"{"Wrong":{"message":"column 4: "#), "{}", answers[6]);
    assert!(answers[7].starts_with(r#"{"Wrong":"#), "{}", answers[7]);
}

#[test]
fn it_says_why_it_ends() {
    let book = Book::new();
    let ask = |code: &str| {
        let question = format!("{{\"rule\":{{\"Program\":\"{code}\"}},\"about\":\"1\"}}\n");
        book.run_with(&["judge", NOW, ".logbook"], question.as_bytes())
    };
    ask("def f: f; f").exit(3).stdout("{\"Ended\":\"it takes more than 1s of processor time\"}\n");
    ask("[range(1e12)]").exit(3).shows("{\"Ended\":\"it takes more than");
    ask("def f: 1+f; f").exit(3).stdout("{\"Ended\":\"it takes more than 256 MiB of memory\"}\n");
}

/// Started by the loader, the program is not what runs, to the system: it cannot begin itself once
/// more.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn without_an_answer_nothing_runs() {
    let book = Book::new().var("LOGBOOK_RUN", "r-1");
    let exec = |when: &str, file: &str| {
        let policy = format!("[[policy]]\nwhen = \"{when}\"\nthen = \"deny\"\n");
        book.write(".logbook/config.toml", policy.as_bytes());
        let loader = "$(ls /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.* 2>/dev/null | head -1)";
        book.shell(&format!("{loader} $(command -v logbook) exec -- touch {file}"))
    };
    for when in ["action~'x'", "jq(.n == 1)", "run_id in @ids"] {
        exec(when, "ran").exit(125).says("could not be evaluated: the process that evaluates it died");
    }
    assert!(!book.path().join("ran").exists());
    // Plain words need no other process.
    let plain = "tool_call.side_effect=delete and not tool_call.tool in (a, b) or action*='rm '";
    exec(plain, "ran").exit(0).quiet();
    assert!(book.path().join("ran").exists());
    // Nor do schemas that look at each part of a value once.
    let contract = |schema: &str| {
        book.write(".logbook/contracts/touch.toml", format!("args = {{ {schema} }}").as_bytes());
        exec(plain, "ran")
    };
    contract("type = 'array', minItems = 2, items = { type = 'string', enum = ['touch', 'ran'] }").exit(0).quiet();
    contract("type = 'array', items = { const = 'x' }").exit(125).says("takes no such arguments");
    for schema in
        ["items = { pattern = '^t' }", "anyOf = [true]", "'$ref' = '#'", "uniqueItems = true", "items = { not = {} }"]
    {
        contract(schema).exit(125).says("could not be evaluated: the process that evaluates it died");
    }
}

#[test]
fn nothing_is_kept_running_beside_the_command() {
    let book = Book::new().var("LOGBOOK_RUN", "r-1");
    book.write(".logbook/config.toml", b"[[policy]]\nwhen = \"action~'x{3}'\"\nthen = \"deny\"\n");
    let children = "cat /proc/$PPID/task/*/children | wc -w; cat /proc/$PPID/comm";
    book.run(&["exec", "--", "sh", "-c", children]).exit(0).stdout("1\nlogbook\n");
}

#[test]
fn a_rule_behind_one_that_decides_is_not_evaluated() {
    let book = Book::new().var("LOGBOOK_RUN", "r-1");
    let policy = "[[policy]]\nwhen = \"tool_call.tool=touch\"\nthen = \"allow\"\n\
                  [[policy]]\nwhen = \"jq(def f: 1+f; f)\"\nthen = \"deny\"\n";
    book.write(".logbook/config.toml", policy.as_bytes());
    book.run(&["exec", "--", "touch", "ran"]).exit(0).quiet();
    book.run(&["exec", "--", "true"]).exit(125).says("policy rule 2: could not be evaluated");
}
