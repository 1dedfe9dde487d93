//! Queries of pages: how many there are at a time, and when they end. Processes are stopped here,
//! so that they can neither finish nor end themselves.

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use rustix::process::{Pid, Signal, kill_process};

use crate::served::{Reply, Served, until};
use crate::support::Book;

fn served() -> (Book, Served) {
    let book = Book::with_rows(&[r#"{"run_id":"r-1","step":1,"status":"blocked"}"#]);
    let served = Served::of(&book);
    (book, served)
}

/// The processes that work for it.
fn children(served: &Served) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{}/task", served.id())).unwrap();
    let of_task = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let all: String = tasks.map(|task| of_task(task.unwrap()) + " ").collect();
    all.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn stop(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::STOP).unwrap();
}

/// Asks for a page and does not wait for it; stops the process that works for it.
fn ask(served: &Served, path: &str) -> TcpStream {
    let before = children(served);
    let mut stream = served.connect();
    let (port, cookie) = (served.port, served.cookie());
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut new = None;
    until("a process works for it", || {
        new = children(served).into_iter().find(|pid| !before.contains(pid));
        // Stopped before it is another program, it would stop the one that begins it too.
        let line = new.map(|pid| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default());
        line.is_some_and(|line| line.contains("--max-memory"))
    });
    stop(new.unwrap());
    stream
}

const ENDLESS: &str = "/query?q=jq(def+f:+f;+f)";

#[test]
fn a_query_ends_with_whoever_asked() {
    let (_book, served) = served();
    for path in
        [ENDLESS, "/query.json?q=jq(def+f:+f;+f)", "/runs?filter=jq(def+f:+f;+f)", "/runs.json?filter=jq(def+f:+f;+f)"]
    {
        let kept = ask(&served, ENDLESS);
        let before = children(&served);
        let gone = ask(&served, path);
        drop(gone);
        // It is the younger one: no time limit ends it before the other.
        until("its process has ended", || children(&served) == before);
        drop(kept);
        until("the other one has ended", || children(&served).is_empty());
    }
    served.get("/query?q=status%3Dblocked").is(200).shows("r-1");
}

#[test]
fn slow_queries_hold_up_neither_quick_ones_nor_pages() {
    let (_book, served) = served();
    let slow: Vec<TcpStream> = (0..3).map(|_| ask(&served, ENDLESS)).collect();
    assert_eq!(children(&served).len(), 3);
    for _ in 0..3 {
        served.get("/query?q=status%3Dblocked").is(200).shows("r-1");
        served.get("/runs").is(200);
        served.get("/runs?filter=status~%27^block%27").is(200).shows("r-1");
        served.get("/approvals").is(200);
        served.get("/run?id=r-1").is(200);
    }
    // A fourth one is told so, and its process ends.
    let fourth = ask(&served, ENDLESS);
    Reply::read(fourth).is(503).shows("Other slow queries are running");
    until("three are left", || children(&served).len() == 3);
    served.get("/query?q=status%3Dblocked").is(200);
    drop(slow);
    until("none is left", || children(&served).is_empty());
    // One that cannot end by itself is ended.
    let stopped = ask(&served, ENDLESS);
    Reply::read(stopped).is(503).shows("took too long");
    until("it has ended", || children(&served).is_empty());
}
