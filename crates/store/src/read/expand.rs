//! The inputs that arguments name: files, directories, globs, `-`.

use std::collections::{HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::input::Input;
use crate::os::{error_at, io_error};
use logbook_model::error::{Error, Result};

/// The inputs that arguments name.
#[derive(Debug, Default)]
pub struct Expanded {
    /// The inputs to read. The files of each argument are in the order of their names.
    pub inputs: Vec<Input>,
    /// Files beside them that are not read, though their names look like files of rows.
    pub passed_over: Vec<PathBuf>,
}

/// An argument that names nothing to read.
#[derive(Debug)]
pub struct Missing {
    /// The argument as it was given.
    pub argument: OsString,
    /// Why there is nothing to read.
    pub error: Error,
    /// A hint, if the caller has none that is better.
    pub fallback: Option<String>,
}

/// The inputs that `arguments` name: `-`, files, directories (every row file below) and globs. A
/// file that is reached by several links is read once for each argument.
pub fn expand(arguments: &[OsString]) -> std::result::Result<Expanded, Box<Missing>> {
    let mut all = Expanded::default();
    for argument in arguments {
        let missing = |(error, fallback)| Box::new(Missing { argument: argument.clone(), error, fallback });
        expand_one(argument, &mut all).map_err(missing)?;
    }
    Ok(all)
}

/// Errors: with a hint for a caller that has none that is better.
fn expand_one(argument: &OsStr, all: &mut Expanded) -> std::result::Result<(), (Error, Option<String>)> {
    let plain = |error: Error| (error, None);
    if argument == "-" {
        if all.inputs.contains(&Input::Stdin) {
            return Err(plain(Error::usage("standard input (-) is named twice").hint("name - once")));
        }
        all.inputs.push(Input::Stdin);
        return Ok(());
    }
    let path = Path::new(argument);
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => {
            let found = files_below(path, &mut all.passed_over).map_err(plain)?;
            if found.is_empty() {
                return Err(nothing_below(path, &all.passed_over));
            }
            all.inputs.extend(found.into_iter().map(Input::File));
        }
        Ok(about) if about.is_file() => all.inputs.push(Input::File(path.to_owned())),
        Ok(_) => all.inputs.push(Input::Pipe(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(argument) => {
            let pattern = argument.to_string_lossy();
            let found = matching(&pattern, &mut all.passed_over).map_err(plain)?;
            if found.is_empty() {
                let error = Error::io(format!("no file matches {pattern:?}"));
                return Err((error, Some("ls -a shows what is there".to_owned())));
            }
            all.inputs.extend(found.into_iter().map(Input::File));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(plain(Error::io(format!("{}: no such file or directory", path.display()))));
        }
        Err(error) => return Err(plain(io_error(path, error))),
    }
    Ok(())
}

/// Whether an argument is a glob. One that is not UTF-8 is a name.
pub(crate) fn is_pattern(argument: &OsStr) -> bool {
    argument.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}

/// Whether `argument` names something on the disk, as a path or as a glob.
pub fn names_something(argument: &str) -> bool {
    if Path::new(argument).symlink_metadata().is_ok() {
        return true;
    }
    is_pattern(OsStr::new(argument)) && matching(argument, &mut Vec::new()).is_ok_and(|found| !found.is_empty())
}

fn nothing_below(directory: &Path, passed_over: &[PathBuf]) -> (Error, Option<String>) {
    let error =
        Error::io(format!("{}: no *.jsonl or *.ndjson below it, plain, rotated or packed", directory.display()));
    match passed_over.iter().find(|path| path.starts_with(directory)) {
        Some(first) => (error.hint(format!("name the file to read it, as {}", first.display())), None),
        None => (error, Some(format!("ls -aR {} shows what is there", directory.display()))),
    }
}

/// Files that were found, each once: another path to the same file is left out.
#[derive(Default)]
struct Files {
    found: Vec<PathBuf>,
    met: HashSet<PathBuf>,
}

impl Files {
    fn add(&mut self, path: PathBuf) {
        // If the real path is unknown, the file is read.
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if self.met.insert(real) {
            self.found.push(path);
        }
    }
}

/// The entries of `directory`, in the order of their names, links last: a file that is also reached
/// by a link is called by its own name.
fn entries(directory: &Path) -> io::Result<Vec<(PathBuf, fs::FileType)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        entries.push((entry.path(), entry.file_type()?));
    }
    entries.sort_by(|(one, one_is), (other, other_is)| (one_is.is_symlink(), one).cmp(&(other_is.is_symlink(), other)));
    Ok(entries)
}

/// A part of a glob, between two slashes.
enum GlobPart {
    Name(String),
    Pattern(Pattern),
    /// `**`: any number of directories.
    AnyDepth,
}

fn glob_parts(pattern: &str) -> Result<Vec<GlobPart>> {
    let parse = |part: &str| match part {
        "**" => Ok(GlobPart::AnyDepth),
        _ if part.contains(['*', '?', '[']) => Pattern::new(part).map(GlobPart::Pattern),
        _ => Ok(GlobPart::Name(part.to_owned())),
    };
    let parts = pattern.split('/').filter(|part| !part.is_empty()).map(parse);
    parts.collect::<std::result::Result<_, _>>().map_err(|error| Error::usage(format!("{pattern}: {error}")))
}

/// The state of a search for a glob: a path, and the index of the next part of the pattern.
type Step = (PathBuf, usize);

