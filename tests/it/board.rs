//! The board that the dashboards show: kept up while rows come, it is what `runs`, `approve` and a
//! query over today would say.

use std::fs;
use std::io::Write;

use logbook::cmd::live::board::Board;
use logbook_model::{Instant, Zone};
use logbook_query::time::Clock;
use logbook_store::locate::{Location, Why};
use logbook_store::{Environment, Purpose, locate};
use logbook_view::runs::json;

use crate::rows::Dice;
use crate::support::Book;

const NOW: &str = "2026-04-16T08:00:00Z";

fn now() -> Instant {
    Instant::parse(NOW).unwrap()
}

fn open(book: &Book) -> Board {
    let env = Environment { cwd: book.path(), home: None, uid: 0, vars: [].into() };
    let location = Location { path: book.path().join(".logbook"), why: Why::Flag, exists: true };
    assert_eq!(locate(None, &env, Purpose::Read).unwrap().path, location.path);
    Board::open(location, &env, &Clock { now: now(), zone: Zone::UTC }, 1).unwrap()
}

/// The runs as `runs --all` prints them.
fn runs(board: &Board) -> String {
    let tree = board.tree();
    let mut out = Vec::new();
    for (number, run) in board.runs() {
        json::write(run, &tree, number, now(), &mut out);
        out.push(b'\n');
    }
    String::from_utf8(out).unwrap()
}

/// The board says what the commands say.
#[track_caller]
fn agrees(board: &Board, book: &Book, what: &str) {
    let told = book.run(&["runs", "--all"]);
    for (ours, theirs) in runs(board).lines().chain(["(end)"]).zip(told.out.lines().chain(["(end)"])) {
        assert_eq!(ours, theirs, "{what}");
    }
    let open: String = board.open_requests(now()).map(|request| request.name.clone() + "\n").collect();
    let listed = book.shell("logbook approve -o jsonl | sed 's/.*\"request\":\"\\([^\"]*\\)\".*/\\1/'");
    assert_eq!(open, listed.out, "{what}");
    let cost = book.run(&["query", "summarize sum(cost_usd) as c", "--since", "today"]).out.clone();
    let ours = board.cost_today().total().unwrap();
    assert_eq!(format!("{{\"c\":{ours}}}\n"), cost.replace("null", "0"), "{what}");
    let held: Vec<&String> = board.holds().held.keys().collect();
    let fresh = self::open(book);
    assert_eq!(held, fresh.holds().held.keys().collect::<Vec<_>>(), "{what}");
    assert_eq!(board.requests(), fresh.requests(), "{what}");
    assert_eq!(board.cards(now()), fresh.cards(now()), "{what}");
}

