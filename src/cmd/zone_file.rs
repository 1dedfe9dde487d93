//! The zone of a file in the system's zone database, such as `/etc/localtime`.

use std::path::Path;

use logbook_model::Zone;
use logbook_store::named;

/// The size of the largest file that is read. The largest in the database has about 4,000 bytes.
const BYTES_MAX: u64 = 1 << 20;

/// The zone of the file at `path`: its name in the database if it is a link into it; for a copy,
/// the rule for future years at its end.
pub fn zone_of(path: &Path) -> Option<Zone> {
    let real = std::fs::canonicalize(path).ok()?;
    if let Some(zone) = real.to_str().and_then(|real| name_in(real)).and_then(Zone::parse) {
        return Some(zone);
    }
    let bytes = named::read(path, BYTES_MAX).ok()?;
    if !bytes.starts_with(b"TZif") {
        return None;
    }
    // RFC 9636, 3.3: the footer is between newlines.
    let text = bytes.strip_suffix(b"\n")?;
    let footer = text.rsplit(|byte| *byte == b'\n').next()?;
    Zone::parse(std::str::from_utf8(footer).ok()?)
}

/// The name of a zone in a path into the database.
pub fn name_in(path: &str) -> Option<&str> {
    let (_, name) = path.split_once("/zoneinfo/")?;
    Some(name.strip_prefix("posix/").unwrap_or(name))
}
