//! The summary of all rows of one sealed segment (or archive), and its layout in a cache file.
//!
//! Not here: which bytes it is about (`segment_cache`), making it from rows and using it for a
//! query (both `scan`).

use std::path::Path;

use super::run_filter::RunFilter;
use super::segment_cache::{self, CacheKind, Identity};
use crate::os::Os;
use logbook_model::Instant;

/// The kind of summary files. Their magic is "lbsum" and the version of the layout.
pub const KIND: CacheKind = CacheKind { extension: "summary", magic: 0x0002_6d75_7362_6c00, bytes_max: 1 << 20 };

/// A summary of the rows of a segment as they were written, corrections not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The number of rows.
    pub rows: u64,
    /// Whether some line is not a row.
    pub damaged: bool,
    /// The earliest and the latest `timestamp`.
    pub times: Option<(Instant, Instant)>,
    /// Whether some `timestamp` is neither RFC 3339 with an offset nor null. It is not in `times`.
    pub odd_times: bool,
    /// The words of `status`, `phase` and `kind`.
    pub words: [Words; 3],
    /// The runs of the rows.
    pub runs: RunFilter,
    /// Whether some `run_id` is a number, a boolean or an array. It is not in `runs`.
    pub odd_runs: bool,
}

/// The words of one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The strings, sorted; `None` if they are too many or too long.
    pub seen: Option<Vec<Box<[u8]>>>,
    /// Whether some value is a number, a boolean or an array.
    pub odd: bool,
}

impl Summary {
    /// The payload of the cache file. All numbers are 64 bits, least byte first: rows, flags, first
    /// and last time, words (count, then each with its length), runs (kind of filter, count, each).
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// The summary of the segment that `identity` names, if there is one.
pub(crate) fn load(os: &dyn Os, directory: &Path, identity: &Identity) -> Option<Summary> {
    decode(segment_cache::load(os, directory, KIND, identity)?.payload())
}

/// In place of the number of words: they are not known.
const MANY: u64 = u64::MAX;

fn encode(summary: &Summary) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |value: u64| bytes.extend_from_slice(&value.to_le_bytes());
    put(summary.rows);
    let flags = [summary.damaged, summary.times.is_some(), summary.odd_times, summary.odd_runs];
    let flags = flags.into_iter().chain(summary.words.iter().map(|words| words.odd));
    put(flags.zip(0..).fold(0, |flags, (flag, bit)| flags | u64::from(flag) << bit));
    let none = Instant { seconds: 0, attos: 0 };
    let (first, last) = summary.times.unwrap_or((none, none));
    [first.seconds as u64, first.attos, last.seconds as u64, last.attos].into_iter().for_each(&mut put);
    for words in &summary.words {
        match &words.seen {
            None => bytes.extend_from_slice(&MANY.to_le_bytes()),
            Some(seen) => {
                bytes.extend_from_slice(&(seen.len() as u64).to_le_bytes());
                for word in seen {
                    bytes.extend_from_slice(&(word.len() as u64).to_le_bytes());
                    bytes.extend_from_slice(word);
                }
            }
        }
    }
    let (which, list): (u64, &[u64]) = match &summary.runs {
        RunFilter::Unknown => (0, &[]),
        RunFilter::Hashes(hashes) => (1, hashes),
        RunFilter::Bloom(bits) => (2, bits),
    };
    for value in [which, list.len() as u64].iter().chain(list) {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Summary> {
    let mut rest = bytes;
    let rows = number(&mut rest)?;
    let flags = number(&mut rest)?;
    let flag = |bit: u32| flags & (1 << bit) != 0;
    let mut time = || Some(Instant { seconds: number(&mut rest)? as i64, attos: number(&mut rest)? });
    let times = (time()?, time()?);
    let mut words = [Words::default(), Words::default(), Words::default()];
    for (words, bit) in words.iter_mut().zip(4..) {
        let count = number(&mut rest)?;
        words.odd = flag(bit);
        if count != MANY {
            words.seen = (0..count).map(|_| word(&mut rest)).collect::<Option<Vec<_>>>().map(Some)?;
        }
    }
    let which = number(&mut rest)?;
    let count = number(&mut rest)?;
    let list = (0..count).map(|_| number(&mut rest)).collect::<Option<Vec<u64>>>()?;
    let runs = match which {
        0 => RunFilter::Unknown,
        1 => RunFilter::Hashes(list),
        2 if !list.is_empty() => RunFilter::Bloom(list),
        _ => return None,
    };
    let summary = Summary {
        rows,
        damaged: flag(0),
        times: flag(1).then_some(times),
        odd_times: flag(2),
        words,
        runs,
        odd_runs: flag(3),
    };
    rest.is_empty().then_some(summary)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u64::from_le_bytes(*head))
}

fn word(rest: &mut &[u8]) -> Option<Box<[u8]>> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head.into())
}
