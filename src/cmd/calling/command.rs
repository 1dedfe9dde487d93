//! A command run as if it had been called directly: the same standard streams, terminal, process group and signals.
//! What it does to itself, this process does too: it stops when the command stops, and dies as it died.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, WaitIdStatus, getpid, kill_process, setrlimit, waitid,
};

use super::capture::{Capture, Captured};
use super::signals::{self, Signals};
use crate::error::{Error, Exit};

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

/// Runs `command` (not empty) to its end. Errors: it was not started; exit 127 when it is not there, else 126.
pub fn run(command: &[OsString], capture: Option<Capture>) -> Result<Outcome, Error> {
    let mut signals = Signals::catch().map_err(|error| Error::new(Exit::Exec(125), format!("signals: {error}")))?;
    let began = Instant::now();
    let mut child = spawn(command, capture.is_some())?;
    let copying = capture.map(|capture| capture.begin(&mut child));
    let pid = Pid::from_child(&child);
    // What came before there was a command, it has not got from anybody.
    signals.pending().for_each(|origin| signals::send(pid, origin.signal));
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

/// Waits until the command ends, and passes signals on; stops when it stops.
fn wait(child: Pid, signals: &mut Signals) -> Ended {
    let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    loop {
        match waitid(WaitId::Pid(child), options) {
            Ok(Some(status)) if status.stopped() => {
                // Sent to the whole group, it has reached the command by itself: passed on after it went on, it would stop it again.
                signals.pending().filter(|origin| !signals::STOPS.contains(&origin.signal)).for_each(|origin| {
                    signals::pass(child, &origin);
                });
                let _ = kill_process(getpid(), Signal::STOP);
                // Whoever had this process go on alone meant the command.
                if signals::is_stopped(child) {
                    let _ = kill_process(child, Signal::CONT);
                }
            }
            Ok(Some(status)) => return ended(&status),
            // Nothing new of the command: the next signal, SIGCHLD among them.
            Ok(None) => signals.wait().for_each(|origin| signals::pass(child, &origin)),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Ended::Unknown,
        }
    }
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

    /// Ends as the command did: with its exit status, or by its signal, and then this does not return.
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
