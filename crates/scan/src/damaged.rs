//! How many rows a damaged archive is short of: those that the manifest says it has, without those
//! that it still has.

use std::io::{self, Read};
use std::path::Path;

use super::pieces::each_stream;
use super::skipped::{Missing, Skipped};
use super::source::{Source, logbook_of, segment_number};
use logbook_format::manifest::Covered;
use logbook_store::Input;
use logbook_store::archive::manifest::said_of;
use logbook_store::os_real::REAL;
use logbook_store::snapshot::Form;

/// Adds it to what is told of damaged archives among `source`.
pub(super) fn settle(source: &Source, skipped: &mut Skipped) {
    for entry in skipped.damaged_mut() {
        let input = source.iter().find(|input| input.name() == entry.file);
        entry.missing = input.and_then(missing);
    }
}

/// Whether an archive that was read from the start to the end, without an error, has less in it
/// than it should: one that ends with a frame reads as if it were whole.
pub(super) fn is_cut(input: &Input, bytes: u64) -> bool {
    let is_archive = matches!(input, Input::Segment(segment) if segment.form != Form::Plain);
    is_archive && said(input).is_some_and(|said| bytes < said.bytes)
}

fn said(input: &Input) -> Option<Covered> {
    let directory = match input {
        Input::Segment(segment) => segment.path.parent().and_then(Path::parent),
        _ => logbook_of(input),
    };
    said_of(&REAL, directory?, segment_number(input)?)
}

fn missing(input: &Input) -> Option<Missing> {
    let of = said(input)?.rows;
    Some(Missing { rows: of.saturating_sub(lines(input)), of })
}

/// Lines of `input` that can be read.
fn lines(input: &Input) -> u64 {
    let mut lines = 0;
    let mut count = |reader: &mut dyn Read, _: u64| {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(0),
                Ok(read) => lines += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    };
    // What could not be read is what is missing.
    let _: io::Result<u64> = each_stream(input, &mut |_, _| (), &mut count);
    lines
}
