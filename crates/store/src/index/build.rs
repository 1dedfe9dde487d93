//! How the tables of `cache/` are made, found and merged: outside the lock,
//! each segment once. Tables of sealed segments merge as a binary counter
//! carries: ten gigabytes are a handful of files, and each row is copied a few times.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use xxhash_rust::xxh3::xxh3_64;

use super::known::{Index, RunEntry, Stretch};
use super::table::{self, Contents, Cover, Table};
use crate::config::Settings;
use crate::directory::Modes;
use crate::layout::Layout;
use crate::os::{How, Os, Stat, read_full};
use crate::{archived, listing};
use logbook_format::SegmentName;
use logbook_model::error::{Error, Result};

/// The active segment's table.
const ACTIVE: &str = "active.idx";
/// The active segment's table may lag this many bytes, which the next writer reads.
const LAG_BYTES_MAX: u64 = 64 << 10;
/// A small table is written anew sooner: a process that appends one row then reads less.
const LAG_BYTES_MIN: u64 = 12 << 10;
/// A writer that goes on keeps in memory what the table lacks, and writes it
/// anew only after so many bytes more; who comes after it reads them, outside the lock.
pub(super) const LAG_BYTES_GOING_ON: u64 = 1 << 20;
/// Bytes before the end of what is covered, whose hash tells that it is the same file.
const PROOF_BYTES: u64 = 4096;

/// Makes the index ready before the lock is taken: tables opened, what is
/// sealed and not in one put into one, the active segment read.
pub(crate) fn prepare(os: &dyn Os, directory: &Path, index: &mut Index, raw: &[SegmentName]) -> Result<()> {
    if index.distrust {
        return read_all(os, directory, index);
    }
    let cache = listing::cache_directory(directory);
    let Layout { active, sealed, sealed_end } = Layout::of(os, directory, raw)?;
    open_tables(os, directory, &cache, index, sealed, sealed_end);
    for name in archived::sealed_names(os, directory, sealed, index.sealed, sealed_end)? {
        // One that was deleted meanwhile is as one that was missing before: the next table tells of
        // its number.
        let Some((contents, stretch)) = read_segment(os, directory, &name, index.sealed + 1)? else { continue };
        if !add_table(os, &cache, index, contents) {
            index.keep(stretch);
        }
        index.sealed = name.number;
    }
    // What was deleted is known, too.
    index.sealed = index.sealed.max(sealed_end);
    match active {
        Some(active) => open_active(os, directory, &cache, index, active),
        None => Ok(()),
    }
}

/// Tables that cover the sealed segments from the first on without a gap.
pub(super) fn open_tables(
    os: &dyn Os,
    directory: &Path,
    cache: &Path,
    index: &mut Index,
    sealed: &[SegmentName],
    sealed_end: u64,
) {
    let mut names: Vec<(u64, u64)> = Vec::new();
    let _ = os.list(cache, &mut |name| names.extend(parse(name)));
    names.retain(|(_, high)| *high <= sealed_end);
    // The widest first: one that is of other files, as in a copy, is no reason to pass over the
    // rest.
    names.sort_unstable_by_key(|(_, high)| std::cmp::Reverse(*high));
    loop {
        let next = index.sealed + 1;
        let found = names.iter().filter(|(low, _)| *low == next).find_map(|(low, high)| {
            let path = cache.join(table_name(*low, *high));
            let table = Table::open(os, &path)?;
            let is_it = (table.cover.low, table.cover.high) == (*low, *high) && is_about(os, directory, sealed, &table);
            is_it.then_some((path, table))
        });
        let Some((path, table)) = found else { return };
        index.sealed = table.cover.high;
        index.tables.push((path, table));
    }
}