/// The regular files that `pattern` matches, each once. Links to directories are followed, each
/// directory once.
fn matching(pattern: &str, passed_over: &mut Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let parts = glob_parts(pattern)?;
    let root = if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() };
    let mut open: VecDeque<Step> = VecDeque::from([(root, 0)]);
    let mut walked: HashSet<(PathBuf, usize)> = HashSet::new();
    let mut files = Files::default();
    while let Some((path, at)) = open.pop_front() {
        let here = if path.as_os_str().is_empty() { Path::new(".") } else { &path };
        let Some(part) = parts.get(at) else {
            match fs::metadata(&path) {
                // `x/` is not a file.
                Ok(_) if pattern.ends_with('/') => {}
                Ok(about) if about.is_file() => files.add(path),
                Ok(about) if !about.is_dir() => passed_over.push(path),
                _ => {}
            }
            continue;
        };
        if let GlobPart::Name(name) = part {
            let path = path.join(name);
            if path.symlink_metadata().is_ok() {
                open.push_back((path, at + 1));
            }
            continue;
        }
        if !fs::metadata(here).is_ok_and(|about| about.is_dir()) {
            continue;
        }
        if let GlobPart::AnyDepth = part {
            let real = fs::canonicalize(here).unwrap_or_else(|_| here.to_owned());
            if !walked.insert((real, at)) {
                continue;
            }
            open.push_back((path.clone(), at + 1));
        }
        let fail = error_at(here);
        for (entry, kind) in entries(here).map_err(fail)? {
            let Some(name) = entry.file_name() else { continue };
            let below = path.join(name);
            match part {
                GlobPart::AnyDepth if kind.is_dir() || kind.is_symlink() => open.push_back((below, at)),
                GlobPart::Pattern(like) if like.matches(&name.to_string_lossy()) => open.push_back((below, at + 1)),
                _ => {}
            }
        }
    }
    files.found.sort();
    Ok(files.found)
}

/// Every row file below `directory`, in the order of the paths, each once. Links to directories are
/// not followed. They and anything but regular files are added to `passed_over`.
fn files_below(directory: &Path, passed_over: &mut Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut files = Files::default();
    let mut links = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        let fail = error_at(&directory);
        for (path, kind) in entries(&directory).map_err(fail)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_symlink() {
                links.push((path, name));
            } else if is_row_file(&name) && kind.is_file() {
                files.add(path);
            } else if is_row_file(&name) || looks_like_rows(&name) {
                passed_over.push(path);
            }
        }
    }
    // Links last: a file that is also reached directly is called by its own name.
    for (path, name) in links {
        match fs::metadata(&path) {
            Ok(about) if about.is_file() && is_row_file(&name) => files.add(path),
            Ok(about) if about.is_dir() || looks_like_rows(&name) => passed_over.push(path),
            Ok(_) => {}
            // A dangling link, or a circle of links.
            Err(_) if is_row_file(&name) || looks_like_rows(&name) => passed_over.push(path),
            Err(_) => {}
        }
    }
    files.found.sort();
    Ok(files.found)
}

/// Extensions of compressed files. For those that cannot be read, reading reports how to decompress
/// them.
const PACKED: [&str; 5] = [".zst", ".gz", ".bz2", ".xz", ".lz4"];
/// Extensions of files with a row on each line.
const ROWS: [&str; 4] = [".jsonl", ".ndjson", ".jsonlines", ".ldjson"];

/// Whether a file of this name has rows, compressed or not, also with the number or date of a
/// rotation (`app.jsonl.1`, `app.jsonl-20260101.gz`). The manifest of a logbook has none.
fn is_row_file(name: &str) -> bool {
    let bare = PACKED.iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(name);
    let is_rotation = |rest: &str| {
        let number = rest.strip_prefix(['.', '-', '_']).unwrap_or_default();
        number.starts_with(|first: char| first.is_ascii_digit())
            && number.chars().all(|one| one.is_ascii_digit() || matches!(one, '.' | '-' | '_' | ':' | 'T' | 'Z'))
    };
    let rows = ROWS.iter().filter_map(|rows| Some(&bare[bare.rfind(rows)? + rows.len()..]));
    bare != "manifest.jsonl" && rows.into_iter().any(|rest| rest.is_empty() || is_rotation(rest))
}

/// Whether the name could be that of a log.
fn looks_like_rows(name: &str) -> bool {
    let part = |of: &str| name.split('.').skip(1).any(|part| part == &of[1..]);
    !name.starts_with('.')
        && name != "manifest.jsonl"
        && (part(".json") || part(".log") || ROWS.iter().any(|rows| part(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_row_files_are_known() {
        let yes = "a.jsonl a.ndjson a.jsonl.gz a.jsonl.zst a.jsonl.1 a.jsonl.12.gz a.jsonl-20260101.gz a.ndjson.2026-01-01 a.jsonl.xz a.1.jsonl";
        let no = "manifest.jsonl manifest.jsonl.gz a.json a.log a.jsonl.bak a.jsonl.tmp jsonl a.jsonl.1a a.jsonlx a.gz";
        yes.split(' ').for_each(|name| assert!(is_row_file(name), "{name}"));
        no.split(' ').for_each(|name| assert!(!is_row_file(name), "{name}"));
        for name in ["a.json", "a.log", "a.log.1", "a.jsonl.bak", "a.json.gz"] {
            assert!(looks_like_rows(name), "{name}");
        }
        for name in ["log", "a.txt", ".a.jsonl.swp", "config.toml", "manifest.jsonl"] {
            assert!(!looks_like_rows(name), "{name}");
        }
    }
}
