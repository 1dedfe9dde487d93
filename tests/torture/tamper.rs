//! Tampering with a logbook of which a head was kept elsewhere, in all the ways that we could think
//! of. Each is told by `verify --head`, or is named in `docs/evidence.md` as one that is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bed::{self, Bed};
use super::forge::{self, Manifest};
use super::tampers::{Told, ways};
use super::trial::{Report, Scale, Tier, Trial, note, nothing};
use super::world::two_at_a_time;

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "tampering with a kept head", tier: Tier::Quick, needs: nothing, run }]
}

/// A logbook that is tampered with, and the head that was kept of it.
pub struct Victim {
    bed: Bed,
    /// The head.
    pub head: String,
}

impl Victim {
    /// The logbook.
    pub fn book(&self) -> PathBuf {
        self.bed.book()
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.book().join(name)
    }

    /// Runs `logbook WORDS` on it; its standard output, whatever came of it.
    pub fn run(&self, words: &[&str]) -> String {
        run_words(&self.book(), words).1
    }

    /// The name of the segment with this number.
    pub fn name(&self, number: u64) -> String {
        let end = format!(".{number:06}.jsonl");
        let folders = [self.book(), self.path("archive")];
        let names = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names = names.map(|name| name.trim_end_matches(".zst").to_owned()).filter(|name| name.ends_with(&end));
        names.next().unwrap_or_else(|| Manifest::read(&self.book()).name(number).unwrap())
    }

    /// The raw file of the segment with this number.
    pub fn raw(&self, number: u64) -> PathBuf {
        self.path(&self.name(number))
    }

    /// Its archive.
    pub fn archive(&self, number: u64) -> PathBuf {
        self.path("archive").join(self.name(number) + ".zst")
    }

    /// The segment that takes rows.
    pub fn active(&self) -> PathBuf {
        super::ledger::segments(&self.book()).pop().unwrap().2
    }
}

fn run_words(book: &Path, words: &[&str]) -> (Option<i32>, String) {
    let output = bed::logbook(book, words).stdout(Stdio::piped()).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), out)
}

/// The numbers of the template's segments: deleted, archived, raw and covered, active when the head
/// was taken.
pub const DELETED: u64 = 1;
pub const ARCHIVED: u64 = 3;
pub const RESTORED: u64 = 4;
pub const RAW: u64 = 5;
pub const LAST_COVERED: u64 = 6;
pub const HEADS_OWN: u64 = 7;

/// Segments 1 and 2 deleted with a receipt in 3, 3 and 4 archived, 4 restored, 5 and 6 raw, 7 under
/// the head, and rows behind it.
fn template() -> Victim {
    let bed = Bed::new();
    let book = bed.book();
    bed::make(&book, "segment_bytes_max = 4096\ndurability = \"none\"\n");
    let must = |words: &[&str]| {
        let (code, out) = run_words(&book, words);
        assert_eq!(code, Some(0), "{words:?}: {out}");
        out
    };
    let fill = |from: u64| {
        for n in from..from + 12 {
            let status = if n % 5 == 0 { "failed" } else { "in-progress" };
            let (id, run) = (format!("id-{n}"), format!("r-{}", n % 3));
            must(&[
                "append",
                "-r",
                &run,
                "-a",
                &format!("step {n}"),
                "-s",
                status,
                "--id",
                &id,
                "pad=xxxxxxxxxxxxxxxx",
            ]);
        }
    };
    let seal = || must(&["head", "--seal"]);
    fill(0);
    seal();
    fill(100);
    seal();
    must(&["archive", "--delete-older-than", "0s"]);
    // What is carried over stands first in the segment with number 3, and the receipt behind it.
    fill(200);
    seal();
    fill(300);
    seal();
    must(&["archive", "--older-than", "0s"]);
    fill(400);
    must(&["hold", "r-1", "--by", "ada", "--why", "a trial"]);
    seal();
    fill(500);
    seal();
    must(&["archive", "--restore", "4"]);
    fill(600);
    let head = must(&["head"]).trim().to_owned();
    fill(700);
    // What is known of segments is made.
    must(&["runs", "--all"]);
    must(&["query", "status=blocked", "--count"]);
    assert!(head.contains(".000007.jsonl:"), "{head}");
    let victim = Victim { bed, head };
    assert!(victim.raw(RAW).exists() && victim.archive(ARCHIVED).exists() && !victim.raw(ARCHIVED).exists());
    assert!(victim.raw(RESTORED).exists() && victim.archive(RESTORED).exists());
    victim
}

