//! What every list of runs says of a run: what it is for, and what it does or why it stopped.

use logbook_view::runs::{Runs, unpack, what_now};
use serde_json::Value;

use crate::meaning::fold;
use crate::served::Served;
use crate::support::Book;
use crate::terminal::Terminal;

/// How each run came to be, and what is said of it: run, commands, status, task, what now.
const RUNS: [(&str, &str, &str, &str, &str); 9] = [
    ("begun", "", "in-progress", "sort the mail", ""),
    (
        "next",
        "logbook append -r next -a counted --status in-progress --next 'weigh it'",
        "in-progress",
        "t",
        "weigh it",
    ),
    ("works", "logbook exec -r works -- true a b", "in-progress", "t", "true a b"),
    ("asks", "logbook ask -r asks 'drop orders'", "blocked", "t", "approval: drop orders"),
    (
        "fails",
        "logbook end failed -r fails --error 'the build broke' --note 'disk full'",
        "failed",
        "t",
        "the build broke",
    ),
    ("breaks", "logbook exec -r breaks -- false; logbook end failed -r breaks", "failed", "t", "false"),
    ("notes", "logbook end -r notes --note 'nothing to do'", "done", "t", "nothing to do"),
    (
        "leaves",
        "logbook append -r leaves -a wrote --status in-progress artifact_ref=out/a.pdf; logbook end -r leaves",
        "done",
        "t",
        "out/a.pdf",
    ),
    ("held", "logbook hold held --by maria --why 'audit first'", "held", "t", "maria: audit first"),
];

fn book() -> Book {
    let book = Book::new();
    for (run, commands, _, task, _) in RUNS {
        book.shell(&format!("logbook start {run} --agent bo --task '{task}'; {commands}"));
    }
    book
}

#[test]
fn the_table_says_what_each_run_is_for() {
    let book = book();
    let ended = book.terminal("NO_COLOR=1 logbook runs", 80, 40);
    let lines: Vec<&str> = ended.out.lines().collect();
    let title = lines.iter().find(|line| line.starts_with("status")).unwrap();
    assert_eq!(title.split_whitespace().collect::<Vec<_>>().join(" "), "status age agent task what now run");
    for (run, _, status, task, now) in RUNS {
        let line = lines.iter().find(|line| line.ends_with(&format!("  {run}"))).unwrap_or_else(|| panic!("{ended}"));
        for said in [status, "bo", task, now] {
            assert!(line.contains(said), "{said}: {line}");
        }
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.contains("start") && !line.split_whitespace().any(|word| word == "end"), "{line}");
    }
}

#[test]
fn a_filter_and_every_format_know_it() {
    let book = book();
    let all: Value = serde_json::from_str(&book.run(&["runs", "-o", "json"]).out).unwrap();
    for (run, _, status, task, now) in RUNS {
        let said = all.as_array().unwrap().iter().find(|it| it["run_id"] == run).unwrap();
        assert_eq!(said["task"], task, "{said}");
        assert_eq!(said["what_now"].as_str().unwrap_or_default(), now, "{said}");
        assert_eq!(said["status"], if status == "held" { "blocked" } else { status }, "{said}");
    }
    book.run(&["runs", "what_now*=orders select run_id, what_now", "-o", "csv"])
        .stdout("run_id,what_now\r\nasks,approval: drop orders\r\n");
    book.run(&["runs", "run_id=leaves", "-o", "csv"]).shows(",blocked_on,what_now,final_status,");
    // What the standing row says is said as it stands.
    book.run(&["runs", "run_id=notes select action"]).stdout("{\"action\":\"end\"}\n");
}

#[test]
fn the_page_says_it() {
    let book = book();
    let served = Served::of(&book);
    let page = served.get("/runs");
    let text = &page.body;
    let titles: Vec<&str> = text.split("scope=\"col\"").skip(1).take(7).map(cell).collect();
    assert_eq!(titles, ["status", "age", "agent", "task", "what now", "cost", "run"]);
    for (run, _, status, task, now) in RUNS {
        let row = text.split("<tr role=\"row\">").find(|row| row.contains(&format!("/run?id={run}\""))).unwrap();
        let cells: Vec<&str> = row.split("<td").skip(1).collect();
        assert!(cells[0].contains(status), "{row}");
        assert_eq!([cell(cells[2]), cell(cells[3]), cell(cells[4])], ["bo", task, now], "{row}");
    }
    let twin: Value = serde_json::from_str(&served.get("/runs.json?filter=run_id%3Dfails").body).unwrap();
    assert_eq!(twin[0]["what_now"], "the build broke");
}

