//! The line numbers of reported places. A scan does not count lines: the lines of a file are
//! counted when there is something to report, those of a stream, which cannot be read again, while
//! it is read.

use std::io::Read;

use memchr::memchr_iter;

use super::rows::Block;
use super::skipped::{Class, Skipped};
use logbook_store::Input;

/// Adds the line numbers of all reported places in `inputs`.
pub fn find_line_numbers(inputs: &[Input], skipped: &mut Skipped) {
    for input in inputs.iter().filter(|input| !input.is_once()) {
        let name = input.name();
        let places = skipped.unnumbered(&name);
        if places.is_empty() {
            continue;
        }
        for (place, line) in places.iter().zip(lines_of(input, &places)) {
            skipped.number(&name, *place, line);
        }
    }
}

/// The line of byte `offset` of the unpacked input, counted from 1; `None` if it cannot be found,
/// as in a stream.
pub fn line_of(input: &Input, offset: u64) -> Option<u64> {
    lines_of(input, &[offset]).first().copied()
}

/// The lines of several offsets, which must be in order. Shorter than `places` if the input ends or
/// fails.
fn lines_of(input: &Input, places: &[u64]) -> Vec<u64> {
    let mut found = Vec::new();
    if input.is_once() {
        return found;
    }
    let Ok(Some(mut reader)) = input.open() else { return found };
    let (mut block, mut at, mut newlines) = (vec![0; 1 << 16], 0u64, 0u64);
    while let Some(place) = places.get(found.len()) {
        let want = (*place - at).min(block.len() as u64) as usize;
        if want == 0 {
            found.push(newlines + 1);
            continue;
        }
        match reader.read(&mut block[..want]) {
            Ok(read @ 1..) => {
                newlines += memchr_iter(b'\n', &block[..read]).count() as u64;
                at += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break,
        }
    }
    found
}

/// Counts the lines of a stream while it is read.
#[derive(Debug, Default)]
pub(super) struct Counter {
    lines: u64,
    too_long: u64,
}

impl Counter {
    /// Call before each block. A line that is too long was skipped whole, between two blocks.
    pub(crate) fn begin(&mut self, name: &str, skipped: &mut Skipped) {
        let too_long = skipped.count_as(name, Class::TooLong);
        if too_long > self.too_long {
            for place in skipped.unnumbered(name) {
                skipped.number(name, place, self.lines + 1);
            }
            self.lines += too_long - self.too_long;
        }
    }

    /// Call after each block.
    pub(crate) fn end(&mut self, name: &str, block: Block<'_>, skipped: &mut Skipped) {
        for place in skipped.unnumbered(name) {
            let within = place.saturating_sub(block.offset) as usize;
            let before = block.bytes.get(..within).unwrap_or(block.bytes);
            skipped.number(name, place, self.lines + memchr_iter(b'\n', before).count() as u64 + 1);
        }
        self.lines += memchr_iter(b'\n', block.bytes).count() as u64;
        self.too_long = skipped.count_as(name, Class::TooLong);
    }
}
