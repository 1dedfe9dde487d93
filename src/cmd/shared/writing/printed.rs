//! What a command prints of the rows that it stored: nothing, their names, or the rows.

use crate::cmd::Door;
use logbook_format::Drafts;
use logbook_model::Address;
use logbook_model::error::{Error, Exit, Result};
use logbook_store::Stored;

/// What is printed of a stored row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Print {
    /// Nothing: silent on success.
    Nothing,
    /// `r-88#3`.
    Id,
    /// The whole row.
    Row,
}

impl Print {
    /// What `--print` says.
    pub fn parse(word: Option<&str>) -> Result<Print> {
        match word {
            None => Ok(Print::Nothing),
            Some("id") => Ok(Print::Id),
            Some("row") => Ok(Print::Row),
            Some(word) => Err(Error::usage(format!("unknown --print {word:?}")).hint("print is one of: id, row")),
        }
    }
}

/// Prints what was stored.
pub fn print_rows(print: Print, drafts: &Drafts, stored: &[Stored], door: &mut Door<'_>) -> Result<()> {
    let mut out = Vec::new();
    for row in stored {
        let Some(draft) = drafts.rows().get(row.draft) else { continue };
        match print {
            Print::Nothing => return Ok(()),
            Print::Id => {
                let address = Address::Step { run_id: drafts.run_of(draft).to_owned(), step: row.step };
                out.extend_from_slice(address.to_string().as_bytes());
                out.push(b'\n');
            }
            Print::Row => drafts.render(draft, row.step, &mut out),
        }
    }
    say_rows(&out, door)
}

/// Puts on stdout rows that were stored, or their names. Errors: exit 4, since exit 3 would say
/// that nothing was stored; a reader that left is none.
pub fn say_rows(rows: &[u8], door: &mut Door<'_>) -> Result<()> {
    let put = door.out.json(rows);
    said(put, door)
}

/// The same of one line that is no JSON.
pub fn say(line: &str, door: &mut Door<'_>) -> Result<()> {
    let put = door.out.line(line);
    said(put, door)
}

fn said(put: Result<()>, door: &mut Door<'_>) -> Result<()> {
    match put.and_then(|()| door.out.flush()) {
        Err(error) if !error.is_broken_pipe() => {
            Err(Error::new(Exit::Unknown, format!("{}: stored, but not printed", error.message))
                .hint("append it again with the same --id to have its step printed"))
        }
        _ => Ok(()),
    }
}
