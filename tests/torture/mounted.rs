//! A file system of its own, mounted for one trial and gone after it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bed;

pub struct Mounted {
    mount: PathBuf,
    image: Option<PathBuf>,
}

/// Runs a program; its complaint when it fails.
fn must(words: &[&str]) -> Result<(), String> {
    let output = Command::new(words[0]).args(&words[1..]).output().map_err(|error| format!("{}: {error}", words[0]))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

pub fn root() -> Result<(), String> {
    if rustix::process::geteuid().is_root() { Ok(()) } else { Err("root".to_owned()) }
}

fn loop_devices(mkfs: &str) -> Result<(), String> {
    root()?;
    if !Path::new("/dev/loop-control").exists() {
        return Err("loop devices".to_owned());
    }
    if !bed::has(mkfs) {
        return Err(mkfs.to_owned());
    }
    let probe = tempfile::tempdir().map_err(|error| error.to_string())?;
    let megabytes = if mkfs == "mkfs.xfs" { 320 } else { 16 };
    Mounted::image(probe.path(), mkfs.trim_start_matches("mkfs."), megabytes).map(drop)
}

pub fn ext4() -> Result<(), String> {
    loop_devices("mkfs.ext4")
}

pub fn xfs() -> Result<(), String> {
    loop_devices("mkfs.xfs")
}

impl Mounted {
    pub fn tmpfs(mount: &Path, size: &str) -> Result<Mounted, String> {
        std::fs::create_dir_all(mount).map_err(|error| error.to_string())?;
        must(&["mount", "-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", mount.to_str().unwrap()])?;
        Ok(Mounted { mount: mount.to_owned(), image: None })
    }

    /// A new file system of this kind in a file, on a loop device.
    pub fn image(directory: &Path, kind: &str, megabytes: u64) -> Result<Mounted, String> {
        let image = directory.join(format!("{kind}.img"));
        let file = std::fs::File::create(&image).map_err(|error| error.to_string())?;
        file.set_len(megabytes << 20).map_err(|error| error.to_string())?;
        must(&[&format!("mkfs.{kind}"), "-q", image.to_str().unwrap()])?;
        let mounted = Mounted { mount: directory.join(format!("{kind}-mount")), image: Some(image) };
        std::fs::create_dir_all(&mounted.mount).map_err(|error| error.to_string())?;
        mounted.mount()?;
        Ok(mounted)
    }

    pub fn path(&self) -> &Path {
        &self.mount
    }

    pub fn mount(&self) -> Result<(), String> {
        let image = self.image.as_deref().unwrap_or(Path::new("tmpfs"));
        must(&["mount", "-o", "loop", image.to_str().unwrap(), self.mount.to_str().unwrap()])
    }

    pub fn unmount(&self) -> Result<(), String> {
        let mut last = String::new();
        for _ in 0..100 {
            match must(&["umount", self.mount.to_str().unwrap()]) {
                Ok(()) => return Ok(()),
                Err(problem) => last = problem,
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Err(last)
    }

    /// The power goes: the file system takes nothing more to the disk.
    /// 1 flushes the journal first, 2 does not.
    pub fn cut(&self, flag: u32) -> std::io::Result<()> {
        let directory = std::fs::File::open(&self.mount)?;
        // FS_IOC_SHUTDOWN, the same on ext4 and xfs.
        #[allow(unsafe_code)]
        // SAFETY: the call reads one u32 through the pointer, and `Setter` gives it one.
        unsafe {
            let call = rustix::ioctl::Setter::<0x8004_587d, u32>::new(flag);
            Ok(rustix::ioctl::ioctl(&directory, call)?)
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = self.unmount();
    }
}