/// Whether the last segment that `table` covers is still the one that was read; an archived one was
/// compared by its archiver.
fn is_about(os: &dyn Os, directory: &Path, sealed: &[SegmentName], table: &Table) -> bool {
    let Ok(at) = sealed.binary_search_by_key(&table.cover.high, |name| name.number) else { return true };
    match os.stat_path(&directory.join(sealed[at].to_string())) {
        Ok(stat) => (stat.identity.1, stat.bytes) == (table.cover.inode, table.cover.end),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Reads a sealed segment whole; `None`: it was deleted meanwhile. `low`: the table tells of all
/// numbers from there.
fn read_segment(os: &dyn Os, directory: &Path, name: &SegmentName, low: u64) -> Result<Option<(Contents, Stretch)>> {
    let mut stretch = Stretch::default();
    let mut cover = Cover { low, high: name.number, ..Cover::default() };
    if let Ok(stat) = os.stat_path(&directory.join(name.to_string())) {
        (cover.inode, cover.end) = (stat.identity.1, stat.bytes);
    }
    let take = |offset: u64, block: &[u8]| stretch.block(name.number, offset, block);
    if !archived::each_sealed_block(os, directory, name, 0, take)? {
        return Ok(None);
    }
    Ok(Some((gather(cover, &stretch), stretch)))
}

fn gather(cover: Cover, stretch: &Stretch) -> Contents {
    Contents {
        cover,
        runs: stretch.runs.iter().map(|(hash, entry)| (*hash, *entry)).collect(),
        ids: stretch.ids.iter().flat_map(|(hash, places)| places.iter().map(|place| (*hash, *place))).collect(),
    }
}

/// Writes a table and merges it with those before it. Gives whether it stands on disk.
fn add_table(os: &dyn Os, cache: &Path, index: &mut Index, mut contents: Contents) -> bool {
    let span = |cover: &Cover| cover.high - cover.low + 1;
    let mut replaced = Vec::new();
    while let Some((path, table)) = index.tables.pop() {
        // The active segment's table tells of a part only: it never becomes one of whole segments.
        let joins = !is_active(&path)
            && table.cover.high + 1 == contents.cover.low
            && span(&table.cover) <= span(&contents.cover);
        let Some(older) = joins.then(|| table.contents(os)).flatten() else {
            index.tables.push((path, table));
            break;
        };
        contents = merge(older, contents);
        replaced.push((path, table));
    }
    let path = cache.join(table_name(contents.cover.low, contents.cover.high));
    // Another writer may have merged it further, and taken it away, by now.
    let made = save(os, cache, &path, &contents)
        .then(|| Table::open(os, &path))
        .flatten()
        .filter(|table| table.cover == contents.cover);
    let Some(table) = made else {
        // What was taken off the list is open still, and stands, whoever unlinks it.
        index.tables.extend(replaced.into_iter().rev());
        return false;
    };
    for (old, _) in replaced {
        let _ = os.unlink(&old);
    }
    index.tables.push((path, table));
    true
}

fn is_active(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ACTIVE)
}

/// `later` tells of the segments after those of `older`.
fn merge(older: Contents, later: Contents) -> Contents {
    let mut runs: HashMap<u128, RunEntry, RandomState> = older.runs.into_iter().collect();
    for (hash, entry) in later.runs {
        runs.entry(hash).and_modify(|old| old.join(&entry)).or_insert(entry);
    }
    let mut ids = older.ids;
    ids.extend(later.ids);
    Contents { cover: Cover { low: older.cover.low, ..later.cover }, runs: runs.into_iter().collect(), ids }
}

/// The active segment's table, if it is about this file, and the rows behind it.
fn open_active(os: &dyn Os, directory: &Path, cache: &Path, index: &mut Index, name: SegmentName) -> Result<()> {
    let path = directory.join(name.to_string());
    // What cannot be opened is told by the step that appends to it.
    let Ok(file) = os.open(&path, How::Read, 0) else { return Ok(()) };
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
    let stat = os.stat(&file).map_err(fail)?;
    if stat.what != crate::os::What::File {
        return Ok(());
    }
    index.active = (name.number, 0);
    if let Some((table_path, table)) = active_table(os, cache, name.number, &file, &stat) {
        index.active.1 = table.cover.end;
        index.base = table.cover;
        index.tables.push((table_path, table));
    }
    let from = index.active.1;
    if stat.bytes.saturating_sub(from) > lag_max(index) {
        index.read_to(os, &file, stat.bytes).map_err(fail)?;
        save_active(os, directory, index, &file, stat.identity.1);
    }
    Ok(())
}

/// The table of the active segment with this number, if it is about `file`, which `stat` is about.
pub(super) fn active_table(
    os: &dyn Os,
    cache: &Path,
    number: u64,
    file: &OwnedFd,
    stat: &Stat,
) -> Option<(PathBuf, Table)> {
    let path = cache.join(ACTIVE);
    let table = Table::open(os, &path)?;
    let cover = table.cover;
    let same = cover.high == number && cover.inode == stat.identity.1 && cover.end <= stat.bytes;
    (same && proof(os, file, cover.end) == Some((cover.line_from, cover.line_hash))).then_some((path, table))
}

/// How far the active segment's table may lag: writing it anew must cost less
/// than reading what it lacks.
fn lag_max(index: &Index) -> u64 {
    let table = index.tables.iter().find(|(_, table)| table.cover == index.base);
    table.map_or(0, |(_, table)| table.bytes()).clamp(LAG_BYTES_MIN, LAG_BYTES_MAX)
}

/// Start and hash of the last bytes before `end`.
pub(super) fn proof(os: &dyn Os, file: &OwnedFd, end: u64) -> Option<(u64, u64)> {
    let from = end.saturating_sub(PROOF_BYTES);
    let mut bytes = vec![0; (end - from) as usize];
    let read = read_full(os, file, &mut bytes, from).ok()?;
    (read == bytes.len()).then(|| (from, xxh3_64(&bytes)))
}

/// All that is known of the active segment, once all its rows are taken in.
pub(crate) fn contents(os: &dyn Os, index: &Index, file: &OwnedFd, inode: u64) -> Option<Contents> {
    let (number, end) = index.active;
    let (line_from, line_hash) = proof(os, file, end)?;
    let cover = Cover { low: number, high: number, inode, end, line_from, line_hash };
    let new = gather(cover, index.taken_in());
    if index.base.high != number {
        return Some(new);
    }
    let base = index.tables.iter().find(|(_, table)| table.cover == index.base)?;
    Some(merge(base.1.contents(os)?, new))
}

/// Writes the active segment's table anew when it lags too far behind, or takes the one that
/// another writer made meanwhile.
pub(crate) fn save_active(os: &dyn Os, directory: &Path, index: &mut Index, file: &OwnedFd, inode: u64) {
    let covered = if index.base.high == index.active.0 { index.base.end } else { 0 };
    let lag = index.active.1.saturating_sub(covered);
    if lag <= if index.saved { index.lag_bytes_max() } else { lag_max(index) } {
        return;
    }
    let cache = listing::cache_directory(directory);
    let path = cache.join(ACTIVE);
    if index.saved && take_over(os, index, &path, file, inode, covered + lag / 2) {
        return;
    }
    // Not again so soon, even where it fails.
    index.saved = true;
    index.take_in();
    if let Some(contents) = contents(os, index, file, inode)
        && save(os, &cache, &path, &contents)
        // Another writer may have put its own there meanwhile, which tells of less.
        && let Some(table) = Table::open(os, &path).filter(|table| table.cover == contents.cover)
    {
        use_active(index, path, table);
    }
}

/// The table of what another writer knows of the active segment, in place of looking at the same
/// rows once more: if it covers the segment up to `least`. What stands behind it is read again.
fn take_over(os: &dyn Os, index: &mut Index, path: &Path, file: &OwnedFd, inode: u64, least: u64) -> bool {
    let (number, to) = index.active;
    let Some(table) = Table::open(os, path) else { return false };
    let cover = table.cover;
    let fits = cover.high == number && cover.inode == inode && (least..=to).contains(&cover.end);
    if !fits || proof(os, file, cover.end) != Some((cover.line_from, cover.line_hash)) {
        return false;
    }
    use_active(index, path.to_path_buf(), table);
    // Where this fails, less is known, and the next look reads it.
    let _ = index.read_to(os, file, to);
    true
}

/// The table of the active segment is this one from now on.
fn use_active(index: &mut Index, path: PathBuf, table: Table) {
    // One about an earlier segment may hold rows that stand nowhere else.
    let base = index.base;
    index.tables.retain(|(old, table)| !is_active(old) || table.cover != base);
    index.known_to(table.cover);
    index.tables.push((path, table));
}

/// Makes tables of the segments that this writer sealed.
pub(crate) fn save_finished(os: &dyn Os, directory: &Path, index: &mut Index) {
    let cache = listing::cache_directory(directory);
    for mut contents in std::mem::take(&mut index.finished) {
        let (aside, whole): (Vec<_>, Vec<_>) =
            std::mem::take(&mut index.tables).into_iter().partition(|(path, _)| is_active(path));
        index.tables = whole;
        let next = index.tables.last().map_or(1, |(_, table)| table.cover.high + 1);
        // With a gap before it, the next writer makes it in order.
        if contents.cover.low == next || (next == 1 && contents.cover.low == 1) {
            contents.cover.low = next;
            add_table(os, &cache, index, contents);
        }
        index.tables.extend(aside);
    }
}

fn save(os: &dyn Os, cache: &Path, path: &Path, contents: &Contents) -> bool {
    let modes = make_cache(os, cache);
    let nonce = unique(contents.cover.end, contents.cover.high);
    table::write(os, path, contents, nonce, modes.file).is_ok()
}

/// Makes the directory of disposable files, if it is missing and can be made. Gives the modes of
/// what is in it.
pub(crate) fn make_cache(os: &dyn Os, cache: &Path) -> Modes {
    let modes = cache.parent().map_or(Modes::of(&Settings::default()), |directory| Modes::below(os, directory));
    if os.stat_path(cache).is_err() && os.mkdir(cache, 0o700).is_ok() {
        // The group is the directory's own, by its setgid bit.
        let _ = os.open(cache, How::Directory, 0).and_then(|made| os.set_access(&made, modes.directory, None));
    }
    modes
}

/// Different for every file: made of the clock, the process and what is covered.
pub(crate) fn unique(end: u64, number: u64) -> u64 {
    let time =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
    let mut seed = [0; 32];
    for (index, value) in [time, u64::from(std::process::id()), end, number].iter().enumerate() {
        seed[index * 8..index * 8 + 8].copy_from_slice(&value.to_le_bytes());
    }
    xxh3_64(&seed)
}

/// Reads every segment, without the tables: they were found damaged.
pub(crate) fn read_all(os: &dyn Os, directory: &Path, index: &mut Index) -> Result<()> {
    for (path, _) in std::mem::take(&mut index.tables) {
        let _ = os.unlink(&path);
    }
    let known_to = index.active;
    index.distrust = true;
    index.forget();
    let raw = listing::raw(os, directory)?;
    let Layout { active, sealed, sealed_end } = Layout::of(os, directory, &raw)?;
    for name in archived::sealed_names(os, directory, sealed, 0, sealed_end)? {
        if let Some((_, stretch)) = read_segment(os, directory, &name, name.number)? {
            index.keep(stretch);
        }
    }
    index.sealed = sealed_end;
    let Some(active) = active else { return Ok(()) };
    let path = directory.join(active.to_string());
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
    let file = os.open(&path, How::Read, 0).map_err(fail)?;
    let to = if known_to.0 == active.number { known_to.1 } else { os.stat(&file).map_err(fail)?.bytes };
    index.active = (active.number, 0);
    index.read_to(os, &file, to).map_err(fail)?;
    Ok(())
}

fn table_name(low: u64, high: u64) -> String {
    format!("{low:06}-{high:06}.idx")
}

/// Whether a table may have this name.
pub(super) fn is_table(name: &str) -> bool {
    name == ACTIVE || parse(name.as_bytes()).is_some()
}

fn parse(name: &[u8]) -> Option<(u64, u64)> {
    let (low, high) = std::str::from_utf8(name).ok()?.strip_suffix(".idx")?.split_once('-')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}
