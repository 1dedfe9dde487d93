//! Inputs other than the logbook: files, globs, directories and standard input, and the layout of
//! their rows.

use std::ffi::OsString;

use super::Corrections;
use crate::cmd::Door;
use crate::cmd::shared::guard::size_bytes;
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_model::error::{Error, Result};
use logbook_query::text::arguments;
use logbook_scan::{Layout, Source};
use logbook_store::{self as store, Input, Missing};

/// Flags about the inputs.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Files {
    /// json: read whole documents, with arrays of rows or values in sequence, instead of a row per
    /// line
    #[arg(hide_short_help = true, long, value_name = "FORM", value_parser = ["lines", "json"])]
    input: Option<String>,
    /// skip: ignore text before the JSON on a line
    #[arg(hide_short_help = true, long, value_name = "WHAT", value_parser = ["skip"])]
    prefix: Option<String>,
    /// Add the field @file to each row: the file it is from
    #[arg(hide_short_help = true, long)]
    with_source: bool,
    /// Read rows up to this size [default: 16M]
    #[arg(hide_short_help = true, long, value_name = "SIZE")]
    max_row: Option<String>,
}

/// The largest value of `--max-row`: offsets within a row have 32 bits.
const ROW_BYTES_LIMIT: u64 = 1 << 30;

impl Files {
    /// The layout of the inputs.
    pub fn layout(&self) -> Result<Layout> {
        let documents = self.input.as_deref() == Some("json");
        if documents && self.prefix.is_some() {
            return Err(Error::usage("--prefix is for lines, and --input json does not read lines")
                .hint("give one of them: --prefix skip, or --input json"));
        }
        let row_bytes_max = match &self.max_row {
            None => READ_ROW_BYTES_MAX,
            Some(word) => {
                let bytes =
                    size_bytes(word).filter(|bytes| (READ_ROW_BYTES_MAX as u64..=ROW_BYTES_LIMIT).contains(bytes));
                let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
                bytes.ok_or_else(|| {
                    Error::usage(format!("--max-row: {word:?} is not a size from 16M to 1G")).hint("as --max-row 64M")
                })?
            }
        };
        Ok(Layout { documents, prefix: self.prefix.is_some(), with_source: self.with_source, row_bytes_max })
    }

    /// Opens the files, globs and directories that `arguments` name; `-` is standard input.
    pub fn open(&self, arguments: &[OsString], corrections: Corrections, door: &mut Door<'_>) -> Result<Source> {
        let layout = self.layout()?;
        if corrections != Corrections::AsWritten && (layout.documents || layout.prefix) {
            return Err(Error::usage("--fold reads rows as logbook writes them, one per line"));
        }
        let mut expanded = store::expand(arguments).map_err(|missing| {
            let Missing { argument, error, fallback } = *missing;
            // A hint for an argument that was meant as a query.
            let meant = argument.to_str().and_then(arguments::hint).filter(|_| error.hint.is_none());
            match meant.or(fallback) {
                Some(hint) => error.hint(hint),
                None => error,
            }
        })?;
        note_unread(&expanded, door);
        if corrections != Corrections::AsWritten {
            for input in expanded.inputs.iter_mut().filter(|input| input.is_once()) {
                let name = input.name();
                let mut bytes = Vec::new();
                let read = match input.open() {
                    Ok(Some(mut pipe)) => pipe.read_to_end(&mut bytes),
                    Ok(None) => door.input.read_to_end(&mut bytes),
                    Err(error) => Err(error),
                };
                read.map_err(|error| Error::io(format!("{name}: {error}")))?;
                *input = Input::Held(name, bytes.into());
            }
        }
        Ok(corrections.of(expanded.inputs).laid_out(layout))
    }
}

/// Notes which files of a directory are not read.
fn note_unread(expanded: &store::Expanded, door: &mut Door<'_>) {
    const NAMED: usize = 3;
    let all = &expanded.passed_over;
    if all.is_empty() {
        return;
    }
    let named: Vec<String> = all.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let more = all.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    door.note(format_args!("passed over {}{more}; name a file to read it", named.join(", ")));
}
