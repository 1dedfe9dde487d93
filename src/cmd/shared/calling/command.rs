//! Run a command as if it had been called directly, with the same standard streams, terminal,
//! process group and signals. This process ends as the command ended, and stops when the command
//! stops, if a shell is there to continue both.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, WaitIdStatus, getpid, kill_process, setrlimit, waitid,
};
use signal_hook::consts::{SIGCHLD, SIGCONT};

use super::capture::{Capture, Captured};
use super::signals::{self, Signals};
use logbook_model::error::{Error, Exit};
use logbook_render::Notes;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// Not known: SIGCHLD is ignored, so the kernel keeps no status.
    Unknown,
}

/// The result of a command.
#[derive(Debug)]
pub struct Outcome {
    pub ended: Ended,
    pub duration_ms: f64,
    /// Its output, with `--capture`.
    pub captured: Option<Captured>,
}

/// ENOEXEC, which the standard library does not name.
const NO_FORMAT: i32 = 8;

/// Runs `command` (not empty) to its end. Errors: it did not start; exit 127 if it does not exist,
/// else 126.
pub fn run(command: &[OsString], capture: Option<Capture>) -> Result<Outcome, Error> {
    let mut signals = Signals::catch().map_err(|error| Error::new(Exit::Exec(125), format!("signals: {error}")))?;
    let prepared = capture.map(Capture::prepare).transpose()?;
    let began = Instant::now();
    let mut child = spawn(command, prepared.is_some())?;
    let copying = prepared.map(|prepared| prepared.begin(&mut child));
    let pid = Pid::from_child(&child);
    let ended = wait(pid, &mut signals);
    let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
    Ok(Outcome { ended, duration_ms, captured: copying.map(super::capture::Copying::end) })
}

