//! The key for the marks of redacted secrets: `redaction.key` beside the segments, created when it
//! is first needed.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::config::Settings;
use super::directory::{self, open_error};
use super::os::{How, Os, error_at, read_full};
use super::os_real::REAL;
use logbook_format::secrets::Key;
use logbook_model::error::{Error, Result};

const NAME: &str = "redaction.key";

/// The key of the logbook at `directory`, which is created if it is missing. Errors: the file does
/// not have 32 bytes, or others may read it.
pub fn redaction_key(directory: &Path, settings: &Settings) -> Result<Key> {
    let path = directory.join(NAME);
    let fail = error_at(&path);
    let open = || REAL.open(&path, How::Read, 0);
    let file = match open() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            directory::create(&REAL, directory)?;
            make(directory, settings).and_then(|()| open())
        }
        opened => opened,
    };
    let file = file.map_err(|error| open_error(&path, &error))?;
    let open_to = if settings.group.is_some() { 0o007 } else { 0o077 };
    if REAL.stat(&file).map_err(fail)?.mode & open_to != 0 {
        return Err(Error::io(format!(
            "{}: other users may read it and could guess weak secrets from their marks",
            path.display()
        ))
        .hint(format!("chmod 600 {}", path.display())));
    }
    // One byte more than a key has, to notice a longer file.
    let mut bytes = vec![0; Key::default().len() + 1];
    let read = read_full(&REAL, &file, &mut bytes, 0).map_err(fail)?;
    bytes.truncate(read);
    bytes.try_into().map_err(|_| Error::io(format!("{}: not 32 bytes", path.display())))
}

/// Writes it under another name first. If two processes create one at once, one of them wins, and
/// no process reads half a key.
fn make(directory: &Path, settings: &Settings) -> std::io::Result<()> {
    let mut key = Key::default();
    rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
    let made = directory.join(format!("{NAME}.{}", REAL.process_id()));
    let mode = if settings.group.is_some() { 0o660 } else { 0o600 };
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&made)?;
    file.write_all(&key).and_then(|()| file.sync_all())?;
    let linked = std::fs::hard_link(&made, directory.join(NAME));
    std::fs::remove_file(&made)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => File::open(directory)?.sync_all(),
    }
}
