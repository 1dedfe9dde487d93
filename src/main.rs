//! The program in one sentence: open the door, run the command, and say with
//! the exit status how it ended.

use std::io::{BufReader, BufWriter, IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

use logbook::cmd::Door;
use logbook::error::Exit;
use logbook::model::Instant;
use logbook::store::Environment;

fn main() -> ExitCode {
    let (out, mut err, input) = (stdout(), stderr(), stdin());
    let (out_is_terminal, err_is_terminal, input_is_terminal) =
        (out.is_terminal(), err.is_terminal(), input.is_terminal());
    // Line by line for a person, in large pieces for a pipe.
    let mut out = BufWriter::with_capacity(if out_is_terminal { 1 << 13 } else { 1 << 16 }, out);
    let mut door = Door {
        out: &mut out,
        err: &mut err,
        input: &mut BufReader::new(input),
        env: Environment::of_process(),
        out_is_terminal,
        err_is_terminal,
        input_is_terminal,
        columns: terminal_columns(),
        clock: || Instant::from_chrono(std::time::SystemTime::now().into()),
    };
    let ended = logbook::cli::run(std::env::args_os().skip(1).collect(), &mut door);
    let flushed = door.out.flush();
    let exit = match (ended, flushed) {
        // A reader that has seen enough is no failure.
        (Err(error), _) if error.is_broken_pipe() => Exit::Done,
        (Ok(_), Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        (Ok(exit), Ok(())) => exit,
        (Err(error), _) => {
            door.note(&error);
            error.exit
        }
        (Ok(_), Err(error)) => {
            door.note(format_args!("standard output: {error}"));
            Exit::NotStored
        }
    };
    ExitCode::from(exit.code())
}

fn terminal_columns() -> u16 {
    let size = rustix::termios::tcgetwinsize(stdout()).map(|size| size.ws_col);
    size.ok().filter(|columns| *columns > 0).unwrap_or(80)
}
