//! For operating systems of tests that are the real one but for some calls.

/// Hands the calls of these names on to the real one.
macro_rules! as_real {
    ($($name:ident)*) => { $(crate::os_calls::as_real!(@$name);)* };
    (@open) => {
        fn open(&self, path: &Path, how: How, mode: u32) -> io::Result<OwnedFd> {
            REAL.open(path, how, mode)
        }
    };
    (@read_at) => {
        fn read_at(&self, file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            REAL.read_at(file, buffer, offset)
        }
    };
    (@write) => {
        fn write(&self, file: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
            REAL.write(file, bytes)
        }
    };
    (@write_at) => {
        fn write_at(&self, file: &OwnedFd, bytes: &[u8], offset: u64) -> io::Result<usize> {
            REAL.write_at(file, bytes, offset)
        }
    };
    (@sync) => {
        fn sync_data(&self, file: &OwnedFd) -> io::Result<()> {
            REAL.sync_data(file)
        }
    };
    (@lock) => {
        fn try_lock(&self, file: &OwnedFd) -> io::Result<()> {
            REAL.try_lock(file)
        }
    };
    (@stat) => {
        fn stat(&self, file: &OwnedFd) -> io::Result<Stat> {
            REAL.stat(file)
        }
        fn stat_path(&self, path: &Path) -> io::Result<Stat> {
            REAL.stat_path(path)
        }
    };
    (@list) => {
        fn list(&self, path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
            REAL.list(path, each)
        }
    };
    (@others) => {
        fn sync_all(&self, file: &OwnedFd) -> io::Result<()> {
            REAL.sync_all(file)
        }
        fn lock_holder(&self, file: &Stat) -> Option<u32> {
            REAL.lock_holder(file)
        }
        fn unlock(&self, file: &OwnedFd) -> io::Result<()> {
            REAL.unlock(file)
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            REAL.rename(from, to)
        }
        fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
            REAL.link(from, to)
        }
        fn unlink(&self, path: &Path) -> io::Result<()> {
            REAL.unlink(path)
        }
        fn mkdir(&self, path: &Path, mode: u32) -> io::Result<()> {
            REAL.mkdir(path, mode)
        }
        fn user(&self) -> u32 {
            REAL.user()
        }
        fn pause(&self, microseconds: u64) {
            REAL.pause(microseconds);
        }
        fn elapsed_us(&self) -> u64 {
            REAL.elapsed_us()
        }
        fn unix_time_ns(&self) -> u64 {
            REAL.unix_time_ns()
        }
        fn process_id(&self) -> u32 {
            REAL.process_id()
        }
        fn set_access(&self, file: &OwnedFd, mode: u32, gid: Option<u32>) -> io::Result<()> {
            REAL.set_access(file, mode, gid)
        }
        fn file_clock(&self) -> Option<(i64, i64)> {
            REAL.file_clock()
        }
    };
}

pub(crate) use as_real;
