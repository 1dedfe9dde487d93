//! How the logbook is found (`docs/format.md`, Place): by `--dir` or `LOGBOOK_DIR`, else the
//! nearest `.logbook` upward, else the one in the user's state directory.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::os::{Os, Stat, What, error_at, io_error};
use super::os_real::REAL;
use logbook_format::SegmentName;
use logbook_model::error::{Error, Result};

/// What the caller is about to do. A reader needs a logbook that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Read: exit 3 if there is no logbook.
    Read,
    /// Append: the logbook is created if it is missing.
    Write,
    /// Report where the logbook is or would be.
    Tell,
}

/// Why this logbook was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// `--dir` names it.
    Flag,
    /// `LOGBOOK_DIR` names it.
    Variable,
    /// It is the nearest one upward.
    Upward,
    /// No other was found: it is the user's own.
    Fallback,
}

impl Why {
    /// The reason in words, as `logbook where` prints it.
    pub fn words(self) -> &'static str {
        match self {
            Why::Flag => "--dir",
            Why::Variable => "LOGBOOK_DIR",
            Why::Upward => "nearest .logbook upward",
            Why::Fallback => "fallback: no .logbook upward from here",
        }
    }
}

/// Where a logbook is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The directory that holds the segments.
    pub path: PathBuf,
    /// Why it was chosen.
    pub why: Why,
    /// Whether the directory exists.
    pub exists: bool,
}

/// Finds the logbook. Errors: exit 3.
pub fn locate(dir: Option<&Path>, env: &Environment, purpose: Purpose) -> Result<Location> {
    let named = match dir {
        Some(dir) => Some((dir.to_path_buf(), Why::Flag)),
        None => env.var("LOGBOOK_DIR").map(|dir| (PathBuf::from(dir), Why::Variable)),
    };
    let location = match named {
        Some((dir, why)) => named_place(&env.cwd.join(dir), why)?,
        None => match upward(env)? {
            Some(path) => Location { path, why: Why::Upward, exists: true },
            None => fallback(env)?,
        },
    };
    if !location.exists && purpose == Purpose::Read {
        let place = match location.why {
            Why::Upward | Why::Fallback => "no logbook here or in any directory above".to_owned(),
            why => format!("no logbook at {} ({})", location.path.display(), why.words()),
        };
        return Err(Error::io(place).hint("logbook init   # makes one here; or name one with --dir"));
    }
    Ok(location)
}

/// The logbook that `--dir` or `LOGBOOK_DIR` names: one in the directory, the directory itself, or
/// one that would be created.
fn named_place(dir: &Path, why: Why) -> Result<Location> {
    let inner = dir.join(".logbook");
    if let Some(stat) = stat(&inner)? {
        check_directory(&inner, &stat)?;
        return Ok(Location { path: inner, why, exists: true });
    }
    let itself = |exists| Ok(Location { path: dir.to_path_buf(), why, exists });
    // The user named this directory, so it may be a link.
    let real = match std::fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => dir,
        Ok(_) => return Err(Error::io(format!("{} is not a directory", dir.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return itself(false),
        Err(error) => return Err(io_error(dir, error)),
    };
    // Every logbook that was appended to has this file: then the names need not be read.
    if stat(&dir.join(".lock"))?.is_some() {
        return itself(true);
    }
    let (mut empty, mut logbook) = (true, dir.file_name().is_some_and(|name| name == ".logbook"));
    REAL.list(real, &mut |name| {
        empty = false;
        logbook |= name == b"config.toml" || SegmentName::parse(name).is_some();
    })
    .map_err(error_at(dir))?;
    match (logbook, empty) {
        (true, _) => itself(true),
        (false, true) => itself(false),
        (false, false) => Ok(Location { path: inner, why, exists: false }),
    }
}

/// The nearest `.logbook` at or above the working directory, below the home
/// directory's parent and on the same file system.
fn upward(env: &Environment) -> Result<Option<PathBuf>> {
    let mut device = None;
    for directory in env.cwd.ancestors() {
        let Some(here) = stat(directory)? else { continue };
        if *device.get_or_insert(here.identity.0) != here.identity.0 {
            return Ok(None);
        }
        let path = directory.join(".logbook");
        if let Some(found) = stat(&path)? {
            check_directory(&path, &found)?;
            if found.uid != env.uid && !shared(&path, &found) {
                return Err(Error::io(format!("{} belongs to another user (uid {})", path.display(), found.uid))
                    .hint("name the logbook with --dir or LOGBOOK_DIR"));
            }
            return Ok(Some(path));
        }
        if env.home.as_deref() == Some(directory) {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Whether the owner has opened the logbook to a group (`config.toml`, group). The permissions of
/// the files decide whether the caller may use it.
fn shared(path: &Path, stat: &Stat) -> bool {
    stat.mode & 0o070 == 0o070 && stat.mode & 0o002 == 0 && REAL.stat_path(&path.join("config.toml")).is_ok()
}

fn fallback(env: &Environment) -> Result<Location> {
    let state = match env.var("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(state) => state,
        None => match &env.home {
            Some(home) => home.join(".local/state"),
            None => {
                return Err(Error::io("no logbook here, and no home directory for one of your own")
                    .hint("logbook init   # makes one here; or name one with --dir"));
            }
        },
    };
    let path = state.join("logbook");
    let exists = stat(&path)?.is_some();
    Ok(Location { path, why: Why::Fallback, exists })
}

fn check_directory(path: &Path, stat: &Stat) -> Result<()> {
    match stat.what {
        What::Directory => Ok(()),
        What::Link => Err(Error::io(format!("{} is a symbolic link, which is not followed", path.display()))
            .hint("name the logbook itself with --dir")),
        _ => Err(Error::io(format!("{} is not a directory", path.display()))),
    }
}

fn stat(path: &Path) -> Result<Option<Stat>> {
    match REAL.stat_path(path) {
        Ok(stat) => Ok(Some(stat)),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(io_error(path, error)),
    }
}
