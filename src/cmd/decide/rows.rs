//! Print rows in the format that `--output` asks for.

use crate::cmd::Door;
use logbook_model::error::{Error, Result};
use logbook_render::{Format, Look, Rows};

/// The format of `--output`; without it, a table on a terminal, else jsonl.
pub fn format(output: Option<&str>, door: &Door<'_>) -> Result<Format> {
    match output {
        Some(name) => Format::parse(name),
        None if door.out.is_terminal() => Ok(Format::Table),
        None => Ok(Format::Jsonl),
    }
}

/// Prints `lines`, each a JSON object. Without `columns`, a table has those of the rows.
pub fn print(
    format: Format,
    columns: Option<&[&str]>,
    look: Look,
    lines: impl IntoIterator<Item = Result<Vec<u8>>>,
    door: &mut Door<'_>,
) -> Result<()> {
    let columns = columns.map(|columns| columns.iter().map(|&name| name.to_owned()).collect());
    let mut rows = Rows::new(format, columns, look, false);
    for line in lines {
        rows.push(&line?, None, &mut door.out).map_err(|error| Error::output(&error))?;
    }
    rows.finish(&mut door.out).map(drop).map_err(|error| Error::output(&error))
}
