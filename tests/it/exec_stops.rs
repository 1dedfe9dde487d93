//! `logbook exec` of a command that stops, or is stopped: as a job of a shell both stop, and `fg`
//! continues both; where nobody would continue them, the command alone stops, and that is said.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use rustix::process::{Signal, kill_process, kill_process_group};

use crate::exec::{book, pid, spawn, state, until};
use crate::support::{Book, LOGBOOK};
use crate::terminal::Terminal;

#[test]
fn it_stops_and_goes_on_with_the_command() {
    let book = book();
    let (mut child, inner) = spawn(&book, "exec sleep 60");
    for who in ["alone", "the group"] {
        match who {
            "alone" => kill_process(pid(child.id()), Signal::TSTP).unwrap(),
            _ => kill_process_group(pid(child.id()), Signal::TSTP).unwrap(),
        }
        until(&format!("both stop ({who})"), || state(child.id()) == Some('T') && state(inner) == Some('T'));
        match who {
            "alone" => kill_process(pid(child.id()), Signal::CONT).unwrap(),
            _ => kill_process_group(pid(child.id()), Signal::CONT).unwrap(),
        }
        // Asleep again: before that it may still wake a command that it finds stopped.
        until(&format!("both go on ({who})"), || state(child.id()) == Some('S') && state(inner) == Some('S'));
    }
    kill_process_group(pid(child.id()), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(2));
}

/// A command that stops itself, with no shell that would continue it, once it has said so.
fn stopped(book: &Book, script: &str) -> (Child, u32) {
    let (child, inner) = spawn_told(book, script);
    until("the command stops, and that is said", || {
        state(inner) == Some('T') && fs::read_to_string(book.path().join("said")).unwrap().contains("hint: kill -CONT")
    });
    assert_eq!(state(child.id()), Some('S'));
    (child, inner)
}

fn spawn_told(book: &Book, script: &str) -> (Child, u32) {
    use std::os::unix::process::CommandExt;
    let said = fs::File::create(book.path().join("said")).unwrap();
    let _ = fs::remove_file(book.path().join("pid"));
    let mut command = book.command(LOGBOOK);
    command.args(["exec", "--", "sh", "-c", &format!("echo $$ > pid; {script}")]).process_group(0).stderr(said);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let inner = || fs::read_to_string(book.path().join("pid")).ok()?.trim().parse().ok();
    until("it starts", || inner().is_some());
    (child, inner().unwrap())
}

#[test]
fn stopped_with_nobody_to_continue_it_it_waits_and_passes_signals_on() {
    let book = book();
    // Continued by its own pid.
    let (mut child, inner) = stopped(&book, "kill -STOP $$; kill -STOP $$; exit 7");
    for times in 1..=2 {
        let said = || fs::read_to_string(book.path().join("said")).unwrap().matches("hint: kill -CONT").count();
        until("the command stops, and that is said", || said() == times && state(inner) == Some('T'));
        kill_process(pid(inner), Signal::CONT).unwrap();
    }
    assert_eq!(child.wait().unwrap().code(), Some(7));
    // Continued by whoever continues `exec`.
    let (mut child, _) = stopped(&book, "kill -STOP $$; exit 8");
    kill_process(pid(child.id()), Signal::CONT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(8));
    // What ends `exec` ends what is stopped.
    for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2), (Signal::HUP, 1)] {
        let (mut child, _) = stopped(&book, "kill -STOP $$; sleep 60");
        kill_process(pid(child.id()), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(number));
    }
    // Stopped from outside, by its own pid.
    let (mut child, inner) = spawn_told(&book, "exec sleep 60");
    kill_process(pid(inner), Signal::STOP).unwrap();
    until("it says so", || !fs::read_to_string(book.path().join("said")).unwrap().is_empty());
    kill_process(pid(inner), Signal::KILL).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    book.run(&["query", "kind=call.result", "--count"]).stdout("6\n");
}

#[test]
fn a_job_of_a_shell_stops_and_fg_continues_it() {
    let book = book();
    let run = |line: &str| Terminal::run_in(&book, &["bash", "-c", line], &[], 80, 24);
    // It stops itself.
    let line = "set -m; logbook exec -- sh -c 'kill -STOP $$; echo went on; exit 5'; echo \"stopped $?\"; fg >/dev/null; echo over $?";
    let mut job = run(line);
    job.shows("over 5");
    job.ends();
    let bytes = String::from_utf8(job.bytes()).unwrap();
    assert!(bytes.contains("stopped 147") && bytes.contains("went on") && !bytes.contains("kill -CONT"), "{bytes}");
    // Ctrl-Z, `bg`, and `fg` of what waits for the terminal.
    let line =
        "set -m; logbook exec -- cat; echo \"stopped $?\"; bg >/dev/null; sleep 0.2; fg >/dev/null; echo over $?";
    let mut job = run(line);
    until("it reads", || book.run(&["query", "kind=call.intent", "--count"]).out == "2\n");
    job.types("one\n").shows("one\none");
    job.types("\u{1a}").shows("stopped 147");
    // In the background it stops again, since it reads.
    job.until("it stops again", |screen| screen.matches("Stopped").count() == 2);
    job.types("two\n").shows("two\ntwo");
    job.types("\u{4}").shows("over 0");
    job.ends();
}

#[test]
fn in_a_script_nobody_continues_it() {
    let book = book();
    let line = "logbook exec -- sh -c 'kill -STOP $$; echo went on'; echo over";
    let mut script = Terminal::run_in(&book, &["bash", "-c", line], &[], 80, 24);
    script.shows("logbook: the command was stopped (SIGSTOP)");
    script.shows("hint: kill -CONT ");
    // Ctrl-C ends it, though it is stopped.
    script.types("\u{3}");
    script.ends();
    book.run(&["query", "tool_call.signal=SIGINT", "--count"]).stdout("1\n");
}

/// As in a container that was entered from outside: the session and the process group began out
/// there, and so have no number in here.
#[test]
#[ignore = "needs namespaces"]
fn in_a_pid_namespace_whose_session_began_outside() {
    let book = book();
    let unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
    let line = "logbook exec -- sh -c 'echo $$ >pid; kill -STOP $$; exit 3' 2>said & exec=$!
        until grep -q 'kill -CONT' said || ! kill -0 $exec; do sleep 0.02; done
        kill -CONT $(cat pid); wait $exec; echo over $?; cat said";
    let told =
        book.shell(&format!("{} sh -c '{}'", unshare.join(" "), line.replace('\'', r"'\''"))).exit(0).out.clone();
    assert!(told.starts_with("over 3\nlogbook: the command was stopped (SIGSTOP)\n"), "{told}");
}
