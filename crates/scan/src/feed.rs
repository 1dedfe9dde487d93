//! Inputs, row by row, with the wanted fields found in each, on this thread.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::damaged;
use super::pieces::whole;
use super::reader::{Met, Reader};
use super::scan::{Scanned, Wanted};
use super::skipped::Skipped;
use super::source::Source;
use logbook_query::Row;

/// Hands every row of `source` to `each`, as it reads with corrections folded in, with its fields
/// `names` in that order (the last of two equal keys). With `strict` every row is judged whole,
/// else by its frame. A row that fails is skipped and counted; so is what `each` itself adds to the
/// account. Break ends the scan.
pub fn feed(
    source: &Source,
    stdin: &mut dyn BufRead,
    names: &[String],
    strict: bool,
    each: impl FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>,
) -> Scanned {
    feed_wanted(source, stdin, Wanted { names, strict, ..Wanted::default() }, each)
}

/// The same of what is `wanted`.
pub fn feed_wanted(
    source: &Source,
    stdin: &mut dyn BufRead,
    wanted: Wanted<'_>,
    mut each: impl FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>,
) -> Scanned {
    let mut scanned = Scanned::default();
    let mut reader = Reader::new(source, wanted);
    for (at, input) in (0u32..).zip(source.iter()).filter(|(at, _)| source.left_out(*at).is_none()) {
        let mut each = |met: Met<'_>| match met {
            Met::Row(row, name, skipped) => each(row, name, skipped),
            Met::BlockEnd(_) => ControlFlow::Continue(()),
        };
        if reader.piece(whole(at, input), Some(&mut *stdin), &mut scanned, &mut each).is_break() {
            break;
        }
    }
    damaged::settle(source, &mut scanned.skipped);
    scanned
}
