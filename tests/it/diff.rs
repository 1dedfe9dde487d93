//! `logbook diff`: in what two runs differ.

use crate::support::Book;

#[test]
fn what_differs_is_told_and_ends_in_one() {
    let book = Book::sample("two-agents");
    let ended = book.run(&["diff", "r-41", "r-31"]);
    ended.exit(1).quiet();
    for line in [
        r#"{"what":"model","a":"atlas-4, then corvid-2","b":"atlas-4"}"#,
        r#"{"what":"prompt_version","a":"letters-8","b":"letters-7"}"#,
        r#"{"what":"inputs","a":"{\"month\":\"2026-04\"}","b":"{\"month\":\"2026-03\"}"}"#,
        r#"{"what":"side effect send","a":"0","b":"1"}"#,
        r#"{"what":"approval","a":"denied by nora: mail 41 readers"}"#,
        r#"{"what":"approval","b":"approved by nora: mail 38 readers"}"#,
        r#"{"what":"artifact","a":"letters/2026-04.md"}"#,
        r#"{"what":"cost_usd","a":"0.0468","b":"0.0418"}"#,
    ] {
        ended.shows(&format!("{line}\n"));
    }
    ended.shows(r##"{"what":"first step apart","a":"#2 read the loans"##);
    assert!(!ended.out.contains("tools_available"), "the same is not told: {ended}");
    let drawn = book.terminal("logbook diff r-41 r-31", 80, 24);
    drawn.exit(1).shows("state_version     loans@2026-04-15                loans@2026-04-01");
    book.run(&["diff", "r-41", "r-41"]).exit(0).quiet().stdout("");
}

#[test]
fn the_last_good_run_is_found() {
    let book = Book::sample("two-agents");
    let named = book.run(&["diff", "r-41", "r-31"]);
    let found = book.run(&["diff", "r-41", "--last-good"]);
    found.says("compared with r-31, the last run with the same task that succeeded\n");
    assert_eq!(book.run(&["diff", "r-41", "--last-good"]).exit(1).out, named.out);
    assert_eq!(book.run(&["diff", "r-41", "--last-good", "--same", "agent_id"]).exit(1).out, named.out);
    book.run(&["diff", "r-40", "--last-good"]).exit(1).says(
        "no other run with the task \"collect the fees of April\" has succeeded\nhint: logbook diff r-40 --last-good \
         --same agent_id   # or prompt_version, model, ",
    );
    book.run(&["diff", "r-31", "--last-good", "--same", "parent_run_id"])
        .exit(1)
        .says("has no parent_run_id")
        .says("hint: logbook diff r-31 --last-good --same task");
    book.run(&["diff", "r-31", "--last-good", "--same", "colour"]).exit(2).says("hint: --same task|");
    book.run(&["diff", "r-41"]).exit(2);
    book.run(&["diff", "r-41", "r-42"]).exit(1).says("did you mean `logbook diff r-4");
}

#[test]
fn a_run_that_failed_later_or_changed_its_task_is_no_good_one() {
    let row = |run: &str, step: u32, rest: &str| format!(r#"{{"run_id":"{run}","step":{step},{rest}}}"#);
    let end = r#""kind":"run.end","status":"done","final_status":"succeeded""#;
    let rows = [
        row("old", 1, r#""task":"sweep \"all\"","model":"m-0""#),
        row("old", 2, end),
        row("reopened", 1, r#""task":"sweep \"all\"","model":"m-1""#),
        row("reopened", 2, end),
        row("reopened", 3, r#""kind":"run.start","status":"in-progress""#),
        row("reopened", 4, r#""status":"failed""#),
        row("other", 1, r#""task":"mop","model":"m-2""#),
        row("other", 2, r#""task":"sweep \"all\"""#),
        row("other", 3, end),
        row("now", 1, r#""task":"sweep \u0022all\"","model":"m-3","status":"failed""#),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let ended = Book::with_rows(&rows).run(&["diff", "now", "--last-good"]);
    ended.exit(1).shows(r#"{"what":"model","a":"m-3","b":"m-0"}"#);
}

#[test]
fn time_and_cost_alone_are_no_difference() {
    let rows = [
        r#"{"run_id":"a","step":1,"timestamp":"2026-04-16T01:00:00Z","action":"go","status":"done","cost_usd":0.1}"#,
        r#"{"run_id":"b","step":1,"timestamp":"2026-04-16T02:00:00Z","action":"go","status":"done","cost_usd":0.25}"#,
    ];
    Book::with_rows(&rows)
        .run(&["diff", "a", "b"])
        .exit(0)
        .stdout("{\"what\":\"cost_usd\",\"a\":\"0.1\",\"b\":\"0.25\"}\n");
}

#[test]
fn without_a_task_it_says_by_which_field_it_looked() {
    let end = r#""kind":"run.end","status":"done","final_status":"succeeded""#;
    let book = Book::with_rows(&[
        &format!(r#"{{"run_id":"old","step":1,"parent_run_id":"p","agent_id":"a",{end}}}"#),
        r#"{"run_id":"now","step":1,"parent_run_id":"p","status":"failed"}"#,
        r#"{"run_id":"lost","step":1,"parent_run_id":"q","agent_id":"b","status":"failed"}"#,
        r#"{"run_id":"bare","step":1,"agent_id":"b","status":"failed"}"#,
        r#"{"run_id":"barest","step":1,"status":"failed"}"#,
    ]);
    let says = |run: &str, text: &str| {
        book.run(&["diff", run, "--last-good"]).exit(1).says(text);
    };
    let none = "(run \"now\" has no task)";
    says("now", &format!("compared with old, the last run with the same parent_run_id that succeeded {none}\n"));
    says("lost", "no other run with the parent_run_id \"q\" has succeeded (run \"lost\" has no task)\n");
    says("lost", "hint: logbook diff lost --last-good --same agent_id\n");
    says("bare", "run \"bare\" has no parent_run_id to share with another (run \"bare\" has no task)\n");
    says("bare", "hint: logbook diff bare --last-good --same agent_id\n");
    says("barest", "hint: logbook diff barest RUN\n");
}

/// The first step apart of two runs, of which these are the rows.
fn apart(a: &[&str], b: &[&str]) -> Option<(String, String)> {
    let rows = |run: &str, rests: &[&str]| -> Vec<String> {
        let row = |(at, rest): (usize, &&str)| format!(r#"{{"run_id":"{run}","step":{},{rest}}}"#, at + 1);
        rests.iter().enumerate().map(row).collect()
    };
    let rows = [rows("a", a), rows("b", b)].concat().join("\n").replace("RUN", "a");
    let ended = Book::with_rows(&rows.lines().collect::<Vec<_>>()).run(&["diff", "a", "b"]);
    let mut lines = ended.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let found = lines.find(|line| line["what"] == "first step apart")?;
    Some((found["a"].as_str()?.to_owned(), found["b"].as_str()?.to_owned()))
}

#[test]
fn the_first_step_apart_is_found_by_what_was_done() {
    const START: &str = r#""kind":"run.start","action":"start","status":"in-progress","task":"t""#;
    const OTHER_START: &str = r#""kind":"run.start","action":"begin it","status":"in-progress","phase":"plan""#;
    const LOOK: &str = r#""action":"look","agent_id":"x","cost_usd":1"#;
    const LOOK_AGAIN: &str = r#""action":"look","phase":"plan","status":"in-progress""#;
    const INTENT: &str =
        r#""kind":"call.intent","action":"run tests","tool_call":{"id":"1","tool":"sh","args":["make"]}"#;
    const WELL: &str = r#""kind":"call.result","action":"run tests","tool_call":{"id":"1","exit_code":0}"#;
    const BADLY: &str = r#""kind":"call.result","action":"run tests","tool_call":{"id":"1","exit_code":1}"#;
    const NOTE: &str = r#""kind":"note","action":"by the way""#;
    const ASKED: &str = r#""kind":"approval.requested","action":"mail","status":"blocked","blocked_on":"p""#;
    const NO: &str = r#""kind":"approval.denied","action":"deny","answers":"RUN#1","approver":"p""#;
    let refused = r#""kind":"policy.decision","action":"policy: deny mail","policy":{"then":"deny"}"#;
    let other = r#""kind":"call.intent","action":"run tests","tool_call":{"id":"1","tool":"sh","args":["make","-k"]}"#;
    let said = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    for (a, b, expected) in [
        // How a run was begun and ended, by whom and in which words, is not what it did.
        (&[START, LOOK][..], &[OTHER_START, LOOK_AGAIN][..], None),
        (
            &[LOOK, NOTE, INTENT, WELL],
            &[LOOK, INTENT, NOTE, WELL, r#""kind":"run.end","action":"end","status":"done""#],
            None,
        ),
        (&[START, INTENT, BADLY], &[START, LOOK], said("#2 run tests (exit 1)", "#2 look")),
        (&[LOOK, INTENT, BADLY], &[START, LOOK, INTENT, WELL], said("#2 run tests (exit 1)", "#3 run tests")),
        (&[INTENT], &[INTENT, WELL], said("#1 run tests (no result)", "#1 run tests")),
        (&[INTENT, WELL], &[other, WELL], said("#1 run tests", "#1 run tests")),
        (&[LOOK, LOOK], &[LOOK], said("#2 look", "(nothing more)")),
        (&[ASKED, NO], &[ASKED], said("#1 mail (denied)", "#1 mail (open)")),
        (&[refused], &[r#""action":"mail""#], said("#1 mail (refused)", "#1 mail")),
        (&[r#""action":"look","status":"failed""#], &[LOOK], said("#1 look (failed)", "#1 look")),
    ] {
        assert_eq!(apart(a, b), expected, "{a:?} {b:?}");
    }
}

#[test]
fn what_is_asked_first_is_told_first_and_counts_are_of_what_was_made() {
    let book = Book::sample("two-agents");
    let drawn = book.run(&["diff", "r-41", "r-31", "-o", "md"]);
    drawn.exit(1).shows(
        "| task | write the overdue letters | (the same) |\n| model | atlas-4, then corvid-2 | atlas-4 |\n\
         | prompt_version | letters-8 | letters-7 |\n| tools_available | read_file, write_file, mail, print | (the same) |\n\
         | first step apart | #2 read the loans | #2 read the loans |\n\
         | its arguments | {\"path\":\"loans/2026-04.csv\"} | {\"path\":\"loans/2026-03.csv\"} |\n",
    );
    let lines = book.run(&["diff", "r-41", "r-31"]);
    lines.shows("{\"what\":\"calls\",\"a\":\"5\",\"b\":\"3\"}\n");
    lines.shows("{\"what\":\"calls refused\",\"a\":\"2\",\"b\":\"0\"}\n");
    assert!(!lines.out.contains("\"task\""), "a program is told what differs: {lines}");
    // A call that was refused has no side effect.
    let rows = [
        r#"{"run_id":"a","step":1,"tool_call":{"tool":"w","side_effect":"write"},"approval_state":"denied"}"#,
        r#"{"run_id":"b","step":1,"tool_call":{"tool":"w","side_effect":"write"}}"#,
    ];
    let ended = Book::with_rows(&rows).run(&["diff", "a", "b"]);
    ended.shows(r#"{"what":"side effect write","a":"0","b":"1"}"#).shows(r#"{"what":"calls","a":"0","b":"1"}"#);
    ended.shows(r##"{"what":"first step apart","a":"#1 w (write) (refused)","b":"#1 w (write)"}"##);
    // Lists: what only one has, in one line.
    let rows = [
        r#"{"run_id":"a","step":1,"tools_available":["cp","mv"],"permissions":["x"]}"#,
        r#"{"run_id":"b","step":1,"tools_available":["mv","rm","ln"],"permissions":["x"]}"#,
    ];
    let ended = Book::with_rows(&rows).run(&["diff", "a", "b"]);
    ended.exit(1).stdout("{\"what\":\"tools_available\",\"a\":\"cp\",\"b\":\"rm, ln\"}\n");
}