/// What stands between the end of a tag and the next one.
fn cell(text: &str) -> &str {
    text.split_once('>').unwrap().1.split('<').next().unwrap()
}

#[test]
fn the_dashboard_says_it_at_any_width() {
    let book = book();
    let mut dash = Terminal::run(&book, &["dash", "--all"], 80, 30);
    let screen = dash.shows("q quit");
    let title = screen.lines().find(|line| line.contains("what now")).unwrap();
    assert_eq!(title.split_whitespace().collect::<Vec<_>>().join(" "), "status age agent task what now run");
    for (run, _, status, task, now) in RUNS {
        let line =
            screen.lines().find(|line| line.trim_end().ends_with(run)).unwrap_or_else(|| panic!("{run}:\n{screen}"));
        let now: String = now.chars().take(16).collect();
        for said in [status, "bo", task.split_at(1).0, &now] {
            assert!(line.contains(said), "{said}:\n{screen}");
        }
        assert!(!line.contains("start") && !line.split_whitespace().any(|word| word == "end"), "{screen}");
    }
    let screen = dash.resize(46, 30).until("narrow", |screen| !screen.contains("agent") && screen.contains("task"));
    let line = screen.lines().find(|line| line.contains("nothing t")).unwrap_or_else(|| panic!("{screen}"));
    assert!(line.contains("✓ done") && !line.contains("notes"), "{screen}");
    dash.types("q").ends();
}

