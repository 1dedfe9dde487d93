//! What `append` would refuse in a stored row (`docs/format.md`, What append refuses). It runs the
//! check of `append` itself.

use logbook_format::{Drafts, Rules};
use logbook_model::Vocabulary;
use logbook_model::error::{Error, ErrorKind, Result};

/// A placeholder for the timestamp that `append` fills in.
const NOW: &str = "1970-01-01T00:00:00.000Z";

/// The check, with its buffers.
#[derive(Debug)]
pub(crate) struct Schema<'v> {
    drafts: Drafts,
    vocabulary: &'v Vocabulary,
}

impl<'v> Schema<'v> {
    /// The check with this vocabulary.
    pub(crate) fn new(vocabulary: &'v Vocabulary) -> Schema<'v> {
        Schema { drafts: Drafts::new(), vocabulary }
    }

    /// Fails with the reason why the command that writes this kind would refuse `row`.
    pub fn check(&mut self, row: &[u8]) -> Result<()> {
        let rules = Rules { vocabulary: self.vocabulary, run_id: None, agent_id: None, own: true, redactor: None };
        self.drafts.clear();
        self.drafts.push(row, &rules, NOW, None)
    }

    /// The message without the position in the row ("line 1, column 7: ").
    pub(crate) fn reason(error: &Error) -> &str {
        match error.kind {
            ErrorKind::AtLine(at) => error.message.get(at..).unwrap_or(&error.message),
            _ => &error.message,
        }
    }

    /// The message without the values of the row, so that equal faults are counted together.
    pub(crate) fn sort(error: &Error) -> String {
        let words = Schema::reason(error);
        let words = words.split_once("; did you mean").map_or(words, |(words, _)| words);
        let words = words.split_once(", not ").map_or(words, |(words, _)| words);
        let mut sort = String::with_capacity(words.len());
        let mut letters = words.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter == '"' {
                sort.push_str("\"…\"");
                while let Some(inner) = letters.next().filter(|inner| *inner != '"') {
                    if inner == '\\' {
                        letters.next();
                    }
                }
            } else if letter.is_ascii_digit() && letters.peek().is_some_and(char::is_ascii_digit) {
                while letters.next_if(char::is_ascii_digit).is_some() {}
                sort.push('…');
            } else {
                sort.push(letter);
            }
        }
        sort
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind, Schema};

    #[test]
    fn equal_faults_are_of_one_sort() {
        let sort = |message: &str| Schema::sort(&Error::usage(message));
        assert_eq!(sort("unknown status \"a\\\"b\"; did you mean \"done\"?"), "unknown status \"…\"");
        assert_eq!(sort("cost_usd must be a number, not \"2\""), "cost_usd must be a number");
        let error = Error::usage("line 1, column 12: key \"x\" is repeated in one object");
        let error = error.of_kind(ErrorKind::AtLine("line 1, column 12: ".len()));
        assert_eq!(Schema::sort(&error), "key \"…\" is repeated in one object");
        assert_eq!(sort("the row has 1200000 bytes"), "the row has … bytes");
    }
}
