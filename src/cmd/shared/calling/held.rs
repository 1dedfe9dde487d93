//! Holds: a person stopped a run, so no call of it may begin, nor of any run below it.

use std::collections::HashSet;

use crate::cmd::Door;
use crate::cmd::shared::writing::{OpenLogbook, Scope, push_new_row};
use logbook_format::carried;
use logbook_format::draft::pairs::shell_word;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Address, Field};
use logbook_store::append::State;
use logbook_view::facts::{Facts, FieldSet};
use logbook_view::past::Past;
use logbook_view::{Holds, holds};

/// Refuses, under the lock, if `run` or a run above it is held.
pub fn refuse(state: &mut State<'_, '_>, run: &str) -> Result<()> {
    let mut holds = Holds::default();
    for row in state.holds()? {
        push_new_row(&mut holds, row.place, &row.text);
    }
    refuse_if_held(&holds, run, |run| state.parents(run))
}

/// As [`refuse`], from the rows on file, for when the lock cannot be had.
pub fn refuse_without_lock(logbook: &OpenLogbook, run: &str, door: &mut Door<'_>) -> Result<()> {
    let (holds, _) = logbook.fold(Scope::Kinds(&holds::KINDS), door, Holds::default)?;
    refuse_if_held(&holds, run, |run| {
        let begin = || Parents { run: run.to_owned(), named: Vec::new() };
        Ok(logbook.fold(Scope::Run(run), door, begin)?.0.named)
    })
}

fn refuse_if_held(holds: &Holds, run: &str, mut parents: impl FnMut(&str) -> Result<Vec<String>>) -> Result<()> {
    if holds.held.is_empty() {
        return Ok(());
    }
    let mut visited = HashSet::from([run.to_owned()]);
    let mut open = vec![run.to_owned()];
    while let Some(this) = open.pop() {
        if let Some(hold) = holds.held.get(&this) {
            let above = if this == run { String::new() } else { format!(", which is above {run:?}") };
            return Err(Error::new(
                Exit::No,
                format!("{} holds run {this:?}{above}: {} ({})", hold.by, hold.why, hold.name),
            )
            .hint(format!("logbook release {} --why '…'   # by a person", shell_word(&this))));
        }
        open.extend(parents(&this)?.into_iter().filter(|parent| visited.insert(parent.clone())));
    }
    Ok(())
}

/// The parents of one run, by its rows.
struct Parents {
    run: String,
    named: Vec<String>,
}

impl Past for Parents {
    const FIELDS: FieldSet = FieldSet::of(&[Field::RunId, Field::ParentRunId]);
    const AS_WRITTEN: bool = true;

    fn push(&mut self, row: &impl Facts, _: &Address) {
        if row.says(Field::ParentRunId) && row.text(Field::RunId) == self.run {
            self.named.push(row.text(Field::ParentRunId));
        }
    }

    fn carried(&mut self, run: carried::CarriedRun) {
        if run.run == self.run {
            self.named.extend(run.parents);
        }
    }
}
