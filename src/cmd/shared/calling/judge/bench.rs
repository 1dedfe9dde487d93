//! What the process beside does: answers questions, a line each, until one takes too much, or
//! nobody asks any more.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::beside::{Answer, Question};
use super::rules::Rules;
use crate::cmd::Door;
use crate::cmd::shared::guard::watchdog::{Limits, Reached, Watch};
use logbook_model::Instant;
use logbook_model::error::{Error, Result};

/// How much processor time one question may take, and how much memory all of them.
const TIME: Duration = Duration::from_secs(1);
const MEMORY_BYTES: u64 = 256 << 20;

/// Answers what comes on standard input about rules of the logbook at `directory`.
pub fn answer(directory: PathBuf, now: Instant, door: &mut Door<'_>) -> Result<()> {
    // It may die of what it does, and nobody wants its core.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let limits = Limits { turn: Some(TIME), memory_bytes: Some(MEMORY_BYTES), end: Some(end), ..Limits::default() };
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
            let answer = watch.turn(|| match serde_json::from_str::<Question>(&line) {
                Ok(Question { rule, about }) => match rules.ask(&rule, about.as_deref()) {
                    Ok(verdict) => Answer::Verdict(verdict),
                    Err(wrong) => Answer::Wrong(wrong),
                },
                Err(error) => Answer::Wrong(error.to_string().into()),
            });
            door.out.json(&said(&answer))?;
            door.out.flush()?;
        }
    })?
}

fn said(answer: &Answer) -> Vec<u8> {
    let mut line = serde_json::to_vec(answer).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Says why it ends.
fn end(reached: &Reached) {
    // Past all buffers: whoever holds one may hold it for ever.
    let _ = rustix::io::write(std::io::stdout(), &said(&Answer::Ended(reached.what())));
}
