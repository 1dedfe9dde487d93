//! The scan of the first look (`look`), 64 bytes at a time. Every secret of a built-in kind has a
//! long run of token bytes or one of a few beginnings (`beginnings`); most rows have neither.
//! Without AVX2 every row counts as having both.
//!
//! A run counts only if it has a byte that digests, UUIDs and numbers lack: a letter beyond F, `_`
//! or `~`. All tokens have one in their prefix or suffix, except Telegram's: of 10¹⁵ of those one
//! has none in its 35 letters and digits.
//!
//! Why this is not left to a library: a batch takes 320 to 470 ns for a row of 300 bytes, and
//! redaction may add a tenth (`./bench calls 1 redacted`). A search by `aho-corasick` for the same
//! anchors added 190 to 250 ns, which made batches 1.6 times as slow. This scan adds 28 ns, and 36
//! without AVX-512.
//!
//! `steps` divides a text into steps of 64 bytes.

#![allow(unsafe_code)]

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
    /// Whether there was anything.
    #[inline]
    pub(crate) fn any(self) -> bool {
        self.token || self.begun != 0 || self.foreign
    }
}

/// Scans `text` for what a secret of a built-in kind could have.
#[inline]
pub(super) fn glance(text: &[u8]) -> Seen {
    #[cfg(target_arch = "x86_64")]
    if let Some(seen) = look(text) {
        return seen;
    }
    let _ = text;
    Seen { token: true, begun: u8::MAX, foreign: true }
}

/// The scan, if this processor can do it.
#[cfg(target_arch = "x86_64")]
#[inline]
fn look(text: &[u8]) -> Option<Seen> {
    use std::arch::is_x86_feature_detected as has;
    if has!("avx512f") && has!("avx512bw") && has!("avx512vbmi") && has!("avx2") {
        // SAFETY: the processor has what the function is compiled for, as just asked.
        return Some(unsafe { wide::look(text) });
    }
    // SAFETY: the processor has AVX2, as just asked.
    has!("avx2").then(|| unsafe { avx2::look(text) })
}

/// The results of each implementation that this processor can run, for tests that compare them.
pub fn looks(text: &[u8]) -> Vec<Seen> {
    let _ = text;
    let mut looks = Vec::new();
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as just asked.
        looks.extend(look(text).into_iter().chain([unsafe { avx2::look(text) }]));
    }
    looks
}

/// `unsafe` for two reasons, each met here: the functions must run only where the processor has
/// those instructions, and loads take a pointer, which is that of an array.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_adds_epu8, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpgt_epi8,
        _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
        _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_storeu_si256, _mm256_testz_si256,
    };

    use crate::secrets::beginnings::{BELOW, TABLES};
    use crate::secrets::glance::Seen;
    use crate::secrets::steps::{self, SEEN, STEP, Tokens};

    #[target_feature(enable = "avx2")]
    pub(super) fn look(text: &[u8]) -> Seen {
        let mut look = Look::new();
        let mut short = [0; SEEN];
        look.begin(text.first_chunk().unwrap_or(steps::filled(text, &mut short)));
        steps::each(text, &short, |bytes, seen| look.step(bytes, seen));
        Seen { token: look.tokens.found(), begun: look.begun(), foreign: _mm256_movemask_epi8(look.all) != 0 }
    }

    struct Look {
        tables: [[__m256i; 2]; 4],
        below: __m256i,
        begun: __m256i,
        /// All bytes plus one, one on the other: the highest bit is set from DEL on.
        all: __m256i,
        tokens: Tokens,
    }

    impl Look {
        #[inline]
        #[target_feature(enable = "avx2")]
        fn new() -> Look {
            let mut tables = [[_mm256_setzero_si256(); 2]; 4];
            for (tables, bytes) in tables.iter_mut().zip(&TABLES) {
                for (table, bytes) in tables.iter_mut().zip(bytes) {
                    *table = self::table(bytes);
                }
            }
            let zero = _mm256_setzero_si256();
            Look { tables, below: table(&BELOW), begun: zero, all: zero, tokens: Tokens::default() }
        }

        /// The bytes that the first step does not take for those of tokens.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn begin(&mut self, bytes: &[u8; SEEN]) {
            // SAFETY: 32 bytes are there.
            let first = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            self.all = next(first);
            let (token, odd) = (token_bytes(first, self.below), odd_bytes(first));
            self.tokens.put(steps::before(token.into()), steps::before(odd.into()));
        }

        /// Beginnings at the first bytes, and the last ones as bytes of tokens; but so many of
        /// these were seen before.
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

    /// Which bytes could be of a token, a bit each.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn token_bytes(text: __m256i, below: __m256i) -> u32 {
        _mm256_movemask_epi8(_mm256_cmpgt_epi8(text, _mm256_shuffle_epi8(below, text))) as u32
    }

    /// Which bytes no digest has: letters beyond F, `_`, `~` and some that are of no token; a bit
    /// each.
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
}

