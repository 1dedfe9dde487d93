//! The structural index and the marks, made with vector instructions: 64 bytes at a time on
//! processors that have AVX-512, 32 on those that have AVX2.
//!
//! Why both: for 220 MB of rows, a query that counts groups takes 65 ms of processor time. Indexing
//! takes 0.08 ns per byte with AVX-512 and 0.21 ns with AVX2, which would add 28 ms, or 43 %.
//! Marking takes 0.06 ns and 0.16 ns, which would add 6 % to `append -` of 100,000 rows.
//!
//! `unsafe` for two reasons, each met here. The functions must run only on processors that have
//! their instructions: [`index`], [`mark`] and [`with_bits`] check that before they call them. And
//! vectors are loaded and stored through a pointer, which is always that of an array of at least 64
//! bytes. Tests compare the results with the portable implementation, bit by bit.

#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256,
    _mm256_set1_epi8, _mm512_add_epi32, _mm512_alignr_epi64, _mm512_and_si512, _mm512_andnot_si512,
    _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_cmpneq_epi32_mask,
    _mm512_cvtepu8_epi32, _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512, _mm512_maskz_compress_epi8,
    _mm512_maskz_compress_epi32, _mm512_min_epu8, _mm512_movepi8_mask, _mm512_or_si512, _mm512_permutex2var_epi8,
    _mm512_permutexvar_epi8, _mm512_popcnt_epi64, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_epi64,
    _mm512_setr_epi32, _mm512_shuffle_i64x2, _mm512_slli_epi32, _mm512_slli_epi64, _mm512_storeu_si512,
    _mm512_sub_epi64, _mm512_test_epi64_mask, _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

use super::in_string::{CLASSES, class};
use super::index::{Builder, EightBlocks, GROUP_BYTES, Index, ROOM_FOR_EIGHT, write_positions};
use super::marks::{self, Marks, MarksBuilder};
use super::masks::WIDTH;

/// Whether the processor has what [`index_avx2`] and [`mark_avx2`] need.
fn is_able() -> bool {
    std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("bmi1")
        && std::is_x86_feature_detected!("bmi2")
        && std::is_x86_feature_detected!("popcnt")
}

/// Runs `work` with the instructions that count and find bits, if the processor has them.
#[inline(always)]
pub(super) fn with_bits<R>(work: impl FnOnce() -> R) -> R {
    #[target_feature(enable = "bmi1,bmi2,lzcnt,popcnt")]
    fn able<R>(work: impl FnOnce() -> R) -> R {
        work()
    }
    if is_able() && std::is_x86_feature_detected!("lzcnt") {
        // SAFETY: the processor has what the function is compiled for, as just checked.
        return unsafe { able(work) };
    }
    work()
}

/// Whether the processor has the AVX-512 instructions that are used here.
fn is_wide() -> bool {
    is_able()
        && std::is_x86_feature_detected!("avx512f")
        && std::is_x86_feature_detected!("avx512bw")
        && std::is_x86_feature_detected!("avx512dq")
        && std::is_x86_feature_detected!("avx512vl")
        && std::is_x86_feature_detected!("avx512vbmi")
        && std::is_x86_feature_detected!("avx512vbmi2")
        && std::is_x86_feature_detected!("avx512vpopcntdq")
        && std::is_x86_feature_detected!("gfni")
}

/// Fills the index of `text`; false if the processor has neither AVX-512 nor AVX2.
pub(super) fn index(text: &[u8], out: &mut Index, careful: bool) -> bool {
    if is_wide() {
        // SAFETY: the processor has what the function is compiled for, as just checked.
        unsafe { index_wide_blocks(text, out, careful) };
        return true;
    }
    index_avx2(text, out, careful)
}

