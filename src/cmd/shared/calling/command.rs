//! A command run as if it had been called directly: the same standard streams, terminal, process
//! group and signals. What it does to itself, this process does too: it dies as the command died,
//! and stops when it stops, where somebody is there to continue both.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, WaitIdStatus, getpid, kill_process, setrlimit, waitid,
};
use signal_hook::consts::{SIGCHLD, SIGCONT};

use super::capture::{Capture, Captured};
use super::jobs;
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
    /// Nobody knows: its parent was told not to be told (SIGCHLD is ignored).
    Unknown,
}

/// What came of a command.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// How long it took.
    pub duration_ms: f64,
    /// What it put out, if that was asked for.
    pub captured: Option<Captured>,
}

/// ENOEXEC, for which the standard library has no word.
const NO_FORMAT: i32 = 8;

/// Runs `command` (not empty) to its end. Errors: it was not started; exit 127 when it is not
/// there, else 126.
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
        // A script without a first line that says what runs it: a shell does, as `execvp` has it.
        Err(error) if error.raw_os_error() == Some(NO_FORMAT) => match found(program) {
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

/// Where the program is, as the shell finds it.
fn found(program: &OsString) -> Option<OsString> {
    if program.to_string_lossy().contains('/') {
        return Some(program.clone());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|path| path.is_file()).map(Into::into)
}

/// Waits until the command ends, and passes signals on. Where the command stops as a job of a shell
/// does, this process stops with it, and whoever started both continues both.
fn wait(child: Pid, signals: &mut Signals) -> Ended {
    let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    // A signal that stops has come to this process too since the command was last seen to stop.
    let mut was_told = false;
    // The command has stopped, and this process has not.
    let mut stopped_alone = false;
    // What came before there was a command, it has not got from anybody.
    for origin in signals.pending() {
        was_told |= signals::STOPS.contains(&origin.signal);
        signals::send(child, origin.signal);
    }
    loop {
        match waitid(WaitId::Pid(child), options) {
            Ok(Some(status)) if status.stopped() => {
                // Sent to the whole group, it has reached the command by itself: passed on after it
                // went on, it would stop it again.
                for origin in signals.pending() {
                    match signals::STOPS.contains(&origin.signal) {
                        true => was_told = true,
                        false => signals::pass(child, &origin),
                    }
                }
                let by_job = status.stopping_signal().is_some_and(|signal| signals::STOPS.contains(&signal));
                stopped_alone = !(by_job && was_told || jobs::is_foreground());
                was_told = false;
                if stopped_alone {
                    signals.also_continue();
                    tell_stopped(child, &status);
                } else {
                    stop_too(child);
                }
            }
            Ok(Some(status)) => return ended(&status),
            // Nothing new of the command: the next signal, SIGCHLD among them.
            Ok(None) => {
                for origin in signals.wait() {
                    stopped_alone = stopped_alone && jobs::is_stopped(child);
                    let stops = signals::STOPS.contains(&origin.signal);
                    was_told |= stops;
                    signals::pass(child, &origin);
                    match stopped_alone {
                        // Now the whole job stops.
                        true if stops => stop_too(child),
                        // What is stopped takes no signal: to die of this one, or to handle it, it
                        // must go on.
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

/// Stops this process, until somebody continues it.
fn stop_too(child: Pid) {
    let _ = kill_process(getpid(), Signal::STOP);
    // Whoever had this process go on alone meant the command.
    if jobs::is_stopped(child) {
        let _ = kill_process(child, Signal::CONT);
    }
}

/// Nobody would see that this process stops, and continue it: so it says that the command has
/// stopped, and goes on waiting.
fn tell_stopped(child: Pid, status: &WaitIdStatus) {
    let signal = status.stopping_signal().and_then(signal_hook::low_level::signal_name).unwrap_or("a signal");
    let pid = child.as_raw_nonzero();
    let told = Error::io(format!("the command was stopped ({signal})"));
    Notes::new(&mut std::io::stderr(), false).error(&told.hint(format!("kill -CONT {pid}   # lets it go on")));
}

fn ended(status: &WaitIdStatus) -> Ended {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, Some(signal)) => Ended::Signal(signal),
        (None, None) => Ended::Unknown,
    }
}

impl Ended {
    /// The signal's name, `SIGTERM`.
    pub fn signal_name(self) -> Option<String> {
        match self {
            Ended::Signal(number) => {
                Some(signal_hook::low_level::signal_name(number).map_or_else(|| format!("SIG{number}"), str::to_owned))
            }
            Ended::Exit(_) | Ended::Unknown => None,
        }
    }

    /// Ends as the command did: with its exit status, or by its signal, and then this does not
    /// return.
    pub fn follow(self) -> Exit {
        match self {
            Ended::Exit(code) => Exit::Exec(u8::try_from(code).unwrap_or(125)),
            Ended::Signal(number) => {
                // The command has left its core; this process is not to leave one instead.
                let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
                let _ = signal_hook::low_level::emulate_default_handler(number);
                Exit::Exec(u8::try_from(128 + number).unwrap_or(125))
            }
            Ended::Unknown => Exit::Exec(125),
        }
    }
}
