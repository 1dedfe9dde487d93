//! All rows of a source, on this thread.

use std::io::BufRead;
use std::ops::ControlFlow;

use super::damaged;
use super::pieces::whole;
use super::reader::{Event, Reader};
use super::scan::{Scanned, Wanted};
use super::skipped::Skipped;
use super::source::Source;
use logbook_query::Row;

/// Hands every row of `source` to `each`, with corrections applied and the fields `names` picked in
/// that order (of two equal keys the last counts). `each` gets the row, the name of its input, and
/// the list of skipped rows, to which it may add. With `strict` every row is validated in full. A
/// row that fails is skipped and counted. Break ends the scan.
pub fn feed(
    source: &Source,
    stdin: &mut dyn BufRead,
    names: &[String],
    strict: bool,
    each: impl FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>,
) -> Scanned {
    feed_wanted(source, stdin, Wanted { names, strict, ..Wanted::default() }, each)
}

/// Like [`feed`], with everything that a scan may be asked for.
pub fn feed_wanted(
    source: &Source,
    stdin: &mut dyn BufRead,
    wanted: Wanted<'_>,
    mut each: impl FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>,
) -> Scanned {
    let mut scanned = Scanned::default();
    let mut reader = Reader::new(source, wanted);
    for (at, input) in (0u32..).zip(source.iter()).filter(|(at, _)| source.left_out(*at).is_none()) {
        let mut each = |event: Event<'_>| match event {
            Event::Row(row, name, skipped) => each(row, name, skipped),
            Event::BlockEnd(..) => ControlFlow::Continue(()),
        };
        if reader.piece(whole(at, input), Some(&mut *stdin), &mut scanned, &mut each).is_break() {
            break;
        }
    }
    damaged::settle(source, &mut scanned.skipped);
    scanned
}
