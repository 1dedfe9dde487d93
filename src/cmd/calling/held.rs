//! Runs that a person stopped: none of their calls begins, nor those of the runs below them.

use crate::cmd::writing::catch_up;
use crate::error::{Error, Exit, Result};
use crate::format::draft::pairs::shell_word;
use crate::json;
use crate::store::append::State;
use crate::view::Holds;

/// How far up the parents of a run are asked.
const PARENTS_MAX: usize = 64;

/// Refuses, under the lock, when `run` or a run above it is held.
pub fn refuse(state: &mut State<'_, '_>, run: &str) -> Result<()> {
    let mut holds = Holds::default();
    for row in state.holds()? {
        catch_up(&mut holds, row.place, &row.text);
    }
    if holds.held.is_empty() {
        return Ok(());
    }
    let mut asked = vec![run.to_owned()];
    while let Some(this) = asked.last().cloned() {
        if let Some(hold) = holds.held.get(&this) {
            let of = if this == run { String::new() } else { format!(", which is above {run:?}") };
            return Err(Error::new(
                Exit::No,
                format!("{} holds run {this:?}{of}: {} ({})", hold.by, hold.why, hold.name),
            )
            .hint(format!("logbook release {} --why '…'   # by a person", shell_word(&this))));
        }
        let parent = state.first(&this)?.and_then(|row| {
            let mut values = Vec::new();
            json::pick(&row.text, &["parent_run_id"], &mut values).ok()?;
            Some(String::from_utf8_lossy(&json::decode(values[0]?)?).into_owned())
        });
        match parent {
            Some(parent) if !asked.contains(&parent) && asked.len() < PARENTS_MAX => asked.push(parent),
            _ => return Ok(()),
        }
    }
    Ok(())
}
