//! What a command prints about the rows it appended.

use crate::cmd::Door;
use logbook_format::Drafts;
use logbook_format::draft::declaring;
use logbook_model::Address;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::Notes;
use logbook_store::Stored;

/// What to print of an appended row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Print {
    Nothing,
    /// `r-88#3`.
    Id,
    Row,
}

impl Print {
    /// The value of `--print`.
    pub fn parse(word: Option<&str>) -> Result<Print> {
        match word {
            None => Ok(Print::Nothing),
            Some("id") => Ok(Print::Id),
            Some("row") => Ok(Print::Row),
            Some(word) => Err(Error::usage(format!("unknown --print {word:?}")).hint("print is one of: id, row")),
        }
    }
}

/// Prints the appended rows.
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
    print_rendered(&out, door)
}

/// Prints `rows`, already rendered. Errors: exit 4, because exit 3 would say that nothing was
/// stored. A closed pipe is not an error.
pub fn print_rendered(rows: &[u8], door: &mut Door<'_>) -> Result<()> {
    let printed = door.out.json(rows);
    flush(printed, door)
}

/// Prints one line of text. Errors: as [`print_rendered`].
pub fn print_line(line: &str, door: &mut Door<'_>) -> Result<()> {
    let printed = door.out.line(line);
    flush(printed, door)
}

fn flush(printed: Result<()>, door: &mut Door<'_>) -> Result<()> {
    match printed.and_then(|()| door.out.flush()) {
        Err(error) if !error.is_broken_pipe() => {
            Err(Error::new(Exit::Unknown, format!("{}: stored, but not printed", error.message))
                .hint("append it again with the same --id to have its step printed"))
        }
        _ => Ok(()),
    }
}

/// Warns about stored words that no vocabulary declares.
pub fn warn_of_new_words(drafts: &Drafts, err: &mut Notes<'_>) {
    for (field, word) in drafts.new_words() {
        let warning = Error::new(Exit::Done, format!("warning: {field} {word:?} is stored, and nothing declares it"));
        err.error(&match declaring(field, word) {
            Some(line) => warning.hint(format!("{line} in config.toml declares it")),
            None => warning,
        });
    }
}
