//! What stands where a file of a logbook should: a FIFO, a device, a directory, a link, ten
//! gigabytes. No command waits for it, reads it for ever or takes its size in memory; whether the
//! command does without the file or refuses is its own to say.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::Book;

/// A logbook with one of each file that the program opens by name.
fn book() -> Book {
    let book = Book::new().var("LOGBOOK_DURABILITY", "none");
    book.write(".logbook/config.toml", b"segment_bytes_max = 4096\n");
    book.write(".logbook/contracts/true.toml", b"side_effect = \"read\"\n");
    book.write(".logbook/reports/mine.txt", b"filter status=done\n");
    let rows: String = (0..80).map(|n| format!("{{\"run_id\":\"r-{}\",\"action\":\"step {n}\"}}\n", n % 4)).collect();
    book.run_with(&["append", "-"], rows.as_bytes()).exit(0);
    book.run(&["append", "-r", "r-1", "key=AKIAIOSFODNN7EXAMPLE"]).exit(0);
    book.shell("unset LOGBOOK_NOW; logbook archive --older-than 0s").exit(0);
    book.run_with(&["append", "-"], rows.as_bytes()).exit(0);
    book.run_with(&["append", "-"], rows.as_bytes()).exit(0);
    book.shell("logbook head >head; logbook tail --cursor c1; logbook runs; logbook query run_id=r-1 --count").exit(0);
    book
}

fn files(book: &Book) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![book.path().join(".logbook")]);
    let mut extensions = Vec::new();
    while let Some(directory) = open.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            // Of the many files of cache/ one of each sort.
            let extension = path.extension().map(|it| it.to_owned());
            if path.is_dir() {
                open.push(path);
            } else if !directory.ends_with("cache") || !extensions.contains(&extension) {
                extensions.push(extension);
                found.push(path);
            }
        }
    }
    found
}

const ODD: [(&str, &str); 5] = [
    ("a FIFO", "rm -f F; mkfifo F"),
    ("a device", "rm -f F; mknod F c 1 5 && chmod 666 F"),
    ("a directory", "rm -f F; mkdir F"),
    ("a link", "rm -f F; ln -s /dev/zero F"),
    ("ten gigabytes", "truncate -s 10G F"),
];

const COMMANDS: [&str; 12] = [
    "append -r r-1 key=AKIAIOSFODNN7EXAMPLE",
    "query run_id=r-1 --count",
    "runs",
    "show r-1",
    "tail --cursor c1",
    "verify --head $(cat ../head)",
    "doctor",
    "archive --older-than 0s",
    "exec -r r-1 -- true",
    "report mine",
    "approve",
    "contract check",
];

#[test]
fn nothing_that_stands_where_a_file_should_stops_a_command() {
    let book = book();
    let files = files(&book);
    assert!(files.len() >= 15, "{files:?}");
    book.shell("cp -a .logbook whole").exit(0);
    // Not everybody may make a device.
    let may_mknod = book.shell("mknod device c 1 5").code == 0;
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut faults = String::new();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = file.strip_prefix(book.path()).unwrap().display().to_string();
            for (what, make) in ODD {
                // A segment is as long as it is: it is read, and takes its time.
                let is_segment = name.contains(".jsonl") && !name.contains("manifest");
                if (what != "a device" || may_mknod) && (what != "ten gigabytes" || !is_segment) {
                    faults += &told(&book, &name, what, make);
                }
            }
        }
        faults
    };
    let faults: String = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(faults, "");
}

/// What hangs or dies, of all commands, when `make` has made the file called `name` what it is.
fn told(book: &Book, name: &str, what: &str, make: &str) -> String {
    let make = make.replace('F', &format!("'{name}'"));
    // Each on a copy of its own, all of them in one shell: what a hang would be is its exit status.
    let lines = COMMANDS.map(|command| {
        format!(
            "rm -rf .logbook; cp -a ../whole .logbook; {make}; \
             timeout -k 1 20 logbook {command} >/dev/null 2>said </dev/null; code=$?; \
             case $code in 124|12[6-9]|1[3-9]*) echo \"{name} is {what}: {command}: $code $(head -c 200 said)\";; esac"
        )
    });
    let directory = name.replace('/', "_");
    let lines = lines.join("\n");
    book.shell(&format!("unset LOGBOOK_NOW; ulimit -v 3000000; mkdir -p '{directory}'; cd '{directory}'\n{lines}")).out
}

#[test]
fn files_that_options_and_conditions_name_are_regular_and_bounded() {
    let book = Book::with_rows(&[r#"{"run_id":"r-1","step":1}"#, r#"{"run_id":"r-2","step":1}"#]);
    book.write("ids", b"r-1\n");
    book.shell("mkfifo fifo; ln -s /dev/zero zero; truncate -s 10G long; mkdir directory").exit(0);
    book.run(&["query", "run_id in @ids", "--count"]).exit(0).stdout("1\n");
    for odd in ["fifo", "zero", "/dev/zero", "directory"] {
        for line in [
            format!("logbook query 'run_id in @{odd}'"),
            format!("logbook query 'group_by run_id summarize count having run_id in @{odd}'"),
            format!("logbook runs 'run_id in @{odd}'"),
            format!("logbook tail 'run_id in @{odd}'"),
            format!("logbook stats 'run_id in @{odd}'"),
            format!("logbook fields 'run_id in @{odd}'"),
            format!("logbook trigger --once 'run_id in @{odd}' -- true"),
        ] {
            book.shell(&format!("timeout 20 {line}")).exit(3).says(&format!("in @{odd}: not a regular file"));
        }
        book.shell(&format!("timeout 20 logbook start --prompt-file {odd}")).exit(3).says("not a regular file");
    }
    book.run(&["query", "run_id in @long"]).exit(3).says("in @long: longer than 8 MiB");
    book.run(&["start", "--prompt-file", "long"]).exit(3).says("long: longer than 64 MiB");
}
