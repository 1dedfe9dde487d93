//! Every system call of append, batch, rotation, a torn tail's repair and a new
//! logbook fails, or kills, the n-th time, on the real binary: `strace -e inject`.

use std::path::Path;
use std::process::Command;

use crate::bed::{self, Bed, Fate};
use crate::exits::Caller;
use crate::ledger::{self, Steps};
use crate::trial::{Report, Scale, Tier, Trial};

const CALLS: &[&str] = &[
    "openat",
    "write",
    "pwrite64",
    "pread64",
    "fdatasync",
    "fsync",
    "flock",
    "fstat,newfstatat,statx",
    "getdents64",
    "mkdir",
    "rename",
    "unlink",
];
const ERRORS: &[&str] = &["EIO", "ENOSPC", "EDQUOT", "EINTR", "EAGAIN", "EACCES", "EMFILE", "SIGKILL"];

pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "system calls fail (strace)", tier: Tier::Everything, needs, run }]
}

pub fn needs() -> Result<(), String> {
    if !bed::has("strace") {
        return Err("strace".to_owned());
    }
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if traced.is_ok_and(|output| output.status.success()) {
        Ok(())
    } else {
        Err("a machine that lets strace trace".to_owned())
    }
}

/// What the failing call is a part of.
#[derive(Clone, Copy)]
struct Scene {
    name: &'static str,
    rows: u64,
    bytes: u64,
    segment_bytes_max: u64,
    /// Every call begins with a logbook that does not exist yet.
    new: bool,
    /// Every call begins with a torn tail.
    torn: bool,
}

const SCENES: &[Scene] = &[
    Scene { name: "append", rows: 1, bytes: 300, segment_bytes_max: 1 << 20, new: false, torn: false },
    Scene { name: "rotate", rows: 1, bytes: 3000, segment_bytes_max: 4096, new: false, torn: false },
    Scene { name: "batch", rows: 12, bytes: 300, segment_bytes_max: 8192, new: false, torn: false },
    Scene { name: "repair", rows: 1, bytes: 300, segment_bytes_max: 1 << 20, new: false, torn: true },
    Scene { name: "new", rows: 1, bytes: 300, segment_bytes_max: 1 << 20, new: true, torn: false },
];

fn run(scale: &Scale) -> Report {
    // "n up to 40" is the quick size; at full scale, until no call is reached.
    let most = scale.of(40, 4000).max(4);
    let mut report = Report { size: 0, unit: "injected faults", violations: Vec::new() };
    let jobs: Vec<(Scene, &str, &str)> = SCENES
        .iter()
        .flat_map(|scene| CALLS.iter().flat_map(move |call| ERRORS.iter().map(move |error| (*scene, *call, *error))))
        .collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results: Vec<(u64, Vec<String>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (mut faults, mut violations) = (0, Vec::new());
                    while let Some((scene, call, error)) =
                        jobs.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                    {
                        let (more, wrong) = every_n(*scene, call, error, most);
                        faults += more;
                        violations.extend(wrong);
                    }
                    (faults, violations)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    for (faults, violations) in results {
        report.size += faults;
        report.violations.extend(violations);
    }
    report
}

/// n = 1, 2, 3, … until the process makes no n-th call.
fn every_n(scene: Scene, call: &str, error: &str, most: u64) -> (u64, Vec<String>) {
    let bed = Bed::new();
    let config = format!("segment_bytes_max = {}\nlock_timeout = \"500ms\"\n", scene.segment_bytes_max);
    let mut violations = Vec::new();
    let mut faults = 0;
    let first = bed.path().join("0");
    let mut caller = Caller::new(&first, bed.path());
    let books: Vec<_> = (1..=most).map(|n| bed.path().join(format!("{n}"))).collect();
    if !scene.new {
        bed::make(&first, &config);
        caller.goes_on("nothing");
    }
    for n in 1..=most {
        if scene.new {
            violations.append(&mut caller.violations);
            caller = Caller::new(&books[n as usize - 1], bed.path());
        }
        if scene.torn {
            tear(caller.book);
        }
        let trace = bed.path().join("trace");
        let how = if error == "SIGKILL" { format!("signal={error}") } else { format!("error={error}") };
        let inject = format!("inject={call}:{how}:when={n}");
        let what = format!("{}, {inject}", scene.name);
        let wrap = |book: &Path, arguments: &[&str]| {
            let trace = trace.to_str().unwrap();
            bed::wrapped(&["strace", "-o", trace, "-e", &format!("trace={call}"), "-e", &inject], book, arguments)
        };
        let ended = caller.send(scene.rows, scene.bytes, &wrap);
        let text = std::fs::read_to_string(&trace).unwrap_or_default();
        if !text.contains("(INJECTED)") && !text.contains("+++ killed by") {
            if !ended.is_done() {
                violations.push(format!("{what}: not reached, and yet {}", ended.told()));
            }
            break;
        }
        faults += 1;
        if ended.code == Some(101) || ended.signal.is_some_and(|signal| signal != 9) {
            violations.push(format!("{what}: died: {}", ended.told()));
        }
        // Unknown or killed: the same ids again, and each row is there once.
        if ended.fate() == Fate::Either {
            let again = caller.retry(scene.rows, scene.bytes);
            if !again.is_done() {
                violations.push(format!("{what}: retry with the same ids: {}", again.told()));
            }
        }
        caller.goes_on(&what);
        caller.judge(&what, Steps::Dense);
        if !caller.violations.is_empty() {
            break;
        }
    }
    violations.append(&mut caller.violations);
    (faults, violations)
}

/// Leaves what a writer leaves that is killed in the middle of a row.
fn tear(book: &Path) {
    use std::io::Write;
    if let Some((_, _, path)) = ledger::segments(book).pop() {
        let mut file = std::fs::File::options().append(true).open(path).unwrap();
        file.write_all(b"{\"run_id\":\"w-1\",\"step\":99,\"timestamp\":\"2026-04-15T10:00:00Z\",\"acti").unwrap();
    }
}
