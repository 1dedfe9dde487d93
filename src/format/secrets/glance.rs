//! A first look at a row: whether a secret of a built-in kind could stand in it at all. It asks 64 bytes at a time for what
//! every pattern in `rules.txt` needs: [`RUN`] bytes side by side that tokens are made of, or one of a few rare beginnings.
//! Most rows have neither, and nothing else looks at them. Where the processor cannot, every row could have one.
//!
//! Who adds a rule sees to it that one of both stands in whatever its pattern matches; the tests hold all cases to it.

/// Bytes of a token side by side that are worth a closer look: the shortest tokens have as many.
#[cfg(target_arch = "x86_64")]
const RUN: usize = 20;

/// Four bytes in a row, each of one of these; of nothing: any ASCII byte. Letters are meant in both cases, in all but the last.
#[cfg(target_arch = "x86_64")]
const BEGINNINGS: [[&[u8]; 4]; 8] = [
    // password, passwd; secret
    [b"as", b"se", b"sc", b"wr"],
    // pwd= and the like; whsec_
    [b"ph", b"ws", b"de", b"=:\"\\c"],
    // token= and the like, but not the tokens that rows count
    [b"k", b"e", b"n", b"=:\"\\"],
    // api_key, access-key, accesskey, AccountKey=, secretkey
    [b"ist_-", b"k", b"e", b"y"],
    // A URL, from the last letter of its scheme on
    [b"", b":", b"/", b"/"],
    // bearer, basic
    [b"b", b"ea", b"as", b"ri"],
    // hooks.slack.com, sntrys_
    [b"s", b"ln", b"at", b"cr"],
    // glc_, FlyV1, PRIVATE KEY
    [b"gFE", b"l ", b"cyK", b"_VE"],
];

/// Whether a secret of a built-in kind could stand in `text`.
#[inline]
pub(super) fn could_have_one(text: &[u8]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::could_have_one(text) };
    }
    let _ = text;
    true
}

