//! What `tail` of a logbook and `tail` of files share: filtering rows and printing them.

use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::shared::reading::RowFilter;
use logbook_json as json;
use logbook_model::error::Result;
use logbook_query::eval::doubts::Doubts;
use logbook_render::{Format, Look, line};
use logbook_scan::{self as scan, Scanned, Source};

/// Calls `keep` with the rows of `input` that pass. Gives what was read, and which values could not
/// be compared.
pub(super) fn passing(
    input: &Source,
    filter: RowFilter<'_>,
    strict: bool,
    keep: &mut dyn FnMut(&[u8]),
    door: &mut Door<'_>,
) -> (Scanned, Doubts) {
    let mut eval = filter.plan.eval();
    let scanned = scan::feed(input, door.input, filter.plan.fields(), strict, |row, name, skipped| {
        if filter.passes(row, &mut eval) {
            match json::validate(row.text, json::Limits::GRAMMAR) {
                Ok(()) => keep(row.text),
                Err(fault) => {
                    let (class, detail) = scan::not_json(&fault);
                    skipped.add(name, class, row.place.offset, detail);
                }
            }
        }
        ControlFlow::Continue(())
    });
    (scanned, eval.doubts)
}

/// Prints rows, one line each.
pub(super) struct Printer {
    pub format: Format,
    pub look: Look,
    /// Print rows of other programs as they are.
    pub foreign: bool,
}

impl Printer {
    pub(super) fn print(&mut self, row: &[u8], door: &mut Door<'_>) -> Result<()> {
        let mut values = Vec::new();
        let mut is_step = || json::pick(row, &["run_id"], &mut values).is_ok() && values[0].is_some();
        match self.format {
            _ if self.foreign && !is_step() => door.out.json(json::trim(row)).and_then(|()| door.out.json(b"\n")),
            Format::Jsonl => door.out.json(json::trim(row)).and_then(|()| door.out.json(b"\n")),
            _ => door.out.drawn(&line::draw(row, &self.look)),
        }
    }
}
