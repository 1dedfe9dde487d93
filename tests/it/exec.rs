//! `logbook exec`: recorded before it runs, and invisible to what it runs.

use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Book, LOGBOOK};

pub fn book() -> Book {
    Book::new().var("LOGBOOK_RUN", "r-88").var("LOGBOOK_DURABILITY", "none")
}

/// What a command did, as whoever called it sees it.
#[derive(Debug, PartialEq)]
struct Seen {
    code: Option<i32>,
    signal: Option<i32>,
    out: Vec<u8>,
    err: String,
}

fn see(mut command: Command, input: &str) -> Seen {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(std::io::Write::write_all(&mut stdin, input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Seen {
        code: output.status.code(),
        signal: output.status.signal(),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The same command, called directly and through `exec`.
fn both(book: &Book, words: &[&str], input: &str) -> (Seen, Seen) {
    let mut bare = book.command(words[0]);
    bare.args(&words[1..]);
    let mut wrapped = book.command(LOGBOOK);
    wrapped.args(["exec", "--"]).args(words);
    (see(bare, input), see(wrapped, input))
}

#[test]
fn nobody_sees_a_difference() {
    let book = book();
    let cases: &[(&[&str], &str)] = &[
        (&["true"], ""),
        (&["false"], ""),
        (&["sh", "-c", "exit 42"], ""),
        (&["sh", "-c", "exit 255"], ""),
        (&["cat"], "standard input\nwithout an end"),
        (&["sh", "-c", "echo out; echo err >&2; exit 1"], ""),
        (&["sh", "-c", "kill -TERM $$"], ""),
        (&["sh", "-c", "kill -KILL $$"], ""),
        (&["sh", "-c", "kill -SEGV $$"], ""),
        (&["sh", "-c", "kill -INT $$"], ""),
        (&["sh", "-c", "kill -PIPE $$"], ""),
        (&["printf", "%s|", "", "two words", "'", "--help", "-x"], ""),
        (&["sh", "-c", "trap '' INT TERM HUP; kill -INT $$; kill -TERM $$; kill -HUP $$; echo alive"], ""),
        (
            &["sh", "-c", "ps -o pgid= -p $$ | tr -d ' ' > /dev/null; readlink /proc/$$/fd/0 | cut -d: -f1; ulimit -c"],
            "",
        ),
        (&["sh", "-c", "env | grep -v '^_=' | sort; pwd; umask"], ""),
        // The C library hides two signals of its own from what it starts, beyond these seven
        // digits.
        (&["sh", "-c", r"grep -E 'Sig(Ign|Blk|Cgt)' /proc/self/status | sed 's/\t.*\(.......\)$/\1/'"], ""),
        (&["head", "-c", "3000000", "/dev/zero"], ""),
    ];
    for (words, input) in cases {
        let (bare, wrapped) = both(&book, words, input);
        assert_eq!(bare.code, wrapped.code, "{words:?} {wrapped:?}");
        assert_eq!(bare.signal, wrapped.signal, "{words:?} {wrapped:?}");
        assert!(bare.out == wrapped.out, "{words:?}: {} and {} bytes", bare.out.len(), wrapped.out.len());
        assert_eq!(bare.err, wrapped.err, "{words:?}");
    }
}

#[test]
fn intent_and_result_are_on_file() {
    let book = book();
    // The command itself sees its intent, and no result.
    book.run(&[
        "exec",
        "--tool",
        "bash",
        "--side-effect",
        "read",
        "--reversible",
        "--impact",
        "3",
        "--rationale",
        "to see",
        "--field",
        "attempt=2",
        "--",
        "sh",
        "-c",
        "cat .logbook/*.jsonl > seen; exit 3",
    ])
    .exit(3)
    .quiet()
    .stdout("");
    let seen = fs::read_to_string(book.path().join("seen")).unwrap();
    assert_eq!(seen.lines().count(), 1, "{seen}");
    let sum = book.shell(r"printf '%s\0' sh -c 'cat .logbook/*.jsonl > seen; exit 3' | sha256sum | cut -d' ' -f1").out;
    let rows = book.run(&["query", "--jq", "del(.timestamp, .duration_ms) | .tool_call.id |= .[:2]", "-o", "jsonl"]);
    rows.stdout(&format!(
        concat!(
            r#"{{"run_id":"r-88","step":1,"kind":"call.intent","action":"sh -c 'cat .logbook/*.jsonl > seen; exit 3'","status":"in-progress","#,
            r#""tool_call":{{"id":"c-","tool":"bash","args":["sh","-c","cat .logbook/*.jsonl > seen; exit 3"],"args_sha256":"{}","#,
            r#""side_effect":"read","reversible":true,"impact_scope":3}},"rationale":"to see","attempt":2}}"#,
            "\n",
            r#"{{"run_id":"r-88","step":2,"kind":"call.result","action":"sh -c 'cat .logbook/*.jsonl > seen; exit 3'","#,
            r#""tool_call":{{"id":"c-","tool":"bash","exit_code":3}}}}"#,
            "\n"
        ),
        sum.trim()
    ));
    book.run(&["query", "kind=call.result and duration_ms>=0", "--count"]).stdout("1\n");
    book.run(&["exec", "sh", "-c", "kill -TERM $$"]);
    book.run(&["query", "tool_call.signal=SIGTERM and tool_call.tool=sh", "--count"]).stdout("1\n");
    // No more than the digest is kept when that is asked for.
    book.run(&["exec", "--args", "digest", "--", "echo", "word-of-mouth"]).exit(0).stdout("word-of-mouth\n");
    assert!(!book.shell("cat .logbook/*.jsonl").out.contains("word-of-mouth"));
}

#[test]
fn what_is_not_run_is_told_as_env_does() {
    let book = book();
    book.write("plain", b"x");
    // A shell runs what the operating system refuses, as it does for a shell and `env`.
    book.write("no-line", b"echo no first line: $1\n");
    book.shell("chmod +x no-line && PATH=.:$PATH logbook exec -- no-line x")
        .exit(0)
        .quiet()
        .stdout("no first line: x\n");
    book.run(&["exec", "--", "no-such-command"]).exit(127).says("no-such-command: No such file or directory");
    book.run(&["exec", "--", "./plain"]).exit(126).says("Permission denied");
    book.run(&["exec"]).exit(125);
    book.run(&["exec", "--no-such-flag", "--", "true"]).exit(125).says("--no-such-flag");
    book.shell("LOGBOOK_RUN= logbook exec -- touch ran").exit(125).says("the command was not run: which run?");
    book.shell("LOGBOOK_DIR=/dev/null/x logbook exec -- touch ran").exit(125).says("the command was not run");
    assert!(!book.path().join("ran").exists());
    // Where nobody can say which gates there are, no effort is good enough; where only the row
    // cannot be stored, it is.
    book.shell("LOGBOOK_DIR=/dev/null/x logbook exec --best-effort -- touch ran").exit(125);
    assert!(!book.path().join("ran").exists());
    book.shell("flock .logbook/.lock logbook exec --lock-timeout 50ms --best-effort -- sh -c 'touch ran; exit 7'")
        .exit(7)
        .says("warning: not stored");
    assert!(book.path().join("ran").exists());
    book.run(&["query", "kind=call.result", "--select", "tool_call.exit_code", "-o", "csv"])
        .stdout("tool_call.exit_code\r\n0\r\n127\r\n126\r\n");
}

#[test]
fn a_result_that_cannot_be_stored_warns() {
    let book = book();
    book.run(&["exec", "--", "sh", "-c", "mv .logbook gone; ln -s /dev/null .logbook; exit 5"])
        .exit(5)
        .says("warning: the result was not stored");
}

#[test]
fn output_is_kept_when_that_is_asked_for() {
    let book = book();
    let line = "for n in $(seq 30); do echo line $n; done; printf end >&2";
    let ended = book.run(&["exec", "--capture", "--capture-lines", "2", "--", "sh", "-c", line]);
    ended.exit(0).shows("line 1\n").shows("line 30\n").says("end");
    let sum = book.shell("for n in $(seq 30); do echo line $n; done | sha256sum | cut -d' ' -f1").out;
    let result = book.run(&["query", "kind=call.result", "--jq", ".tool_call | .result, .result_sha256"]);
    result.shows(&format!(
        r#"{{"stdout":{{"bytes":231,"sha256":"{0}","tail":"line 29\nline 30\n"}},"stderr":{{"bytes":3,"sha256":"#,
        sum.trim()
    ));
    result.shows(&format!("\"{}\"", sum.trim()));
    book.shell("logbook exec --capture -- yes | head -1").exit(0).stdout("y\n");
}

#[test]
fn what_outlives_the_command_keeps_nobody_waiting() {
    let book = book();
    let line = |script: &str, then: &str| {
        let script = format!("logbook exec --capture -- sh -c '{script}'{then}");
        book.shell(&format!("{script}; kill -0 $(cat pid) && echo alive; kill -9 $(cat pid)"))
    };
    line("sleep 60 & echo $! >pid; echo done", "").exit(0).stdout("done\nalive\n");
    // It prints all the time.
    line("while :; do echo y; done & echo $! >pid; echo done", " | grep -m1 done").shows("done\n");
    // What the command itself printed is all there, however slowly it is taken.
    let slow = line("head -c 60000 /dev/zero | tr \"\\0\" x; sleep 60 & echo $! >pid", " | (sleep 0.6; wc -c)");
    slow.exit(0).stdout("60000\nalive\n");
    // And what somebody prints just behind it.
    line("{ sleep 0.05; echo late; } & sleep 60 & echo $! >pid; echo done", "").exit(0).stdout("done\nlate\nalive\n");
    let jq = ".tool_call.result.stdout | [.bytes, .open] | tostring";
    let rows = book.run(&["query", "kind=call.result", "--jq", jq, "--raw-strings"]);
    let kept: Vec<&str> = rows.out.lines().collect();
    assert_eq!((kept[0], kept[2], kept[3]), ("[5,true]", "[60000,true]", "[10,true]"), "{rows}");
    // A stream that ends with the command says nothing of it.
    book.run(&["exec", "--capture", "--", "echo", "done"]).exit(0);
    book.run(&["query", "tool_call.result.stdout.bytes=5", "--jq", jq, "--raw-strings"]).shows("[5,null]\n");
}

/// Waits until it holds; a test that hangs says what for.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

pub fn spawn(book: &Book, script: &str) -> (Child, u32) {
    let mut command = book.command(LOGBOOK);
    command.args(["exec", "--", "sh", "-c", &format!("echo $$ > pid; {script}")]).process_group(0);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let inner = || fs::read_to_string(book.path().join("pid")).ok()?.trim().parse().ok();
    until("it starts", || inner().is_some());
    (child, inner().unwrap())
}

pub fn pid(number: u32) -> Pid {
    Pid::from_raw(number as i32).unwrap()
}

#[test]
fn signals_sent_to_it_reach_the_command() {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::HUP, "HUP"), (Signal::USR1, "USR1")] {
        let book = book();
        let (mut child, _) = spawn(
            &book,
            &format!("trap 'echo got {name}; exit 9' {name}; echo ready > r; while :; do sleep 0.02; done"),
        );
        until("it is ready", || book.path().join("r").exists());
        kill_process(pid(child.id()), signal).unwrap();
        let mut out = String::new();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert_eq!((out.as_str(), child.wait().unwrap().code()), (format!("got {name}\n").as_str(), Some(9)));
        book.run(&["query", "tool_call.exit_code=9", "--count"]).stdout("1\n");
    }
}

#[test]
fn it_dies_as_the_command_died() {
    let book = book();
    let (mut child, _) = spawn(&book, "exec sleep 60");
    kill_process(pid(child.id()), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    book.run(&["query", "tool_call.signal=SIGTERM", "--count"]).stdout("1\n");
}

#[test]
fn a_terminal_is_one_to_the_command() {
    let book = book();
    let line = "logbook exec -- sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size'";
    assert_eq!(book.terminal(line, 71, 13).out, "13 71\n");
    // In the background, with nobody waiting, it runs to its end too.
    book.shell("logbook exec -- sh -c 'sleep 0.1; echo late > late' > /dev/null 2>&1 &").exit(0);
    until("it ends", || book.run(&["query", "kind=call.result", "--count"]).out == "2\n");
    assert!(book.path().join("late").exists());
}

#[test]
#[ignore = "needs strace"]
fn killed_at_any_system_call_it_has_run_nothing_unrecorded() {
    let book = book();
    book.shell("strace -o trace logbook exec -- touch ran").exit(0);
    let trace = fs::read_to_string(book.path().join("trace")).unwrap();
    let calls: Vec<&str> = trace.lines().filter_map(|line| Some(line.split_once('(')?.0)).collect();
    assert!(calls.len() > 50, "{trace}");
    let mut seen = std::collections::BTreeMap::new();
    let (mut ran, mut open) = (0, 0);
    for (at, name) in calls.iter().enumerate() {
        let nth = seen.entry(*name).and_modify(|nth| *nth += 1).or_insert(1);
        let line = format!(
            "rm -rf .logbook && logbook init && strace -o /dev/null -e inject={name}:signal=KILL:when={nth} logbook exec -- touch ran{at}; cat .logbook/*.jsonl"
        );
        let rows = book.shell(&line).out;
        let count = |kind: &str| rows.lines().filter(|row| row.contains(kind) && row.ends_with('}')).count();
        let (intents, results) = (count("\"call.intent\""), count("\"call.result\""));
        assert!(intents <= 1 && results <= intents, "{line}\n{rows}");
        // The command may still be at it: it was not killed.
        if book.path().join(format!("ran{at}")).exists() {
            assert_eq!(intents, 1, "{line}\n{rows}");
            ran += 1;
            open += usize::from(results == 0);
        }
    }
    assert!(ran > 3 && open > 1 && ran < calls.len(), "{ran} of {} ran, {open} of them are open calls", calls.len());
}

#[test]
fn killed_it_leaves_an_open_call() {
    let book = book();
    let (mut child, inner) = spawn(&book, "exec sleep 60");
    child.kill().unwrap();
    child.wait().unwrap();
    kill_process(pid(inner), Signal::KILL).unwrap();
    book.run(&["end"]).exit(2).says("run \"r-88\" has 1 open call: r-88#1 (sh)");
}