/// `unsafe` for two reasons, each met here: the functions must run only where the processor has those instructions, and
/// loads take a pointer, which is that of an array.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpgt_epi8, _mm256_loadu_si256,
        _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
        _mm256_srli_epi16, _mm256_testz_si256,
    };

    use super::{BEGINNINGS, RUN};

    /// Bytes that are looked at in one step, and those that follow them which beginnings reach into.
    const STEP: usize = 64;
    const SEEN: usize = STEP + 3;

    /// For each of the four bytes: which beginnings go with its low four bits, and which with its high ones; a bit each.
    const TABLES: [[[u8; 16]; 2]; 4] = tables();

    /// A byte above that of its low four bits could be of a token: letters, digits, `-` `.` `_` `~` `%` `=`, and some more
    /// for speed, which are rare: one comparison tells, as no two of `%` `/` `:` have the same low four bits.
    const BELOW: [u8; 16] = {
        let mut below = [b','; 16];
        below[(b'%' & 15) as usize] = b'%' - 1;
        below[(b'/' & 15) as usize] = b'/';
        below[(b':' & 15) as usize] = b':';
        below
    };

    const fn tables() -> [[[u8; 16]; 2]; 4] {
        let mut tables = [[[0; 16]; 2]; 4];
        let mut which = 0;
        while which < 8 {
            let mut place = 0;
            while place < 4 {
                let bytes = BEGINNINGS[which][place];
                let mut at = 0;
                while at < 16 && bytes.is_empty() {
                    tables[place][0][at] |= 1 << which;
                    tables[place][1][at] |= 1 << which;
                    at += 1;
                }
                at = 0;
                while at < bytes.len() {
                    let byte = bytes[at];
                    tables[place][0][(byte & 15) as usize] |= 1 << which;
                    tables[place][1][(byte >> 4) as usize] |= 1 << which;
                    if which < 7 && byte.is_ascii_alphabetic() {
                        tables[place][1][((byte ^ 32) >> 4) as usize] |= 1 << which;
                    }
                    at += 1;
                }
                place += 1;
            }
            which += 1;
        }
        tables
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn could_have_one(text: &[u8]) -> bool {
        let mut look = Look::new();
        let Some(last) = text.last_chunk::<SEEN>() else {
            let mut bytes = [0; SEEN];
            bytes[..text.len()].copy_from_slice(text);
            look.begin(&bytes);
            look.step(&bytes, 0);
            return look.found();
        };
        look.begin(text.first_chunk().unwrap_or(last));
        let mut at = 0;
        while let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk::<SEEN>()) {
            look.step(bytes, 0);
            at += STEP;
        }
        // What is left, in a step that begins earlier.
        let seen = at + SEEN - STEP;
        if seen < text.len() {
            look.step(last, STEP - (text.len() - seen));
        }
        look.found()
    }

    struct Look {
        tables: [[__m256i; 2]; 4],
        below: __m256i,
        begun: __m256i,
        /// Where 1, 2, 4 and 8 bytes of a token end, in the step before.
        ends: [u64; 4],
        runs: u64,
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
            Look { tables, below: table(&BELOW), begun: _mm256_setzero_si256(), ends: [0; 4], runs: 0 }
        }

        /// The bytes that the first step does not take for those of tokens.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn begin(&mut self, bytes: &[u8; SEEN]) {
            // SAFETY: 32 bytes are there.
            let first = token_bytes(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }, self.below);
            self.put(u64::from(first) << (STEP - (SEEN - STEP)));
        }

        /// Beginnings at the first bytes, and the last ones as bytes of tokens; but so many of these were seen before.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn step(&mut self, bytes: &[u8; SEEN], seen: usize) {
            let low_bits = _mm256_set1_epi8(15);
            let mut token = 0;
            for half in [0, 32] {
                let mut begun = _mm256_set1_epi8(-1);
                for (place, [low, high]) in self.tables.iter().enumerate() {
                    // SAFETY: 32 bytes are there from 35 at most, of 67.
                    let text = unsafe { _mm256_loadu_si256(bytes.as_ptr().add(half + place).cast()) };
                    if place == SEEN - STEP {
                        token |= u64::from(token_bytes(text, self.below)) << half;
                    }
                    let high_bits = _mm256_and_si256(_mm256_srli_epi16::<4>(text), low_bits);
                    let low = _mm256_shuffle_epi8(*low, text);
                    begun = _mm256_and_si256(begun, _mm256_and_si256(low, _mm256_shuffle_epi8(*high, high_bits)));
                }
                self.begun = _mm256_or_si256(self.begun, begun);
            }
            self.put(token >> seen);
        }

        #[inline]
        fn put(&mut self, token: u64) {
            let [one, two, four, eight] = self.ends;
            let twos = token & moved(token, one, 1);
            let fours = twos & moved(twos, two, 2);
            let eights = fours & moved(fours, four, 4);
            let sixteens = eights & moved(eights, eight, 8);
            const { assert!(RUN == 16 + 4) };
            self.runs |= sixteens & moved(fours, four, 16);
            self.ends = [token, twos, fours, eights];
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        fn found(&self) -> bool {
            self.runs != 0 || _mm256_testz_si256(self.begun, self.begun) == 0
        }
    }

    /// `ends` so many bytes on, with those of the step before.
    #[inline]
    fn moved(ends: u64, before: u64, by: u32) -> u64 {
        ends << by | before >> (64 - by)
    }

    /// Which bytes could be of a token, a bit each.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn token_bytes(text: __m256i, below: __m256i) -> u32 {
        _mm256_movemask_epi8(_mm256_cmpgt_epi8(text, _mm256_shuffle_epi8(below, text))) as u32
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn table(bytes: &[u8; 16]) -> __m256i {
        // SAFETY: 16 bytes are there.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }
}
