//! Whether a process that stops is continued by whoever started it.

/// The part of `/proc/PID/stat` that says which job of which shell a process is.
struct Job {
    state: char,
    parent: u32,
    group: u32,
    session: u32,
    /// The group that its controlling terminal is with.
    terminal_group: u32,
}

impl Job {
    /// `None` when there is no such process. A number is 0 when the process that it names is
    /// outside of this PID namespace, and where there is no terminal; `getpgrp` and `getsid` say 0
    /// then as well, which `rustix` takes for impossible.
    fn of(pid: &str) -> Option<Job> {
        // Format: proc_pid_stat(5). The name, in brackets, may hold anything.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let mut number = || fields.next().map(|field| field.parse().unwrap_or(0));
        let (parent, group, session) = (number()?, number()?, number()?);
        let _tty = number()?;
        Some(Job { state, parent, group, session, terminal_group: number()? })
    }
}

/// Whether this process is the foreground job of a shell: the shell has put it into a process group
/// of its own and given that the terminal, so that it is told when it stops, and `fg` continues it.
/// In a script, and without a terminal, nobody is. What cannot be seen from here does not count.
pub fn is_foreground() -> bool {
    let Some(own) = Job::of("self") else { return false };
    let Some(shell) = Job::of(&own.parent.to_string()) else { return false };
    let is_apart = shell.group != own.group;
    let is_near = own.session != 0 && shell.session == own.session;
    is_apart && is_near && own.group != 0 && own.terminal_group == own.group
}

/// Whether the process is stopped.
pub fn is_stopped(pid: rustix::process::Pid) -> bool {
    Job::of(&pid.as_raw_nonzero().to_string()).is_some_and(|job| job.state == 'T')
}
