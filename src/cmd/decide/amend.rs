//! `logbook amend RUN STEP key=value… --why …`: append a row that corrects another one
//! (`docs/format.md`, Corrections).

use crate::cmd::Door;
use crate::cmd::shared::reading::{self, Corrections, run_record};
use crate::cmd::shared::writing::{OpenLogbook, Writing, print_rows};
use logbook_format::amendment::Amendment;
use logbook_format::corrections::{self, Target};
use logbook_format::draft::pairs::Pairs;
use logbook_format::{Correction, Drafts, Rules};
use logbook_json as json;
use logbook_model::Address;
use logbook_model::error::{Error, Exit, Result};
use logbook_store::Place;
use logbook_store::{Input, Purpose};

pub const EXAMPLES: &str = "\
  logbook amend r-88 3 status=failed --why 'the exit code was read wrong'
  logbook amend r-88#3 tool_call.exit_code=1 --unset artifact_ref --why 'no artifact was made'";

#[derive(Debug, Default, clap::Args)]
pub struct Amend {
    /// The row as RUN STEP, RUN#STEP or @SEGMENT:OFFSET, then fields as key=value or key:=json
    #[arg(value_name = "RUN|FIELD", required = true)]
    words: Vec<String>,
    /// The reason
    #[arg(long, value_name = "TEXT", required = true)]
    why: String,
    /// Remove this field
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
    /// Retract the whole row
    #[arg(long)]
    retract: bool,
    #[command(flatten)]
    writing: Writing,
}

/// How often an amendment is retried because others correct the same row meanwhile.
const TRIES_MAX: usize = 8;

pub fn run(args: Amend, door: &mut Door<'_>) -> Result<Exit> {
    let result = amend(&args, door);
    args.writing.apply_best_effort(result, door)
}

fn amend(args: &Amend, door: &mut Door<'_>) -> Result<Exit> {
    let (address, fields) = target(&args.words)?;
    let mut pairs = Pairs::new();
    for field in fields {
        pairs.argument(field)?;
    }
    let amendment = Amendment { pairs, unset: &args.unset, retract: args.retract, why: &args.why };
    let logbook = args.writing.open(door, Purpose::Read)?;
    for _ in 0..TRIES_MAX {
        if attempt(&logbook, &address, &amendment, door)? {
            return Ok(Exit::Done);
        }
    }
    Err(Error::io(format!("others keep correcting {address}; nothing was stored")))
}

/// Reads the row and tries to append the amendment. False if the row was corrected in between, and
/// the amendment depends on its values.
fn attempt(logbook: &OpenLogbook, address: &Address, amendment: &Amendment<'_>, door: &mut Door<'_>) -> Result<bool> {
    let found = reading::logbook_at(&logbook.location, Corrections::Folded, None)?;
    let seen = found.inputs.iter().rev().find_map(|input| match input {
        Input::Segment(segment) => Some(Place { segment: segment.number, offset: segment.bytes }),
        _ => None,
    });
    let Some((place, row)) = reading::find(&found.inputs, address, false, door).0 else {
        return Err(Error::usage(format!("there is no row {address}")).hint(match address {
            Address::Step { run_id, .. } => format!("logbook show {run_id}"),
            Address::Place { .. } => "logbook runs --all".to_owned(),
        }));
    };
    may_be_amended(address, &row, amendment.retract)?;
    let row = match found.inputs.corrected(place) {
        None => row,
        Some(corrected) => {
            if let Some(by) = corrected.corrections.iter().find(|correction| correction.retract) {
                return Err(Error::usage(format!("{address} was retracted by {}", by.by))
                    .hint(format!("logbook show {}", by.by)));
            }
            corrections::apply(&corrected.row, &corrected.corrections)
        }
    };
    let rules = Rules { run_id: None, ..logbook.rules() };
    let text = amendment.text(address, &row, &rules)?;
    let mut drafts = Drafts::new();
    drafts.push(&text, &rules, &(door.clock)().to_utc_ms(), None)?;
    logbook.note_redactions(&mut door.err);

    let mut changed = false;
    let names = names(address, &found.inputs, place, &row);
    let depends_on_row = amendment.reaches_in() || !amendment.unset.is_empty();
    let stored = logbook.store(&drafts, door, |state| {
        if let (true, Some(seen)) = (depends_on_row, seen) {
            state.rows_since(seen, &mut |_, row| {
                changed |=
                    Correction::read(row, String::new).is_some_and(|correction| names.contains(&correction.target));
            })?;
        }
        if changed { Err(Error::io("the row was corrected meanwhile")) } else { Ok(()) }
    });
    if changed {
        return Ok(false);
    }
    print_rows(logbook.print, &drafts, &stored?, door)?;
    Ok(true)
}

/// The name of the row, and the remaining words.
fn target(words: &[String]) -> Result<(Address, &[String])> {
    let usage = || {
        Error::usage("amend takes the row first: RUN STEP, RUN#STEP or @SEGMENT:OFFSET")
            .hint("logbook amend r-88 3 status=failed --why '…'")
    };
    let (first, rest) = words.split_first().ok_or_else(usage)?;
    if let Some((step, rest)) = rest.split_first()
        && let Some(step) = corrections::step_of(Some(step.as_bytes()))
    {
        return Ok((Address::Step { run_id: first.clone(), step }, rest));
    }
    Ok((Address::parse(first).ok_or_else(usage)?, rest))
}

/// All names of the row at `place`.
fn names(address: &Address, inputs: &[Input], place: logbook_query::Place, row: &[u8]) -> Vec<Address> {
    let mut values = Vec::new();
    // The row was read before, so this cannot fail.
    let _ = json::pick(row, &["run_id", "step"], &mut values);
    let run = values.first().copied().flatten().and_then(json::decode);
    let step = corrections::step_of(values.get(1).copied().flatten());
    let by_step =
        run.zip(step).map(|(run, step)| Address::Step { run_id: String::from_utf8_lossy(&run).into_owned(), step });
    [Some(address.clone()), reading::address(inputs, place), by_step].into_iter().flatten().collect()
}

/// Refuses to amend a row that is not about what a writer did, and to retract one that others
/// depend on.
fn may_be_amended(address: &Address, row: &[u8], retract: bool) -> Result<()> {
    let mut values = Vec::new();
    // The row was read before, so this cannot fail.
    let _ = json::pick(row, &Target::FIELDS, &mut values);
    let text = |at: usize| {
        let text = values.get(at).copied().flatten().and_then(json::decode).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    };
    let note = |why: String| Err(Error::usage(why).hint("add a row: logbook append --kind note …"));
    match Target::of(&values) {
        Target::Free => Ok(()),
        Target::Kept if !retract => Ok(()),
        Target::Kept if text(2).is_empty() => note(format!("{address} says what it undoes: it cannot be retracted")),
        Target::Kept => note(format!("{address} makes its run part of {:?}: it cannot be retracted", text(2))),
        Target::Acts => note(format!("{address} acts on {}: it stays as it was written", text(1))),
        Target::Fixed => {
            let about = run_record::text_of(row, "corrects");
            let why = format!("{address} is a row of kind {:?}, which stays as it was written", text(0));
            match about.as_str() {
                "" => note(why),
                name => Err(Error::usage(why)
                    .hint(format!("correct the row that it is about once more: logbook amend {name} …"))),
            }
        }
    }
}
