//! The one line of `.lock` (`docs/format.md`, Lock): `logbook-lock 1 000042 -`.

/// A version of the on-disk format (`docs/format.md`, Versions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion(pub u32);

impl FormatVersion {
    /// The version that this program writes.
    pub const CURRENT: FormatVersion = FormatVersion(1);

    /// Whether this program may append to a logbook of this version. A newer version may have rules
    /// that this program would break.
    pub fn may_write(self) -> bool {
        self <= FormatVersion::CURRENT && self.0 > 0
    }
}

/// What `.lock` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockLine {
    /// The logbook's format.
    pub version: FormatVersion,
    /// The highest segment number whose directory entry is known to be synced; 0 before the first.
    pub synced: u64,
    /// Segments whose sync failed, the latest last. Rows in them may be gone after a power cut.
    pub suspects: Vec<u64>,
}

/// The longest possible line. Readers read this many bytes.
pub const BYTES_MAX: usize = 512;
/// Suspects that are kept, at most. A disk with more failed syncs is broken.
const SUSPECTS_MAX: usize = 20;

impl LockLine {
    /// Parses the bytes up to the first newline. `None` if they are not a lock line: then a new one
    /// is made from the directory.
    pub fn parse(bytes: &[u8]) -> Option<LockLine> {
        let end = memchr::memchr(b'\n', bytes)?;
        let text = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut words = text.split(' ');
        if words.next()? != "logbook-lock" {
            return None;
        }
        let version = FormatVersion(words.next()?.parse().ok()?);
        let synced = words.next()?.parse().ok()?;
        let suspects = match words.next()? {
            "-" => Vec::new(),
            numbers => numbers.split(',').map(|number| number.parse().ok()).collect::<Option<_>>()?,
        };
        // A newer format may have more words. This program only needs its version.
        if words.next().is_some() && version <= FormatVersion::CURRENT {
            return None;
        }
        Some(LockLine { version, synced, suspects })
    }

    /// The line with its newline. Written over a longer line, it leaves the rest of that after it,
    /// so readers stop at the first newline.
    pub fn print(&self) -> String {
        let suspects: Vec<String> = self.suspects.iter().map(|number| format!("{number:06}")).collect();
        let suspects = if suspects.is_empty() { "-".to_owned() } else { suspects.join(",") };
        format!("logbook-lock {} {:06} {suspects}\n", self.version.0, self.synced)
    }

    /// Whether the sync of this segment failed.
    pub fn is_suspect(&self, segment: u64) -> bool {
        self.suspects.contains(&segment)
    }

    /// Marks a segment whose sync failed.
    pub fn mark_suspect(&mut self, segment: u64) {
        self.suspects.retain(|suspect| *suspect != segment);
        self.suspects.push(segment);
        let more = self.suspects.len().saturating_sub(SUSPECTS_MAX);
        self.suspects.drain(..more);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_keeps_the_latest_suspects() {
        let mut line = LockLine { version: FormatVersion::CURRENT, synced: 42, suspects: Vec::new() };
        assert_eq!(line.print(), "logbook-lock 1 000042 -\n");
        for segment in [40, 41, 40] {
            line.mark_suspect(segment);
        }
        assert_eq!(line.print(), "logbook-lock 1 000042 000041,000040\n");
        assert_eq!(LockLine::parse(line.print().as_bytes()).unwrap(), line);
        (0..100).for_each(|back| line.mark_suspect(u64::MAX - 100 + back));
        assert!(line.print().len() <= BYTES_MAX && line.is_suspect(u64::MAX - 1));
        assert_eq!(LockLine::parse(b"logbook-lock 1 000042 41,\n"), None);
    }
}
