//! Notes about what was skipped: config entries that are not valid, lines that are not rows.

use std::ops::ControlFlow;

use crate::cmd::Door;
use logbook_model::error::{Error, Exit};
use logbook_scan::{self as scan, Scanned, Source};

/// Says what of config files was passed over.
pub fn note_config_errors(wrong: &[Error], door: &mut Door<'_>) {
    for error in wrong {
        door.note(format_args!("passed over: {}", error.message));
    }
}

/// Says what was skipped, in `inputs`, of which some were read. With `--strict` that is damage, and
/// so it is where no line at all was a row.
pub fn note_skipped(door: &mut Door<'_>, scanned: &mut Scanned, inputs: &Source, strict: bool) -> Exit {
    if scanned.skipped.count() == 0 {
        return Exit::Done;
    }
    scan::number(inputs, &mut scanned.skipped);
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

/// Whether there is a row in the inputs that can be read again: scans pass over rows that cannot
/// matter.
fn has_rows(inputs: &Source, door: &mut Door<'_>) -> bool {
    scan::feed(&inputs.again(), door.input, &[], false, |_, _, _| ControlFlow::Break(())).rows > 0
}
