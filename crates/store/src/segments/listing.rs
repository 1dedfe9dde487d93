//! Which segments there are, by name (`docs/format.md`, Names).

use std::path::{Path, PathBuf};

use crate::os::{Os, io_error};
use logbook_format::SegmentName;
use logbook_model::error::Result;

/// The directory of archives.
pub fn archive_directory(directory: &Path) -> PathBuf {
    directory.join("archive")
}

/// The raw segments, by number. Other names are ignored. Of two segments with the same number the
/// one with the greater name counts.
pub fn raw(os: &dyn Os, directory: &Path) -> Result<Vec<SegmentName>> {
    list(os, directory, SegmentName::parse)
}

/// Raw segments that share their number with another one, by number. Only the last of each is read.
pub fn doubled(os: &dyn Os, directory: &Path) -> Result<Vec<Vec<SegmentName>>> {
    let names = all(os, directory, SegmentName::parse)?;
    let doubled = names.chunk_by(|one, other| one.number == other.number).filter(|names| names.len() > 1);
    Ok(doubled.map(|names| names.iter().rev().copied().collect()).collect())
}

/// The archived segments, by number. There are none if there is no archive directory.
pub fn archived(os: &dyn Os, directory: &Path) -> Result<Vec<SegmentName>> {
    list(os, &archive_directory(directory), SegmentName::parse_archive)
}

fn list(os: &dyn Os, path: &Path, parse: fn(&[u8]) -> Option<SegmentName>) -> Result<Vec<SegmentName>> {
    let mut names = all(os, path, parse)?;
    names.dedup_by_key(|name| name.number);
    Ok(names)
}

/// By number. Of two names with the same number the greater one is first.
fn all(os: &dyn Os, path: &Path, parse: fn(&[u8]) -> Option<SegmentName>) -> Result<Vec<SegmentName>> {
    let mut names = Vec::new();
    match os.list(path, &mut |name| names.extend(parse(name))) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_error(path, error)),
    }
    names.sort_unstable_by(|a, b| (a.number, b.day()).cmp(&(b.number, a.day())));
    Ok(names)
}
