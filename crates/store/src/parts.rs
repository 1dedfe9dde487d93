//! The values that the rooms of this crate pass to each other: where a row begins, a segment as a
//! reader sees it, and the segment that takes rows. It uses no other file of this crate.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use logbook_format::SegmentName;
use logbook_format::segment_name::Form;

/// Where a row begins. Places are in the order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Segment number.
    pub segment: u64,
    /// Byte offset of its first byte.
    pub offset: u64,
}

/// One segment of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number.
    pub number: u64,
    /// The file to read: the raw segment, else its archive.
    pub path: PathBuf,
    /// How that file is packed.
    pub form: Form,
    /// Whether it will never grow (a higher number exists).
    pub sealed: bool,
    /// Plain: its length when it was listed, up to and with the last newline. Archives: the size of
    /// the file.
    pub bytes: u64,
}

/// The active segment, opened for appending under the lock.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) name: SegmentName,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<OwnedFd>,
    pub(crate) identity: (u64, u64),
    pub(crate) bytes: u64,
    /// Its length when `file` was opened.
    pub(crate) opened_at: u64,
    /// A higher number was in use, so that this segment takes no more rows.
    pub(crate) is_closed: bool,
}
