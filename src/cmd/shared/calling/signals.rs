//! Forward signals to a command. What the kernel sends (a key of the terminal, a hangup) goes to
//! the whole process group and reaches the command by itself. What a process sends to this one is
//! forwarded.

use std::io;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH,
};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::exfiltrator::origin::Origin;
use signal_hook::low_level::siginfo::{Cause, Sent};

/// The signals to forward. The others cannot be caught, or are about this process.
const CAUGHT: [i32; 11] =
    [SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH];
/// The signals that stop a process.
pub const STOPS: [i32; 3] = [SIGTSTP, SIGTTIN, SIGTTOU];

/// Signals that are caught instead of having their default effect.
pub struct Signals {
    info: SignalsInfo<WithOrigin>,
}

impl Signals {
    /// From now on these signals, and SIGCHLD, are queued. Ignored signals stay ignored, since the
    /// command inherits that.
    pub fn catch() -> io::Result<Signals> {
        let ignored = ignored();
        let caught = CAUGHT.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        Ok(Signals { info: SignalsInfo::new(caught.chain([SIGCHLD]))? })
    }

    /// Catches SIGCONT too, to forward it.
    pub fn also_continue(&self) {
        // If this fails, SIGCONT is not forwarded.
        let _ = self.info.handle().add_signal(SIGCONT);
    }

    /// The queued signals, without SIGCHLD.
    pub fn pending(&mut self) -> impl Iterator<Item = Origin> {
        self.info.pending().filter(|origin| origin.signal != SIGCHLD)
    }

    /// The queued signals, with SIGCHLD; waits until there is one.
    pub fn wait(&mut self) -> impl Iterator<Item = Origin> {
        self.info.wait()
    }
}

/// Forwards a signal that a process sent to this one.
pub fn forward(to: Pid, origin: &Origin) {
    if matches!(origin.cause, Cause::Sent(Sent::User | Sent::TKill | Sent::Queue)) {
        send(to, origin.signal);
    }
}

/// Sends a signal. The process must not have been waited for.
pub fn send(to: Pid, number: i32) {
    if let Some(signal) = Signal::from_named_raw(number) {
        // If the process is gone, the next wait says so.
        let _ = kill_process(to, signal);
    }
}

/// The signals that are ignored, as inherited from the parent process, a bit each.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
