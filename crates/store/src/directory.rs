//! The logbook's directory: created when a writer needs it, and checked before anything is written
//! to it (`docs/format.md`, Permissions).

use std::path::Path;

use std::os::fd::OwnedFd;

use super::config::Settings;
use super::os::{How, Os, Stat, What, error_at, io_error, sync_directory};
use logbook_model::error::{Error, Result};

/// Permission bits of new files and directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modes {
    pub file: u32,
    pub directory: u32,
}

impl Modes {
    /// The modes that the settings ask for.
    pub(crate) fn of(settings: &Settings) -> Modes {
        match settings.group {
            Some(_) => Modes::SHARED,
            None => Modes { file: 0o600, directory: 0o700 },
        }
    }

    /// The modes for a shared logbook. The setgid bit gives new files the directory's group.
    const SHARED: Modes = Modes { file: 0o660, directory: 0o2770 };

    /// The modes of what is created below the logbook's directory, which was checked before.
    pub(crate) fn below(os: &dyn Os, directory: &Path) -> Modes {
        match os.stat_path(directory) {
            Ok(stat) if stat.mode & 0o070 == 0o070 => Modes::SHARED,
            _ => Modes { file: 0o600, directory: 0o700 },
        }
    }
}

/// Gives an open file or directory of this user to the group, if there is one, regardless of the
/// umask. One of another user stays as it is, and is checked later.
pub(crate) fn share(os: &dyn Os, file: &OwnedFd, stat: &mut Stat, settings: &Settings) {
    let Some(gid) = settings.gid else { return };
    let modes = Modes::of(settings);
    let mode = if stat.what == What::Directory { modes.directory } else { modes.file };
    if stat.uid == os.user() && stat.links > 0 && (stat.gid, stat.mode) != (gid, mode) {
        // This fails if the user is not in the group. Then [`check`] refuses the directory.
        if os.set_access(file, mode, (stat.gid != gid).then_some(gid)).is_ok() {
            (stat.gid, stat.mode) = (gid, mode);
        }
    }
}

/// Creates `path` and the missing directories above it, and syncs the parent of each, so that the
/// logbook survives a power cut.
pub(crate) fn create(os: &dyn Os, path: &Path) -> Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|directory| !directory.as_os_str().is_empty() && os.stat_path(directory).is_err())
        .collect();
    if let Some(highest) = missing.last().and_then(|path| path.parent()) {
        // The process that created the directory above may have died before it synced the name.
        sync_name(os, highest)?;
    }
    for directory in missing.into_iter().rev() {
        let fail = |error: std::io::Error| Error::io(format!("{}: cannot be created: {error}", directory.display()));
        match os.mkdir(directory, 0o700) {
            Ok(()) => {}
            // Another writer has just created it, and may not have synced its name yet.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(fail(error)),
        }
        if let Some(parent) = directory.parent() {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            sync_directory(os, parent).map_err(fail)?;
        }
    }
    Ok(())
}

/// Syncs the name of an existing directory in the one above it.
pub(crate) fn sync_name(os: &dyn Os, directory: &Path) -> Result<()> {
    let parent = match directory.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Ok(()),
    };
    match sync_directory(os, parent) {
        Ok(()) => Ok(()),
        // A user cannot have created anything in a directory that they may not read, as `/home`
        // often is.
        Err(error)
            if error.kind() == std::io::ErrorKind::PermissionDenied
                && os.stat_path(parent).is_ok_and(|stat| stat.uid != os.user()) =>
        {
            Ok(())
        }
        Err(error) => Err(io_error(parent, error)),
    }
}

/// Refuses a directory that others may write to, or that belongs to another user, or that is not
/// open to the group of the settings.
pub(crate) fn check(os: &dyn Os, path: &Path, settings: &Settings) -> Result<()> {
    let fail = |why: String| Error::io(format!("{}: {why}", path.display()));
    let directory = os.open(path, How::Directory, 0).map_err(|error| fail(error.to_string()))?;
    let mut stat = os.stat(&directory).map_err(|error| fail(error.to_string()))?;
    share(os, &directory, &mut stat, settings);
    if stat.mode & 0o002 != 0 {
        return Err(fail("anybody may write to this directory; nothing is stored in it".into())
            .hint(format!("chmod 700 {}", path.display())));
    }
    match (settings.gid, &settings.group) {
        (Some(gid), Some(name)) if stat.gid != gid || stat.mode & 0o070 != 0o070 => {
            Err(fail(format!("is not open to the group {name}, which config.toml names"))
                .hint(format!("chgrp {name} {0} && chmod 2770 {0}", path.display())))
        }
        (Some(_), _) => Ok(()),
        (None, _) if stat.uid != os.user() => Err(fail(format!("belongs to another user (uid {})", stat.uid))
            .hint("to share a logbook, its owner sets group = \"NAME\" in config.toml")),
        _ => Ok(()),
    }
}

/// Refuses anything but a regular file of this user (or of the group of the settings) with one
/// name.
pub fn check_file(os: &dyn Os, path: &Path, stat: &Stat, settings: &Settings) -> Result<()> {
    let fail = |why: &str| Err(Error::io(format!("{}: {why}; it is not touched", path.display())));
    if stat.what != What::File {
        fail("is not a regular file")
    } else if stat.links > 1 {
        fail("has more than one name (a hard link)")
    } else if settings.gid.is_some_and(|gid| stat.gid != gid) {
        fail("does not belong to the group that config.toml names")
    } else if stat.uid != os.user() && settings.gid.is_none() {
        fail("belongs to another user")
    } else if stat.mode & 0o002 != 0 {
        fail("may be written by anybody")
    } else {
        Ok(())
    }
}

/// The error of opening `path`. It says so if the last part of the path is a link.
pub(crate) fn open_error(path: &Path, error: &std::io::Error) -> Error {
    let error_number = error.raw_os_error();
    if error_number == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        Error::io(format!("{}: is a symbolic link; it is not followed", path.display()))
    } else {
        Error::io(format!("{}: {error}", path.display()))
    }
}

/// Creates the logbook at `path`, with a `.gitignore` that keeps it out of version control. Gives
/// whether it is new.
pub fn initialize(os: &dyn Os, path: &Path) -> Result<bool> {
    let new = os.stat_path(path).is_err();
    create(os, path)?;
    check(os, path, &Settings::default()).or_else(|error| if new { Err(error) } else { Ok(()) })?;
    let ignore = path.join(".gitignore");
    let fail = error_at(&ignore);
    match os.open(&ignore, How::New, 0o600) {
        Ok(file) => {
            super::os::write_full(os, &file, b"*\n").map_err(|(_, error)| fail(error))?;
            os.sync_all(&file).map_err(fail)?;
            sync_directory(os, path).map_err(fail)?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(fail(error)),
    }
    Ok(new)
}
