//! Every bit of a sealed set, raw files, archives and manifest, is turned once, and `verify`
//! notices each time.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use logbook_store::os::{How, Os, Stat};
use logbook_store::os_real::REAL;
use logbook_verify::verify;

use super::bed::{self, Bed};
use super::trial::{Report, Scale, Tier, Trial, nothing};
use super::world::two_at_a_time;

/// The approximate size of the set, in bytes.
const SET_BYTES: u64 = 64 << 10;

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "verify: every bit of a sealed set", tier: Tier::Quick, needs: nothing, run }]
}

/// The real operating system, but one bit of one file reads other than it is.
struct Flipped {
    identity: (u64, u64),
    bit: u64,
}

impl Os for Flipped {
    fn read_at(&self, file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = REAL.read_at(file, buffer, offset)?;
        let byte = self.bit / 8;
        if REAL.stat(file)?.identity == self.identity && (offset..offset + read as u64).contains(&byte) {
            buffer[(byte - offset) as usize] ^= 1 << (self.bit % 8);
        }
        Ok(read)
    }
    fn open(&self, path: &Path, how: How, mode: u32) -> io::Result<OwnedFd> {
        REAL.open(path, how, mode)
    }
    fn stat(&self, file: &OwnedFd) -> io::Result<Stat> {
        REAL.stat(file)
    }
    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        REAL.stat_path(path)
    }
    fn list(&self, path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
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

/// Segments of 8 KiB, the older half of them archived; the files of the set.
fn sealed_set(bed: &Bed) -> Vec<PathBuf> {
    let book = bed.book();
    bed::make(&book, "segment_bytes_max = 8192\ndurability = \"none\"\n");
    let run = |arguments: &[&str]| {
        let output = bed::logbook(&book, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let fill = |n: u64| {
        // Text that does not pack well: the archives are to be a part of the set.
        let noise: String =
            (0..6).map(|at| format!("{:016x}", (n * 6 + at).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        run(&["append", "-r", &format!("r-{}", n % 5), "-a", "a step", &format!("noise={noise}")]);
    };
    let bytes = || files(&book).iter().map(|path| std::fs::metadata(path).unwrap().len()).sum::<u64>();
    let mut n = 0;
    while bytes() < SET_BYTES / 2 {
        (0..8).for_each(|more| fill(n + more));
        n += 8;
        run(&["head"]);
    }
    run(&["archive", "--older-than", "0s"]);
    while bytes() < SET_BYTES {
        (0..8).for_each(|more| fill(n + more));
        n += 8;
        run(&["head"]);
    }
    run(&["head", "--seal"]);
    files(&book)
}

/// Sealed files, archives and the manifest.
fn files(book: &Path) -> Vec<PathBuf> {
    let list = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = list(book.to_owned()).chain(list(book.join("archive"))).collect();
    files.retain(|path| path.to_string_lossy().contains(".jsonl"));
    files.sort();
    // The active one is not sealed.
    let active = files
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl") && !path.ends_with("manifest.jsonl"))
        .max();
    let active = active.cloned();
    files.retain(|path| Some(path) != active.as_ref());
    files
}

fn run(scale: &Scale) -> Report {
    let bed = Bed::new();
    let files = sealed_set(&bed);
    let book = bed.book();
    let mut violations = Vec::new();
    match verify(&REAL, &book, None, &mut |_| {}) {
        Ok(verdict) if verdict.findings.is_empty() && verdict.proved > 4 => {}
        other => violations.push(format!("before any change: {other:?}")),
    }
    let step = scale.of(1999, 1);
    let all: Vec<(PathBuf, u64)> = files
        .iter()
        .flat_map(|path| (0..std::fs::metadata(path).unwrap().len() * 8).map(|bit| (path.clone(), bit)))
        .skip(scale.seed as usize)
        .step_by(step as usize)
        .collect();
    let chunks: Vec<&[(PathBuf, u64)]> = all.chunks(1024).collect();
    let missed = two_at_a_time(&chunks, |chunk| {
        let unnoticed = |(path, bit): &&(PathBuf, u64)| {
            let identity = REAL.stat_path(path).unwrap().identity;
            let verdict = verify(&Flipped { identity, bit: *bit }, &book, None, &mut |_| {});
            verdict.is_ok_and(|verdict| verdict.findings.is_empty())
        };
        chunk
            .iter()
            .filter(unnoticed)
            .map(|(path, bit)| format!("{}: bit {bit} unnoticed", path.display()))
            .collect::<Vec<_>>()
    });
    violations.extend(missed.into_iter().flatten());
    Report { size: all.len() as u64, unit: "bits", violations }
}
