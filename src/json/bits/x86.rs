//! Words and marks with many bytes at a time: 64 on processors that have AVX-512, 32 on those that have AVX2, both with
//! carry-less multiplication.
//!
//! `unsafe` for two reasons, each met here: the functions below must run only where the processor has those
//! instructions, which [`index`] and [`mark`] ask before they call them; and a block is read through a pointer, which is that of
//! an array of exactly 64 bytes. Tests compare the result with the plain way, bit by bit.

use std::arch::x86_64::{
    __m256i, __m512i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8, _mm256_cmpeq_epi8,
    _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm512_add_epi32,
    _mm512_alignr_epi64, _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_cvtepu8_epi32,
    _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_movepi8_mask, _mm512_or_si512, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_storeu_si512,
};

use super::index::{Filling, Index};
use super::marks::{self, Marking, Marks};
use super::masks::{Bytes, Carry, WIDTH};

/// Whether the processor can what the index asks.
fn is_able() -> bool {
    std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("bmi1")
        && std::is_x86_feature_detected!("bmi2")
        && std::is_x86_feature_detected!("pclmulqdq")
        && std::is_x86_feature_detected!("popcnt")
}

/// Whether it can so with 64 bytes at a time.
fn is_wide() -> bool {
    is_able() && std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512bw")
}

/// Makes the index of `text`; false where the processor cannot.
pub(super) fn index(text: &[u8], out: &mut Index, careful: bool) -> bool {
    if is_wide() {
        // SAFETY: the processor has what the function is compiled for, as just asked.
        unsafe { index_wide_blocks(text, out, careful) };
        return true;
    }
    index_narrow(text, out, careful)
}

/// The same, with 32 bytes at a time.
pub(super) fn index_narrow(text: &[u8], out: &mut Index, careful: bool) -> bool {
    if !is_able() {
        return false;
    }
    // SAFETY: the processor has what the function is compiled for, as just asked.
    unsafe { index_blocks(text, out, careful) };
    true
}

#[target_feature(enable = "avx2,bmi1,bmi2,pclmulqdq,popcnt,avx512f,avx512bw")]
fn index_wide_blocks(text: &[u8], out: &mut Index, careful: bool) {
    let mut filling = Filling::new(out, text, careful);
    let mut carry = Carry::default();
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let last = last_block(rest);
    for block in blocks.iter().chain(last.as_ref()) {
        let block = load_wide(block);
        let folded = _mm512_or_si512(block, _mm512_set1_epi8(CASE));
        let bytes = Bytes {
            quotes: equal_wide(block, b'"'),
            backslashes: equal_wide(block, b'\\'),
            opens: equal_wide(folded, b'{'),
            closes: equal_wide(folded, b'}'),
            newlines: equal_wide(block, b'\n'),
        };
        let masks = carry.settle(bytes, |bits| prefix_xor(bits), || equal_wide(block, b'u'));
        filling.put(masks, |byte| equal_wide(block, byte));
    }
    out.places_count = filling.places_count;
}

#[target_feature(enable = "avx2,bmi1,bmi2,pclmulqdq,popcnt")]
fn index_blocks(text: &[u8], out: &mut Index, careful: bool) {
    let mut filling = Filling::new(out, text, careful);
    let mut carry = Carry::default();
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let last = last_block(rest);
    for block in blocks.iter().chain(last.as_ref()) {
        let block = load(block);
        let bytes = brackets_and_quotes(block);
        let masks = carry.settle(bytes, |bits| prefix_xor(bits), || equal(block, b'u'));
        filling.put(masks, |byte| equal(block, byte));
    }
    out.places_count = filling.places_count;
}

/// `[` and `{` differ in this bit alone, and so do `]` and `}`.
const CASE: i8 = 0x20;

#[target_feature(enable = "avx2")]
#[inline]
fn brackets_and_quotes(block: [__m256i; 2]) -> Bytes {
    let bit = _mm256_set1_epi8(CASE);
    let folded = [_mm256_or_si256(block[0], bit), _mm256_or_si256(block[1], bit)];
    Bytes {
        quotes: equal(block, b'"'),
        backslashes: equal(block, b'\\'),
        opens: equal(folded, b'{'),
        closes: equal(folded, b'}'),
        newlines: equal(block, b'\n'),
    }
}

