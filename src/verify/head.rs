//! Heads: the whole chain and the first bytes of the newest segment in one line, to be kept elsewhere
//! (`docs/evidence.md`).

use std::io::Read;
use std::path::Path;

use super::chain::{self, Chain};
use super::segments::Finding;
use crate::error::{Error, Result};
use crate::format::SegmentName;
use crate::format::manifest::{Head, NOTHING};
use crate::store::archive::content::{self, archive_path, raw_path};
use crate::store::archive::manifest;
use crate::store::listing;
use crate::store::os::Os;

/// The head of the logbook at `directory` as it is now, its active segment up to the last whole row. `None` when nothing
/// was ever stored.
pub fn take_head(os: &dyn Os, directory: &Path) -> Result<Option<Head>> {
    let raw = listing::raw(os, directory)?.last().copied();
    let archived = listing::archived(os, directory)?.last().copied();
    let newest = [raw, archived].into_iter().flatten().max_by_key(|name| name.number);
    let Some(segment) = newest else { return Ok(None) };
    let chain = chain::read(&manifest::read(os, directory)?);
    let last = chain.digests.last().map_or(NOTHING, String::as_str);
    let fail = |error: std::io::Error| Error::io(format!("{segment}: {error}"));
    let mut whole = 0u64;
    let mut at = 0u64;
    // Once to find the last newline, once to that place: what is written meanwhile does not count.
    content::sum(&mut *open(os, directory, &segment).map_err(fail)?, |block| {
        if let Some(end) = memchr::memrchr(b'\n', block) {
            whole = at + end as u64 + 1;
        }
        at += block.len() as u64;
    })
    .map_err(fail)?;
    let prefix = prefix(os, directory, &segment, whole).map_err(fail)?;
    Ok(Some(Head { segment, bytes: whole, sha256: Head::seal(last, &prefix) }))
}

/// Why `given` is not a head of this logbook; `None` when it is.
pub(super) fn is_of(os: &dyn Os, directory: &Path, chain: &Chain, given: &Head) -> Option<Finding> {
    let find = |at: u64, what: String| Some(Finding { file: given.segment.to_string(), at, what });
    let prefix = match prefix(os, directory, &given.segment, given.bytes) {
        Ok(prefix) => prefix,
        Err(error) => return find(0, format!("the head cannot be checked: {error}")),
    };
    // The last line then is one of those now, unless something was taken away.
    let known = chain.digests.iter().any(|last| Head::seal(last, &prefix) == given.sha256);
    if known {
        return None;
    }
    find(
        0,
        format!(
            "is not what the head says: its first {} bytes, or the lines of the manifest up to then, were changed or cut",
            given.bytes
        ),
    )
}

fn open<'o>(os: &'o dyn Os, directory: &Path, segment: &SegmentName) -> std::io::Result<Box<dyn Read + 'o>> {
    match content::open(os, &raw_path(directory, segment)) {
        Ok(reader) => Ok(Box::new(reader)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(Box::new(content::open_packed(os, &archive_path(directory, segment))?))
        }
        Err(error) => Err(error),
    }
}

/// SHA-256 of the first `bytes` of a segment.
fn prefix(os: &dyn Os, directory: &Path, segment: &SegmentName, bytes: u64) -> std::io::Result<String> {
    let sums = content::sum(&mut open(os, directory, segment)?.take(bytes), |_| {})?;
    if sums.bytes < bytes {
        return Err(std::io::Error::other(format!("{segment} has {} bytes, {bytes} were there", sums.bytes)));
    }
    Ok(sums.sha256)
}
