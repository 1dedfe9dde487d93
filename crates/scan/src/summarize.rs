//! Makes the [`Summary`] of a segment by reading it as queries do.

use std::ops::ControlFlow;

use super::feed::feed;
use super::source::Source;
use logbook_json::{Kind, decode, kind};
use logbook_model::Instant;
use logbook_query::eval::value::instant;
use logbook_store::Input;
use logbook_store::index::{RunFilterBuilder, Summary, Words};

/// The fields that are read: a time, a run, and those of [`Summary::words`].
const FIELDS: [&str; 5] = ["timestamp", "run_id", "status", "phase", "kind"];
/// Fields with more or longer words have no list of words in the summary.
const WORDS_MAX: usize = 32;
const WORD_BYTES_MAX: usize = 64;

/// Summarizes `input`, its rows as they were written.
pub fn summarize(input: Input) -> Summary {
    let mut builder = Builder::default();
    let names = FIELDS.map(str::to_owned);
    let scanned = feed(&Source::as_written(vec![input]), &mut std::io::empty(), &names, false, |row, _, _| {
        builder.row(row.fields);
        ControlFlow::Continue(())
    });
    builder.finish(scanned.rows, scanned.skipped.count() > 0)
}

#[derive(Default)]
struct Builder {
    times: Option<(Instant, Instant)>,
    odd_times: bool,
    words: [WordsBuilder; 3],
    runs: RunFilterBuilder,
    odd_runs: bool,
}

impl Builder {
    fn row(&mut self, fields: &[Option<&[u8]>]) {
        let [time, run, words @ ..] = fields else { return };
        if let Some(raw) = time {
            match instant(raw) {
                Some(at) => {
                    self.times = Some(self.times.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
                }
                // Other timestamps may be valid in the zone of a query, and invalid ones must be
                // reported.
                None => self.odd_times |= kind(raw) != Some(Kind::Null),
            }
        }
        if let Some(raw) = run {
            match decode(raw) {
                Some(run) => self.runs.push(&run),
                None => self.odd_runs |= is_odd(raw),
            }
        }
        for (builder, raw) in self.words.iter_mut().zip(words) {
            if let Some(raw) = raw {
                match decode(raw) {
                    Some(word) => builder.push(&word),
                    None => builder.odd |= is_odd(raw),
                }
            }
        }
    }

    fn finish(self, rows: u64, damaged: bool) -> Summary {
        Summary {
            rows,
            damaged,
            times: self.times,
            odd_times: self.odd_times,
            words: self.words.map(WordsBuilder::finish),
            runs: self.runs.finish(),
            odd_runs: self.odd_runs,
        }
    }
}

/// Whether a value that is not a string may match a word of a query, as the number `5` does. Null
/// and objects never do.
fn is_odd(raw: &[u8]) -> bool {
    !matches!(kind(raw), Some(Kind::Null | Kind::Object))
}

#[derive(Default)]
struct WordsBuilder {
    seen: Vec<Box<[u8]>>,
    /// The index of the word met last: consecutive rows often have the same.
    last: usize,
    too_many: bool,
    odd: bool,
}

impl WordsBuilder {
    fn push(&mut self, word: &[u8]) {
        if self.too_many || self.seen.get(self.last).is_some_and(|last| **last == *word) {
            return;
        }
        match self.seen.iter().position(|seen| **seen == *word) {
            Some(at) => self.last = at,
            None if self.seen.len() < WORDS_MAX && word.len() <= WORD_BYTES_MAX => {
                self.last = self.seen.len();
                self.seen.push(word.into());
            }
            None => self.too_many = true,
        }
    }

    fn finish(mut self) -> Words {
        self.seen.sort_unstable();
        Words { seen: (!self.too_many).then_some(self.seen), odd: self.odd }
    }
}
