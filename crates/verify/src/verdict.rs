//! What `verify` comes to.

/// Something that is not as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which file, within the logbook.
    pub file: String,
    /// At which byte (of an archive: of its content, or of the file where it cannot be unpacked).
    pub at: u64,
    /// What.
    pub what: String,
    /// The segment that it is about, where it is about one.
    pub segment: Option<u64>,
}

impl Finding {
    /// About the file `file` at byte `at`.
    pub fn new(segment: impl Into<Option<u64>>, file: impl Into<String>, at: u64, what: impl Into<String>) -> Finding {
        Finding { file: file.into(), at, what: what.into(), segment: segment.into() }
    }
}

/// A segment that was deleted, as a receipt tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Its name.
    pub segment: String,
    /// Rows that it held.
    pub rows: u64,
    /// The row that tells of it.
    pub receipt: String,
}

/// The verdict on a head that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadVerdict {
    /// All that it vouches for is here, as it was.
    Holds,
    /// What is here is as it was; these segments it vouches for, and they were deleted since.
    Gone(Vec<Gone>),
    /// Its own segment was deleted since, so that it cannot be checked any more.
    Unchecked(Gone),
    /// It is a head of this logbook, but something is broken.
    Doubted,
    /// It is not, or what it vouches for is broken.
    Broken,
}

/// What a logbook proves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is not as it was written down, the first break first.
    pub findings: Vec<Finding>,
    /// What is odd, and breaks nothing.
    pub notes: Vec<Finding>,
    /// Segments whose content is what the chain says.
    pub proved: usize,
    /// Their rows and bytes.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Segments that were deleted with a receipt.
    pub deleted: Vec<Gone>,
    /// Sealed, and not covered yet.
    pub uncovered: Vec<String>,
    /// The active segment and its length.
    pub active: Option<(String, u64)>,
    /// The verdict on the head that was given.
    pub head: Option<HeadVerdict>,
}

impl Verdict {
    /// Takes in what was found elsewhere. Behind it no head is said to hold.
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
