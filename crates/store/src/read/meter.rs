//! The number of bytes of rows that this process has read, for the display of progress. No answer
//! depends on it.

use std::sync::atomic::{AtomicU64, Ordering};

static READ: AtomicU64 = AtomicU64::new(0);

/// Adds bytes that were read, counted after decompression.
pub fn add(bytes: usize) {
    READ.fetch_add(bytes as u64, Ordering::Relaxed);
}

/// All bytes read so far.
pub fn read_bytes() -> u64 {
    READ.load(Ordering::Relaxed)
}