/// Rows of a run that no command writes so, and what is said of it.
const ODD: [(&str, &str, &str); 20] = [
    ("an error as an object", r#"{"status":"failed","error":{"code":7,"message":"no route"}}"#, "no route"),
    ("an error of another type", r#"{"status":"failed","error":{"code":7}}"#, r#"{"code":7}"#),
    ("a reason where there is no error", r#"{"status":"failed","action":"a","reason":"why"}"#, "why"),
    ("an action where there is nothing else", r#"{"status":"failed","action":"cancelled"}"#, "cancelled"),
    (
        "an error before a row that goes on is over",
        r#"{"status":"in-progress","action":"a","error":"once"}
           {"status":"in-progress","action":"b"}
           {"status":"failed","action":"gave up"}"#,
        "gave up",
    ),
    (
        "the newest error before the end",
        r#"{"kind":"call.intent","status":"in-progress","action":"make"}
           {"kind":"call.result","action":"make","error":"exit 2"}
           {"kind":"run.end","status":"failed","action":"end"}"#,
        "exit 2",
    ),
    (
        "a call that was refused leaves nothing",
        r#"{"action":"wrote","artifact_ref":"old.txt","status":"in-progress"}
           {"action":"rm","artifact_ref":"new.txt","approval_state":"denied","tool_call":{"tool":"rm"}}
           {"kind":"run.end","status":"done","action":"end"}"#,
        "old.txt",
    ),
    (
        "the newest artifact, and the first of several",
        r#"{"action":"wrote","artifact_ref":"a","status":"in-progress"}
           {"action":"wrote","output_refs":["b","c"],"status":"done"}"#,
        "b",
    ),
    ("an artifact that says nothing", r#"{"action":"ship","output_refs":[],"status":"done"}"#, "ship"),
    (
        "what was done before an end without words",
        r#"{"action":"sort","status":"in-progress"}
           {"kind":"run.end","status":"done","action":"end"}"#,
        "sort",
    ),
    ("an end in words", r#"{"kind":"run.end","status":"done","action":"all sorted","artifact_ref":"x"}"#, "all sorted"),
    (
        "a start in words",
        r#"{"kind":"run.start","status":"in-progress","action":"hand a row over"}"#,
        "hand a row over",
    ),
    ("a step that is called end is one", r#"{"status":"done","action":"end"}"#, "end"),
    (
        "a hold and its release change no end",
        r#"{"kind":"run.end","status":"done","action":"end","reason":"sent"}
           {"kind":"hold","status":"blocked","action":"hold","reason":"look","blocked_on":"release: look"}
           {"kind":"release","status":"done","action":"release","reason":"looked"}"#,
        "sent",
    ),
    (
        "a hold stands whatever comes",
        r#"{"kind":"hold","status":"blocked","action":"hold","reason":"look","approver":"bo"}
           {"kind":"call.result","action":"make","status":"in-progress","next_intent":"test"}"#,
        "bo: look",
    ),
    (
        "who answers does not work in it",
        r#"{"action":"count","status":"blocked","blocked_on":"ada"}
           {"kind":"answer","action":"answer","status":"in-progress","reason":"yes"}"#,
        "count",
    ),
    (
        "what was asked for and denied was not done",
        r#"{"action":"count","status":"in-progress"}
           {"kind":"approval.requested","action":"rm x","status":"blocked","blocked_on":"approval: rm x"}
           {"kind":"approval.denied","action":"deny","status":"in-progress"}
           {"kind":"note","action":"was not run: rm x","status":"in-progress"}"#,
        "count",
    ),
    (
        "what is asked for, where nobody is named",
        r#"{"kind":"approval.requested","action":"rm x","status":"blocked"}"#,
        "rm x",
    ),
    ("a pause in words", r#"{"kind":"run.end","status":"blocked","action":"end","reason":"night"}"#, "night"),
    ("a status of one's own", r#"{"status":"odd","action":"a","next_intent":"b"}"#, "b"),
];

#[test]
fn odd_rows_say_what_they_mean() {
    let mut rows = Vec::new();
    for (at, (_, texts, _)) in ODD.iter().enumerate() {
        for text in texts.lines() {
            rows.push(text.trim().replacen('{', &format!("{{\"run_id\":\"r-{at}\","), 1));
        }
    }
    let book = Book::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    for reading in [&["--no-cache"][..], &[], &[]] {
        let all = book.run(&[&["runs", "--all", "-o", "json"], reading].concat());
        let all: Value = serde_json::from_str(&all.out).unwrap();
        for (at, (case, _, now)) in ODD.iter().enumerate() {
            let said = all.as_array().unwrap().iter().find(|it| it["run_id"] == format!("r-{at}")).unwrap();
            assert_eq!(said["what_now"], *now, "{case}: {said}");
        }
    }
    for (at, (case, texts, now)) in ODD.iter().enumerate() {
        let rows: Vec<String> =
            texts.lines().map(|text| text.trim().replacen('{', &format!("{{\"run_id\":\"r-{at}\","), 1)).collect();
        for cut in 0..=rows.len() {
            let (mut joined, later) = (fold(&rows[..cut]), fold(&rows[cut..]));
            let packed = [joined.pack(), later.pack()];
            joined.join(later);
            let mut kept = Runs::default();
            assert!(packed.iter().all(|bytes| unpack(bytes, 0, &mut kept)), "{case}");
            assert_eq!(what_now(&joined.all()[0]), *now, "{case}, joined at {cut}");
            assert_eq!(what_now(&kept.all()[0]), *now, "{case}, from the cache at {cut}");
        }
    }
}

#[test]
fn no_width_loses_what_matters() {
    let book = Book::new();
    let long = "a sentence that is much too long for any column of a list of runs";
    for run in ["r-1se2n25m", "twelve-chars", "an-id-of-more-than-twelve-characters"] {
        book.run(&["start", run, "--agent", "the-agent-of-invoices", "--task", long]).exit(0);
        book.run(&["append", "-r", run, "-a", "x", "--status", "in-progress", "--next", long, "cost_usd:=12.345678"])
            .exit(0);
    }
    let child = ["start", "r-1se2n25z", "--parent", "r-1se2n25m", "--task", long];
    book.run(&child).exit(0);
    for (columns, titles) in [
        (120, "status age agent task what now cost run"),
        (80, "status age agent task what now cost run"),
        (72, "status age task what now cost run"),
        (64, "status age task what now run"),
        (54, "status task what now run"),
        (40, "status task what now"),
    ] {
        let ended = book.terminal("NO_COLOR=1 logbook runs 'run_id!~more'", columns, 24);
        let lines: Vec<&str> = ended.out.lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>().join(" "), titles, "{columns}");
        assert!(lines.iter().all(|line| line.chars().count() <= columns.into()), "{ended}");
        if titles.ends_with("run") {
            for run in ["  r-1se2n25m", "  └ r-1se2n25z", "  twelve-chars"] {
                assert!(lines.iter().any(|line| line.ends_with(run)), "{run}: {ended}");
            }
        }
    }
    // Ages and costs stand at the right, also where some run has none.
    let ended = book.run(&["runs", "-o", "table"]);
    let ends: Vec<usize> =
        ended.out.lines().filter_map(|line| line.find(" 12.3457").map(|at| line[..at].chars().count())).collect();
    assert_eq!(ends.len(), 3, "{ended}");
    assert!(ends.iter().all(|end| *end == ends[0]), "{ended}");
    let exact = book.run(&["runs", "run_id=twelve-chars select cost_usd"]);
    exact.stdout("{\"cost_usd\":12.345678}\n");
}
