//! What somebody forges who may write every file, and knows how each is made: lines of the manifest
//! with a chain made anew, receipts, archives, and files of `cache/` with their checksums.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use logbook_format::SegmentName;
use logbook_format::digest::sha256_hex;
use logbook_format::manifest::{Covered, Event, Line, NOTHING, digest};
use logbook_format::seek_table::SeekTable;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// A manifest in hand.
pub struct Manifest {
    path: PathBuf,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Manifest {
    /// That of the logbook at `book`.
    pub fn read(book: &Path) -> Manifest {
        let path = book.join("manifest.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        Manifest { path, lines: text.lines().map(|line| Line::parse(line.as_bytes()).unwrap()).collect() }
    }

    /// The name of the segment with this number.
    pub fn name(&self, number: u64) -> Option<String> {
        self.lines.iter().find(|line| line.segment.number == number).map(|line| line.segment.to_string())
    }

    /// Which line covers the segment with this number.
    pub fn covering(&mut self, number: u64) -> &mut Covered {
        let covers = |line: &&mut Line| line.segment.number == number && matches!(line.event, Event::Covered(_));
        match self.lines.iter_mut().find(covers).map(|line| &mut line.event) {
            Some(Event::Covered(covered)) => covered,
            _ => panic!("no line covers {number}"),
        }
    }

    /// Puts a line behind the others.
    pub fn push(&mut self, segment: &str, event: Event) {
        let segment = SegmentName::parse(segment.as_bytes()).unwrap();
        self.lines.push(Line { segment, event, prev: String::new() });
    }

    /// A line that says that the segment with this number was deleted, as `receipt` tells.
    pub fn push_deleted(&mut self, number: u64, receipt: &str) {
        let name = self.name(number).unwrap();
        self.push(&name, Event::Deleted { deleted_at: "2026-04-16T00:00:00.000Z".into(), receipt: receipt.into() });
    }

    /// Writes it, each line bound to the one before.
    pub fn write_bound(&mut self) {
        let mut prev = NOTHING.to_owned();
        for line in &mut self.lines {
            line.prev = prev;
            prev = digest(&line.print());
        }
        self.write();
    }

    /// Writes the lines as they are.
    pub fn write(&self) {
        let text: String = self.lines.iter().map(|line| line.print() + "\n").collect();
        fs::write(&self.path, text).unwrap();
    }
}

/// What a line would say of this content, with the rest as `before` has it.
pub fn cover(before: &Covered, content: &[u8]) -> Covered {
    let marks = content.chunks(1 << 20).map(|mib| format!("{:016x}", xxh3_64(mib))).collect();
    Covered {
        rows: content.iter().filter(|byte| **byte == b'\n').count() as u64,
        bytes: content.len() as u64,
        sha256: sha256_hex(content),
        marks,
        ..before.clone()
    }
}

/// Appends a row to a segment as no program would.
pub fn append(path: &Path, row: &str) {
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    writeln!(file, "{row}").unwrap();
}

/// Changes the lines of a file.
pub fn lines(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

/// Changes the bytes of a file.
pub fn bytes(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// A receipt of these segments.
pub fn receipt(step: u64, segments: &[(&str, &str)]) -> String {
    let entries: Vec<String> =
        segments.iter().map(|(name, sha256)| format!("{{\"segment\":\"{name}\",\"sha256\":\"{sha256}\"}}")).collect();
    format!(
        "{{\"run_id\":\"_logbook\",\"step\":{step},\"timestamp\":\"2026-04-16T00:00:00.000Z\",\"kind\":\"archive.receipt\",\"action\":\"deleted 1 segment\",\"segments\":[{}]}}",
        entries.join(",")
    )
}

/// Packs content as an archive.
pub fn pack(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 7).unwrap()
}

/// A frame that decoders pass over, with this content.
pub fn passed_over(content: &[u8]) -> Vec<u8> {
    [&0x184D_2A50_u32.to_le_bytes(), &(content.len() as u32).to_le_bytes(), content].concat()
}

/// An archive of these frames, as they stand, which ends in a seek table of these packed and plain
/// lengths.
pub fn with_table(frames: &[&[u8]], entries: &[(usize, usize)]) -> Vec<u8> {
    let mut table = SeekTable::default();
    entries.iter().for_each(|(packed, plain)| table.push(*packed as u32, *plain as u32));
    [&frames.concat(), &table.print()[..]].concat()
}

/// Changes the first `from` in what a file of `cache/` about one segment says into `to`, with its
/// checksum made anew. False: it does not stand there.
pub fn change_kept(path: &Path, from: &[u8], to: &[u8]) -> bool {
    let mut bytes = fs::read(path).unwrap();
    let Some(at) = bytes.windows(from.len()).position(|window| window == from).filter(|at| *at >= 64) else {
        return false;
    };
    bytes[at..at + from.len()].copy_from_slice(to);
    let sum = xxh3_64(&bytes[16..]);
    bytes[8..16].copy_from_slice(&sum.to_le_bytes());
    fs::write(path, bytes).unwrap();
    true
}

const PAGE: usize = 4096;

/// Changes a page of a table of `cache/`, with its checksum made anew. The pages of runs come
/// first, then those of ids; `change` is given whether it is one of ids, and the page.
pub fn change_table(path: &Path, mut change: impl FnMut(bool, &mut [u8])) {
    let mut bytes = fs::read(path).unwrap();
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let (nonce, run_pages) = (word(&bytes, 24), word(&bytes, 32));
    for (number, page) in bytes.chunks_mut(PAGE).enumerate().skip(1) {
        change(number as u64 > run_pages, page);
        let seed = nonce ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let sum = xxh3_64_with_seed(&page[8..], seed);
        page[..8].copy_from_slice(&sum.to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

/// A listing in `cache/` for the directory as it is, with these names.
pub fn write_listing(book: &Path, names: &[String]) {
    let about = fs::metadata(book).unwrap();
    let stamp = [
        about.dev(),
        about.ino(),
        about.mtime() as u64,
        about.mtime_nsec() as u64,
        about.ctime() as u64,
        about.ctime_nsec() as u64,
    ];
    let mut payload: Vec<u8> = stamp.iter().flat_map(|word| word.to_le_bytes()).collect();
    payload.extend(names.iter().flat_map(|name| format!("{name}\n").into_bytes()));
    let magic = 0x0001_7473_696c_626c_u64;
    let mut bytes = [magic, xxh3_64(&payload)].map(u64::to_le_bytes).concat();
    bytes.extend(payload);
    fs::write(book.join("cache/segments.list"), bytes).unwrap();
}

/// A head that looks like `head` and is none of this logbook.
pub fn other_head(head: &str) -> String {
    let (rest, _) = head.rsplit_once(':').unwrap();
    format!("{rest}:{}", sha256_hex(b"another"))
}