/// A row of some run, or what is none.
fn line(dice: &mut Dice, number: u64) -> String {
    let run = format!("r-{}", dice.below(9));
    let other = format!("r-{}", dice.below(9));
    let time = format!("2026-04-1{}T0{}:{:02}:00Z", 5 + dice.below(2), dice.below(8), dice.below(60));
    let status = dice.one_of(&["in-progress", "blocked", "done", "failed"]);
    let step = dice.below(6);
    let rest = match dice.below(16) {
        0 => r#","kind":"approval.requested","status":"blocked","blocked_on":"ada","action":"drop it""#.to_owned(),
        1 => format!(r#","kind":"approval.approved","answers":"{run}#{step}","status":"in-progress""#),
        2 => r#","kind":"hold","status":"blocked","approver":"ada""#.to_owned(),
        3 => r#","kind":"release","status":"in-progress""#.to_owned(),
        4 => format!(r#","parent_run_id":"{other}","task":"t{number}""#),
        5 => r#","kind":"call.intent","tool_call":{"id":"a","side_effect":"write"}"#.to_owned(),
        6 => r#","kind":"call.result","tool_call":{"id":"a"},"attempt":2"#.to_owned(),
        7 => format!(r#","kind":"run.end","status":"{status}","final_status":"succeeded""#),
        8 => r#","rating":"red","kind":"review","reason":"because""#.to_owned(),
        // Not JSON inside, but a row in its frame; and lines that are none.
        9 => r#","status":"done","odd":{1:2}"#.to_owned(),
        10 => return "no row\n".to_owned(),
        11 => "\r".to_owned(),
        _ => format!(r#","status":"{status}","blocked_on":"{}","action":"do {number}""#, dice.one_of(&["ada", "bo"])),
    };
    let cost = dice.below(9);
    let row = format!(r#"{{"run_id":"{run}","step":{step},"timestamp":"{time}","cost_usd":[0.{cost},1]{rest}}}"#);
    row.replace("\r}", "}\r") + "\n"
}

fn write(book: &Book, text: &str) {
    let mut names: Vec<_> = fs::read_dir(book.path().join(".logbook")).unwrap().map(|it| it.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|it| it == "jsonl") && !path.ends_with("manifest.jsonl"));
    names.sort();
    let mut file = fs::OpenOptions::new().append(true).open(names.last().unwrap()).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// All that is sealed, as if a hundred years had passed.
fn archive(book: &Book) {
    book.shell("LOGBOOK_NOW=2126-01-01T00:00:00Z logbook archive --older-than 0s").exit(0);
}

#[test]
fn whatever_comes_the_board_is_what_the_commands_say() {
    for seed in 0..8 {
        let mut dice = Dice::new(seed);
        let book = Book::with_rows(&[]).var("LOGBOOK_NOW", NOW);
        for run in ["r-0", "s"] {
            book.run(&["append", "-r", run, "-a", "begin"]).exit(0);
        }
        let mut board = open(&book);
        agrees(&board, &book, "at the beginning");
        let mut generation = board.generation();
        for turn in 0..14 {
            let deed = dice.below(9);
            match deed {
                0 => drop(book.run(&["head", "--seal"]).exit(0)),
                1 => archive(&book),
                2 => drop(book.run(&["amend", "s#1", &format!("tokens_in:={turn}"), "--why", "x"]).exit(0)),
                3 => drop(book.run(&["append", "-r", "r-1", "-a", "x", "--status", "done"]).exit(0)),
                // A row that stands again elsewhere, in one piece or in two.
                4 => {
                    let voids = format!(
                        "{{\"run_id\":\"_logbook\",\"kind\":\"repair\",\"voids\":\"@1:0\",\"by\":\"r-v{turn}#1\"}}\n"
                    );
                    write(&book, &voids);
                    if dice.falls(1, 2) {
                        board.refresh(now()).unwrap();
                    }
                    write(&book, &format!("{{\"run_id\":\"r-v{turn}\",\"step\":1,\"status\":\"done\"}}\n"));
                }
                _ => {}
            }
            let count = dice.below(30);
            write(&book, &(0..count).map(|number| line(&mut dice, number)).collect::<String>());
            if dice.falls(1, 3) {
                continue;
            }
            let changed = board.refresh(now()).unwrap();
            assert!(board.generation() > generation || !changed);
            generation = board.generation();
            agrees(&board, &book, &format!("seed {seed}, turn {turn}, deed {deed}"));
            assert!(!board.refresh(now()).unwrap());
        }
    }
}

#[test]
fn what_was_deleted_is_gone() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":1,"timestamp":"2026-04-15T01:00:00Z","status":"done"}"#]);
    book.run(&["head", "--seal"]).exit(0);
    book.run(&["append", "-r", "s", "-a", "x"]).exit(0);
    archive(&book);
    let mut board = open(&book);
    assert!(board.run("r").is_some());
    fs::remove_dir_all(book.path().join(".logbook/archive")).unwrap();
    assert!(board.refresh(now()).unwrap());
    assert!(board.run("r").is_none() && board.run("s").is_some());
    agrees(&board, &book, "afterwards");
}

#[test]
fn the_day_ends() {
    let row = |day: &str, cost: u32| format!(r#"{{"run_id":"r","timestamp":"{day}T01:00:00Z","cost_usd":{cost}}}"#);
    let book = Book::with_rows(&[&row("2026-04-15", 1), &row("2026-04-16", 2), &row("2026-04-17", 4)]);
    let mut board = open(&book);
    assert_eq!(board.cost_today().total().unwrap().to_string(), "2");
    assert!(!board.refresh(Instant::parse("2026-04-16T23:59:59Z").unwrap()).unwrap());
    assert!(board.refresh(Instant::parse("2026-04-17T00:00:00Z").unwrap()).unwrap());
    assert_eq!(board.cost_today().total().unwrap().to_string(), "4");
}

#[test]
fn only_the_runs_that_changed_are_changed() {
    let row = |run: u32, status: &str| format!("{{\"run_id\":\"r-{run}\",\"status\":\"{status}\"}}\n");
    let book = Book::with_rows(&[]);
    write(&book, &(0..9).map(|run| row(run, "in-progress")).collect::<String>());
    let mut board = open(&book);
    let before = board.generation();
    write(&book, &(row(3, "blocked") + &row(9, "done") + &row(3, "blocked")));
    assert!(board.refresh(now()).unwrap());
    let changed: Vec<String> = board
        .runs()
        .filter(|(number, _)| board.changed_at(*number) > before)
        .map(|(_, run)| run.run_id.to_string())
        .collect();
    assert_eq!(changed, ["r-3", "r-9"]);
    assert_eq!(board.runs().map(|(number, _)| number).collect::<std::collections::BTreeSet<_>>().len(), 10);
}
