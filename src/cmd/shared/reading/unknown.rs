//! Warnings about a query that ran: a field that is not standard and that no row has, or a status,
//! phase or kind that is not declared and that no row has. This file looks at the rows;
//! `query/text/check` decides what to warn about.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use super::answer::{Answer, slots};
use crate::cmd::Door;
use logbook_json as json;
use logbook_model::Vocabulary;
use logbook_query::text::check::{self, Seen, UnknownWord};
use logbook_query::{Query, ast};
use logbook_scan::{self as scan, Source};
use logbook_view as view;

/// At most this many rows of each input, and of all, are read for the names of their fields.
const ROWS: usize = 1000;
const ROWS_IN_ALL: usize = 10 * ROWS;
/// The same if the query only needs to know whether rows have a time.
const ROWS_FOR_AGE: usize = 100;

/// Prints warnings about `query`, which was typed as `text` and gave `answer`.
pub fn report(
    query: &Query,
    text: &str,
    vocabulary: &Vocabulary,
    answer: &Answer,
    inputs: &Source,
    door: &mut Door<'_>,
) {
    let words = check::unknown_words(query, vocabulary);
    let mut paths = answer.sample.clone();
    let rows = match () {
        () if answer.seen.contains(&false) || !words.is_empty() => ROWS,
        () if check::age(query).is_some() => ROWS_FOR_AGE,
        () => 0,
    };
    sample(inputs, rows, &mut paths, door);
    // The words of another program's rows are its own.
    let foreign = !paths.contains(["run_id".to_owned()].as_slice());
    let found = if words.is_empty() || foreign { HashSet::new() } else { words_in(inputs, &words, door) };
    let piped = inputs.iter().any(|input| input.is_once());
    let seen = Seen {
        field: &|path| {
            let at = answer.doubted.iter().position(|(keys, _)| *keys == path.keys);
            at.is_none_or(|at| answer.seen.get(at).copied().unwrap_or(true))
        },
        word: &|unknown| {
            let is_met = piped && unknown.is_asked && answer.written > 0;
            foreign || is_met || found.contains(&key(unknown.path, &unknown.word.text))
        },
        paths: &paths,
        partly: answer.partly,
    };
    let doubts = check::warnings(query, &seen, vocabulary);
    for problem in doubts.shown {
        door.warn(&problem.error(text));
    }
    if doubts.more > 0 {
        door.note(format_args!("{} more fields or words are not known", doubts.more));
    }
}

/// Adds the fields of the first rows of each input.
fn sample(inputs: &Source, rows: usize, paths: &mut BTreeSet<Vec<String>>, door: &mut Door<'_>) {
    let mut fields = view::Fields::default();
    let mut read = 0;
    for input in inputs.iter().filter(|input| !input.is_once()) {
        let mut left = rows.min(ROWS_IN_ALL - read);
        if left == 0 {
            break;
        }
        let one = Source::as_written(vec![input.clone()]).laid_out(inputs.layout());
        scan::feed(&one, door.input, &[], false, |row, _, _| {
            fields.push(row.text);
            (left, read) = (left - 1, read + 1);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    paths.extend(fields.paths().cloned());
}

/// A field, and a word in it.
type Key = (Vec<String>, String);

fn key(path: &ast::Path, word: &str) -> Key {
    (path.keys.clone(), word.to_owned())
}

/// Which of `words` occur in the inputs that can be read again.
fn words_in(inputs: &Source, words: &[UnknownWord<'_>], door: &mut Door<'_>) -> HashSet<Key> {
    let mut wanted: HashSet<Key> = words.iter().map(|unknown| key(unknown.path, &unknown.word.text)).collect();
    let keys: BTreeSet<&Vec<String>> = words.iter().map(|unknown| &unknown.path.keys).collect();
    let (names, paths) = slots(keys.iter().copied());
    let mut found = HashSet::new();
    let mut last: Vec<Vec<u8>> = vec![Vec::new(); paths.len()];
    scan::feed(&inputs.again(), door.input, &names, false, |row, _, _| {
        for ((path, keys), last) in paths.iter().zip(&keys).zip(&mut last) {
            path.leaves(row, |value| {
                // Neighbouring rows often have the same value.
                if value != last.as_slice() {
                    value.clone_into(last);
                    let text = json::decode(value).unwrap_or(value.into());
                    let key = ((*keys).clone(), String::from_utf8_lossy(&text).into_owned());
                    found.extend(wanted.take(&key));
                }
                ControlFlow::Continue(())
            });
        }
        if wanted.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}
