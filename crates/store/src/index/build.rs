//! How the index's tables in `cache/` are made, found and merged: outside the lock, each segment
//! once. Tables of sealed segments are merged as a binary counter carries: ten gigabytes need a
//! handful of files, and each entry is copied a few times.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::entries::Entries;
use super::memory::Index;
use super::table::{self, Contents, Cover, Table};
use crate::cache::{self, tail_hash};
use crate::layout::Layout;
use crate::os::{How, Os, Stat, What, error_at};
use crate::{archived, listing};
use logbook_format::SegmentName;
use logbook_model::error::Result;

/// The active segment's table.
const ACTIVE: &str = "active.idx";
/// The active segment's table may lag this many bytes, which the next writer reads.
const LAG_BYTES_MAX: u64 = 64 << 10;
/// A small table is rewritten sooner, so that a process that appends one row reads less.
const LAG_BYTES_MIN: u64 = 12 << 10;
/// A writer that appends again and again has in memory what the table lacks, and rewrites it only
/// after this many more bytes. The next process reads them, outside the lock.
const LAG_BYTES_GOING_ON: u64 = 1 << 20;

/// Prepares the index before the lock is taken: opens the tables, makes tables of the sealed
/// segments that have none, and reads the active segment.
pub(crate) fn prepare(os: &dyn Os, directory: &Path, index: &mut Index, raw: &[SegmentName]) -> Result<()> {
    if index.distrust {
        return read_all(os, directory, index);
    }
    let cache = cache::directory(directory);
    let Layout { active, sealed, sealed_end } = Layout::of(os, directory, raw)?;
    open_tables(os, directory, &cache, index, sealed, sealed_end);
    for name in archived::sealed_names(os, directory, sealed, index.sealed, sealed_end)? {
        // A segment that was deleted meanwhile is like one that was missing before: the next table
        // covers its number.
        let Some((contents, entries)) = read_segment(os, directory, &name, index.sealed + 1)? else { continue };
        if !add_table(os, &cache, index, contents) {
            index.older.push(entries);
        }
        index.sealed = name.number;
    }
    // Deleted segments are known, too.
    index.sealed = index.sealed.max(sealed_end);
    match active {
        Some(active) => open_active(os, directory, &cache, index, active),
        None => Ok(()),
    }
}

/// Opens the tables that cover the sealed segments from the first on without a gap.
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
    // The widest first. In a copy a table may be about other files; then the narrower ones are
    // tried.
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

