//! The allocator of the program: the system's, and where that has no memory left, a message and
//! exit 3. The standard library would abort instead, which a shell shows as 134.
//!
//! `unsafe` since allocators are so: each call is handed on to the system's as it came.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use logbook_model::error::Exit;

/// The system's allocator.
pub struct Memory;

// SAFETY: what comes is handed on as it is, and so is what comes back, if anything does.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, from: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        given(unsafe { System.realloc(from, layout, bytes) }, bytes)
    }

    unsafe fn dealloc(&self, from: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(from, layout) }
    }
}

#[inline]
fn given(memory: *mut u8, bytes: usize) -> *mut u8 {
    if memory.is_null() {
        end(bytes);
    }
    memory
}

/// Says so, without any memory, and ends the process.
#[cold]
fn end(bytes: usize) -> ! {
    static ENDS: AtomicBool = AtomicBool::new(false);
    if ENDS.swap(true, Ordering::Relaxed) {
        // Another thread is about to end the process, or ending it takes memory.
        std::thread::sleep(std::time::Duration::from_secs(1));
        std::process::abort();
    }
    let mut text = Text { bytes: [0; 256], length: 0 };
    // What does not fit is cut.
    let _ = writeln!(
        text,
        "logbook: no memory left: {bytes} more bytes were asked for; the output is not whole\n\
         hint: a filter, --since or limit, to keep less; or more memory (ulimit -v)"
    );
    // Nobody can be told that this failed.
    let _ = rustix::io::write(std::io::stderr(), &text.bytes[..text.length]);
    std::process::exit(i32::from(Exit::NotStored.code()))
}

struct Text {
    bytes: [u8; 256],
    length: usize,
}

impl std::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = &mut self.bytes[self.length..];
        let fits = text.len().min(room.len());
        room[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.length += fits;
        Ok(())
    }
}