/// The same with 64 bytes at a time, and one look into a table for each of the four bytes. `unsafe`
/// for the same reasons.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m512i, _mm_loadu_si128, _mm512_adds_epu8, _mm512_and_si512, _mm512_broadcast_i32x4, _mm512_cmpgt_epi8_mask,
        _mm512_loadu_si512, _mm512_maskz_permutex2var_epi8, _mm512_movepi8_mask, _mm512_or_si512, _mm512_set1_epi8,
        _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_storeu_si512, _mm512_test_epi8_mask,
    };

    use crate::secrets::beginnings::{BELOW, TABLES};
    use crate::secrets::glance::Seen;
    use crate::secrets::steps::{self, SEEN, STEP, Tokens};

    /// For each of the four bytes: which beginnings go with it, whichever of the ASCII it is; a bit
    /// each.
    static BEGINNINGS: [[u8; 128]; 4] = {
        let mut beginnings = [[0; 128]; 4];
        let mut place = 0;
        while place < 4 {
            let mut byte = 0;
            while byte < 128 {
                beginnings[place][byte] = TABLES[place][0][byte & 15] & TABLES[place][1][byte >> 4];
                byte += 1;
            }
            place += 1;
        }
        beginnings
    };

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx2")]
    pub(super) fn look(text: &[u8]) -> Seen {
        // SAFETY: 16 bytes are there.
        let below = _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(BELOW.as_ptr().cast()) });
        let mut tokens = Tokens::default();
        let mut begun = _mm512_setzero_si512();
        let mut short = [0; SEEN];
        let first = load(text.first_chunk().unwrap_or(steps::filled(text, &mut short)), 0);
        tokens.put(steps::before(token_bytes(first, below)), steps::before(odd_bytes(first)));
        let mut all = next(first);
        steps::each(text, &short, |bytes, seen| {
            let last = load(bytes, SEEN - STEP);
            all = _mm512_or_si512(all, next(last));
            let mut here = beginnings(last, SEEN - STEP);
            for place in 0..SEEN - STEP {
                here = _mm512_and_si512(here, beginnings(load(bytes, place), place));
            }
            begun = _mm512_or_si512(begun, here);
            tokens.put(token_bytes(last, below) >> seen, odd_bytes(last) >> seen);
        });
        let mut bytes = [0u8; STEP];
        if _mm512_test_epi8_mask(begun, begun) != 0 {
            // SAFETY: there is room for 64 bytes.
            unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), begun) };
        }
        let begun = bytes.iter().fold(0, |all, byte| all | byte);
        Seen { token: tokens.found(), begun, foreign: _mm512_movepi8_mask(all) != 0 }
    }

    /// Each byte plus one.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn next(text: __m512i) -> __m512i {
        _mm512_adds_epu8(text, _mm512_set1_epi8(1))
    }

    /// 64 bytes from `at` on, which is at most 3.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(bytes: &[u8; SEEN], at: usize) -> __m512i {
        let bytes: &[u8; STEP] = bytes[at..].first_chunk().unwrap_or(&[0; STEP]);
        // SAFETY: 64 bytes are there.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }

    /// Which beginnings go with each byte in this place.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn beginnings(text: __m512i, place: usize) -> __m512i {
        let table = &BEGINNINGS[place];
        // SAFETY: 128 bytes are there.
        let (low, high) =
            unsafe { (_mm512_loadu_si512(table.as_ptr().cast()), _mm512_loadu_si512(table.as_ptr().add(64).cast())) };
        // The seven lower bits name a byte of the two; what is not ASCII goes with none.
        _mm512_maskz_permutex2var_epi8(!_mm512_movepi8_mask(text), low, text, high)
    }

    /// As with 32 bytes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn token_bytes(text: __m512i, below: __m512i) -> u64 {
        _mm512_cmpgt_epi8_mask(text, _mm512_shuffle_epi8(below, text))
    }

    /// As with 32 bytes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn odd_bytes(text: __m512i) -> u64 {
        _mm512_cmpgt_epi8_mask(_mm512_or_si512(text, _mm512_set1_epi8(32)), _mm512_set1_epi8(b'f' as i8))
    }
}
