//! Permissions, owners and types of the files of a logbook (`docs/format.md`, Permissions).

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

/// The most paths listed per finding.
const PATHS_MAX: usize = 3;

/// The faults, by sort.
pub fn faults(directory: &Path, settings: &Settings) -> Result<Vec<Finding>> {
    let mut walk = Walk { settings, found: BTreeMap::new() };
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        walk.check(&path);
        let is_directory = REAL.stat_path(&path).is_ok_and(|stat| stat.what == What::Directory);
        if is_directory {
            REAL.list(&path, &mut |name| open.push(path.join(std::ffi::OsStr::from_bytes(name))))
                .map_err(|error| Error::io(format!("{}: {error}", path.display())))?;
        }
    }
    let findings = walk.found.into_iter().map(|((why, fix), mut paths)| {
        paths.sort();
        let quoted = |path: &PathBuf| shell_word(&path.display().to_string());
        let names: Vec<String> = paths.iter().take(PATHS_MAX).map(quoted).collect();
        let more = if paths.len() > PATHS_MAX { ", …" } else { "" };
        Finding::new(Level::Warning, "permissions", format!("{why}: {}{more}", names.join(", ")))
            .count(paths.len() as u64)
            .next(format!("{fix} {}", names.join(" ")))
    });
    Ok(findings.collect())
}

struct Walk<'w> {
    settings: &'w Settings,
    /// Paths by fault and the command that fixes it.
    found: BTreeMap<(String, &'static str), Vec<PathBuf>>,
}

impl Walk<'_> {
    fn check(&mut self, path: &Path) {
        // A file that has been removed meanwhile has no faults.
        let Ok(stat) = REAL.stat_path(path) else { return };
        let shared = self.settings.group.is_some();
        let fault: Option<(String, &'static str)> = match stat.what {
            What::Link => Some(("a symbolic link, which no writer follows".to_owned(), "ls -ld")),
            What::Directory if stat.mode & 0o002 != 0 => {
                Some(("anybody may write to this directory, so nothing is stored in it".to_owned(), "chmod o-w"))
            }
            What::Directory if stat.uid != REAL.user() && !shared => {
                Some((format!("belongs to another user (uid {})", stat.uid), "ls -ld"))
            }
            What::File if is_key(path) && stat.mode & if shared { 0o007 } else { 0o077 } != 0 => {
                let why = "others may read the redaction key, and could guess weak secrets with it";
                Some((why.to_owned(), "chmod 600"))
            }
            What::File | What::Other => check_file(&REAL, path, &stat, self.settings).err().map(|error| {
                let why = error.message.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&error.message);
                let why = why.strip_suffix("; it is not touched").unwrap_or(why);
                (why.to_owned(), if stat.mode & 0o002 != 0 { "chmod o-w" } else { "ls -ld" })
            }),
            What::Directory => None,
        };
        let by_group = || ("the group may write it, and config.toml names no group".to_owned(), "chmod g-w");
        let is_of_group = stat.mode & 0o020 != 0 && !shared && stat.what != What::Link;
        if let Some(fault) = fault.or_else(|| is_of_group.then(by_group)) {
            self.found.entry(fault).or_default().push(path.to_owned());
        }
    }
}

fn is_key(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "redaction.key")
}
