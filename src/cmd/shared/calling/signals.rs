//! Signals on their way to a command. What the kernel sends (a key of the terminal, a line that
//! hung up) goes to the whole process group, and so reaches the command by itself; what a process
//! sends to this one is passed on.

use std::io;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH,
};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::exfiltrator::origin::Origin;
use signal_hook::low_level::siginfo::{Cause, Sent};

/// What is passed on. The others either cannot be caught or tell of this process.
const CAUGHT: [i32; 11] =
    [SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH];
/// Those that stop a process.
pub const STOPS: [i32; 3] = [SIGTSTP, SIGTTIN, SIGTTOU];

/// Signals that no longer do to this process what they do by default.
pub struct Signals {
    info: SignalsInfo<WithOrigin>,
}

impl Signals {
    /// From here on they wait to be asked for, and so does what becomes of a child. Those that are
    /// ignored stay so: the command inherits that.
    pub fn catch() -> io::Result<Signals> {
        let ignored = ignored();
        let caught = CAUGHT.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
        Ok(Signals { info: SignalsInfo::new(caught.chain([SIGCHLD]))? })
    }

    /// What has this process go on is for the command from here on, too.
    pub fn also_continue(&self) {
        // At worst it is not passed on.
        let _ = self.info.handle().add_signal(SIGCONT);
    }

    /// Those that came.
    pub fn pending(&mut self) -> impl Iterator<Item = Origin> {
        self.info.pending().filter(|origin| origin.signal != SIGCHLD)
    }

    /// The same, and SIGCHLD; waits for one.
    pub fn wait(&mut self) -> impl Iterator<Item = Origin> {
        self.info.wait()
    }
}

/// Passes on what a process sent to this one.
pub fn pass(to: Pid, origin: &Origin) {
    if matches!(origin.cause, Cause::Sent(Sent::User | Sent::TKill | Sent::Queue)) {
        send(to, origin.signal);
    }
}

/// Sends it, whoever it came from. The process must not have been waited for.
pub fn send(to: Pid, number: i32) {
    if let Some(signal) = Signal::from_named_raw(number) {
        // That it is gone is not for this to say.
        let _ = kill_process(to, signal);
    }
}

/// The signals that are ignored, a bit each, as whoever started this process left them.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
