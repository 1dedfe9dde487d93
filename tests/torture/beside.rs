//! `verify` beside an archiver: at every call that it makes, somebody archives, deletes, restores
//! or seals, all of it at once, and dies half way; and no finding is made of that.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use logbook_format::manifest::Head;
use logbook_store::os::{How, Os, Stat};
use logbook_store::os_real::REAL;
use logbook_verify::{HeadVerdict, Verdict, verify};

use super::bed::{self, Bed};
use super::trial::{Report, Scale, Tier, Trial, nothing};
use super::world::two_at_a_time;

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "verify: an archiver at every call", tier: Tier::Quick, needs: nothing, run }]
}

/// The real operating system, with somebody at work before one of the calls.
struct Beside<'b> {
    calls: AtomicU64,
    at: u64,
    work: &'b (dyn Fn() + Sync),
}

impl Beside<'_> {
    fn begin(&self) {
        if self.calls.fetch_add(1, SeqCst) == self.at {
            (self.work)();
        }
    }
}

impl Os for Beside<'_> {
    fn open(&self, path: &Path, how: How, mode: u32) -> io::Result<OwnedFd> {
        self.begin();
        REAL.open(path, how, mode)
    }
    fn read_at(&self, file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.begin();
        REAL.read_at(file, buffer, offset)
    }
    fn stat(&self, file: &OwnedFd) -> io::Result<Stat> {
        self.begin();
        REAL.stat(file)
    }
    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        self.begin();
        REAL.stat_path(path)
    }
    fn list(&self, path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.begin();
        REAL.list(path, each)
    }
    fn write(&self, _: &OwnedFd, _: &[u8]) -> io::Result<usize> {
        unreachable!("verify reads")
    }
    fn write_at(&self, _: &OwnedFd, _: &[u8], _: u64) -> io::Result<usize> {
        unreachable!("verify reads")
    }
    fn sync_data(&self, _: &OwnedFd) -> io::Result<()> {
        unreachable!("verify reads")
    }
    fn sync_all(&self, _: &OwnedFd) -> io::Result<()> {
        unreachable!("verify reads")
    }
    fn try_lock(&self, _: &OwnedFd) -> io::Result<()> {
        unreachable!("verify takes no lock")
    }
    fn lock_holder(&self, _: &Stat) -> Option<u32> {
        None
    }
    fn unlock(&self, _: &OwnedFd) -> io::Result<()> {
        unreachable!("verify takes no lock")
    }
    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        unreachable!("verify reads")
    }
    fn link(&self, _: &Path, _: &Path) -> io::Result<()> {
        unreachable!("verify reads")
    }
    fn unlink(&self, _: &Path) -> io::Result<()> {
        unreachable!("verify reads")
    }
    fn mkdir(&self, _: &Path, _: u32) -> io::Result<()> {
        unreachable!("verify reads")
    }
    fn user(&self) -> u32 {
        REAL.user()
    }
    fn pause(&self, _: u64) {}
    fn elapsed_us(&self) -> u64 {
        0
    }
    fn unix_time_ns(&self) -> u64 {
        REAL.unix_time_ns()
    }
    fn process_id(&self) -> u32 {
        REAL.process_id()
    }
    fn set_access(&self, _: &OwnedFd, _: u32, _: Option<u32>) -> io::Result<()> {
        unreachable!("verify reads")
    }
}

/// Commands that are run one after the other, as shell words; `%N` stands for the number of the
/// oldest archive.
type Work = &'static [&'static str];

/// What somebody does meanwhile.
const WORKS: &[Work] = &[
    &["archive --older-than 0s"],
    &["archive --older-than 0s --delete-older-than 0s"],
    &["head --seal", "archive --older-than 0s", "archive --restore %N"],
    &["archive --restore %N", "archive --older-than 0s"],
    &[
        "head --seal",
        "archive --older-than 0s --delete-older-than 0s",
        "head --seal",
        "archive --older-than 0s --delete-older-than 0s",
    ],
    &["append -r x -a more", "head --seal", "append -r x -a more", "head --seal", "archive --older-than 0s"],
    &[
        "archive --delete-older-than 0s",
        "append -r x -a more",
        "head --seal",
        "append -r x -a more",
        "archive --older-than 0s --delete-older-than 0s",
        "append -r x -a last",
    ],
];

fn run_words(book: &Path, words: &str) {
    let oldest = std::fs::read_dir(book.join("archive")).into_iter().flatten().flatten();
    let oldest = oldest.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".jsonl.zst").and_then(|name| name.rsplit('.').next()).map(str::to_owned)
    });
    let oldest = oldest.min().unwrap_or_else(|| "1".to_owned());
    let words = words.replace("%N", &oldest);
    let words: Vec<&str> = words.split(' ').collect();
    let _ = bed::end(bed::logbook(book, &words));
}

/// Two archived segments, two covered ones, one that is not, and an active one. The head that was
/// taken.
fn ready(bed: &Bed) -> Head {
    let book = bed.book();
    bed::make(&book, "segment_bytes_max = 4096\ndurability = \"none\"\n");
    let fill = |count: u64, from: u64| {
        (from..from + count)
            .for_each(|n| run_words(&book, &format!("append -r r -a step-{n} pad={}", "x".repeat(1500))));
    };
    fill(5, 0);
    run_words(&book, "archive --older-than 0s");
    fill(4, 5);
    let head = bed::logbook(&book, &["head"]).stdout(std::process::Stdio::piped()).output().unwrap();
    let head = Head::parse(&String::from_utf8_lossy(&head.stdout)).unwrap();
    fill(3, 9);
    let archived = std::fs::read_dir(book.join("archive")).unwrap().count();
    let raw = super::ledger::segments(&book).len();
    assert!(archived >= 2 && raw >= 3, "{archived} archived, {raw} raw");
    head
}

/// What is wrong with a verdict on a logbook that is well.
fn wrong(verdict: logbook_model::error::Result<Verdict>) -> Option<String> {
    match verdict {
        Err(error) => Some(error.to_string()),
        Ok(verdict) if !verdict.findings.is_empty() => Some(format!("{:?}", verdict.findings)),
        Ok(verdict) => match verdict.head {
            Some(HeadVerdict::Broken | HeadVerdict::Doubted) => Some(format!("the head: {:?}", verdict.head)),
            _ => None,
        },
    }
}

/// Every `step`-th call of one verify, with this work before it.
fn each_call(work: Work, step: u64, seed: u64) -> (u64, Vec<String>) {
    let (mut size, mut violations) = (0, Vec::new());
    let template = Bed::new();
    let head = ready(&template);
    let mut at = seed % step;
    loop {
        let bed = Bed::new();
        copy(&template.book(), &bed.book());
        let book = bed.book();
        let work_now = || work.iter().for_each(|words| run_words(&book, words));
        let os = Beside { calls: AtomicU64::new(0), at, work: &work_now };
        let verdict = verify(&os, &book, Some(&head), &mut |_| {});
        size += 1;
        violations.extend(wrong(verdict).map(|what| format!("{work:?} before call {at}: {what}")));
        let afterwards = verify(&REAL, &book, Some(&head), &mut |_| {});
        violations.extend(wrong(afterwards).map(|what| format!("{work:?} at call {at}, then: {what}")));
        if os.calls.load(SeqCst) <= at {
            return (size, violations);
        }
        at += step;
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()));
}

fn run(scale: &Scale) -> Report {
    let step = scale.of(3, 1);
    let parts = two_at_a_time(WORKS, |work| each_call(work, step, scale.seed));
    super::world::report_of("calls", parts)
}
