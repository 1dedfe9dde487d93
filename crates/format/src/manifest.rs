//! Lines of `manifest.jsonl` (`docs/format.md`, Manifest): which segments were covered, archived
//! and deleted. Each line has the SHA-256 of the one before it.
//!
//! A line has only one spelling, and ends in its own digest. So a changed bit is detected in the
//! last line too, which no other line vouches for.

use serde::Deserialize;

use super::SegmentName;
use super::digest::sha256_hex;
use logbook_json::Object;

/// What happened to a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was sealed, synced and read.
    Covered(Covered),
    /// It was archived.
    Archived {
        /// The size of the archive, in bytes.
        archive_bytes: u64,
        /// The SHA-256 of the archive, in hexadecimal.
        archive_sha256: String,
    },
    /// It was deleted, which a row records.
    Deleted {
        /// When, in RFC 3339.
        deleted_at: String,
        /// The name of that row, `_logbook#7`.
        receipt: String,
    },
}

/// The content of a sealed segment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Covered {
    /// The number of lines, valid or not.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// The earliest `timestamp`; absent if no row has one.
    pub first_at: Option<String>,
    /// The latest `timestamp`.
    pub last_at: Option<String>,
    /// When its last byte was written, by the time of the file, in RFC 3339.
    pub sealed_at: String,
    /// The SHA-256 of all bytes, in hexadecimal.
    pub sha256: String,
    /// 16 hexadecimal digits (XXH3) per started MiB. They locate a change, but do not prove that
    /// there is none.
    pub marks: String,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which segment.
    pub segment: SegmentName,
    /// What happened to it.
    pub event: Event,
    /// The SHA-256 of the line before it, without the newline, in hexadecimal; [`NOTHING`] in the
    /// first line.
    pub prev: String,
}

/// `prev` of the first line.
pub const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Bytes per mark.
pub const MARK_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    segment: String,
    rows: Option<u64>,
    bytes: Option<u64>,
    first_at: Option<String>,
    last_at: Option<String>,
    sealed_at: Option<String>,
    sha256: Option<String>,
    marks: Option<String>,
    archive_bytes: Option<u64>,
    archive_sha256: Option<String>,
    deleted_at: Option<String>,
    receipt: Option<String>,
    prev: String,
    own: String,
}

impl Line {
    /// The line without its newline.
    pub fn print(&self) -> String {
        let mut out = Object::new();
        out.text("segment", &self.segment.to_string());
        match &self.event {
            Event::Covered(covered) => {
                for (name, at) in [("first_at", &covered.first_at), ("last_at", &covered.last_at)] {
                    if let Some(at) = at {
                        out.text(name, at);
                    }
                }
                out.text("sealed_at", &covered.sealed_at)
                    .text("sha256", &covered.sha256)
                    .text("marks", &covered.marks)
                    .number("rows", covered.rows)
                    .number("bytes", covered.bytes);
            }
            Event::Archived { archive_bytes, archive_sha256 } => {
                out.text("archive_sha256", archive_sha256).number("archive_bytes", *archive_bytes);
            }
            Event::Deleted { deleted_at, receipt } => {
                out.text("deleted_at", deleted_at).text("receipt", receipt);
            }
        }
        out.text("prev", &self.prev);
        let own = sha256_hex(out.written());
        String::from_utf8_lossy(&out.text("own", &own).end()).into_owned()
    }

    /// Parses a line without its newline: exactly what [`Line::print`] returns.
    pub fn parse(text: &[u8]) -> Option<Line> {
        let given: Given = serde_json::from_slice(text).ok()?;
        let segment = SegmentName::parse(given.segment.as_bytes())?;
        let event = match given {
            Given {
                rows: Some(rows),
                bytes: Some(bytes),
                first_at,
                last_at,
                sealed_at: Some(sealed_at),
                sha256: Some(sha256),
                marks: Some(marks),
                ..
            } => Event::Covered(Covered { rows, bytes, first_at, last_at, sealed_at, sha256, marks }),
            Given { archive_bytes: Some(archive_bytes), archive_sha256: Some(archive_sha256), .. } => {
                Event::Archived { archive_bytes, archive_sha256 }
            }
            Given { deleted_at: Some(deleted_at), receipt: Some(receipt), .. } => {
                Event::Deleted { deleted_at, receipt }
            }
            _ => return None,
        };
        let line = Line { segment, event, prev: given.prev };
        // One spelling, and its own digest in it.
        (line.print().as_bytes() == text && given.own.len() == NOTHING.len()).then_some(line)
    }
}

/// The digest of a line, which the next line has as its `prev`.
pub fn digest(line: &str) -> String {
    sha256_hex(line.as_bytes())
}

/// What `head` prints and `verify --head` checks: the whole chain up to a line of the manifest, and
/// a segment up to a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The segment that was active.
    pub segment: SegmentName,
    /// Its length at that time, in bytes.
    pub bytes: u64,
    /// The [`Head::seal`] of the manifest and that part of the segment.
    pub sha256: String,
}

