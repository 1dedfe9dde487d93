//! Which versions of the on-disk format this program knows
//! (`docs/format.md`, Versions). A version is a type with two policies: what
//! may be read, and what may be written to.

/// A format version, as the lock line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion(pub u32);

impl FormatVersion {
    /// What this program writes.
    pub const CURRENT: FormatVersion = FormatVersion(1);

    /// Whether this program may append to a logbook of this version: a newer
    /// one may have rules that an older writer would break.
    pub fn may_write(self) -> bool {
        self <= FormatVersion::CURRENT && self.0 > 0
    }
}
