//! Whether a process that stops is continued by whoever started it.

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, getpgid, getpgrp, getppid, getsid};
use rustix::termios::tcgetpgrp;

/// Whether this process is the foreground job of a shell: the shell has put it into a process group
/// of its own and given that the terminal, so that it is told when it stops, and `fg` continues it.
/// In a script, and without a terminal, nobody is.
pub fn is_foreground() -> bool {
    let Some(parent) = getppid() else { return false };
    let own = getpgrp();
    let is_apart = getpgid(Some(parent)).is_ok_and(|group| group != own);
    let is_near = matches!((getsid(Some(parent)), getsid(None)), (Ok(theirs), Ok(ours)) if theirs == ours);
    is_apart && is_near && terminal_group() == Some(own)
}

/// The process group that the controlling terminal is with; `None`: there is no terminal.
fn terminal_group() -> Option<Pid> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    tcgetpgrp(open("/dev/tty", flags, Mode::empty()).ok()?).ok()
}
