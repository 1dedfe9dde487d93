//! A sealed segment mapped into memory. This is the only file of the crate with `unsafe`.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of a sealed segment.
pub(crate) struct Mapped(Mmap);

impl Mapped {
    /// Maps `file`, which must be a sealed segment of this user (or group) that passes
    /// `directory::check_file`.
    pub(crate) fn sealed(file: &File) -> io::Result<Mapped> {
        // SAFETY: a map is sound as long as nobody changes or shortens the file. Sealing promises
        // that: this program never writes to a segment below the highest number (docs/format.md,
        // Names), and the file belongs to the user who runs it. If that user truncates the segment
        // meanwhile, SIGBUS ends the process; no other memory is touched.
        unsafe { Mmap::map(file) }.map(Mapped)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
