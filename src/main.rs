//! The program: open the door to the outside, run the command, and turn its result into the exit
//! status.

use std::io::{BufReader, BufWriter, IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

use logbook::cmd::Door;
use logbook::cmd::shared::guard::memory::Memory;
use logbook_model::Instant;
use logbook_model::error::{Error, Exit};
use logbook_render::{Notes, Output, Progress};
use logbook_store::Environment;

#[global_allocator]
static MEMORY: Memory = Memory;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_panic));
    let (out, mut err, input) = (stdout(), stderr(), stdin());
    let (out_is_terminal, err_is_terminal, input_is_terminal) =
        (out.is_terminal(), err.is_terminal(), input.is_terminal());
    // Small pieces for a person, large ones for a pipe.
    let mut out = BufWriter::with_capacity(if out_is_terminal { 1 << 13 } else { 1 << 16 }, out);
    let progress = Progress::default();
    let mut door = Door {
        out: Output::new(&mut out, out_is_terminal).beside(&progress),
        err: Notes::new(&mut err, err_is_terminal).beside(&progress),
        progress,
        input: &mut BufReader::new(input),
        env: Environment::of_process(),
        input_is_terminal,
        columns: terminal_columns(),
        clock: || Instant::from_chrono(std::time::SystemTime::now().into()),
    };
    let ended = logbook::cli::run(std::env::args_os().skip(1).collect(), &mut door);
    let flushed = door.out.flush();
    let exit = match (ended, flushed) {
        // A reader that closes the pipe has seen enough: not a failure.
        (Err(error), _) if error.is_broken_pipe() => Exit::Done,
        (Ok(_), Err(error)) if error.is_broken_pipe() => Exit::Done,
        (Ok(exit), Ok(())) => exit,
        (Err(error), _) => {
            door.warn(&error);
            error.exit
        }
        (Ok(_), Err(error)) => {
            door.warn(&error);
            error.exit
        }
    };
    ExitCode::from(exit.code())
}

/// Reports a panic through [`Notes`], which escapes: its message may quote a row.
fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let backtrace = std::backtrace::Backtrace::capture();
    let lines = panic.to_string() + "\n" + &backtrace.to_string();
    let error = Error::io("a fault in logbook itself").beneath(lines.lines().map(str::to_owned));
    Notes::new(&mut stderr(), false).error(&error.hint("please report it, with what was typed"));
}

fn terminal_columns() -> u16 {
    let size = rustix::termios::tcgetwinsize(stdout()).map(|size| size.ws_col);
    size.ok().filter(|columns| *columns > 0).unwrap_or(80)
}