/// The same with AVX2 only.
pub(super) fn index_avx2(text: &[u8], out: &mut Index, careful: bool) -> bool {
    if !is_able() {
        return false;
    }
    // SAFETY: the processor has what the function is compiled for, as just checked.
    unsafe { index_blocks(text, out, careful) };
    true
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vpopcntdq,gfni")]
fn index_wide_blocks(text: &[u8], out: &mut Index, careful: bool) {
    let classifier = Classifier::new(out.class_table());
    let mut filling = Builder::new(out, text, careful);
    for group in text.chunks(GROUP_BYTES) {
        filling.put(
            group,
            |eight| classifier.masks(eight),
            |block, byte| equal_wide(load_wide(block), byte),
            |eight, base, room| write_positions_wide(eight, base, room),
        );
    }
    let count = filling.positions_count;
    out.positions_count = count;
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn index_blocks(text: &[u8], out: &mut Index, careful: bool) {
    let last_bytes: [Option<u8>; 2] = out.last_bytes();
    let mut filling = Builder::new(out, text, careful);
    for group in text.chunks(GROUP_BYTES) {
        let read = |eight: &EightBlocks| {
            let mut masks = [[0; 8]; CLASSES];
            for (lane, block) in eight.iter().enumerate() {
                let block = load(block);
                let bit = _mm256_set1_epi8(CASE);
                let folded = [_mm256_or_si256(block[0], bit), _mm256_or_si256(block[1], bit)];
                masks[class::QUOTES][lane] = equal(block, b'"');
                masks[class::BACKSLASHES][lane] = equal(block, b'\\');
                masks[class::OPENS][lane] = equal(folded, b'{');
                masks[class::CLOSES][lane] = equal(folded, b'}');
                masks[class::NEWLINES][lane] = equal(block, b'\n');
                masks[class::U][lane] = equal(block, b'u');
                for (mask, last) in masks[class::LAST_BYTES..].iter_mut().zip(last_bytes) {
                    mask[lane] = last.map_or(0, |last| equal(block, last));
                }
            }
            masks
        };
        filling.put(group, read, |block, byte| equal(load(block), byte), write_positions);
    }
    let count = filling.positions_count;
    out.positions_count = count;
}

/// `[` and `{` differ only in this bit, and so do `]` and `}`.
const CASE: i8 = 0x20;

/// Makes the bitmasks of all classes in one pass. A table has, for each byte, a bit for each class
/// that it is in; the bits of eight bytes, an 8 × 8 matrix, are transposed.
struct Classifier {
    table: [__m512i; 2],
    /// Reverses each eight bytes, as the transposition needs them.
    backwards: __m512i,
    /// Puts the bytes of one class side by side.
    gather: __m512i,
    bits: __m512i,
}

impl Classifier {
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn new(table: [[u8; WIDTH]; 2]) -> Classifier {
        Classifier {
            table: [load_wide(&table[0]), load_wide(&table[1])],
            backwards: load_wide(&BACKWARDS),
            gather: load_wide(&GATHER),
            bits: _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64),
        }
    }

    /// The bitmasks of eight blocks, for each class.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    #[inline]
    fn masks(&self, eight: &EightBlocks) -> [[u64; 8]; CLASSES] {
        let rows = eight.each_ref().map(|block| {
            let block = _mm512_permutexvar_epi8(self.backwards, load_wide(block));
            // Bytes that are not ASCII are in no class, like DEL.
            let block = _mm512_min_epu8(block, _mm512_set1_epi8(0x7F));
            let classes = _mm512_permutex2var_epi8(self.table[0], block, self.table[1]);
            let transposed = _mm512_gf2p8affine_epi64_epi8::<0>(self.bits, classes);
            _mm512_permutexvar_epi8(self.gather, transposed)
        });
        transpose(rows).map(|class| {
            let mut words = [0; 8];
            // SAFETY: the store lies inside the array of 64 bytes, and needs no alignment.
            unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), class) };
            words
        })
    }
}

