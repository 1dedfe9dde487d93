//! Who may write the files of a logbook, whose they are, and whether they are files at all
//! (`docs/format.md`, Permissions).

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Finding, Level};
use logbook_format::draft::pairs::shell_word;
use logbook_model::error::{Error, Result};
use logbook_store::Settings;
use logbook_store::directory::check_file;
use logbook_store::os::{Os, What};
use logbook_store::os_real::REAL;

/// Paths of one sort that are told.
const TOLD_MAX: usize = 3;

/// What is wrong with the permissions, by sort.
pub fn faults(directory: &Path, settings: &Settings) -> Result<Vec<Finding>> {
    let mut walk = Walk { settings, found: BTreeMap::new() };
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        walk.look(&path);
        let is_directory = REAL.stat_path(&path).is_ok_and(|stat| stat.what == What::Directory);
        if is_directory {
            REAL.list(&path, &mut |name| open.push(path.join(std::ffi::OsStr::from_bytes(name))))
                .map_err(|error| Error::io(format!("{}: {error}", path.display())))?;
        }
    }
    let told = walk.found.into_iter().map(|((why, mend), mut paths)| {
        paths.sort();
        let of = |path: &PathBuf| shell_word(&path.display().to_string());
        let names: Vec<String> = paths.iter().take(TOLD_MAX).map(of).collect();
        let more = if paths.len() > TOLD_MAX { ", …" } else { "" };
        Finding::new(Level::Warning, "permissions", format!("{why}: {}{more}", names.join(", ")))
            .count(paths.len() as u64)
            .next(format!("{mend} {}", names.join(" ")))
    });
    Ok(told.collect())
}

struct Walk<'w> {
    settings: &'w Settings,
    /// By what is wrong, and the command that mends it.
    found: BTreeMap<(String, &'static str), Vec<PathBuf>>,
}

impl Walk<'_> {
    fn look(&mut self, path: &Path) {
        // What went away meanwhile is nobody's.
        let Ok(stat) = REAL.stat_path(path) else { return };
        let shared = self.settings.group.is_some();
        let fault: Option<(String, &'static str)> = match stat.what {
            What::Link => Some(("a symbolic link, which no writer follows".to_owned(), "ls -ld")),
            What::Directory if stat.mode & 0o002 != 0 => {
                Some(("anybody may write to this directory: nothing is stored in it".to_owned(), "chmod o-w"))
            }
            What::Directory if stat.uid != REAL.user() && !shared => {
                Some((format!("belongs to another user (uid {})", stat.uid), "ls -ld"))
            }
            What::File if is_key(path) && stat.mode & if shared { 0o007 } else { 0o077 } != 0 => {
                let why = "others may read the key of the marks, and could guess weak secrets by them";
                Some((why.to_owned(), "chmod 600"))
            }
            What::File | What::Other => check_file(&REAL, path, &stat, self.settings).err().map(|error| {
                let why = error.message.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&error.message);
                let why = why.strip_suffix("; it is not touched").unwrap_or(why);
                (why.to_owned(), if stat.mode & 0o002 != 0 { "chmod o-w" } else { "ls -ld" })
            }),
            What::Directory => None,
        };
        let by_group = || ("the group may write it, and config.toml names none".to_owned(), "chmod g-w");
        let is_of_group = stat.mode & 0o020 != 0 && !shared && stat.what != What::Link;
        if let Some(fault) = fault.or_else(|| is_of_group.then(by_group)) {
            self.found.entry(fault).or_default().push(path.to_owned());
        }
    }
}

fn is_key(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "redaction.key")
}
