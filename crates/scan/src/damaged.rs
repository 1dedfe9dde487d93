//! How many rows a damaged archive lacks: the rows that the manifest records, less those that can
//! still be read.

use std::io::{self, Read};
use std::path::Path;

use super::pieces::each_stream;
use super::skipped::{Missing, Skipped};
use super::source::{Source, logbook_of, segment_number};
use logbook_format::manifest::Covered;
use logbook_store::Input;
use logbook_store::archive::manifest;
use logbook_store::os_real::REAL;
use logbook_store::snapshot::Form;

/// Adds the number of missing rows to the entries of damaged archives.
pub(super) fn settle(source: &Source, skipped: &mut Skipped) {
    for entry in skipped.damaged_mut() {
        let input = source.iter().find(|input| input.name() == entry.file);
        entry.missing = input.and_then(missing);
    }
}

/// Whether an archive that was read to its end without an error is shorter than recorded. One that
/// was cut between two frames reads as if it were whole.
pub(super) fn is_cut(input: &Input, bytes: u64) -> bool {
    let is_archive = matches!(input, Input::Segment(segment) if segment.form != Form::Plain);
    is_archive && said(input).is_some_and(|said| bytes < said.bytes)
}

/// Whether the segment was deleted by retention after it was listed. By hand it is missing.
pub(super) fn is_deleted(input: &Input) -> bool {
    let Input::Segment(segment) = input else { return false };
    let directory = match segment.form {
        Form::Plain => segment.path.parent(),
        _ => segment.path.parent().and_then(Path::parent),
    };
    directory.is_some_and(|directory| manifest::is_deleted(&REAL, directory, segment.number))
}

fn said(input: &Input) -> Option<Covered> {
    let directory = match input {
        Input::Segment(segment) => segment.path.parent().and_then(Path::parent),
        _ => logbook_of(input),
    };
    manifest::said_of(&REAL, directory?, segment_number(input)?)
}

fn missing(input: &Input) -> Option<Missing> {
    let of = said(input)?.rows;
    Some(Missing { rows: of.saturating_sub(lines(input)), of })
}

/// The number of lines of `input` that can be read.
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
    // Lines that cannot be read are the missing ones.
    let _: io::Result<u64> = each_stream(input, &mut |_, _| (), &mut count);
    lines
}
