//! Inputs, row by row, with the wanted fields picked out of each.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use super::rows::for_each_row;
use super::skipped::{Class, Skipped};
use super::source::{Fate, Source};
use crate::format::corrections;
use crate::json::{self, Limits, ObjectFault};
use crate::query::{Place, Row};

/// What a scan read.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Rows that were handed on.
    pub rows: u64,
    /// Bytes read, after unpacking.
    pub bytes: u64,
    /// What was not handed on.
    pub skipped: Skipped,
}

/// Hands every row of `source` to `each`, as it reads with corrections folded in, with its fields `names` in that order
/// (the last of two equal keys). With `strict` every row is judged whole, else
/// by its framing. A row that fails is skipped and counted; so is what `each`
/// itself adds to the account. Break ends the scan.
pub fn feed(
    source: &Source,
    stdin: &mut dyn BufRead,
    names: &[String],
    strict: bool,
    mut each: impl FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>,
) -> Scanned {
    let mut scanned = Scanned::default();
    let mut stopped = false;
    for (index, input) in (0u32..).zip(source.iter()) {
        if stopped {
            break;
        }
        let name = input.name();
        let rows = &mut scanned.rows;
        let fates = source.fates(index);
        let mut row = |text: &[u8], offset: u64, skipped: &mut Skipped| {
            let corrected;
            // A vector of borrowed slices cannot outlive the row; it is as long as the query's list of fields.
            let mut fields = Vec::with_capacity(names.len());
            let fault = match json::pick(text, names, &mut fields) {
                Ok(()) if strict => json::validate(text, Limits::GRAMMAR).err().map(|fault| not_json(&fault)),
                Ok(()) => None,
                Err(ObjectFault::NotObject) => Some((Class::NotObject, String::new())),
                Err(ObjectFault::NotJson(at)) => Some((Class::NotJson, detail(text, at))),
            };
            if let Some((class, detail)) = fault {
                skipped.add(&name, class, offset, detail);
                return ControlFlow::Continue(());
            }
            let mut text = text;
            match fates.and_then(|fates| fates.get(&offset)) {
                None => {}
                Some(Fate::Correction) if source.shows_corrections() => {}
                Some(Fate::Correction | Fate::Voided) => return ControlFlow::Continue(()),
                Some(Fate::Corrected(row)) if row.is_retracted() => return ControlFlow::Continue(()),
                Some(Fate::Corrected(row)) => {
                    corrected = corrections::apply(text, &row.corrections);
                    text = &corrected;
                    // It was read once, and is written well.
                    let _ = json::pick(text, names, &mut fields);
                }
            }
            *rows += 1;
            let flow = each(&Row { text, fields: &fields, place: Place { input: index, offset } }, &name, skipped);
            stopped |= flow.is_break();
            flow
        };
        let skipped = &mut scanned.skipped;
        let read = match input.open() {
            Ok(Some(mut reader)) => for_each_row(&mut *reader, &name, skipped, is_whole, &mut row),
            Ok(None) => for_each_row(&mut StdinRead(stdin), &name, skipped, is_whole, &mut row),
            Err(error) => Err(error),
        };
        match read {
            Ok(bytes) => scanned.bytes += bytes,
            Err(error) => {
                let packed = matches!(
                    error.kind(),
                    io::ErrorKind::Other
                        | io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::UnexpectedEof
                );
                let class = if packed { Class::BadArchive } else { Class::Unreadable };
                scanned.skipped.add(&name, class, 0, error.to_string());
            }
        }
    }
    scanned
}

/// Why a whole row is not JSON, as the account tells it.
pub fn not_json(fault: &json::Fault) -> (Class, String) {
    (Class::NotJson, format!("column {}: {fault}", fault.at + 1))
}

fn detail(text: &[u8], at: usize) -> String {
    match json::validate(text, Limits::GRAMMAR) {
        Err(fault) => not_json(&fault).1,
        Ok(()) => format!("column {}", at + 1),
    }
}

/// A last line without a newline counts when it is a whole object.
pub(super) fn is_whole(line: &[u8]) -> bool {
    json::trim(line).starts_with(b"{") && json::validate(line, Limits::GRAMMAR).is_ok()
}

struct StdinRead<'a>(&'a mut dyn BufRead);

impl io::Read for StdinRead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
