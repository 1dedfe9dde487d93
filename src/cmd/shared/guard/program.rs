//! The path of this program, to start it as a child process.

use std::io;
use std::path::PathBuf;

/// On Linux this is the file that is running, even if another version has replaced it meanwhile.
pub fn path() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}