/// A copy of the template, with what `cache/` knows of it made anew.
fn victim(template: &Victim, needs_cache: bool) -> Victim {
    let bed = Bed::new();
    let copied = Command::new("cp").arg("-a").arg(template.book()).arg(bed.book()).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let victim = Victim { bed, head: template.head.clone() };
    if needs_cache {
        victim.run(&["append", "-r", "r-2", "-a", "a row", "--id", "makes-tables"]);
        victim.run(&["runs", "--all"]);
        victim.run(&["query", "status=blocked", "--count"]);
    }
    victim
}

/// All that can be said of the files: names, sorts, permissions, times and content.
fn fingerprint(book: &Path) -> Vec<u8> {
    let line = "find . -printf '%p %y %m %T@ %l\\n' | sort; find . -type f -exec sha256sum {} + | sort";
    let output = Command::new("sh").args(["-c", line]).current_dir(book).output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty());
    output.stdout
}

/// What is wrong with how this way is told.
fn fault(way: &super::tampers::Way, template: &Victim, evidence: &str) -> Option<String> {
    let victim = victim(template, way.needs_cache);
    let before = fingerprint(&victim.book());
    (way.tamper)(&victim);
    let is_other_head = way.name == "a head of another logbook";
    if fingerprint(&victim.book()) == before && !is_other_head {
        return Some(format!("{}: nothing was changed", way.name));
    }
    let head =
        if way.name == "a head of another logbook" { forge::other_head(&victim.head) } else { victim.head.clone() };
    let (code, out) = run_words(&victim.book(), &["verify", "--head", &head]);
    let holds = out.contains("head       holds");
    let fails = |what: &str| Some(format!("{}: {what}: exit {code:?}\n{out}", way.name));
    match way.told {
        Told::Broken if code == Some(0) || holds => fails("is not told"),
        Told::Gone if holds || !out.contains("gone") || !matches!(code, Some(0 | 1)) => fails("is not told as gone"),
        Told::Note(text) if !out.contains(text) => fails("is not noted"),
        Told::Not(_) if code != Some(0) || !holds => fails("is told, and the document says that it is not"),
        Told::Not(words) if !evidence.contains(words) => {
            Some(format!("{}: docs/evidence.md does not name it: {words:?}", way.name))
        }
        _ => None,
    }
}

fn run(scale: &Scale) -> Report {
    let template = template();
    let mut violations = Vec::new();
    let (code, out) = run_words(&template.book(), &["verify", "--head", &template.head]);
    if code != Some(0) || !out.contains("head       holds") {
        violations.push(format!("before any tampering: {code:?} {out}"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/evidence.md");
    // Sentences may be broken into lines anywhere.
    let evidence = fs::read_to_string(path).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let step = scale.of(3, 1) as usize;
    let all = ways();
    let (told, not): (Vec<_>, Vec<_>) = all.iter().partition(|way| !matches!(way.told, Told::Not(_)));
    let chosen: Vec<_> = all.iter().skip(scale.seed as usize % step).step_by(step).collect();
    let faults = two_at_a_time(&chosen, |way| fault(way, &template, &evidence));
    violations.extend(faults.into_iter().flatten());
    note(&format!("of all ways {} are told, and {} are named as not told", told.len(), not.len()));
    Report { size: chosen.len() as u64, unit: "ways", violations }
}
