//! `logbook call begin` and `logbook call end`: the two rows of a call that `exec` cannot wrap.

use crate::support::Book;

fn book() -> Book {
    Book::new().var("LOGBOOK_RUN", "r-88")
}

#[test]
fn a_call_is_an_intent_and_a_result() {
    let book = book();
    let begun = book.run(&["call", "begin", "--tool", "open", "--side-effect", "network", r#"{"url": "x"}"#]);
    begun.exit(0).quiet();
    let id = begun.out.trim();
    assert!(id.starts_with("c-") && id.len() == 16, "{id}");
    book.run(&["call", "end", id, "--exit-code", "0", "--duration-ms", "12", r#"{"status":200}"#])
        .exit(0)
        .quiet()
        .stdout("");
    let sum =
        |text: &str| book.shell(&format!("printf '%s' '{text}' | sha256sum | cut -d' ' -f1")).out.trim().to_owned();
    book.run(&["query", "--jq", "del(.timestamp)", "-o", "jsonl"]).stdout(&format!(
        concat!(
            r#"{{"run_id":"r-88","step":1,"kind":"call.intent","action":"open {{\"url\": \"x\"}}","status":"in-progress","tool_call":"#,
            r#"{{"id":"{id}","tool":"open","args":{{"url":"x"}},"args_sha256":"{args}","side_effect":"network"}}}}"#,
            "\n",
            r#"{{"run_id":"r-88","step":2,"kind":"call.result","action":"open {{\"url\": \"x\"}}","tool_call":"#,
            r#"{{"id":"{id}","tool":"open","exit_code":0,"result":{{"status":200}},"result_sha256":"{result}"}},"duration_ms":12}}"#,
            "\n"
        ),
        id = id,
        args = sum(r#"{"url": "x"}"#),
        result = sum(r#"{"status":200}"#),
    ));
}

#[test]
fn a_call_ends_once_and_only_if_it_began() {
    let book = book();
    book.run(&["call", "begin", "--tool", "t", "--id", "mine"]).exit(0).stdout("mine\n");
    book.run(&["call", "begin", "--tool", "t", "--id", "mine"]).exit(2).says("has a call \"mine\" already");
    book.run(&["call", "end", "mime"]).exit(2).says("has no call \"mime\"").says("did you mean mine?");
    book.run(&["call", "end", "mine", "-r", "r-9"]).exit(2).says("run \"r-9\" has no call");
    book.run(&["call", "end", "mine", "--error", "it broke"]).exit(0);
    book.run(&["call", "end", "mine"]).exit(2).says("has its result already: r-88#2");
    book.run(&["call", "begin", "{}"]).exit(2).says("which tool is called?");
    book.run(&["call", "begin", "--tool", "t", "{"]).exit(2).says("not valid JSON");
    book.run(&["call"]).exit(2);
    book.run(&["query", "--count"]).stdout("2\n");
}

#[test]
fn no_more_is_kept_than_asked_for() {
    let book = book();
    book.run(&["call", "begin", "--tool", "t", "--args", "digest", "{\"k\":\"unsaid\"}"]).exit(0);
    assert!(!book.shell("cat .logbook/*.jsonl").out.contains("unsaid"));
    book.run(&["query", "has tool_call.args_sha256", "--count"]).stdout("1\n");
}
