//! A first look at a row: whether a secret of a built-in kind could stand in it at all. It asks 64 bytes at a time for what
//! every pattern in `rules.txt` needs: [`RUN`] bytes side by side that tokens are made of, or one of a few rare beginnings.
//! Most rows have neither, and nothing else looks at them. Where the processor cannot, every row could have one.
//!
//! Among the bytes of a token there is one that no digest, UUID or number has: a letter beyond F, or `_` or `~`. All tokens
//! have one in what they begin or end with, but Telegram's, whose 35 letters and digits lack one in 10¹⁵.
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

/// Which of [`BEGINNINGS`] is that of URLs.
#[cfg(target_arch = "x86_64")]
const URL: usize = 4;

/// What a text could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glance {
    /// A token.
    pub token: bool,
    /// Anything else, or a token that begins in a way of its own.
    pub other: bool,
}

/// Whether a secret of a built-in kind could stand in `text`.
#[inline]
pub(super) fn glance(text: &[u8]) -> Glance {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        let (token, begun) = unsafe { avx2::look(text) };
        // A password stands in a URL before an @.
        let url = begun == 1 << URL && memchr::memchr(b'@', text).is_some();
        return Glance { token, other: url || begun & !(1 << URL) != 0 };
    }
    let _ = text;
    Glance { token: true, other: true }
}

/// `unsafe` for two reasons, each met here: the functions must run only where the processor has those instructions, and
/// loads take a pointer, which is that of an array.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpgt_epi8, _mm256_loadu_si256,
        _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
        _mm256_srli_epi16, _mm256_storeu_si256, _mm256_testz_si256,
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
    /// Whether there is a token, and which of the beginnings there are, a bit each.
    pub(super) fn look(text: &[u8]) -> (bool, u8) {
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
        /// Bytes that no digest has, in the step before.
        odd: u64,
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
            Look { tables, below: table(&BELOW), begun: _mm256_setzero_si256(), ends: [0; 4], odd: 0, runs: 0 }
        }

        /// The bytes that the first step does not take for those of tokens.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn begin(&mut self, bytes: &[u8; SEEN]) {
            // SAFETY: 32 bytes are there.
            let first = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            let before = |bits: u32| u64::from(bits) << (STEP - (SEEN - STEP));
            self.put(before(token_bytes(first, self.below)), before(odd_bytes(first)));
        }

        /// Beginnings at the first bytes, and the last ones as bytes of tokens; but so many of these were seen before.
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
                        token |= u64::from(token_bytes(text, self.below)) << half;
                        odd |= u64::from(odd_bytes(text)) << half;
                    }
                    let high_bits = _mm256_and_si256(_mm256_srli_epi16::<4>(text), low_bits);
                    let low = _mm256_shuffle_epi8(*low, text);
                    begun = _mm256_and_si256(begun, _mm256_and_si256(low, _mm256_shuffle_epi8(*high, high_bits)));
                }
                self.begun = _mm256_or_si256(self.begun, begun);
            }
            self.put(token >> seen, odd >> seen);
        }

        #[inline]
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

        #[inline]
        #[target_feature(enable = "avx2")]
        fn found(&self) -> (bool, u8) {
            if _mm256_testz_si256(self.begun, self.begun) == 1 {
                return (self.runs != 0, 0);
            }
            let mut bytes = [0u8; 32];
            // SAFETY: there is room for 32 bytes.
            unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), self.begun) };
            (self.runs != 0, bytes.iter().fold(0, |all, byte| all | byte))
        }
    }

    /// Where [`RUN`] bytes end of which one is `odd`.
    #[cold]
    fn of_last_20(odd: u64, before: u64) -> u64 {
        let all = u128::from(odd) << 64 | u128::from(before);
        let of_2 = all | all << 1;
        let of_4 = of_2 | of_2 << 2;
        let of_8 = of_4 | of_4 << 4;
        let of_16 = of_8 | of_8 << 8;
        ((of_16 | of_4 << 16) >> 64) as u64
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

    /// Which bytes no digest has: letters beyond F, `_`, `~` and some that are of no token; a bit each.
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