fn spawn(command: &[OsString], piped: bool) -> Result<Child, Error> {
    let start = |program: &OsString, arguments: &[OsString]| {
        let mut child = Command::new(program);
        child.args(arguments);
        if piped {
            child.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        child.spawn()
    };
    let Some((program, arguments)) = command.split_first() else {
        return Err(Error::new(Exit::Exec(125), "no command"));
    };
    let started = match start(program, arguments) {
        // A script without `#!` runs in a shell, as with `execvp`.
        Err(error) if error.raw_os_error() == Some(NO_FORMAT) => match find_in_path(program) {
            Some(path) => start(&"/bin/sh".into(), &[&[path], arguments].concat()),
            None => Err(error),
        },
        started => started,
    };
    started.map_err(|error| {
        let exit = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or_default();
        Error::new(Exit::Exec(exit), format!("{}: {text}", program.to_string_lossy()))
    })
}

/// The file that a shell would run for `program`.
fn find_in_path(program: &OsString) -> Option<OsString> {
    if program.to_string_lossy().contains('/') {
        return Some(program.clone());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|path| path.is_file()).map(Into::into)
}

/// Waits until the command ends, and forwards signals. If the command stops as a job of a shell
/// does, this process stops too, and the shell continues both.
fn wait(child: Pid, signals: &mut Signals) -> Ended {
    let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    // This process got a stop signal too since the command last stopped.
    let mut got_stop_signal = false;
    // The command is stopped, and this process is not.
    let mut stopped_alone = false;
    // Signals from before the command started have not reached it.
    for origin in signals.pending() {
        got_stop_signal |= signals::STOPS.contains(&origin.signal);
        signals::send(child, origin.signal);
    }
    loop {
        match waitid(WaitId::Pid(child), options) {
            Ok(Some(status)) if status.stopped() => {
                // A stop signal sent to the whole group has reached the command already. Forwarded
                // after the command continued, it would stop it again.
                for origin in signals.pending() {
                    match signals::STOPS.contains(&origin.signal) {
                        true => got_stop_signal = true,
                        false => signals::forward(child, &origin),
                    }
                }
                let by_job = status.stopping_signal().is_some_and(|signal| signals::STOPS.contains(&signal));
                stopped_alone = !(by_job && got_stop_signal || is_foreground());
                got_stop_signal = false;
                if stopped_alone {
                    signals.also_continue();
                    note_stopped(child, &status);
                } else {
                    stop_too(child);
                }
            }
            Ok(Some(status)) => return ended(&status),
            // No change of the command: wait for the next signal, which may be SIGCHLD.
            Ok(None) => {
                for origin in signals.wait() {
                    stopped_alone = stopped_alone && is_stopped(child);
                    let stops = signals::STOPS.contains(&origin.signal);
                    got_stop_signal |= stops;
                    signals::forward(child, &origin);
                    match stopped_alone {
                        // The whole job stops now.
                        true if stops => stop_too(child),
                        // A stopped process handles no signal, so continue it.
                        true if origin.signal != SIGCHLD => signals::send(child, SIGCONT),
                        _ => {}
                    }
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Ended::Unknown,
        }
    }
}

/// Stops this process until it is continued.
fn stop_too(child: Pid) {
    let _ = kill_process(getpid(), Signal::STOP);
    // A SIGCONT for this process alone was meant for the command.
    if is_stopped(child) {
        let _ = kill_process(child, Signal::CONT);
    }
}

/// Notes that the command is stopped. No shell would notice if this process stopped too, so it goes
/// on waiting.
fn note_stopped(child: Pid, status: &WaitIdStatus) {
    let signal = status.stopping_signal().and_then(signal_hook::low_level::signal_name).unwrap_or("a signal");
    let pid = child.as_raw_nonzero();
    let error = Error::io(format!("the command was stopped ({signal})"));
    Notes::new(&mut std::io::stderr(), false).error(&error.hint(format!("kill -CONT {pid}   # continues it")));
}

fn ended(status: &WaitIdStatus) -> Ended {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, Some(signal)) => Ended::Signal(signal),
        (None, None) => Ended::Unknown,
    }
}

impl Ended {
    /// The name of the signal, such as `SIGTERM`.
    pub fn signal_name(self) -> Option<String> {
        match self {
            Ended::Signal(number) => {
                Some(signal_hook::low_level::signal_name(number).map_or_else(|| format!("SIG{number}"), str::to_owned))
            }
            Ended::Exit(_) | Ended::Unknown => None,
        }
    }

    /// The exit status of the command; if a signal ended it, raises that signal and does not
    /// return.
    pub fn follow(self) -> Exit {
        match self {
            Ended::Exit(code) => Exit::Exec(u8::try_from(code).unwrap_or(125)),
            Ended::Signal(number) => {
                // The command has left its core file; do not overwrite it with one of this process.
                let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
                let _ = signal_hook::low_level::emulate_default_handler(number);
                Exit::Exec(u8::try_from(128 + number).unwrap_or(125))
            }
            Ended::Unknown => Exit::Exec(125),
        }
    }
}

/// The members of `/proc/PID/stat` about job control.
struct Job {
    state: char,
    parent: u32,
    group: u32,
    session: u32,
    /// The foreground process group of its terminal.
    terminal_group: u32,
}

impl Job {
    /// `None` if there is no such process. A number is 0 if the process that it names is outside of
    /// this PID namespace, or there is no terminal. `getpgrp` and `getsid` give 0 then too, which
    /// `rustix` takes for impossible.
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

/// Whether this process is the foreground job of a shell: then it has a process group of its own,
/// which has the terminal, the shell notices when it stops, and `fg` continues it. False in a
/// script, without a terminal, and where it cannot be found out.
fn is_foreground() -> bool {
    let Some(own) = Job::of("self") else { return false };
    let Some(shell) = Job::of(&own.parent.to_string()) else { return false };
    let has_own_group = shell.group != own.group;
    let is_same_session = own.session != 0 && shell.session == own.session;
    has_own_group && is_same_session && own.group != 0 && own.terminal_group == own.group
}

fn is_stopped(pid: Pid) -> bool {
    Job::of(&pid.as_raw_nonzero().to_string()).is_some_and(|job| job.state == 'T')
}