impl Head {
    /// The SHA-256 over the SHA-256 of the manifest's last line and that of the segment's first
    /// bytes.
    pub fn seal(manifest: &str, prefix: &str) -> String {
        sha256_hex(format!("{manifest}:{prefix}").as_bytes())
    }

    /// Parses `SEGMENT:BYTES:SHA256`.
    pub fn parse(text: &str) -> Option<Head> {
        let mut words = text.trim().split(':');
        let (segment, bytes, sha256) = (words.next()?, words.next()?, words.next()?);
        let hexadecimal = sha256.len() == NOTHING.len() && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        if words.next().is_some() || !hexadecimal {
            return None;
        }
        let segment = SegmentName::parse(segment.as_bytes())?;
        Some(Head { segment, bytes: bytes.parse().ok()?, sha256: sha256.to_ascii_lowercase() })
    }
}

impl std::fmt::Display for Head {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}:{}", self.segment, self.bytes, self.sha256)
    }
}

/// The end of the valid lines of `text`, the bytes of a manifest. What follows the last newline was
/// never committed. Nor was a last line with NULs: the power failed before it was synced, and some
/// of its sectors did not reach the disk.
pub fn committed_end(text: &[u8]) -> usize {
    let end = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
    let last = memchr::memrchr(b'\n', &text[..end.saturating_sub(1)]).map_or(0, |at| at + 1);
    if text[last..end].contains(&0) { last } else { end }
}

/// The segment of the last line in `tail` that covers one. Lines without a newline do not count.
/// With `whole`, `tail` begins at the start of a line. `None` if no line in it covers a segment; an
/// earlier line may.
pub fn last_covered(tail: &[u8], whole: bool) -> Option<SegmentName> {
    const BEGIN: &[u8] = b"{\"segment\":\"";
    let mut end = memchr::memrchr(b'\n', tail)?;
    loop {
        let begin = memchr::memrchr(b'\n', &tail[..end]).map(|at| at + 1).or(whole.then_some(0))?;
        let line = &tail[begin..end];
        // Only such lines have marks. They are not parsed: the newest of them are long, and every
        // append reads them.
        if memchr::memmem::find(line, b"\",\"marks\":\"").is_some()
            && let Some(rest) = line.strip_prefix(BEGIN)
            && let Some(length) = memchr::memchr(b'"', rest)
            && let Some(name) = SegmentName::parse(&rest[..length])
        {
            return Some(name);
        }
        end = begin.checked_sub(1)?;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_printed_and_no_bit_may_change() {
        let covered = Covered {
            rows: 3,
            bytes: 900,
            first_at: Some("2026-04-15T00:00:00.000Z".into()),
            last_at: None,
            sealed_at: "2026-04-16T00:00:00Z".into(),
            sha256: NOTHING.into(),
            marks: "00112233445566778".into(),
        };
        let events = [
            Event::Covered(covered),
            Event::Archived { archive_bytes: 7, archive_sha256: NOTHING.into() },
            Event::Deleted { deleted_at: "2026-04-16T00:00:00Z".into(), receipt: "_logbook#7".into() },
        ];
        for event in events {
            let segment = SegmentName::new("2026-04-15", 41).unwrap();
            let line = Line { segment, event, prev: NOTHING.into() };
            let text = line.print();
            assert_eq!(Line::parse(text.as_bytes()).unwrap(), line);
            for bit in 0..text.len() * 8 {
                let mut other = text.clone().into_bytes();
                other[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Line::parse(&other), None, "bit {bit}");
            }
        }
        let head = Head::parse(&format!("2026-04-15.000041.jsonl:12:{NOTHING}")).unwrap();
        assert_eq!(Head::parse(&head.to_string()), Some(head));
    }
    #[test]
    fn the_last_line_that_covers_is_found_from_any_part_of_the_end() {
        let covered = |number| {
            let covered = Covered {
                rows: 3,
                bytes: 900,
                first_at: None,
                last_at: None,
                sealed_at: "2026-04-16T00:00:00Z".into(),
                sha256: NOTHING.into(),
                marks: "0011223344556677".into(),
            };
            let segment = SegmentName::new("2026-04-15", number).unwrap();
            Line { segment, event: Event::Covered(covered), prev: NOTHING.into() }.print() + "\n"
        };
        let deleted = |number| {
            let segment = SegmentName::new("2026-04-15", number).unwrap();
            let event = Event::Deleted { deleted_at: "2026-04-16T00:00:00Z".into(), receipt: "_logbook#7".into() };
            Line { segment, event, prev: NOTHING.into() }.print() + "\n"
        };
        let text = [covered(7), covered(8), deleted(3), deleted(9)].concat() + covered(10).trim_end();
        let number = |tail: &[u8], whole| last_covered(tail, whole).map(|name| name.number);
        assert_eq!(number(text.as_bytes(), true), Some(8));
        let eight = covered(7).len();
        for from in 0..text.len() {
            let wanted = (from < eight).then_some(8);
            assert_eq!(number(&text.as_bytes()[from..], false), wanted, "from {from}");
        }
        assert_eq!(number(b"", true), None);
        assert_eq!(number(b"\n", true), None);
    }
}
