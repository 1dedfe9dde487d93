//! The one line of `.lock` (`docs/format.md`, Lock):
//! `logbook-lock 1 000042 -`.

use super::version::FormatVersion;

/// What `.lock` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockLine {
    /// The logbook's format.
    pub version: FormatVersion,
    /// Highest segment number whose directory entry is known to be synced; 0 before the first.
    pub synced: u64,
    /// A segment whose sync failed: what it holds may be gone after a power cut.
    pub suspect: Option<u64>,
}

/// Longest line there can be; a reader asks for this many bytes.
pub const BYTES_MAX: usize = 64;

impl LockLine {
    /// Reads the bytes up to the first newline. `None` for anything else: the line
    /// is then made anew from the directory.
    pub fn parse(bytes: &[u8]) -> Option<LockLine> {
        let end = memchr::memchr(b'\n', bytes)?;
        let text = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut words = text.split(' ');
        if words.next()? != "logbook-lock" {
            return None;
        }
        let version = FormatVersion(words.next()?.parse().ok()?);
        let synced = words.next()?.parse().ok()?;
        let suspect = match words.next()? {
            "-" => None,
            number => Some(number.parse().ok()?),
        };
        // A newer format may say more; an older writer only needs the version.
        if words.next().is_some() && version <= FormatVersion::CURRENT {
            return None;
        }
        Some(LockLine { version, synced, suspect })
    }

    /// The line with its newline. A shorter line leaves the rest of a longer one
    /// behind it; a reader takes the bytes up to the first newline.
    pub fn print(&self) -> String {
        let suspect = self.suspect.map_or_else(|| "-".to_owned(), |number| format!("{number:06}"));
        format!("logbook-lock {} {:06} {suspect}\n", self.version.0, self.synced)
    }
}
