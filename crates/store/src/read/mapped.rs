//! A sealed segment in memory. The one `unsafe` of this room.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of a sealed segment.
pub(crate) struct Mapped(Mmap);

impl Mapped {
    /// Maps `file`, which must be a sealed segment of this user (or group) that
    /// was checked as `directory::check_file` does.
    pub(crate) fn sealed(file: &File) -> io::Result<Mapped> {
        // SAFETY: a map is sound while nobody changes or shortens the file. That is what sealing
        // promises: no program of ours writes to a segment below the highest number
        // (docs/format.md, Names), and the file belongs to the user who runs this. Somebody who
        // truncates a sealed segment of their own meanwhile ends this process with SIGBUS; no other
        // memory is touched.
        unsafe { Mmap::map(file) }.map(Mapped)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
