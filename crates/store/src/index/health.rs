//! Cache files that cannot be used, and the removal of all cache files. Readers and writers make
//! them again.
//!
//! Not here: files that are whole and wrong (`proof`).

use std::path::Path;

use super::build;
use super::segment_cache::{self, CacheKind};
use super::table::Table;
use crate::os::{Os, Stat, What, error_at, io_error};
use crate::snapshot::Snapshot;
use crate::{cache, listing_check};
use logbook_model::error::Result;

/// An older temporary file was left by a process that died, seconds.
const LEFT_AFTER_S: i64 = 3600;

/// Why a file in `cache/` cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unusable {
    /// Its checksum or its content is wrong.
    Damaged,
    /// It is about a segment that is gone or has changed.
    Outdated,
    /// A temporary file of a process that died.
    Left,
    /// It is not a file of this program.
    Foreign,
}

/// The files in `cache/` that cannot be used, in no order. `kinds` are the kinds of files about one
/// segment each, `snapshot` the segments, `now_s` the time in seconds since 1970.
pub fn unusable(
    os: &dyn Os,
    directory: &Path,
    kinds: &[CacheKind],
    snapshot: &Snapshot,
    now_s: i64,
) -> Result<Vec<(String, Unusable)>> {
    let cache = cache::directory(directory);
    let mut found = Vec::new();
    for name in names(os, &cache)? {
        let path = cache.join(&name);
        let Ok(stat) = os.stat_path(&path) else { continue };
        let why = match file_kind(&name, kinds) {
            _ if stat.what != What::File => Some(Unusable::Foreign),
            None => Some(Unusable::Foreign),
            Some(FileKind::Temporary) => {
                (now_s.saturating_sub(stat.modified.0) > LEFT_AFTER_S).then_some(Unusable::Left)
            }
            // A listing of an earlier state of the directory is not used, and is replaced.
            Some(FileKind::Listing) => (!listing_check::is_whole(os, directory)).then_some(Unusable::Damaged),
            // Writers ignore a damaged note, and write it again and again.
            Some(FileKind::Note) => None,
            Some(FileKind::Table) => match Table::open(os, &path).filter(|table| table.is_whole(os)) {
                None => Some(Unusable::Damaged),
                Some(table) => {
                    let highest = snapshot.segments.last().map_or(0, |segment| segment.number);
                    (table.cover.high > highest).then_some(Unusable::Outdated)
                }
            },
            Some(FileKind::Segment(kind, number)) => match segment_cache::read(os, directory, kind, number) {
                None => Some(Unusable::Damaged),
                Some(_) => {
                    let segment = snapshot.segments.iter().find(|segment| segment.number == number);
                    let is_usable = segment.is_some_and(|it| segment_cache::load_of(os, directory, kind, it).is_some());
                    (!is_usable).then_some(Unusable::Outdated)
                }
            },
        };
        // If another file has replaced it meanwhile, there is nothing to report.
        let same = |after: Stat| after.identity == stat.identity;
        if let Some(why) = why.filter(|_| os.stat_path(&path).is_ok_and(same)) {
            found.push((name, why));
        }
    }
    Ok(found)
}

/// Removes every cache file of this program, and gives their number.
pub fn clear(os: &dyn Os, directory: &Path, kinds: &[CacheKind]) -> Result<usize> {
    let cache = cache::directory(directory);
    let mut removed = 0;
    for name in names(os, &cache)? {
        let path = cache.join(&name);
        let is_file = os.stat_path(&path).is_ok_and(|stat| stat.what == What::File);
        if file_kind(&name, kinds).is_none() || !is_file {
            continue;
        }
        match os.unlink(&path) {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(&path, error)),
        }
    }
    Ok(removed)
}

/// The names in `cache/`. There are none if it is missing or not a directory: a link is not
/// followed.
fn names(os: &dyn Os, cache: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if os.stat_path(cache).is_ok_and(|stat| stat.what == What::Directory) {
        os.list(cache, &mut |name| names.push(String::from_utf8_lossy(name).into_owned())).map_err(error_at(cache))?;
    }
    Ok(names)
}

/// What a file in `cache/` is, by its name.
enum FileKind {
    Table,
    Listing,
    Note,
    Segment(CacheKind, u64),
    Temporary,
}

/// `None` if this program makes no file of this name.
fn file_kind(name: &str, kinds: &[CacheKind]) -> Option<FileKind> {
    if build::is_table(name) {
        return Some(FileKind::Table);
    }
    if name == cache::SYNCED {
        return Some(FileKind::Note);
    }
    if name == cache::SEGMENT_LIST {
        return Some(FileKind::Listing);
    }
    let (stem, extension) = name.split_once('.')?;
    let number = stem.parse::<u64>().ok().filter(|_| stem.len() >= 6);
    let kind = kinds.iter().find(|kind| kind.extension == extension);
    if let (Some(number), Some(kind)) = (number, kind) {
        return Some(FileKind::Segment(*kind, number));
    }
    // `NAME.NONCE.tmp`
    let (_, nonce) = name.strip_suffix(".tmp")?.rsplit_once('.')?;
    let is_nonce = nonce.len() == 16 && nonce.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_nonce.then_some(FileKind::Temporary)
}
