//! What the page cache gives: two threads, each `pread`ing its pieces of 1 MiB
//! and counting newlines. No scan of the file can be faster than that.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const PIECE_BYTES: u64 = 1 << 20;

/// Seconds of each of `times` rounds.
pub fn pread_seconds(path: &Path, threads: usize, times: usize) -> Vec<f64> {
    let file = File::open(path).unwrap();
    let bytes = file.metadata().unwrap().len();
    let round = |_| {
        let begin = Instant::now();
        let next = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| lines(&file, bytes, &next));
            }
        });
        begin.elapsed().as_secs_f64()
    };
    (0..times).map(round).collect()
}

fn lines(file: &File, bytes: u64, next: &AtomicU64) -> usize {
    let mut buffer = vec![0; PIECE_BYTES as usize];
    let mut lines = 0;
    loop {
        let from = next.fetch_add(PIECE_BYTES, Ordering::Relaxed);
        if from >= bytes {
            return std::hint::black_box(lines);
        }
        let length = PIECE_BYTES.min(bytes - from) as usize;
        file.read_exact_at(&mut buffer[..length], from).unwrap();
        lines += memchr::memchr_iter(b'\n', &buffer[..length]).count();
    }
}
