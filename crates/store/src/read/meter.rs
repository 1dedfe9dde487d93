//! How many bytes of rows this process has read: for whoever shows a person that work goes on. No
//! answer rests on it.

use std::sync::atomic::{AtomicU64, Ordering};

static READ: AtomicU64 = AtomicU64::new(0);

/// So many bytes more, as they are unpacked.
pub fn add(bytes: usize) {
    READ.fetch_add(bytes as u64, Ordering::Relaxed);
}

/// All of them.
pub fn read_bytes() -> u64 {
    READ.load(Ordering::Relaxed)
}
