//! Which zone a file of the system's zone database is, as `TZ=:/etc/localtime` names one.

use std::path::Path;

use logbook_model::Zone;
use logbook_store::named;

/// Longest file that is read, bytes. The longest of the database has some 4,000.
const BYTES_MAX: u64 = 1 << 20;

/// The zone that the file at `path` is: by its name in the database, where a link leads there; of a
/// copy its rule for the years to come, which stands at its end.
pub fn zone_of(path: &Path) -> Option<Zone> {
    let real = std::fs::canonicalize(path).ok()?;
    if let Some(zone) = real.to_str().and_then(|real| name_in(real)).and_then(Zone::parse) {
        return Some(zone);
    }
    let bytes = named::read(path, BYTES_MAX).ok()?;
    if !bytes.starts_with(b"TZif") {
        return None;
    }
    // RFC 9636, 3.3: the footer stands between newlines.
    let text = bytes.strip_suffix(b"\n")?;
    let footer = text.rsplit(|byte| *byte == b'\n').next()?;
    Zone::parse(std::str::from_utf8(footer).ok()?)
}

/// The name of a zone behind the directory of the database.
pub fn name_in(path: &str) -> Option<&str> {
    let (_, name) = path.split_once("/zoneinfo/")?;
    Some(name.strip_prefix("posix/").unwrap_or(name))
}
