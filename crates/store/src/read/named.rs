//! Files that a condition (`in @file`) or an option names. A name may lead anywhere, so the file is
//! opened without waiting, must be a regular file, and has a size limit.
//!
//! Not here: the inputs of a query, which may be pipes of any length (`input`); the files of a
//! logbook (`os_real`).

use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

/// The size limit of a file of values that a condition names, bytes.
pub const VALUES_BYTES_MAX: u64 = 8 << 20;
/// The size limit of a prompt, bytes.
pub const PROMPT_BYTES_MAX: u64 = 64 << 20;

/// The bytes of the regular file at `path`. Links are followed. Errors: it is not a regular file,
/// or longer than `bytes_max`.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let refused = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
    // NONBLOCK: the open of a FIFO would wait for a writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = std::fs::File::from(open(path, flags, Mode::empty())?);
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(refused("not a regular file".to_owned()));
    }
    let too_long = || refused(format!("longer than {} MiB", bytes_max >> 20));
    if about.len() > bytes_max {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    // The length in its metadata may be wrong, as in /proc, or outdated.
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max { Err(too_long()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_regular_files_within_the_bound_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("plain"), b"a\nb\n").unwrap();
        std::os::unix::fs::symlink(path("plain"), path("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("zero")).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap();
        assert!(fifo.success());
        let told = |name: &str, most| read(&path(name), most).map_err(|error| error.to_string());
        assert_eq!(told("plain", 4), Ok(b"a\nb\n".to_vec()));
        assert_eq!(told("link", 1 << 20), Ok(b"a\nb\n".to_vec()));
        assert_eq!(told("plain", 3), Err("longer than 0 MiB".to_owned()));
        for odd in ["zero", "fifo", "."] {
            assert_eq!(told(odd, 1 << 20), Err("not a regular file".to_owned()), "{odd}");
        }
        assert!(read(&path("none"), 1).unwrap_err().kind() == io::ErrorKind::NotFound);
    }
}