/// As [`write_positions`], where no word has more than two places.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
#[inline]
fn write_positions_wide(eight: &[u64; 8], base: u32, room: &mut [u32; ROOM_FOR_EIGHT]) -> usize {
    // SAFETY: the load lies inside the array of 64 bytes, and needs no alignment.
    let first = unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) };
    let one = _mm512_set1_epi64(1);
    let without_lowest = |words| _mm512_and_si512(words, _mm512_sub_epi64(words, one));
    // The number of zeros below the lowest bit; 64 for an empty word.
    let lowest = |words| _mm512_popcnt_epi64(_mm512_andnot_si512(words, _mm512_sub_epi64(words, one)));
    let second = without_lowest(first);
    let third = without_lowest(second);
    if _mm512_test_epi64_mask(third, third) != 0 {
        return write_positions(eight, base, room);
    }
    let both = _mm512_or_si512(lowest(first), _mm512_slli_epi64::<32>(lowest(second)));
    let some = _mm512_cmpneq_epi32_mask(both, _mm512_set1_epi32(WIDTH as i32));
    let words = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    let begins = _mm512_add_epi32(_mm512_slli_epi32::<6>(words), _mm512_set1_epi32(base as i32));
    let places = _mm512_maskz_compress_epi32(some, _mm512_add_epi32(both, begins));
    // SAFETY: the store lies inside the array, which has room for more than 16 numbers of four
    // bytes, and needs no alignment.
    unsafe { _mm512_storeu_si512(room.as_mut_ptr().cast(), places) };
    some.count_ones() as usize
}

/// Transposes eight rows of eight numbers.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    // Neighbours, then pairs of two, then of four.
    let low = [
        _mm512_unpacklo_epi64(a, b),
        _mm512_unpacklo_epi64(c, d),
        _mm512_unpacklo_epi64(e, f),
        _mm512_unpacklo_epi64(g, h),
    ];
    let high = [
        _mm512_unpackhi_epi64(a, b),
        _mm512_unpackhi_epi64(c, d),
        _mm512_unpackhi_epi64(e, f),
        _mm512_unpackhi_epi64(g, h),
    ];
    let [l0, l2, l4, l6] = transpose_pairs(low);
    let [h1, h3, h5, h7] = transpose_pairs(high);
    [l0, h1, l2, h3, l4, h5, l6, h7]
}

/// Transposes four rows of four pairs of numbers.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose_pairs([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_even, ab_odd) = (_mm512_shuffle_i64x2::<0b10_00_10_00>(a, b), _mm512_shuffle_i64x2::<0b11_01_11_01>(a, b));
    let (cd_even, cd_odd) = (_mm512_shuffle_i64x2::<0b10_00_10_00>(c, d), _mm512_shuffle_i64x2::<0b11_01_11_01>(c, d));
    [
        _mm512_shuffle_i64x2::<0b10_00_10_00>(ab_even, cd_even),
        _mm512_shuffle_i64x2::<0b10_00_10_00>(ab_odd, cd_odd),
        _mm512_shuffle_i64x2::<0b11_01_11_01>(ab_even, cd_even),
        _mm512_shuffle_i64x2::<0b11_01_11_01>(ab_odd, cd_odd),
    ]
}

/// Fills the marks of `text`; false if the processor has neither AVX-512 nor AVX2.
pub(super) fn mark(text: &[u8], out: &mut Marks) -> bool {
    if is_wide() {
        // SAFETY: the processor has what the function is compiled for, as just checked.
        unsafe { mark_wide_blocks(text, out) };
        return true;
    }
    mark_avx2(text, out)
}

/// The same with AVX2 only.
pub(super) fn mark_avx2(text: &[u8], out: &mut Marks) -> bool {
    if !is_able() {
        return false;
    }
    // SAFETY: the processor has what the function is compiled for, as just checked.
    unsafe { mark_blocks(text, out) };
    true
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
fn mark_blocks(text: &[u8], out: &mut Marks) {
    let mut marking = MarksBuilder::new(out, text.len());
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let last = last_block(rest);
    for block in blocks.iter().chain(last.as_ref()) {
        marking.put(marked(load(block)), marks::write_positions);
    }
    let end = marking.end();
    out.end(end);
}

#[target_feature(enable = "avx2,bmi1,popcnt,avx512f,avx512bw,avx512vbmi2")]
fn mark_wide_blocks(text: &[u8], out: &mut Marks) {
    let mut marking = MarksBuilder::new(out, text.len());
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let last = last_block(rest);
    for block in blocks.iter().chain(last.as_ref()) {
        let block = load_wide(block);
        let (newlines, non_ascii) = (equal_wide(block, b'\n'), _mm512_movepi8_mask(block));
        let bytes = marks::ByteMasks {
            quotes: equal_wide(block, b'"'),
            backslashes: equal_wide(block, b'\\'),
            newlines,
            controls: _mm512_cmplt_epu8_mask(block, _mm512_set1_epi8(b' ' as i8)) & !newlines,
            non_ascii,
        };
        marking.put(bytes, |ends, base, count, out| write_marks_wide(ends, base, count, out));
    }
    let end = marking.end();
    out.end(end);
}

/// Writes the positions of the `count` bits of `ends`, sixteen at a time.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
#[inline]
fn write_marks_wide(ends: u64, base: u32, count: usize, out: &mut [u32; WIDTH]) {
    // SAFETY: the load lies inside the array of 64 bytes, and needs no alignment.
    let numbers = unsafe { _mm512_loadu_si512(NUMBERS.as_ptr().cast()) };
    let mut found = _mm512_maskz_compress_epi8(ends, numbers);
    let base = _mm512_set1_epi32(base as i32);
    let (slots, _) = out.as_chunks_mut::<16>();
    for slots in slots.iter_mut().take(count.div_ceil(16).max(1)) {
        let sixteen = _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(found)), base);
        // SAFETY: the store lies inside the array of 16 numbers of four bytes, and needs no
        // alignment.
        unsafe { _mm512_storeu_si512(slots.as_mut_ptr().cast(), sixteen) };
        found = _mm512_alignr_epi64::<2>(found, found);
    }
}

