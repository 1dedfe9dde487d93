//! What is known of all rows of one sealed segment (or archive) together, for a file of `cache/`.
//!
//! Not here: which bytes it is about (`kept`), reading rows (`scan` does, and says what to keep),
//! what a query asks (`scan::prune`).

use std::path::Path;

use super::kept::{self, Identity, Kind};
use super::run_filter::RunFilter;
use crate::os::Os;
use logbook_model::Instant;

/// Files of summaries: "lbsum" and the version of their layout.
pub const KIND: Kind = Kind { extension: "summary", magic: 0x0002_6d75_7362_6c00, bytes_max: 1 << 20 };

/// A segment's rows together, read as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many there are.
    pub rows: u64,
    /// Some line is no row.
    pub damaged: bool,
    /// The least and the greatest instant that a `timestamp` says.
    pub times: Option<(Instant, Instant)>,
    /// Some `timestamp` is neither RFC 3339 with an offset nor null: what it says is not counted.
    pub odd_times: bool,
    /// Words of `status`, `phase` and `kind`.
    pub words: [Words; 3],
    /// The runs.
    pub runs: RunFilter,
    /// Some `run_id` is a number, a boolean or an array, of which the filter knows nothing.
    pub odd_runs: bool,
}

/// The words of one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The strings, sorted; `None`: too many, or too long.
    pub seen: Option<Vec<Box<[u8]>>>,
    /// Some value is a number, a boolean or an array.
    pub odd: bool,
}

impl Summary {
    /// As the file keeps it.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// The summary of the segment that `identity` names, if there is one.
pub(crate) fn load(os: &dyn Os, directory: &Path, identity: &Identity) -> Option<Summary> {
    decode(kept::load(os, directory, KIND, identity)?.payload())
}

// The layout, all numbers 64 bits, least byte first: rows, flags, first and last time, words
// (count, then each with its length), runs (which kind, count, each).

const MANY: u64 = u64::MAX;

fn encode(summary: &Summary) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |value: u64| bytes.extend_from_slice(&value.to_le_bytes());
    put(summary.rows);
    let flags = [summary.damaged, summary.times.is_some(), summary.odd_times, summary.odd_runs];
    let flags = flags.into_iter().chain(summary.words.iter().map(|words| words.odd));
    put(flags.zip(0..).fold(0, |flags, (flag, bit)| flags | u64::from(flag) << bit));
    let nought = Instant { seconds: 0, attos: 0 };
    let (first, last) = summary.times.unwrap_or((nought, nought));
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