/// Whether the last segment that `table` covers is still the file that was read. An archived one
/// was compared by its archiver.
fn is_about(os: &dyn Os, directory: &Path, sealed: &[SegmentName], table: &Table) -> bool {
    let Ok(at) = sealed.binary_search_by_key(&table.cover.high, |name| name.number) else { return true };
    match os.stat_path(&directory.join(sealed[at].to_string())) {
        Ok(stat) => (stat.identity.1, stat.bytes) == (table.cover.inode, table.cover.end),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Reads a whole sealed segment; `None` if it was deleted meanwhile. `low` is the first number that
/// its table covers.
fn read_segment(os: &dyn Os, directory: &Path, name: &SegmentName, low: u64) -> Result<Option<(Contents, Entries)>> {
    let mut entries = Entries::default();
    let mut cover = Cover { low, high: name.number, ..Cover::default() };
    if let Ok(stat) = os.stat_path(&directory.join(name.to_string())) {
        (cover.inode, cover.end) = (stat.identity.1, stat.bytes);
    }
    let take = |offset: u64, block: &[u8]| entries.add_block(name.number, offset, block);
    if !archived::each_sealed_block(os, directory, name, 0, take)? {
        return Ok(None);
    }
    Ok(Some((Contents::new(cover, &entries), entries)))
}

/// Writes a table, merged with those before it. Gives whether it is on disk.
fn add_table(os: &dyn Os, cache: &Path, index: &mut Index, mut contents: Contents) -> bool {
    let span = |cover: &Cover| cover.high - cover.low + 1;
    let mut replaced = Vec::new();
    while let Some((path, table)) = index.tables.pop() {
        // The active segment's table covers a part only, and is never merged with whole segments.
        let joins = !is_active(&path)
            && table.cover.high + 1 == contents.cover.low
            && span(&table.cover) <= span(&contents.cover);
        let Some(older) = joins.then(|| table.contents(os)).flatten() else {
            index.tables.push((path, table));
            break;
        };
        contents = older.followed_by(contents);
        replaced.push((path, table));
    }
    let path = cache.join(table_name(contents.cover.low, contents.cover.high));
    // Another writer may have merged it further and removed it by now.
    let made = save(os, cache, &path, &contents)
        .then(|| Table::open(os, &path))
        .flatten()
        .filter(|table| table.cover == contents.cover);
    let Some(table) = made else {
        // The tables taken off the list are still open, even if another writer unlinks them.
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

/// Opens the active segment's table, if it is about this file, and reads the rows behind it.
fn open_active(os: &dyn Os, directory: &Path, cache: &Path, index: &mut Index, name: SegmentName) -> Result<()> {
    let path = directory.join(name.to_string());
    // A file that cannot be opened is reported by the step that appends to it.
    let Ok(file) = os.open(&path, How::Read, 0) else { return Ok(()) };
    let fail = error_at(&path);
    let stat = os.stat(&file).map_err(fail)?;
    if stat.what != What::File {
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

/// The table of the active segment with this number, if it is about `file`, whose stat is `stat`.
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
    (same && tail_hash(os, file, cover.end) == Some((cover.line_from, cover.line_hash))).then_some((path, table))
}

/// How many bytes the active segment's table may lag: rewriting it must cost less than reading what
/// it lacks.
fn lag_max(index: &Index) -> u64 {
    let table = index.tables.iter().find(|(_, table)| table.cover == index.base);
    table.map_or(0, |(_, table)| table.bytes()).clamp(LAG_BYTES_MIN, LAG_BYTES_MAX)
}

/// The same for a writer that appends again and again. It differs between processes, so that they
/// do not all rewrite the table at the same moment: the others use what the first one wrote.
fn lag_max_going_on(os: &dyn Os) -> u64 {
    LAG_BYTES_GOING_ON + u64::from(os.process_id() % 16) * (LAG_BYTES_GOING_ON / 16)
}

/// Rewrites the active segment's table if it lags too far behind, or uses the one that another
/// writer made meanwhile.
pub(crate) fn save_active(os: &dyn Os, directory: &Path, index: &mut Index, file: &OwnedFd, inode: u64) {
    let covered = if index.base.high == index.active.0 { index.base.end } else { 0 };
    let lag = index.active.1.saturating_sub(covered);
    let lag_max = if index.saved { lag_max_going_on(os) } else { lag_max(index) };
    if lag <= lag_max {
        return;
    }
    let cache = cache::directory(directory);
    let path = cache.join(ACTIVE);
    if index.saved && take_over(os, index, &path, file, inode, covered + lag / 2) {
        return;
    }
    // Even if this fails: the next attempt is a larger lag away.
    index.saved = true;
    index.parse();
    if let Some(contents) = index.active_contents(os, file, inode)
        && save(os, &cache, &path, &contents)
        // Another writer may have replaced it meanwhile with one that covers less.
        && let Some(table) = Table::open(os, &path).filter(|table| table.cover == contents.cover)
    {
        use_active(index, path, table);
    }
}

/// Uses the table of the active segment that another writer made, instead of parsing the same rows
/// again, if it covers the segment at least up to `least`. The rows behind it are read again.
fn take_over(os: &dyn Os, index: &mut Index, path: &Path, file: &OwnedFd, inode: u64, least: u64) -> bool {
    let (number, to) = index.active;
    let Some(table) = Table::open(os, path) else { return false };
    let cover = table.cover;
    let fits = cover.high == number && cover.inode == inode && (least..=to).contains(&cover.end);
    if !fits || tail_hash(os, file, cover.end) != Some((cover.line_from, cover.line_hash)) {
        return false;
    }
    use_active(index, path.to_path_buf(), table);
    // If this fails, less is known, and the next catch-up reads it.
    let _ = index.read_to(os, file, to);
    true
}

/// Replaces the table of the active segment.
fn use_active(index: &mut Index, path: PathBuf, table: Table) {
    // A table of an earlier segment stays: its rows may be in no other.
    let base = index.base;
    index.tables.retain(|(old, table)| !is_active(old) || table.cover != base);
    index.cut_to(table.cover);
    index.tables.push((path, table));
}

/// Makes tables of the segments that this writer sealed.
pub(crate) fn save_finished(os: &dyn Os, directory: &Path, index: &mut Index) {
    let cache = cache::directory(directory);
    for mut contents in std::mem::take(&mut index.finished) {
        let (aside, whole): (Vec<_>, Vec<_>) =
            std::mem::take(&mut index.tables).into_iter().partition(|(path, _)| is_active(path));
        index.tables = whole;
        let next = index.tables.last().map_or(1, |(_, table)| table.cover.high + 1);
        // If there is a gap before it, the next writer makes the tables in order.
        if contents.cover.low == next || (next == 1 && contents.cover.low == 1) {
            contents.cover.low = next;
            add_table(os, &cache, index, contents);
        }
        index.tables.extend(aside);
    }
}

/// Writes a table. Gives whether that succeeded: if not, the next writer is only slower.
fn save(os: &dyn Os, cache: &Path, path: &Path, contents: &Contents) -> bool {
    let modes = cache::create(os, cache);
    table::write(os, path.to_path_buf(), contents, modes.file).is_ok()
}

/// Reads every segment, and removes the tables: they were found damaged.
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
        if let Some((_, entries)) = read_segment(os, directory, &name, name.number)? {
            index.older.push(entries);
        }
    }
    index.sealed = sealed_end;
    let Some(active) = active else { return Ok(()) };
    let path = directory.join(active.to_string());
    let fail = error_at(&path);
    let file = os.open(&path, How::Read, 0).map_err(fail)?;
    let to = if known_to.0 == active.number { known_to.1 } else { os.stat(&file).map_err(fail)?.bytes };
    index.active = (active.number, 0);
    index.read_to(os, &file, to).map_err(fail)?;
    Ok(())
}

fn table_name(low: u64, high: u64) -> String {
    format!("{low:06}-{high:06}.idx")
}

/// Whether `name` is that of a table.
pub(super) fn is_table(name: &str) -> bool {
    name == ACTIVE || parse(name.as_bytes()).is_some()
}

fn parse(name: &[u8]) -> Option<(u64, u64)> {
    let (low, high) = std::str::from_utf8(name).ok()?.strip_suffix(".idx")?.split_once('-')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}
