//! Names of segments (`docs/format.md`, Names): `2026-04-15.000041.jsonl`. Segments are ordered by
//! number. The date is for people, and never goes backwards.

use std::fmt;

/// The encoding of a segment on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// JSONL as written.
    Plain,
    /// JSONL compressed with zstd: an archive.
    Zstd,
    /// JSONL compressed with gzip: inputs of queries, never written.
    Gzip,
}

/// A valid name of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentName {
    /// The UTC day, `2026-04-15`.
    day: [u8; 10],
    /// From 1; no number is used twice.
    pub number: u64,
}

impl SegmentName {
    /// A name of `day` (`YYYY-MM-DD`) and `number`; `None` if one of them is not valid.
    pub fn new(day: &str, number: u64) -> Option<SegmentName> {
        let bytes: [u8; 10] = day.as_bytes().try_into().ok()?;
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let shaped = digits(0..4) && bytes[4] == b'-' && digits(5..7) && bytes[7] == b'-' && digits(8..10);
        let two = |at: usize| (bytes[at] - b'0') * 10 + (bytes[at + 1] - b'0');
        (shaped && (1..=12).contains(&two(5)) && (1..=31).contains(&two(8)) && number > 0)
            .then_some(SegmentName { day: bytes, number })
    }

    /// Parses `2026-04-15.000041.jsonl`: exactly what [`fmt::Display`] prints, so that a number has
    /// one spelling.
    pub fn parse(name: &[u8]) -> Option<SegmentName> {
        let stem = name.strip_suffix(b".jsonl")?;
        let (day, number) = (stem.get(..10)?, stem.get(10..)?.strip_prefix(b".")?);
        let padded = number.len() == 6 || (number.len() > 6 && number.len() <= 12 && number[0] != b'0');
        if !padded || !number.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = number.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        SegmentName::new(std::str::from_utf8(day).ok()?, number)
    }

    /// Parses the name of an archive, `2026-04-15.000041.jsonl.zst`.
    pub fn parse_archive(name: &[u8]) -> Option<SegmentName> {
        SegmentName::parse(name.strip_suffix(b".zst")?)
    }

    /// The UTC day in the name.
    pub fn day(&self) -> &str {
        std::str::from_utf8(&self.day).unwrap_or_default()
    }

    /// The archive's file name.
    pub fn archive(&self) -> String {
        format!("{self}.zst")
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}.jsonl", self.day(), self.number)
    }
}
