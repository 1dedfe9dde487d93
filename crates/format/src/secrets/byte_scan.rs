//! The scan of the first look (`look`). Every secret of a built-in kind has a long run of token
//! bytes or one of a few beginnings (`beginnings`); most rows have neither.
//!
//! A run counts only if it has a byte that digests, UUIDs and numbers lack: a letter beyond F, `_`
//! or `~`. All tokens have one in their prefix or suffix, except Telegram's: of 10¹⁵ of those one
//! has none in its 35 letters and digits.
//!
//! Why there is vector code here: `append -` of 100,000 rows of 315 bytes takes 450 ns of processor
//! time per row, and redaction may add a tenth (`./bench calls 1 redacted`). Per row, scanning
//! takes
//!
//! | with | ns |
//! |---|---|
//! | AVX2 (below) | 47 |
//! | `aho_corasick::packed` (Teddy), the 48 shortest of 200 anchors | 115 |
//! | `aho_corasick` as a DFA, all anchors | 470 |
//! | the portable table (below) | 580 |
//! | `memchr::memmem`, anchor by anchor | 1,170 |
//!
//! so that a library would add 15 % to 100 % to a whole process. A third scan, with AVX-512, took
//! 35 ns: less than 3 % of the process, so it was removed.

#![allow(unsafe_code)]

use super::beginnings::{BELOW, RUN, TABLES};

/// What the scan saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// A long run of token bytes.
    pub token: bool,
    /// The beginnings, one bit each.
    pub begun: u8,
    /// Bytes beyond ASCII, or DEL, which is invisible.
    pub foreign: bool,
}

impl Seen {
    /// Whether it saw anything.
    #[inline]
    pub(crate) fn any(self) -> bool {
        self.token || self.begun != 0 || self.foreign
    }
}

/// Scans `text` for what a secret of a built-in kind could have.
#[inline]
pub(super) fn scan(text: &[u8]) -> Seen {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as just checked.
        return unsafe { avx2::scan(text) };
    }
    portable(text)
}

/// The results of each implementation that this processor can run, for tests that compare them.
pub fn scans(text: &[u8]) -> Vec<Seen> {
    let mut scans = vec![portable(text)];
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as just checked.
        scans.push(unsafe { avx2::scan(text) });
    }
    scans
}

/// For each byte, the beginnings that have it as their first to fourth byte: the first in the
/// lowest byte, one bit for each beginning.
static AT: [u32; 256] = {
    let mut at = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let mut place = 0;
        while place < 4 {
            let beginnings = TABLES[place][0][byte & 15] & TABLES[place][1][byte >> 4];
            at[byte] |= (beginnings as u32) << (8 * place);
            place += 1;
        }
        byte += 1;
    }
    at
};

/// The scan byte by byte: shift-and over a table.
fn portable(text: &[u8]) -> Seen {
    let mut short = [0; SEEN];
    let text = if text.len() < SEEN { filled(text, &mut short) } else { text };
    // The beginnings that match up to their first to fourth byte here; those that matched in full.
    let (mut matching, mut begun) = (0u32, 0);
    let (mut run, mut is_odd, mut token, mut foreign) = (0, false, false, false);
    for byte in text {
        matching = (matching << 8 | 0xFF) & AT[usize::from(*byte)];
        begun |= (matching >> 24) as u8;
        foreign |= *byte >= 0x7F;
        if byte.is_ascii() && *byte > BELOW[usize::from(*byte & 15)] {
            run += 1;
            is_odd |= *byte | 32 > b'f';
        } else {
            (run, is_odd) = (0, false);
        }
        token |= run >= RUN && is_odd;
    }
    Seen { token, begun, foreign }
}

/// Bytes of a step.
const STEP: usize = 64;
/// Bytes of a step, and those after it that its beginnings reach into.
const SEEN: usize = STEP + 3;

/// A text that is shorter than a step, padded with zeros; zeros for a longer text.
#[inline(always)]
fn filled<'s>(text: &[u8], short: &'s mut [u8; SEEN]) -> &'s [u8; SEEN] {
    if let Some(room) = short.get_mut(..text.len()).filter(|room| room.len() < SEEN) {
        room.copy_from_slice(text);
    }
    short
}

