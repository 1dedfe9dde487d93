//! `logbook tail`: the newest rows, and those that come, each once, across rotations and archiving.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::Book;

fn rows(from: usize, to: usize) -> Vec<u8> {
    let row =
        |n| format!("{{\"run_id\":\"r-{}\",\"action\":\"step {n}\",\"status\":\"in-progress\",\"n\":{n}}}\n", n % 3);
    (from..to).map(row).collect::<String>().into_bytes()
}

/// A follower, its lines as they come.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn new(book: &Book, arguments: &[&str]) -> Follower {
        let mut child = book.command("logbook").arg("tail").args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Follower { child, lines }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(60)).expect("a line")
    }

    fn is_silent(&self) -> bool {
        self.lines.recv_timeout(Duration::from_millis(700)).is_err()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn number(line: &str) -> usize {
    serde_json::from_str::<serde_json::Value>(line).unwrap()["n"].as_u64().unwrap() as usize
}

#[test]
fn the_newest_rows_are_shown_oldest_first() {
    let book = Book::new();
    book.write(".logbook/config.toml", b"segment_bytes_max = 4096\n");
    for part in 0..6 {
        book.run_with(&["append", "-"], &rows(part * 50, part * 50 + 50)).exit(0);
    }
    let numbers = |arguments: &[&str]| -> Vec<usize> {
        book.run(&[&["tail"], arguments].concat()).exit(0).quiet().out.lines().map(number).collect()
    };
    assert_eq!(numbers(&[]), (290..300).collect::<Vec<_>>());
    assert_eq!(numbers(&["-n", "120"]), (180..300).collect::<Vec<_>>());
    assert_eq!(numbers(&["-n", "2", "n<100"]), [98, 99]);
    assert_eq!(numbers(&["-n", "2", "-r", "r-1"]), [295, 298]);
    assert_eq!(numbers(&["--since", "2026-01-01"]).len(), 300);
    assert_eq!(numbers(&["-n", "0"]), [0; 0]);
    book.run(&["tail", "-o", "csv"]).exit(2).says("lines for people or jsonl");
    book.run(&["tail", "status=done group_by phase"]).exit(2).says("takes a filter, and no other clause");
    book.run(&["tail", "n<"]).exit(2);
}

#[test]
fn a_person_gets_one_line_for_a_row() {
    let book = Book::with_rows(&[
        r#"{"run_id":"r","step":1,"timestamp":"2026-04-15T10:00:00Z","phase":"act","action":"run tests\u001b[31m","status":"in-progress","next_intent":"look"}"#,
        r#"{"run_id":"r","step":2,"timestamp":"2026-04-15T10:00:01Z","action":"wait","status":"blocked","blocked_on":"ada: yes or no, and a text that is far too long for the terminal"}"#,
    ]);
    let told = book.terminal("logbook tail --color never", 80, 24).exit(0).out.clone();
    assert!(told.contains("04-15 10:00:00  r#1  act  ▶ in-progress  run tests\\u{1b}[31m  → look"), "{told}");
    assert!(told.contains("r#2  ■ blocked  wait  ← ada: yes") && told.contains('…'), "{told}");
    assert!(told.lines().all(|line| line.trim_end().chars().count() <= 80), "{told}");
}

#[test]
fn rows_come_once_across_rotations_and_archiving() {
    let book = Book::new().var("LOGBOOK_NOW", "2126-01-01T00:00:00Z");
    book.write(".logbook/config.toml", b"segment_bytes_max = 4096\ndurability = \"none\"\n");
    book.run_with(&["append", "-"], &rows(0, 5)).exit(0);
    let all = Follower::new(&book, &["-f", "-n", "2"]);
    let some = Follower::new(&book, &["-f", "-n", "0", "run_id=r-1"]);
    assert_eq!([number(&all.next()), number(&all.next())], [3, 4]);
    // Both stand at their end before more comes.
    assert!(all.is_silent());
    for part in 0..20 {
        book.run_with(&["append", "-"], &rows(5 + part * 40, 45 + part * 40)).exit(0);
        if part % 4 == 3 {
            book.run(&["archive", "--older-than", "0s"]).exit(0);
        }
    }
    let seen: Vec<usize> = (5..805).map(|_| number(&all.next())).collect();
    assert_eq!(seen, (5..805).collect::<Vec<_>>());
    let ones: Vec<usize> = (5..805).filter(|n| n % 3 == 1).collect();
    assert_eq!(ones.iter().map(|_| number(&some.next())).collect::<Vec<_>>(), ones);
    assert!(all.is_silent() && some.is_silent());
}

#[test]
fn a_cursor_is_where_the_last_follower_stopped() {
    let book = Book::new().var("LOGBOOK_NOW", "2126-01-01T00:00:00Z");
    book.write(".logbook/config.toml", b"segment_bytes_max = 4096\n");
    book.run_with(&["append", "-"], &rows(0, 5)).exit(0);
    let numbers = || -> Vec<usize> {
        book.run(&["tail", "--cursor", "mailer", "-n", "1"]).exit(0).quiet().out.lines().map(number).collect()
    };
    assert_eq!(numbers(), [4]);
    assert_eq!(numbers(), [0; 0]);
    book.run_with(&["append", "-"], &rows(5, 100)).exit(0);
    book.run(&["head", "--seal"]).exit(0);
    book.run(&["archive", "--older-than", "0s"]).exit(0);
    assert_eq!(numbers(), (5..100).collect::<Vec<_>>());
    assert_eq!(numbers(), [0; 0]);
    book.run(&["tail", "--cursor", "../x"]).exit(2).says("is not a valid name for a cursor");
    book.write(".logbook/cursors/mailer", b"nonsense\n");
    book.run(&["tail", "--cursor", "mailer"]).exit(3).says("not a place in the log");
}

#[test]
fn a_line_longer_than_any_row_is_passed_over() {
    let book = Book::new();
    book.run_with(&["append", "-"], &rows(0, 3)).exit(0);
    let follower = Follower::new(&book, &["-f", "-n", "1"]);
    assert_eq!(number(&follower.next()), 2);
    let name = std::fs::read_dir(book.path().join(".logbook")).unwrap().map(|entry| entry.unwrap().path());
    let segment = name.into_iter().find(|path| path.extension().is_some_and(|it| it == "jsonl")).unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(segment).unwrap();
    file.write_all(&vec![b'x'; 40 << 20]).unwrap();
    file.write_all(b"\n").unwrap();
    book.run_with(&["append", "-"], &rows(3, 5)).exit(0);
    assert_eq!([number(&follower.next()), number(&follower.next())], [3, 4]);
    assert!(follower.is_silent());
}
