//! Handing one row to one program. Each try is recorded as a run, with a row before and one after.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cmd::Door;
use crate::cmd::shared::writing::{OpenLogbook, new_id};
use logbook_format::rows;
use logbook_json as json;
use logbook_model::error::Result;
use logbook_model::{Address, FinalStatus};
use logbook_render::cell;

/// A row, and the program that it is handed to.
pub struct Handover<'h> {
    /// The trigger's name.
    pub name: &'h str,
    /// The row as JSON.
    pub row: &'h [u8],
    /// The row's run.
    pub run: &'h str,
    /// The row's address.
    pub address: &'h Address,
    /// The program and its arguments.
    pub command: &'h [OsString],
    /// The time limit of the program.
    pub timeout_ms: Option<u64>,
    /// The number of tries before the row is given up.
    pub tries: u32,
}

/// How often a program with a time limit is polled.
const POLL: Duration = Duration::from_millis(20);
/// The time between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Runs the program once; gives whether it succeeded. Fails if the result could not be stored.
pub fn attempt(
    it: &Handover<'_>,
    attempt: u32,
    desk: &OpenLogbook,
    own: &mut HashSet<String>,
    door: &mut Door<'_>,
) -> Result<bool> {
    let run = new_id::run_id((door.clock)())?;
    own.insert(run.clone());
    let address = it.address.to_string();
    let mut start = rows::start(&run, "hand a row over")?;
    let task = format!("trigger {}", it.name);
    let by = [("trigger", Some(it.name)), ("triggered_by", Some(&*address))];
    start.known([("task", Some(&*task)), ("parent_run_id", Some(it.run))])?;
    start.known(by)?;
    start.argument(&format!("attempt:={attempt}"))?;
    desk.store(&desk.draft(&start, door)?, door, |_| Ok(()))?;

    let began = Instant::now();
    let directory = std::path::absolute(&desk.location.path).unwrap_or_else(|_| desk.location.path.clone());
    let ended = spawn(it, &run, &address, &directory).and_then(|child| finish(child, it));
    let (fine, why) = match ended {
        Ok(None) => (true, None),
        Ok(Some(why)) | Err(why) => (false, Some(why)),
    };
    let ended = if fine { FinalStatus::Succeeded } else { FinalStatus::Failed };
    let mut end = rows::end(&run, "handed a row over", ended)?;
    end.known(by)?;
    end.known([("error", why.as_deref())])?;
    end.argument(&format!("duration_ms:={}", began.elapsed().as_millis()))?;
    if !fine && attempt >= it.tries {
        end.argument("dead_letter:=true")?;
    }
    desk.store(&desk.draft(&end, door)?, door, |_| Ok(()))?;
    if let Some(why) = why {
        door.note(format_args!("{address}: try {attempt} of {}: {why}", it.tries));
    }
    Ok(fine)
}

/// Starts the program with the row on its standard input.
fn spawn(
    it: &Handover<'_>,
    run: &str,
    address: &str,
    directory: &std::path::Path,
) -> std::result::Result<Child, String> {
    let Some((program, arguments)) = it.command.split_first() else { return Err("no command".to_owned()) };
    let arguments = arguments.iter().map(|argument| filled_in(argument, it.row));
    let mut child = Command::new(program)
        .args(arguments)
        .env("LOGBOOK_ROW_ID", address)
        .env("LOGBOOK_ROW_RUN", it.run)
        .env("LOGBOOK_RUN", run)
        .env("LOGBOOK_DIR", directory)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", program.to_string_lossy()))?;
    if let Some(mut input) = child.stdin.take() {
        let row = [json::trim(it.row), b"\n"].concat();
        // On a thread, since the program may not read its input, or end without reading it.
        std::thread::spawn(move || drop(input.write_all(&row)));
    }
    Ok(child)
}

/// Waits for the program. Gives how it failed; `None` if it succeeded.
fn finish(mut child: Child, it: &Handover<'_>) -> std::result::Result<Option<String>, String> {
    use std::os::unix::process::ExitStatusExt;
    let failed = |error: std::io::Error| error.to_string();
    let mut timed_out = None;
    if let Some(ms) = it.timeout_ms {
        let began = Instant::now();
        let limit = Duration::from_millis(ms);
        while child.try_wait().map_err(failed)?.is_none() {
            if began.elapsed() >= limit && timed_out.is_none() {
                timed_out = Some(format!("not done after {ms} ms"));
                let _ = kill_process(Pid::from_child(&child), Signal::TERM);
            } else if began.elapsed() >= limit + GRACE {
                let _ = child.kill();
            }
            std::thread::sleep(POLL);
        }
    }
    let status = child.wait().map_err(failed)?;
    Ok(match (timed_out, status.code(), status.signal()) {
        (Some(why), ..) => Some(why),
        (None, Some(0), _) => None,
        (None, Some(code), _) => Some(format!("exit {code}")),
        (None, None, signal) => Some(format!("signal {}", signal.unwrap_or(0))),
    })
}

/// `argument` with `{field}` replaced by the row's value, and `{{` by a brace. An argument that is
/// not UTF-8 is not changed.
fn filled_in(argument: &OsString, row: &[u8]) -> OsString {
    let Some(text) = argument.to_str() else { return argument.clone() };
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open + 1..];
        if let Some(more) = rest.strip_prefix('{') {
            out.push('{');
            rest = more;
            continue;
        }
        let field = rest.find('}').map(|close| &rest[..close]);
        let is_name = |name: &&str| {
            !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '.' | '-'))
        };
        match field.filter(is_name) {
            Some(name) => {
                out.push_str(&value(name, row));
                rest = &rest[name.len() + 1..];
            }
            None => out.push('{'),
        }
    }
    out.push_str(rest);
    // An argument cannot contain NUL.
    OsString::from(out.replace('\0', ""))
}

/// The row's value of a field or of a path such as `tool_call.tool`; empty if there is none.
fn value(path: &str, row: &[u8]) -> String {
    let mut raw = row;
    for key in path.split('.') {
        let mut values = Vec::new();
        if json::pick(raw, &[key], &mut values).is_err() {
            return String::new();
        }
        match values.first().copied().flatten() {
            Some(value) => raw = value,
            None => return String::new(),
        }
    }
    if raw == b"null" { String::new() } else { cell::plain(Some(raw)) }
}
