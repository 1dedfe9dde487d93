//! The allocator of the program: the system's, with a message and exit 3 when no memory is left.
//! The standard library would abort instead, which a shell shows as 134.
//!
//! `GlobalAlloc` is an unsafe trait. Each call is handed on to the system's allocator unchanged.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use logbook_model::error::Exit;

/// The system's allocator, which ends the process if it fails.
pub struct Memory;

// SAFETY: arguments and results are handed on unchanged; a null result does not return.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract of the system's allocator.
        not_null(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract of the system's allocator.
        not_null(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, from: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller upholds the contract of the system's allocator.
        not_null(unsafe { System.realloc(from, layout, bytes) }, bytes)
    }

    unsafe fn dealloc(&self, from: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of the system's allocator.
        unsafe { System.dealloc(from, layout) }
    }
}

#[inline]
fn not_null(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        end(bytes);
    }
    memory
}

/// Prints the message without allocating, and ends the process.
#[cold]
fn end(bytes: usize) -> ! {
    static ENDS: AtomicBool = AtomicBool::new(false);
    if ENDS.swap(true, Ordering::Relaxed) {
        // Another thread is ending the process, or ending it needs memory.
        std::thread::sleep(std::time::Duration::from_secs(1));
        std::process::abort();
    }
    let mut text = Text { bytes: [0; 256], length: 0 };
    // A message that does not fit is cut.
    let _ = writeln!(
        text,
        "logbook: no memory left: {bytes} more bytes were asked for; the output is incomplete\n\
         hint: a filter, --since or limit, to keep less; or more memory (ulimit -v)"
    );
    // There is no way to report that this failed.
    let _ = rustix::io::write(std::io::stderr(), &text.bytes[..text.length]);
    std::process::exit(i32::from(Exit::NotStored.code()))
}

struct Text {
    bytes: [u8; 256],
    length: usize,
}

impl std::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let free = &mut self.bytes[self.length..];
        let fits = text.len().min(free.len());
        free[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.length += fits;
        Ok(())
    }
}
