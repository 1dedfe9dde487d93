//! The result of `verify`.

/// Something that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The path of the file within the logbook.
    pub file: String,
    /// The byte offset: within the content of an archive, or within its file if it cannot be
    /// unpacked.
    pub at: u64,
    /// The description.
    pub what: String,
    /// The number of the segment that it is about, if any.
    pub segment: Option<u64>,
}

impl Finding {
    /// A finding about `file` at byte `at`.
    pub fn new(segment: impl Into<Option<u64>>, file: impl Into<String>, at: u64, what: impl Into<String>) -> Finding {
        Finding { file: file.into(), at, what: what.into(), segment: segment.into() }
    }
}

/// A segment that was deleted, with a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedSegment {
    /// The name of the segment.
    pub segment: String,
    /// The number of its rows.
    pub rows: u64,
    /// The name of the receipt.
    pub receipt: String,
}

/// The verdict on a given head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadVerdict {
    /// Everything that it covers is here, unchanged.
    Holds,
    /// What is here is unchanged. These segments that it covers were deleted since.
    Gone(Vec<DeletedSegment>),
    /// Its own segment was deleted since, so that it cannot be checked.
    Unchecked(DeletedSegment),
    /// It is a head of this logbook, but something else is broken.
    Doubted,
    /// It is not a head of this logbook, or something that it covers is broken.
    Broken,
}

/// What was verified of a logbook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is not as it was recorded, the first break first.
    pub findings: Vec<Finding>,
    /// What is odd but proves no change.
    pub notes: Vec<Finding>,
    /// The number of segments whose content is what the chain says.
    pub proved: usize,
    /// The rows in them.
    pub rows: u64,
    /// The bytes in them.
    pub bytes: u64,
    /// Segments that were deleted, with a receipt.
    pub deleted: Vec<DeletedSegment>,
    /// The names of sealed segments that are not covered yet.
    pub uncovered: Vec<String>,
    /// The name and size of the active segment.
    pub active: Option<(String, u64)>,
    /// The verdict on the given head.
    pub head: Option<HeadVerdict>,
}

impl Verdict {
    /// Adds findings from elsewhere. With any finding, a head no longer holds.
    pub fn find(&mut self, findings: Vec<Finding>) {
        if !findings.is_empty() {
            self.head = self.head.take().map(|head| match head {
                HeadVerdict::Broken => HeadVerdict::Broken,
                _ => HeadVerdict::Doubted,
            });
        }
        self.findings.extend(findings);
    }
}
