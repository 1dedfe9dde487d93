//! Files of `cache/` that cannot be used, and the whole of it taken away, to be made anew.
//!
//! Not here: making it anew (whoever reads does that), what the files are (`table`, `kept`).

use std::path::Path;

use super::build;
use super::kept::{self, Kept, Kind};
use super::table::Table;
use crate::os::{Os, What};
use crate::snapshot::Snapshot;
use crate::{listed, listing, together};
use logbook_model::error::{Error, Result};

/// A file in the making that is older than this was left by somebody who died, seconds.
const LEFT_S: i64 = 3600;

/// Why a file of `cache/` cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unusable {
    /// Its bytes are not those that were written.
    Damaged,
    /// It is about a segment that is not there, or no more as it was.
    Outdated,
    /// Whoever was making it died.
    Left,
    /// It is none of ours.
    Foreign,
}

/// Files of `cache/` that cannot be used, in no order. `kinds`: those that are about one segment
/// each; `snapshot`: the segments; `now_s`: seconds since 1970.
pub fn unusable(
    os: &dyn Os,
    directory: &Path,
    kinds: &[Kind],
    snapshot: &Snapshot,
    now_s: i64,
) -> Result<Vec<(String, Unusable)>> {
    let cache = listing::cache_directory(directory);
    let mut found = Vec::new();
    for name in names(os, &cache)? {
        let path = cache.join(&name);
        let Ok(stat) = os.stat_path(&path) else { continue };
        let why = match sort(&name, kinds) {
            _ if stat.what != What::File => Some(Unusable::Foreign),
            None => Some(Unusable::Foreign),
            Some(Sort::Making) => (now_s.saturating_sub(stat.modified.0) > LEFT_S).then_some(Unusable::Left),
            // One of another state of the directory says nothing, and is written over.
            Some(Sort::Listing) => (!listed::is_whole(os, directory)).then_some(Unusable::Damaged),
            // Its writers look at it again and again, and pass over what is not whole.
            Some(Sort::Note) => None,
            Some(Sort::Table) => match Table::open(os, &path).filter(|table| table.is_whole(os)) {
                None => Some(Unusable::Damaged),
                Some(table) => {
                    let highest = snapshot.segments.last().map_or(0, |segment| segment.number);
                    (table.cover.high > highest).then_some(Unusable::Outdated)
                }
            },
            Some(Sort::Kept(kind, number)) => match Kept::read(os, directory, kind, number) {
                None => Some(Unusable::Damaged),
                Some(_) => {
                    let segment = snapshot.segments.iter().find(|segment| segment.number == number);
                    let usable = segment.is_some_and(|it| kept::load_of(os, directory, kind, it).is_some());
                    (!usable).then_some(Unusable::Outdated)
                }
            },
        };
        // Whoever put another one there meanwhile leaves no trace of this one.
        let same = |after: crate::os::Stat| after.identity == stat.identity;
        if let Some(why) = why.filter(|_| os.stat_path(&path).is_ok_and(same)) {
            found.push((name, why));
        }
    }
    Ok(found)
}

/// Takes away every file of `cache/` that is ours; gives how many. Whoever reads makes them anew.
pub fn clear(os: &dyn Os, directory: &Path, kinds: &[Kind]) -> Result<usize> {
    let cache = listing::cache_directory(directory);
    let mut gone = 0;
    for name in names(os, &cache)? {
        let path = cache.join(&name);
        let is_file = os.stat_path(&path).is_ok_and(|stat| stat.what == What::File);
        if sort(&name, kinds).is_none() || !is_file {
            continue;
        }
        match os.unlink(&path) {
            Ok(()) => gone += 1,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(format!("{}: {error}", path.display()))),
        }
    }
    Ok(gone)
}

/// What is in `cache/`; nothing when it is not there, or is no directory: a link is not followed.
fn names(os: &dyn Os, cache: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if os.stat_path(cache).is_ok_and(|stat| stat.what == What::Directory) {
        os.list(cache, &mut |name| names.push(String::from_utf8_lossy(name).into_owned()))
            .map_err(|error| Error::io(format!("{}: {error}", cache.display())))?;
    }
    Ok(names)
}

enum Sort {
    Table,
    Listing,
    Note,
    Kept(Kind, u64),
    Making,
}

/// What a file of this name is; `None`: none of ours.
fn sort(name: &str, kinds: &[Kind]) -> Option<Sort> {
    if build::is_table(name) {
        return Some(Sort::Table);
    }
    if name == together::NAME {
        return Some(Sort::Note);
    }
    if name == listed::KEPT {
        return Some(Sort::Listing);
    }
    let (stem, extension) = name.split_once('.')?;
    let number = stem.parse::<u64>().ok().filter(|_| stem.len() >= 6);
    let kept = kinds.iter().find(|kind| kind.extension == extension);
    if let (Some(number), Some(kind)) = (number, kept) {
        return Some(Sort::Kept(*kind, number));
    }
    // `NAME.NONCE.tmp`
    let making = name.strip_suffix(".tmp")?.rsplit_once('.')?;
    let nonce = making.1.len() == 16 && making.1.bytes().all(|digit| digit.is_ascii_hexdigit());
    nonce.then_some(Sort::Making)
}
