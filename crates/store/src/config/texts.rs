//! Small texts that people write in folders of a logbook: saved queries, contracts of tools. Their
//! names become paths, so they are checked first. No link is followed.

use std::path::{Path, PathBuf};

use crate::os::{How, Os, What, error_at, io_error, read_full};
use crate::os_real::REAL;
use logbook_model::error::{Error, Result};

/// The size limit of a text, bytes.
const BYTES_MAX: u64 = 64 << 10;

/// Whether `name` can name a text: 1 to 64 of `a` to `z`, digits and `-`.
pub fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(letter)
}

/// A folder of texts in a logbook.
#[derive(Debug, Clone, Copy)]
pub struct Folder {
    /// The name of the folder.
    pub name: &'static str,
    /// The extension of its files.
    pub extension: &'static str,
}

/// Saved queries.
pub const REPORTS: Folder = Folder { name: "reports", extension: ".txt" };
/// Contracts of tools.
pub const CONTRACTS: Folder = Folder { name: "contracts", extension: ".toml" };

impl Folder {
    /// The path of the text called `name`.
    pub fn path(self, directory: &Path, name: &str) -> PathBuf {
        directory.join(self.name).join(format!("{name}{}", self.extension))
    }
}

/// The names of all texts in the folder `of`, in order.
pub fn names(directory: &Path, of: Folder) -> Result<Vec<String>> {
    let folder = directory.join(of.name);
    let mut names = Vec::new();
    if is_directory(&folder)? {
        REAL.list(&folder, &mut |name| {
            let name = std::str::from_utf8(name).ok().and_then(|name| name.strip_suffix(of.extension));
            names.extend(name.filter(|name| is_name(name)).map(str::to_owned));
        })
        .map_err(error_at(&folder))?;
    }
    names.sort();
    Ok(names)
}

/// The text called `name`; `None` if there is none.
pub fn text(directory: &Path, of: Folder, name: &str) -> Result<Option<String>> {
    if !is_name(name) || !is_directory(&directory.join(of.name))? {
        return Ok(None);
    }
    let path = of.path(directory, name);
    let fail = |why: String| Error::io(format!("{}: {why}", path.display()));
    // The stat comes before the open: opening a pipe would wait for its writer.
    let stat = match REAL.stat_path(&path) {
        Ok(stat) => stat,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error.to_string())),
    };
    if stat.what != What::File || stat.bytes > BYTES_MAX {
        return Err(fail("not a file of at most 64 KiB".to_owned()));
    }
    let file = REAL.open(&path, How::Read, 0).map_err(|error| fail(error.to_string()))?;
    let mut bytes = vec![0; stat.bytes as usize];
    let read = read_full(&REAL, &file, &mut bytes, 0).map_err(|error| fail(error.to_string()))?;
    bytes.truncate(read);
    String::from_utf8(bytes).map(Some).map_err(|_| fail("not UTF-8".to_owned()))
}

fn is_directory(folder: &Path) -> Result<bool> {
    match REAL.stat_path(folder) {
        Ok(stat) if stat.what == What::Directory => Ok(true),
        Ok(_) => Err(Error::io(format!("{} is not a directory", folder.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_error(folder, error)),
    }
}
