//! The masks with 32 bytes at a time, on processors that have AVX2 and carry-less multiplication.
//!
//! `unsafe` for two reasons, each met here: the functions below must run only where the processor has those
//! instructions, which [`fill`] and [`mark`] ask before they call them; and a block is read through a pointer, which is that of
//! an array of exactly 64 bytes. Tests compare the result with the plain way, bit by bit.

use std::arch::x86_64::{
    __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8, _mm256_cmpeq_epi8,
    _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
};

use super::marks::{self, Marks};
use super::masks::{Bytes, Carry, Masks, WIDTH};

/// Makes the masks of `text`; false where the processor cannot.
pub(super) fn fill(text: &[u8], out: &mut Vec<Masks>) -> bool {
    if !(std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("pclmulqdq")) {
        return false;
    }
    // SAFETY: the processor has what the function is compiled for, as just asked.
    unsafe { fill_blocks(text, out) };
    true
}

#[target_feature(enable = "avx2,pclmulqdq")]
fn fill_blocks(text: &[u8], out: &mut Vec<Masks>) {
    let mut carry = Carry::default();
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    out.resize(text.len().div_ceil(WIDTH), Masks::default());
    for (block, out) in blocks.iter().zip(out.iter_mut()) {
        *out = carry.settle(bytes(block), |bits| prefix_xor(bits));
    }
    if let (false, Some(out)) = (rest.is_empty(), out.last_mut()) {
        let mut last = [b' '; WIDTH];
        last[..rest.len()].copy_from_slice(rest);
        *out = carry.settle(bytes(&last), |bits| prefix_xor(bits));
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn bytes(block: &[u8; WIDTH]) -> Bytes {
    // SAFETY: both loads lie inside the array of 64 bytes, and need no alignment.
    let (low, high) = unsafe {
        let at = block.as_ptr().cast::<__m256i>();
        (_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1)))
    };
    let equal = |low: __m256i, high: __m256i, byte: u8| {
        let byte = _mm256_set1_epi8(byte as i8);
        let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, byte)) as u32;
        let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, byte)) as u32;
        u64::from(low) | (u64::from(high) << 32)
    };
    // `[` and `{` differ in this bit alone, and so do `]` and `}`.
    let bit = _mm256_set1_epi8(0x20);
    let (folded_low, folded_high) = (_mm256_or_si256(low, bit), _mm256_or_si256(high, bit));
    Bytes {
        quotes: equal(low, high, b'"'),
        backslashes: equal(low, high, b'\\'),
        opens: equal(folded_low, folded_high, b'{'),
        closes: equal(folded_low, folded_high, b'}'),
        newlines: equal(low, high, b'\n'),
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
    if !(std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("bmi1")
        && std::is_x86_feature_detected!("popcnt"))
    {
        return false;
    }
    // SAFETY: the processor has what the function is compiled for, as just asked.
    unsafe { mark_blocks(text, out) };
    true
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
fn mark_blocks(text: &[u8], out: &mut Marks) {
    out.begin(text.len());
    let mut carry = Carry::default();
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    for (index, block) in blocks.iter().enumerate() {
        out.put(index * WIDTH, marked(block), &mut carry);
    }
    if !rest.is_empty() {
        let mut last = [b' '; WIDTH];
        last[..rest.len()].copy_from_slice(rest);
        out.put(blocks.len() * WIDTH, marked(&last), &mut carry);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn marked(block: &[u8; WIDTH]) -> marks::Bytes {
    // SAFETY: both loads lie inside the array of 64 bytes, and need no alignment.
    let (low, high) = unsafe {
        let at = block.as_ptr().cast::<__m256i>();
        (_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1)))
    };
    let bits = |low: __m256i, high: __m256i| {
        u64::from(_mm256_movemask_epi8(low) as u32) | (u64::from(_mm256_movemask_epi8(high) as u32) << 32)
    };
    let equal = |byte: u8| {
        let byte = _mm256_set1_epi8(byte as i8);
        bits(_mm256_cmpeq_epi8(low, byte), _mm256_cmpeq_epi8(high, byte))
    };
    // With a sign, what is not ASCII is below the blank too; and a sign is what a mask takes of each byte.
    let blank = _mm256_set1_epi8(b' ' as i8);
    let (newlines, not_ascii) = (equal(b'\n'), bits(low, high));
    let below = bits(_mm256_cmpgt_epi8(blank, low), _mm256_cmpgt_epi8(blank, high));
    marks::Bytes {
        quotes: equal(b'"'),
        backslashes: equal(b'\\'),
        newlines,
        controls: below & !not_ascii & !newlines,
        high: not_ascii,
    }
}
