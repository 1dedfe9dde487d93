//! Bytes into rows: whatever the chunks in which they arrive, the streaming
//! splitter (`scan::rows`) and the one for blocks (`format::lines`) give the
//! rows that one obvious splitting gives, and count the same as skipped.
//!
//! Input: four bytes that say how to read, then what is read.
#![no_main]

use std::io::{self, Read};
use std::ops::ControlFlow;

use libfuzzer_sys::{Corpus, fuzz_target};
use logbook_format::lines::Lines;
use logbook_json::{self as json, Limits};
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_scan::rows::for_each_row_with;
use logbook_scan::{Class, Skipped};

const FILE: &str = "f";
/// In the first byte: what is read may be made longer than a reader takes.
const LONG: u8 = 0xFE;
/// One text of so many is: it takes long.
const LONG_OF: u32 = 16;

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((&[mode, chunks, seed, breaks], text)) = data.split_first_chunk::<4>() else {
        return Corpus::Reject;
    };
    let sum = text.iter().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    let long = (mode == LONG && (sum >> 4).is_multiple_of(LONG_OF)).then(|| lengthened(text, seed));
    let text = long.as_deref().unwrap_or(text);
    let mode = if long.is_some() { LONG } else { 0 };
    let break_after = (breaks >= 0xF0).then(|| usize::from(breaks - 0xF0));
    let mut reader = Chunks { text, chunks, seed: u32::from(seed) + 1, mode };
    let mut skipped = Skipped::default();
    let mut rows = Vec::new();
    let read = for_each_row_with(
        &mut reader,
        FILE,
        0,
        &mut skipped,
        is_whole,
        |_| Some(0),
        |row, offset, _| {
            rows.push((offset, row.to_vec()));
            if break_after == Some(rows.len()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    let expected = obvious(text, break_after);
    assert_eq!(rows.len(), expected.rows.len(), "rows");
    for ((offset, row), (expected_offset, expected)) in rows.iter().zip(&expected.rows) {
        assert_eq!(offset, expected_offset, "offset");
        assert!(row == expected, "row at {offset}: {} bytes, not {}", row.len(), expected.len());
    }
    assert_eq!(skipped.lines(), expected.skipped.lines());
    // One that was ended has read some more than it handed on.
    if break_after.is_none_or(|rows| rows != expected.rows.len()) {
        assert_eq!(read.ok(), Some(expected.read), "bytes read");
    }
    if long.is_none() {
        block(text);
    }
    Corpus::Keep
});

/// The lines of a block against splitting at newlines.
fn block(text: &[u8]) {
    let mut lines = Lines::new(text);
    let mut at = 0;
    for piece in text.split_inclusive(|byte| *byte == b'\n') {
        let whole = piece.ends_with(b"\n");
        let line = piece.strip_suffix(b"\n").unwrap_or(piece);
        let nuls = line.iter().take_while(|byte| **byte == 0).count();
        let inner = &line[nuls..];
        let inner = inner.strip_suffix(b"\r").unwrap_or(inner);
        if nuls > 0 || !json::trim(inner).is_empty() {
            let got = lines.next().expect("a line is missing");
            assert_eq!((got.at, got.text, got.nuls, got.whole), (at + nuls, inner, nuls, whole));
        }
        at += piece.len();
    }
    assert_eq!(lines.next(), None);
}

#[derive(Default)]
struct Expected {
    rows: Vec<(u64, Vec<u8>)>,
    skipped: Skipped,
    read: u64,
}

/// What `docs/format.md` says of lines, from the whole text at once.
fn obvious(text: &[u8], break_after: Option<usize>) -> Expected {
    let mut expected = Expected::default();
    for piece in text.split_inclusive(|byte| *byte == b'\n') {
        let from = expected.read;
        expected.read += piece.len() as u64;
        let whole = piece.ends_with(b"\n");
        let line = piece.strip_suffix(b"\n").unwrap_or(piece);
        let nuls = line.iter().take_while(|byte| **byte == 0).count();
        if nuls > 0 {
            expected.skipped.add(FILE, Class::Nul, from, format!("{nuls} bytes"));
        }
        let (row, offset) = (&line[nuls..], from + nuls as u64);
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        if row.len() > READ_ROW_BYTES_MAX {
            expected.skipped.add(FILE, Class::TooLong, offset, "");
        } else if json::trim(row).is_empty() && (whole || row.is_empty()) {
            // Nothing.
        } else if !whole && !is_whole(row) {
            expected.skipped.add(FILE, Class::Torn, offset, format!("{} bytes", row.len()));
        } else {
            expected.rows.push((offset, row.to_vec()));
            if break_after == Some(expected.rows.len()) {
                break;
            }
        }
    }
    expected
}

fn is_whole(line: &[u8]) -> bool {
    json::trim(line).starts_with(b"{") && json::validate(line, Limits::GRAMMAR).is_ok()
}

/// `text` with one byte, told by `seed`, repeated until it, or what follows it,
/// is about as long as a reader takes.
fn lengthened(text: &[u8], seed: u8) -> Vec<u8> {
    let at = usize::from(seed) * text.len() / 256;
    // Millions of empty lines would take long, and say nothing.
    let byte = text.get(at).copied().filter(|byte| *byte != b'\n').unwrap_or(0);
    let around: usize = [0, 1, 1000, 512 << 10, (512 << 10) + 1, 3 << 20][usize::from(seed) % 6];
    let count = READ_ROW_BYTES_MAX - text.len().min(50) + around;
    let mut long = Vec::with_capacity(count + text.len());
    long.extend_from_slice(&text[..at]);
    long.resize(at + count, byte);
    long.extend_from_slice(&text[at..]);
    long
}

/// Gives its text in pieces of odd sizes, and is interrupted now and then.
struct Chunks<'a> {
    text: &'a [u8],
    chunks: u8,
    seed: u32,
    mode: u8,
}

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        if self.mode == LONG {
            // In large pieces, for speed.
            self.seed |= 0xFFFF;
        } else if self.seed.is_multiple_of(11) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = match self.chunks {
            0 => usize::MAX,
            chunks => 1 + self.seed as usize % (usize::from(chunks) << if self.mode == LONG { 14 } else { 0 }),
        };
        let count = most.min(buffer.len()).min(self.text.len());
        let (now, later) = self.text.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.text = later;
        Ok(count)
    }
}
