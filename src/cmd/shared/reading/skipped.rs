//! Notes about what was skipped: config entries that are not valid, lines that are not rows.

use std::ops::ControlFlow;

use crate::cmd::Door;
use logbook_model::error::{Error, Exit};
use logbook_scan::{self as scan, Scanned, Source};

/// Notes which entries of config files are ignored, and why.
pub fn note_config_errors(wrong: &[Error], door: &mut Door<'_>) {
    for error in wrong {
        door.note(format_args!("ignored: {}", error.message));
    }
}

/// Notes which lines were skipped. The result is damage with `--strict`, or if no line of `inputs`
/// is a row.
pub fn note_skipped(door: &mut Door<'_>, scanned: &mut Scanned, inputs: &Source, strict: bool) -> Exit {
    if scanned.skipped.count() == 0 {
        return Exit::Done;
    }
    scan::find_line_numbers(inputs, &mut scanned.skipped);
    for line in scanned.skipped.lines() {
        door.note(line);
    }
    if scanned.skipped.has_unread() {
        Exit::NotStored
    } else if strict || (scanned.rows == 0 && scanned.skipped.has_lines() && !has_rows(inputs, door)) {
        Exit::Damaged
    } else {
        Exit::Done
    }
}

/// Whether the inputs have any row. The scan may have pruned them all, so they are read again.
fn has_rows(inputs: &Source, door: &mut Door<'_>) -> bool {
    scan::feed(&inputs.again(), door.input, &[], false, |_, _, _| ControlFlow::Break(())).rows > 0
}
