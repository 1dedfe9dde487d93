//! `logbook dash` on a terminal, as a person sees it.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Book, LOGBOOK};
use crate::terminal::Terminal;

/// Three runs at work, one that waits, one that asks, one that is done.
fn book() -> Book {
    let row = |run: &str, minute: u32, rest: &str| {
        format!(r#"{{"run_id":"{run}","step":1,"timestamp":"2026-04-16T07:{minute:02}:00Z",{rest}}}"#)
    };
    let at_work =
        r#""phase":"act","status":"in-progress","action":"price","next_intent":"price the next one","cost_usd":0.25"#;
    let rows = [
        row("r-81", 10, at_work),
        row("r-82", 20, at_work),
        row(
            "r-88",
            30,
            r#""phase":"verify","status":"in-progress","action":"run tests","next_intent":"look at failures""#,
        ),
        row("r-77", 40, r#""status":"blocked","action":"wait","blocked_on":"aiko: is staging free""#),
        row(
            "r-90",
            50,
            r#""kind":"approval.requested","status":"blocked","blocked_on":"approval","action":"drop orders","agent_id":"tidy""#,
        ),
        row("r-70", 5, r#""status":"done","action":"end","kind":"run.end","final_status":"succeeded""#),
    ];
    Book::with_rows(&rows.each_ref().map(String::as_str))
}

fn line<'s>(screen: &'s str, part: &str) -> &'s str {
    screen.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no line with {part:?}:\n{screen}"))
}

/// The run that is selected.
fn selected(screen: &str) -> &str {
    let line = screen.lines().find_map(|line| line.strip_prefix('>')).unwrap_or_default();
    line.split_whitespace().last().unwrap_or_default()
}

fn signal(terminal: &Terminal, signal: Signal) {
    kill_process(Pid::from_child(&terminal.child), signal).unwrap();
}

#[test]
fn all_runs_stand_on_the_screen() {
    let book = book();
    let mut dash = Terminal::run(&book, &["dash"], 80, 24);
    let screen = dash.shows("q quit");
    for card in ["▶ 3 running", "■ 2 blocked", "✗ 0 failed in 24h", "✓ 1 completed overnight", "$ 0.5 today"] {
        assert!(screen.contains(card), "{card}:\n{screen}");
    }
    assert!(screen.contains("blocked on: aiko: is staging free 1 · approval 1"), "{screen}");
    assert!(screen.contains("5 active of 6") && !screen.contains("r-70"), "{screen}");
    assert!(line(&screen, "r-77").contains("■ blocked") && line(&screen, "r-77").contains("20m"), "{screen}");
    assert!(line(&screen, "r-77").contains("aiko: is staging free"), "{screen}");
    assert!(line(&screen, "r-88").contains("look at failures"), "{screen}");
    assert!(line(&screen, "r-82").contains("0.2500  r-82"), "{screen}");
    assert!(line(&screen, " asks: ").contains("? r-90#1 asks: drop orders   a shows it"), "{screen}");
    let order: Vec<&str> = screen
        .lines()
        .filter(|line| line.starts_with([' ', '>']))
        .filter_map(|line| line.split_whitespace().last())
        .filter(|run| run.starts_with("r-"))
        .collect();
    assert_eq!(order, ["r-90", "r-77", "r-88", "r-82", "r-81"]);
    dash.types("\t").shows("6 of all 6");
    dash.shows("r-70");
    dash.types("q");
    assert!(dash.ends().success());
}

#[test]
fn keys_move() {
    let book = book();
    let mut dash = Terminal::run(&book, &["dash"], 80, 24);
    let moves = [
        ("", "r-90"),
        ("j", "r-77"),
        ("\u{1b}[B", "r-88"),
        ("k", "r-77"),
        ("\u{1b}[A", "r-90"),
        ("\u{1b}[A", "r-90"),
        ("\u{1b}[F", "r-81"),
        ("j", "r-81"),
        ("\u{1b}[H", "r-90"),
        ("\u{1b}[6~", "r-81"),
        ("\u{1b}[5~", "r-90"),
        ("G", "r-81"),
        ("g", "r-90"),
    ];
    for (keys, run) in moves {
        dash.types(keys).until(&format!("{run} after {keys:?}"), |screen| {
            selected(screen) == run && screen.contains(run) && screen.contains("q quit")
        });
    }
    dash.types("?").shows("any key goes back");
    dash.types("x").until("the list", |screen| selected(screen) == "r-90");
    dash.types("\u{3}");
    assert!(dash.ends().success());
}

#[test]
fn a_filter_is_kept_until_the_next_one_compiles() {
    let book = book();
    let mut dash = Terminal::run(&book, &["dash", "status=in-progress"], 80, 24);
    let screen = dash.shows("filter: status=in-progress");
    assert!(screen.contains("3 active of 6") && !screen.contains("r-77"), "{screen}");
    dash.types("/").shows("filter: status=in-progress");
    dash.types("\u{15}cost_usd>>1\r");
    let screen = dash.shows("^");
    let caret = screen.lines().position(|line| line.trim() == "^").unwrap();
    assert!(screen.lines().nth(caret - 1).unwrap().contains("cost_usd>>1"), "{screen}");
    assert!(screen.contains("3 active of 6"), "{screen}");
    dash.types("\u{15}age>35m\r");
    let screen = dash.until("the new filter", |screen| screen.contains("2 active of 6") && screen.contains("q quit"));
    assert!(screen.contains("r-81") && screen.contains("r-82") && !screen.contains("r-77"), "{screen}");
    dash.types("/\u{15}sort_by age_ms\r").shows("takes a filter, and no other clause");
    dash.types("\u{15}jq(true)\r").shows("dash runs no jq");
    dash.types("\u{1b}")
        .until("the filter that was", |screen| screen.contains("2 active of 6") && screen.contains("q quit"));
    dash.types("/\u{15}status=failed\r").shows("no active run passes the filter");
    dash.types("/\u{15}\r").shows("5 active of 6");
    dash.types("q").ends();
    book.terminal("logbook dash 'cost_usd>>1'", 80, 24).exit(2).shows("^");
}

#[test]
fn requests_are_decided() {
    let book = book();
    book.run(&["ask", "-r", "r-91", "send it"]).exit(0);
    let mut dash = Terminal::run(&book, &["dash", "--by", "maria"], 80, 24);
    dash.until("r-91 first", |screen| selected(screen) == "r-91");
    // A no needs a reason, as the command does.
    dash.types("d").shows("deny, why:");
    dash.types("\r").shows("a denial needs a reason");
    dash.types("  \u{7f}\u{7f}not before noon");
    dash.shows("why: not before noon");
    dash.types("\u{1b}").shows("y approve  n deny");
    dash.types("\u{1b}").until("nothing asked", |screen| screen.contains("q quit") && screen.contains(">?■"));
    dash.types("a").shows("y approve  n deny");
    dash.types("n").shows("deny, why:");
    // What is pasted is typed, and is no key.
    dash.types("\u{1b}[200~not before\nnoon\n\u{1b}[201~").shows("why: not before noon");
    dash.types("\r").shows("r-91#1 is denied");
    dash.types("a").shows("r-91 asks for no approval");
    dash.types("g/\u{15}run_id=r-90\r").until("r-90", |screen| selected(screen) == "r-90");
    dash.types("\u{1b}[200~q\u{1b}[201~a").shows("y approve");
    // Neither Enter nor what is pasted is a yes.
    dash.types("\r\u{1b}[200~y\u{1b}[201~y").shows("approve, why (if you like):");
    dash.types("the backup is good\r").shows("r-90#1 is approved");
    dash.until("r-90 goes on", |screen| selected(screen) == "r-90" && line(screen, "> ").contains("▶ in-progress"));
    dash.types("q").ends();
    let rows = book.run(&[
        "query",
        "kind in (approval.approved,approval.denied)",
        "--select",
        "run_id,answers,approver,reason,client",
        "-o",
        "csv",
    ]);
    rows.stdout(
        "run_id,answers,approver,reason,client\r\nr-91,r-91#1,maria,not before noon,terminal\r\nr-90,r-90#1,maria,the backup is good,terminal\r\n",
    );
    book.run(&["query", "tty~/pts/", "--count"]).stdout("2\n");
}

#[test]
fn a_request_is_read_before_it_is_approved() {
    let book = Book::new();
    let lines: String = (1..40).map(|line| format!("line {line}\\n")).collect();
    book.run(&["start", "r-1", "--task", "free the space", "--agent", "tidy-1"]).exit(0);
    let args = format!(r#"tool_call.args:={{"sql":"{lines}drop table orders","force":true}}"#);
    let ask = [
        "ask",
        "-r",
        "r-1",
        "drop orders",
        "--tool",
        "sql",
        "--side-effect",
        "delete",
        "--irreversible",
        "--impact",
        "production",
        "--rationale",
        "nothing reads it",
        "--expires",
        "2h",
        "--field",
        &args,
    ];
    book.run(&ask).exit(0);
    let mut dash =
        Terminal::run_in(&book, &["env", "-u", "LOGBOOK_NOW", "logbook", "dash", "--by", "maria"], &[], 100, 24);
    dash.shows("? r-1#2 asks: drop orders");
    let screen = dash.types("a").shows("y approve  n deny");
    for text in [
        "r-1#2  drop orders",
        "! IRREVERSIBLE: it cannot be undone",
        "task         free the space",
        "agent        tidy-1",
        "rationale    nothing reads it",
        "side effect  delete",
        "impact       production",
        "asked by     the agent",
        "expires      in 1h59m",
    ] {
        assert!(screen.contains(text), "{text}:\n{screen}");
    }
    assert!(!screen.contains("drop table orders"), "{screen}");
    dash.until_screen("the danger stands out", |screen| {
        let line = (0..24).find(|line| screen.contents_between(*line, 0, *line, 100).contains("IRREVERSIBLE")).unwrap();
        let cell = screen.cell(line, 4).unwrap();
        cell.bold() && cell.fgcolor() == vt100::Color::Idx(1)
    });
    // What was not read to its end is not approved, and what cannot be undone needs a second key.
    dash.types("y").shows("read it to its end first");
    dash.types("G").shows("│ drop table orders");
    let screen = dash.shows("force: true");
    assert!(screen.contains("│ line 39"), "{screen}");
    dash.types("y").shows("this cannot be undone: Y (the capital letter)");
    dash.types("\r").until("it was taken back", |screen| screen.contains("y approve  n deny"));
    dash.types("Y").shows("this cannot be undone: Y");
    dash.types("k").until("it was taken back", |screen| screen.contains("y approve  n deny"));
    book.run(&["query", "kind=approval.approved", "--count"]).stdout("0\n");
    dash.types("y").shows("this cannot be undone: Y");
    dash.types("Y").shows("approve, why (if you like):");
    dash.types("\r").shows("r-1#2 is approved: drop orders");
    // What somebody else decides is shown no longer.
    book.run(&["ask", "-r", "r-1", "again"]).exit(0);
    dash.shows("asks: again");
    dash.types("a").shows("y approve");
    book.run(&["deny", "r-1", "--by", "jonas", "--why", "no"]).exit(0);
    dash.shows("r-1#4 is no longer open");
    dash.types("q").ends();
    book.run(&["query", "kind=approval.approved", "--count"]).stdout("1\n");
}

#[test]
fn nobody_decides_about_their_own_request() {
    let book = book();
    let mut dash = Terminal::run_in(&book, &["logbook", "dash"], &[("LOGBOOK_RUN", "r-90")], 80, 24);
    dash.shows("q quit");
    dash.types("ayyes\r").shows("nobody decides about their own request");
    dash.types("\u{1b}").shows("y approve");
    dash.types("\u{1b}").shows("? keys");
    dash.types("q").ends();
}

#[test]
fn a_run_is_shown_in_full() {
    let book = book();
    for step in 2..60 {
        book.run(&["append", "-r", "r-88", "-a", &format!("look {step}"), "--status", "in-progress"]).exit(0);
    }
    let mut dash = Terminal::run(&book, &["dash", "run_id=r-88"], 80, 24);
    dash.shows("r-88");
    let screen = dash.types("\r").shows("Esc back").to_owned();
    assert!(screen.lines().next().unwrap().contains("r-88  ▶ in-progress") && screen.contains("of "), "{screen}");
    assert!(!screen.contains("#59"), "{screen}");
    dash.types("G").shows("#59");
    // Whoever stands at the end stays there.
    book.run(&["append", "-r", "r-88", "-a", "look behind", "--status", "done"]).exit(0);
    let screen = dash.shows("look behind");
    assert!(screen.lines().next().unwrap().contains("✓ done"), "{screen}");
    dash.types("g").until("the facts", |screen| screen.lines().nth(1).is_some_and(|line| line.starts_with("run ")));
    dash.types("j").until("one line on", |screen| screen.starts_with("r-88") && screen.contains("lines 2–"));
    dash.resize(40, 10).until("narrow", |screen| screen.lines().count() <= 10 && screen.contains("lines 2–"));
    dash.types("\u{1b}").shows("no active run passes the filter".split_at(18).0);
    dash.types("q").ends();
}

#[test]
fn what_others_append_shows_by_itself() {
    let book = book();
    let mut dash = Terminal::run(&book, &["dash"], 80, 24);
    dash.types("jj").until("r-88 selected", |screen| selected(screen) == "r-88");
    book.run(&["append", "-r", "r-99", "-a", "x", "--status", "blocked", "blocked_on=ada: may I", "cost_usd:=1"])
        .exit(0);
    let screen = dash.until("the new run", |screen| screen.contains("ada: may I"));
    assert!(screen.contains("■ 3 blocked") && screen.contains("6 active of 7"), "{screen}");
    // The reader stays with the run, wherever it goes.
    assert_eq!(selected(&screen), "r-88");
    book.run(&["head", "--seal"]).exit(0);
    book.run(&["append", "-r", "r-88", "-a", "x", "--status", "done"]).exit(0);
    dash.until("it is over", |screen| !screen.contains("r-88") && screen.contains("5 active of 7"));
    book.run(&["amend", "r-77#1", "blocked_on=bo: is staging free", "--why", "x"]).exit(0);
    dash.shows("bo: is staging free");
    dash.types("q").ends();
}

#[test]
fn ages_go_on_by_themselves() {
    let book = Book::new();
    book.run(&["append", "-r", "r-1", "-a", "x", "--status", "in-progress"]).exit(0);
    // By the machine's clock.
    let mut dash = Terminal::run_in(&book, &["env", "-u", "LOGBOOK_NOW", "logbook", "dash"], &[], 80, 24);
    let age = |screen: &str| line(screen, "> ▶").split_whitespace().nth(3).unwrap_or_default().to_owned();
    let first = age(&dash.shows("q quit"));
    dash.until("a later age", |screen| age(screen) != first);
    dash.types("q").ends();
}

#[test]
fn any_size_will_do() {
    let book = book();
    let mut dash = Terminal::run(&book, &["dash"], 80, 24);
    dash.shows("q quit");
    let screen = dash.resize(40, 10).until("small", |screen| screen.contains("r-77") && screen.contains("5 active"));
    assert!(screen.lines().count() <= 10, "{screen}");
    assert!(line(&screen, "r-77").contains("■ blocked") && selected(&screen) == "r-90", "{screen}");
    dash.types("G").until("the last", |screen| selected(screen) == "r-81");
    dash.resize(80, 24).until("large", |screen| screen.contains("q quit") && screen.contains("blocked on:"));
    dash.resize(160, 50)
        .until("wide", |screen| line(screen, "r-90").ends_with("r-90") && line(screen, "r-90").chars().count() > 150);
    for (columns, lines) in [(1, 1), (2, 1), (1, 9), (7, 3), (200, 1), (3, 2)] {
        dash.resize(columns, lines).types("jk?x\r\u{1b}/abc\u{1b}ax\u{1b}");
    }
    dash.resize(80, 24).until("large again", |screen| screen.contains("q quit") && screen.contains("▶ 3 running"));
    dash.types("q");
    assert!(dash.ends().success());
}

#[test]
fn no_key_is_lost_while_the_window_is_dragged() {
    let book = book();
    let mut dash = Terminal::run(&book, &["dash"], 80, 24);
    dash.shows("q quit");
    for round in 0..300_u16 {
        let (key, run) = if round % 2 == 0 { ("G", "r-81") } else { ("g", "r-90") };
        dash.resize(80 + round % 3, 24)
            .types(key)
            .until(&format!("{run} in round {round}"), |screen| selected(screen) == run && screen.contains("q quit"));
    }
    dash.types("q");
    assert!(dash.ends().success());
}

#[test]
fn nothing_on_file_is_obeyed() {
    let evil = "\\u001b[31mred\\u001b]0;title\\u0007\\u202eback\\u200b\\r\\n\\u009b2J";
    let row = format!(
        r#"{{"run_id":"r{evil}","step":1,"timestamp":"2026-04-16T07:00:00Z","kind":"approval.requested","status":"blocked","action":"{evil}","blocked_on":"{evil}","phase":"{evil}","task":"{evil}","agent_id":"{evil}","next_intent":"{evil}"}}"#
    );
    let book = Book::with_rows(&[&row]);
    let mut dash = Terminal::run(&book, &["dash", "--color", "never"], 120, 24);
    let screen = dash.shows("q quit");
    assert!(line(&screen, "asks:").contains("\\u{1b}[31mred\\u{1b}]0;title"), "{screen}");
    dash.types("a").shows("y approve");
    dash.types("\u{1b}\r").until("the timeline", |screen| screen.contains("Esc back  ? keys"));
    dash.types("q").ends();
    let bytes = dash.bytes();
    for part in ["\u{1b}[31m", "\u{1b}]0", "\u{7}", "\u{202e}", "\u{200b}", "\u{9b}"] {
        assert!(!bytes.windows(part.len()).any(|it| it == part.as_bytes()), "{part:?} was written");
    }
}

#[test]
fn colour_is_not_the_only_carrier() {
    let book = book();
    let colours = |words: &[&str], vars: &[(&str, &str)]| {
        let mut dash = Terminal::run_in(&book, &[&["logbook", "dash"], words].concat(), vars, 80, 24);
        dash.shows("q quit");
        dash.types("q").ends();
        let text = String::from_utf8(dash.bytes()).unwrap();
        text.split("\u{1b}[")
            .any(|part| part.split_once('m').is_some_and(|(code, _)| code.contains("38;5") || code.contains("33")))
    };
    assert!(colours(&[], &[]));
    assert!(!colours(&["--color", "never"], &[]) && !colours(&[], &[("NO_COLOR", "1")]));
    assert!(colours(&["--color", "always"], &[("NO_COLOR", "1")]));
}

#[test]
fn the_terminal_is_given_back() {
    let book = book();
    for end in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut dash = Terminal::run(&book, &["dash"], 80, 24);
        dash.until_screen("the list", |screen| {
            screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("q quit")
        });
        signal(&dash, end);
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(dash.ends().signal(), Some(end.as_raw()));
    }
}

#[test]
fn it_stops_and_goes_on() {
    let book = book();
    let line = "set -m; logbook dash; echo \"stopped $?\"; fg >/dev/null; echo over";
    let mut dash = Terminal::run_in(&book, &["bash", "-c", line], &[], 80, 24);
    dash.shows("q quit");
    // The shell has the terminal back before it says so, and the list comes back by itself.
    dash.types("\u{1a}").until_screen("the list again", |screen| screen.alternate_screen());
    dash.shows("q quit");
    dash.types("q");
    assert!(dash.ends().success());
    let bytes = String::from_utf8(dash.bytes()).unwrap();
    assert!(bytes.contains("stopped") && bytes.contains("over"), "{bytes}");
}

#[test]
fn a_filter_that_takes_too_long_ends_it_and_gives_the_terminal_back() {
    let book = Book::new();
    let row = format!(r#"{{"run_id":"r-1","action":"begin","task":"{}"}}"#, "x".repeat(500_000));
    book.run_with(&["append", "-"], row.as_bytes()).exit(0);
    let filter = "task~'(x+x+){200}y{300}(.{0,200}z){20}'";
    let mut dash = Terminal::run(&book, &["dash", "--all", filter], 80, 24);
    assert_eq!(dash.ends().code(), Some(3));
    let bytes = String::from_utf8(dash.bytes()).unwrap();
    assert!(bytes.contains("the filter took more than 5s of processor time"), "{bytes}");
}

#[test]
fn it_needs_a_terminal() {
    let book = book();
    book.run(&["dash"]).exit(2).says("dash needs a terminal").says("hint: logbook runs");
    book.terminal("logbook dash </dev/null", 80, 24).exit(2).shows("dash needs a terminal");
    book.terminal("logbook dash | cat", 80, 24).shows("dash needs a terminal");
    let empty = Book::new();
    let mut dash = Terminal::run(&empty, &["dash", "--all"], 80, 24);
    dash.shows("no runs yet");
    fs::remove_dir_all(empty.path().join(".logbook")).unwrap();
    dash.shows("No such file");
    dash.types("q").ends();
    assert!(LOGBOOK.ends_with("logbook"));
}
