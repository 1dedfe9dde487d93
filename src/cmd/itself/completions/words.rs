//! `logbook complete-words KIND`: print the words that a shell offers after a flag or a command,
//! one a line. The scripts of `logbook completions` call it. It never fails, since an error would
//! appear in the middle of the line being typed.

use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::shared::reading::{self, Corrections, Found};
use logbook_model::error::{Exit, Result};
use logbook_model::{Vocabulary, names};
use logbook_render::cell;
use logbook_scan::{self as scan, Source};
use logbook_store::Input;
use logbook_view as view;

pub const EXAMPLES: &str = "  logbook complete-words runs\n  logbook complete-words fields";

#[derive(clap::Args)]
pub struct CompleteWords {
    /// fields, statuses, phases, kinds or runs
    kind: String,
    /// The logbook, or the directory that holds it
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// The most rows read for field names.
const ROWS_MAX: u64 = 10_000;

pub fn run(args: CompleteWords, door: &mut Door<'_>) -> Result<Exit> {
    let found = reading::logbook(door, args.dir.as_deref(), Corrections::AsWritten).ok();
    let vocabulary = found.as_ref().map_or_else(Vocabulary::default, |found| found.vocabulary.clone());
    let own = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    let words: Vec<String> = match args.kind.as_str() {
        "statuses" => own(vocabulary.statuses().collect()),
        "phases" => own(vocabulary.phases().collect()),
        "kinds" => own(vocabulary.kinds().collect()),
        "runs" => found.map_or_else(Vec::new, |found| runs(&found, door)),
        "fields" => fields(found.as_ref(), door),
        _ => Vec::new(),
    };
    let mut text = String::new();
    for word in words.iter().filter(|word| is_plain(word)) {
        text.push_str(word);
        text.push('\n');
    }
    // A shell that closed the pipe is not an error.
    let _ = door.out.text(&text);
    Ok(Exit::Done)
}

/// Whether a shell takes the word literally. Any other text of a row could run as a command once it
/// is on a command line.
fn is_plain(word: &str) -> bool {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:@%+#".contains(letter);
    !word.is_empty() && !word.starts_with(['-', '#']) && word.chars().all(plain)
}

/// Run ids, the newest last.
fn runs(found: &Found, door: &mut Door<'_>) -> Vec<String> {
    let mut runs = Vec::new();
    let mut seen = std::collections::HashSet::new();
    scan::feed(&found.inputs, door.input, &["run_id".to_owned()], false, |row, _, _| {
        let id = cell::plain(row.field(0));
        if !id.starts_with('_') && !seen.contains(&id) {
            seen.insert(id.clone());
            runs.push(id);
        }
        ControlFlow::Continue(())
    });
    runs
}

/// Standard names, and names in the newest rows.
fn fields(found: Option<&Found>, door: &mut Door<'_>) -> Vec<String> {
    let mut words: Vec<String> = names::all().collect();
    let newest: Vec<Input> = found.and_then(|found| found.inputs.last().cloned()).into_iter().collect();
    let mut fold = view::Fields::default();
    let mut left = ROWS_MAX;
    scan::feed(&Source::as_written(newest), door.input, &[], false, |row, _, _| {
        fold.push(row.text);
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    for field in fold.finish() {
        if !words.contains(&field.name) {
            words.push(field.name);
        }
    }
    words
}