/// For each bit, whether an odd number of bits up to and with it is set.
#[target_feature(enable = "pclmulqdq")]
#[inline]
fn prefix_xor(bits: u64) -> u64 {
    let ones = _mm_set1_epi8(-1);
    _mm_cvtsi128_si64(_mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, bits as i64), ones)) as u64
}

/// Makes the marks of `text`; false where the processor cannot.
pub(super) fn mark(text: &[u8], out: &mut Marks) -> bool {
    if is_wide() && std::is_x86_feature_detected!("avx512vbmi2") {
        // SAFETY: the processor has what the function is compiled for, as just asked.
        unsafe { mark_wide_blocks(text, out) };
        return true;
    }
    mark_narrow(text, out)
}

/// The same, with 32 bytes at a time.
pub(super) fn mark_narrow(text: &[u8], out: &mut Marks) -> bool {
    if !is_able() {
        return false;
    }
    // SAFETY: the processor has what the function is compiled for, as just asked.
    unsafe { mark_blocks(text, out) };
    true
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
fn mark_blocks(text: &[u8], out: &mut Marks) {
    let mut marking = Marking::new(out, text.len());
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let last = last_block(rest);
    for block in blocks.iter().chain(last.as_ref()) {
        marking.put(marked(load(block)), marks::few_first);
    }
    let end = marking.end();
    out.end(end);
}

#[target_feature(enable = "avx2,bmi1,popcnt,avx512f,avx512bw,avx512vbmi2")]
fn mark_wide_blocks(text: &[u8], out: &mut Marks) {
    let mut marking = Marking::new(out, text.len());
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let last = last_block(rest);
    for block in blocks.iter().chain(last.as_ref()) {
        let block = load_wide(block);
        let (newlines, high) = (equal_wide(block, b'\n'), _mm512_movepi8_mask(block));
        let bytes = marks::Bytes {
            quotes: equal_wide(block, b'"'),
            backslashes: equal_wide(block, b'\\'),
            newlines,
            controls: _mm512_cmplt_epu8_mask(block, _mm512_set1_epi8(b' ' as i8)) & !newlines,
            high,
        };
        marking.put(bytes, |ends, base, count, out| positions(ends, base, count, out));
    }
    let end = marking.end();
    out.end(end);
}

/// Writes the positions of the `count` bits of `ends`, sixteen at a time.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
#[inline]
fn positions(ends: u64, base: u32, count: usize, out: &mut [u32; WIDTH]) {
    // SAFETY: the load lies inside the array of 64 bytes, and needs no alignment.
    let numbers = unsafe { _mm512_loadu_si512(NUMBERS.as_ptr().cast()) };
    let mut found = _mm512_maskz_compress_epi8(ends, numbers);
    let base = _mm512_set1_epi32(base as i32);
    let (slots, _) = out.as_chunks_mut::<16>();
    for slots in slots.iter_mut().take(count.div_ceil(16).max(1)) {
        let sixteen = _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(found)), base);
        // SAFETY: the store lies inside the array of 16 numbers of four bytes, and needs no alignment.
        unsafe { _mm512_storeu_si512(slots.as_mut_ptr().cast(), sixteen) };
        found = _mm512_alignr_epi64::<2>(found, found);
    }
}

/// Each byte its own number.
const NUMBERS: [u8; WIDTH] = {
    let mut numbers = [0; WIDTH];
    let mut at = 0;
    while at < WIDTH {
        numbers[at] = at as u8;
        at += 1;
    }
    numbers
};

#[target_feature(enable = "avx2")]
#[inline]
fn marked(block: [__m256i; 2]) -> marks::Bytes {
    // With a sign, what is not ASCII is below the blank too; and a sign is what a mask takes of each byte.
    let blank = _mm256_set1_epi8(b' ' as i8);
    let (newlines, not_ascii) = (equal(block, b'\n'), signs(block));
    let below = signs([_mm256_cmpgt_epi8(blank, block[0]), _mm256_cmpgt_epi8(blank, block[1])]);
    marks::Bytes {
        quotes: equal(block, b'"'),
        backslashes: equal(block, b'\\'),
        newlines,
        controls: below & !not_ascii & !newlines,
        high: not_ascii,
    }
}

/// What is left of a text after its whole blocks, filled up with blanks.
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

/// Where `byte` stands.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn equal_wide(block: __m512i, byte: u8) -> u64 {
    _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(byte as i8))
}

/// Where `byte` stands.
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
