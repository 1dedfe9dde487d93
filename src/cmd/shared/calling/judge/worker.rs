//! What the worker process does: answer questions, a line each, until stdin ends or one of them
//! takes too much.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::process::{Question, Reply};
use super::rules::Rules;
use crate::cmd::Door;
use crate::cmd::shared::guard::watchdog::{LimitReached, Limits, Watch};
use logbook_model::Instant;
use logbook_model::error::{Error, Result};

/// Processor time of one question.
const QUESTION_TIME: Duration = Duration::from_secs(1);
/// Memory of the process.
const MEMORY_BYTES: u64 = 256 << 20;

/// Answers the questions on standard input about rules of the logbook at `directory`.
pub fn answer(directory: PathBuf, now: Instant, door: &mut Door<'_>) -> Result<()> {
    // No core file if a rule kills the process.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let limits = Limits {
        turn_time: Some(QUESTION_TIME),
        memory_bytes: Some(MEMORY_BYTES),
        on_end: Some(end),
        ..Limits::default()
    };
    let watch = Watch::begin(limits)?;
    watch.on_large_stack(|_| {
        let mut rules = Rules::new(directory, now);
        let mut line = String::new();
        loop {
            line.clear();
            let read = door.input.read_line(&mut line).map_err(|error| Error::io(error.to_string()))?;
            if read == 0 {
                return Ok(());
            }
            let reply = watch.turn(|| match serde_json::from_str::<Question>(&line) {
                Ok(Question { rule, about }) => match rules.ask(&rule, about.as_deref()) {
                    Ok(answer) => Reply::Answer(answer),
                    Err(error) => Reply::Error(error),
                },
                Err(error) => Reply::Error(error.to_string().into()),
            });
            door.out.json(&to_line(&reply))?;
            door.out.flush()?;
        }
    })?
}

fn to_line(reply: &Reply) -> Vec<u8> {
    let mut line = serde_json::to_vec(reply).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Writes why the process ends. Unbuffered: another thread may hold the buffer forever.
fn end(reached: &LimitReached) {
    let _ = rustix::io::write(std::io::stdout(), &to_line(&Reply::Ended(reached.of_rule())));
}