/// The scan with AVX2. `unsafe` for two reasons, each met here: the functions must run only on
/// processors with AVX2, and vectors are loaded through a pointer, which is that of an array.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_adds_epu8, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpgt_epi8,
        _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
        _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_storeu_si256, _mm256_testz_si256,
    };

    use super::Seen;
    use super::{SEEN, STEP, filled};
    use crate::secrets::beginnings::{BELOW, RUN, TABLES};

    #[target_feature(enable = "avx2")]
    pub(super) fn scan(text: &[u8]) -> Seen {
        let mut scan = Scan::new();
        let mut short = [0; SEEN];
        scan.begin(text.first_chunk().unwrap_or(filled(text, &mut short)));
        each(text, &short, |bytes, seen| scan.step(bytes, seen));
        Seen { token: scan.tokens.found(), begun: scan.begun(), foreign: _mm256_movemask_epi8(scan.all) != 0 }
    }

    struct Scan {
        tables: [[__m256i; 2]; 4],
        below: __m256i,
        begun: __m256i,
        /// All bytes plus one, ORed: the highest bit is set from DEL on.
        all: __m256i,
        tokens: Tokens,
    }

    impl Scan {
        #[inline]
        #[target_feature(enable = "avx2")]
        fn new() -> Scan {
            let mut tables = [[_mm256_setzero_si256(); 2]; 4];
            for (tables, bytes) in tables.iter_mut().zip(&TABLES) {
                for (table, bytes) in tables.iter_mut().zip(bytes) {
                    *table = self::table(bytes);
                }
            }
            let zero = _mm256_setzero_si256();
            Scan { tables, below: table(&BELOW), begun: zero, all: zero, tokens: Tokens::default() }
        }

        /// Scans the bytes that the first step does not take as token bytes.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn begin(&mut self, bytes: &[u8; SEEN]) {
            // SAFETY: 32 bytes are there.
            let first = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            self.all = next(first);
            let (token, odd) = (token_bytes(first, self.below), odd_bytes(first));
            self.tokens.put(before(token.into()), before(odd.into()));
        }

        /// Scans a step: beginnings at its first bytes, token bytes at its last bytes. `seen` of
        /// these were scanned before.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn step(&mut self, bytes: &[u8; SEEN], seen: usize) {
            let low_bits = _mm256_set1_epi8(15);
            let (mut token, mut odd) = (0, 0);
            for half in [0, 32] {
                let mut begun = _mm256_set1_epi8(-1);
                for (place, [low, high]) in self.tables.iter().enumerate() {
                    // SAFETY: 32 bytes are there from 35 at most, of 67.
                    let text = unsafe { _mm256_loadu_si256(bytes.as_ptr().add(half + place).cast()) };
                    if place == SEEN - STEP {
                        self.all = _mm256_or_si256(self.all, next(text));
                        token |= u64::from(token_bytes(text, self.below)) << half;
                        odd |= u64::from(odd_bytes(text)) << half;
                    }
                    let high_bits = _mm256_and_si256(_mm256_srli_epi16::<4>(text), low_bits);
                    let low = _mm256_shuffle_epi8(*low, text);
                    begun = _mm256_and_si256(begun, _mm256_and_si256(low, _mm256_shuffle_epi8(*high, high_bits)));
                }
                self.begun = _mm256_or_si256(self.begun, begun);
            }
            self.tokens.put(token >> seen, odd >> seen);
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        fn begun(&self) -> u8 {
            if _mm256_testz_si256(self.begun, self.begun) == 1 {
                return 0;
            }
            let mut bytes = [0u8; 32];
            // SAFETY: there is room for 32 bytes.
            unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), self.begun) };
            bytes.iter().fold(0, |all, byte| all | byte)
        }
    }

    /// Each byte plus one.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn next(text: __m256i) -> __m256i {
        _mm256_adds_epu8(text, _mm256_set1_epi8(1))
    }

    /// The bytes that could be of a token, one bit each.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn token_bytes(text: __m256i, below: __m256i) -> u32 {
        _mm256_movemask_epi8(_mm256_cmpgt_epi8(text, _mm256_shuffle_epi8(below, text))) as u32
    }

    /// The bytes that no digest has: letters beyond F, `_`, `~` and some that are in no token; one
    /// bit each.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn odd_bytes(text: __m256i) -> u32 {
        let lower = _mm256_or_si256(text, _mm256_set1_epi8(32));
        _mm256_movemask_epi8(_mm256_cmpgt_epi8(lower, _mm256_set1_epi8(b'f' as i8))) as u32
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn table(bytes: &[u8; 16]) -> __m256i {
        // SAFETY: 16 bytes are there.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    /// Finds runs of token bytes, step by step.
    #[derive(Default)]
    struct Tokens {
        /// The ends of 1, 2, 4 and 8 of them in the last step.
        ends: [u64; 4],
        /// Bytes that no digest has, in the last step.
        odd: u64,
        runs: u64,
    }

    impl Tokens {
        /// Adds a step: the bytes that could be of a token, and those that no digest has.
        #[inline(always)]
        fn put(&mut self, token: u64, odd: u64) {
            let [one, two, four, eight] = self.ends;
            let twos = token & moved(token, one, 1);
            let fours = twos & moved(twos, two, 2);
            let eights = fours & moved(fours, four, 4);
            let sixteens = eights & moved(eights, eight, 8);
            const { assert!(RUN == 16 + 4) };
            let runs = sixteens & moved(fours, four, 16);
            if runs != 0 {
                self.runs |= runs & of_last_20(odd, self.odd);
            }
            self.ends = [token, twos, fours, eights];
            self.odd = odd;
        }

        /// Whether there was a run.
        fn found(&self) -> bool {
            self.runs != 0
        }
    }

    /// The ends of [`RUN`] bytes of which one is `odd`.
    #[cold]
    fn of_last_20(odd: u64, before: u64) -> u64 {
        let all = u128::from(odd) << 64 | u128::from(before);
        let of_2 = all | all << 1;
        let of_4 = of_2 | of_2 << 2;
        let of_8 = of_4 | of_4 << 4;
        let of_16 = of_8 | of_8 << 8;
        ((of_16 | of_4 << 16) >> 64) as u64
    }

    /// `ends`, `by` bytes later, with those of the last step.
    #[inline(always)]
    fn moved(ends: u64, before: u64, by: u32) -> u64 {
        ends << by | before >> (64 - by)
    }

    /// Calls `step` with the steps of `text` in order, and the number of bytes at their start that
    /// were scanned before as token bytes. A text that is shorter than one step is in `short`.
    #[inline(always)]
    fn each(text: &[u8], short: &[u8; SEEN], mut step: impl FnMut(&[u8; SEEN], usize)) {
        let Some(last) = text.last_chunk::<SEEN>() else { return step(short, 0) };
        let mut at = 0;
        while let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk::<SEEN>()) {
            step(bytes, 0);
            at += STEP;
        }
        // The rest, in a step that begins earlier.
        let seen = at + SEEN - STEP;
        if seen < text.len() {
            step(last, STEP - (text.len() - seen));
        }
    }

    /// The first bytes, which no step takes as token bytes, as a step before the first.
    #[inline(always)]
    fn before(bits: u64) -> u64 {
        bits << (STEP - (SEEN - STEP))
    }
}
