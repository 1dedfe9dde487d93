//! The program: arguments in, exit status out.
use clap::Parser;
use logbook::cmd::{self, Door};
use std::io::{BufReader, IsTerminal};
#[derive(clap::Parser)]
#[command(name = "logbook")]
enum Cli {
    Append(cmd::append::Append),
    Init(cmd::init::Init),
    Where(cmd::where_::Where),
}
fn now() -> logbook::model::Instant {
    let d = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    logbook::model::Instant { seconds: d.as_secs() as i64, attos: u64::from(d.subsec_nanos()) * 1_000_000_000 }
}
fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let mut out = std::io::stdout().lock();
    let mut err = std::io::stderr().lock();
    let mut input = BufReader::with_capacity(256 << 10, std::io::stdin().lock());
    let t = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
    let mut door = Door {
        out: &mut out,
        err: &mut err,
        input: &mut input,
        env: logbook::store::Environment::of_process(),
        stdout_is_terminal: t.0,
        stderr_is_terminal: t.1,
        now,
    };
    let r = match cli {
        Cli::Append(a) => cmd::append::run(a, &mut door),
        Cli::Init(a) => cmd::init::run(a, &mut door),
        Cli::Where(a) => cmd::where_::run(a, &mut door),
    };
    let code = match r {
        Ok(e) => e.code(),
        Err(e) => {
            let _ = writeln!(door.err, "logbook: {e}");
            e.exit.code()
        }
    };
    std::process::ExitCode::from(code)
}
