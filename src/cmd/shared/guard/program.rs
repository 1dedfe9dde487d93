//! This program, to be run beside itself.

use std::io;
use std::path::PathBuf;

/// What to start. On Linux the very file that runs here, also when another version was put in its
/// place meanwhile.
pub fn path() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}