/// The numbers of the bytes.
const NUMBERS: [u8; WIDTH] = numbers(0, false);
/// Reverses the bytes of each eight.
const BACKWARDS: [u8; WIDTH] = numbers(7, false);
/// The first bytes of eight numbers, then their second bytes, and so on.
const GATHER: [u8; WIDTH] = numbers(0, true);

/// The number of each byte: with the bits of `flipped` inverted, or with row and column swapped.
const fn numbers(flipped: usize, swapped: bool) -> [u8; WIDTH] {
    let mut numbers = [0; WIDTH];
    let mut at = 0;
    while at < WIDTH {
        numbers[at] = (if swapped { at % 8 * 8 + at / 8 } else { at ^ flipped }) as u8;
        at += 1;
    }
    numbers
}

#[target_feature(enable = "avx2")]
#[inline]
fn marked(block: [__m256i; 2]) -> marks::ByteMasks {
    // Compared as signed bytes, those that are not ASCII are below the blank too. Their sign bit is
    // also what `signs` takes of each byte.
    let blank = _mm256_set1_epi8(b' ' as i8);
    let (newlines, non_ascii) = (equal(block, b'\n'), signs(block));
    let below = signs([_mm256_cmpgt_epi8(blank, block[0]), _mm256_cmpgt_epi8(blank, block[1])]);
    marks::ByteMasks {
        quotes: equal(block, b'"'),
        backslashes: equal(block, b'\\'),
        newlines,
        controls: below & !non_ascii & !newlines,
        non_ascii,
    }
}

/// The rest of a text after its whole blocks, padded with blanks.
fn last_block(rest: &[u8]) -> Option<[u8; WIDTH]> {
    let mut block = [b' '; WIDTH];
    block[..rest.len()].copy_from_slice(rest);
    (!rest.is_empty()).then_some(block)
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(block: &[u8; WIDTH]) -> [__m256i; 2] {
    let at = block.as_ptr().cast::<__m256i>();
    // SAFETY: both loads lie inside the array of 64 bytes, and need no alignment.
    unsafe { [_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))] }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_wide(block: &[u8; WIDTH]) -> __m512i {
    // SAFETY: the load lies inside the array of 64 bytes, and needs no alignment.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

/// The bitmask of `byte`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn equal_wide(block: __m512i, byte: u8) -> u64 {
    _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(byte as i8))
}

/// The bitmask of `byte`.
#[target_feature(enable = "avx2")]
#[inline]
fn equal(block: [__m256i; 2], byte: u8) -> u64 {
    let byte = _mm256_set1_epi8(byte as i8);
    signs([_mm256_cmpeq_epi8(block[0], byte), _mm256_cmpeq_epi8(block[1], byte)])
}

/// The highest bit of each byte.
#[target_feature(enable = "avx2")]
#[inline]
fn signs(block: [__m256i; 2]) -> u64 {
    let (low, high) = (_mm256_movemask_epi8(block[0]) as u32, _mm256_movemask_epi8(block[1]) as u32);
    u64::from(low) | (u64::from(high) << 32)
}
