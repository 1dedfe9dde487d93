//! A compact set of the runs that have rows in a segment: their hashes if they are few, else a
//! Bloom filter, whose rate of false positives is about 0.3 %.

use xxhash_rust::xxh3::xxh3_64;

/// At most this many hashes are stored as they are: 8 KiB.
const HASHES_MAX: usize = 1024;
/// For more runs nothing is stored.
const RUNS_MAX: usize = 1 << 18;
const BITS_PER_RUN: usize = 12;
const PROBES: u64 = 7;

/// The set of the runs of some rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunFilter {
    /// Any run may be among them.
    Unknown,
    /// The hashes of the runs, sorted.
    Hashes(Vec<u64>),
    /// A Bloom filter.
    Bloom(Vec<u64>),
}

impl RunFilter {
    /// Whether `run` may be in the set. `false` is certain.
    pub fn may_hold(&self, run: &[u8]) -> bool {
        let hash = xxh3_64(run);
        match self {
            RunFilter::Unknown => true,
            RunFilter::Hashes(hashes) => hashes.binary_search(&hash).is_ok(),
            RunFilter::Bloom(bits) => probes(hash, bits.len()).all(|(word, bit)| bits[word] & bit != 0),
        }
    }
}

/// The bits of a hash in a filter of `words` words, at least one.
fn probes(hash: u64, words: usize) -> impl Iterator<Item = (usize, u64)> {
    // Two halves of one hash serve as well as many hashes (Kirsch and Mitzenmacher, "Less hashing,
    // same performance").
    let step = hash.rotate_left(32) | 1;
    let bits = (words as u64 * 64).max(1);
    (0..PROBES).map(move |probe| {
        let bit = hash.wrapping_add(probe.wrapping_mul(step)) % bits;
        ((bit / 64) as usize, 1 << (bit % 64))
    })
}

/// Collects the runs of rows.
#[derive(Debug, Default)]
pub struct RunFilterBuilder {
    /// Sorted and without repeats up to `settled`.
    hashes: Vec<u64>,
    settled: usize,
    last: Option<u64>,
    too_many: bool,
}

impl RunFilterBuilder {
    /// Adds the run of a row, decoded.
    pub fn push(&mut self, run: &[u8]) {
        let hash = xxh3_64(run);
        // Most often the next row is of the same run.
        if self.too_many || self.last.replace(hash) == Some(hash) {
            return;
        }
        self.hashes.push(hash);
        if self.hashes.len() >= self.settled * 2 + HASHES_MAX {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.settled = self.hashes.len();
        if self.settled > RUNS_MAX {
            *self = RunFilterBuilder { too_many: true, ..RunFilterBuilder::default() };
        }
    }

    /// The filter of all runs that were added.
    pub fn finish(mut self) -> RunFilter {
        self.settle();
        match self.hashes.len() {
            _ if self.too_many => RunFilter::Unknown,
            0..=HASHES_MAX => RunFilter::Hashes(self.hashes),
            runs => {
                let mut bits = vec![0u64; (runs * BITS_PER_RUN).div_ceil(64)];
                for hash in self.hashes {
                    for (word, bit) in probes(hash, bits.len()) {
                        bits[word] |= bit;
                    }
                }
                RunFilter::Bloom(bits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_is_lost_and_few_are_taken_for_others() {
        for runs in [0, 1, HASHES_MAX, HASHES_MAX + 1, 50_000, RUNS_MAX, RUNS_MAX + 1] {
            let mut builder = RunFilterBuilder::default();
            for run in 0..runs {
                builder.push(format!("r-{run}").as_bytes());
                builder.push(format!("r-{}", run / 2).as_bytes());
            }
            let filter = builder.finish();
            assert_eq!(matches!(filter, RunFilter::Unknown), runs > RUNS_MAX, "{runs} runs");
            assert_eq!(matches!(filter, RunFilter::Hashes(_)), runs <= HASHES_MAX, "{runs} runs");
            assert!((0..runs).all(|run| filter.may_hold(format!("r-{run}").as_bytes())), "{runs} runs");
            let others = (0..10_000).filter(|other| filter.may_hold(format!("other-{other}").as_bytes())).count();
            assert!(runs > RUNS_MAX || others < 100, "{others} of 10000 others among {runs} runs");
        }
    }
}
