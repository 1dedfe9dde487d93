//! What is wrong with a query, and where: shown with the line of the query, a caret under the
//! place, and what to write instead.
//!
//! Not here: which mistakes there are (`text`, `compile`).

use std::fmt;

use unicode_width::UnicodeWidthChar;

use crate::ast::Span;
use logbook_model::error::Error;
use logbook_model::shown::is_unsafe;

/// At most this many columns of the query's line are shown; a longer line is cut around the place.
const COLUMNS_MAX: usize = 76;

/// A mistake in a query, or a warning about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place in the text.
    pub span: Span,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// For code that must tell problems apart. The message is for people only.
    pub kind: ProblemKind,
}

/// The kinds of problems that code must tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProblemKind {
    /// Any other problem.
    #[default]
    Other,
    /// Something is missing at this place.
    Expected(Expected),
    /// A word alone, where a condition is expected.
    BareWord,
}

/// What is expected at the place of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A condition.
    Condition,
    /// The operator of a comparison.
    Operator,
    /// A field.
    Field,
    /// The value of a comparison.
    Value,
    /// An aggregate.
    Aggregate,
    /// A closing parenthesis.
    Close,
    /// A closing parenthesis, `and` or `or`.
    Join,
}

impl Problem {
    /// A problem at a place.
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Problem {
        Problem { span, message: message.into(), hint: None, kind: ProblemKind::Other }
    }

    /// Something is missing at `span`.
    pub(crate) fn expected(span: Span, expected: Expected) -> Problem {
        let what = match expected {
            Expected::Condition => "a condition",
            Expected::Operator => "an operator",
            Expected::Field => "a field",
            Expected::Value => "a value",
            Expected::Aggregate => "an aggregate",
            Expected::Close => "`)`",
            Expected::Join => "`and`, `or` or `)`",
        };
        let kind = ProblemKind::Expected(expected);
        Problem { kind, ..Problem::new(span, format!("{what} is expected here")) }
    }

    /// The word at `span`, without an operator and a value.
    pub(crate) fn bare_word(span: Span, word: &str) -> Problem {
        let kind = ProblemKind::BareWord;
        Problem { kind, ..Problem::new(span, format!("{} alone is not a condition", quoted(word))) }
    }

    /// The same with what to write instead.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    /// The message, and below it the line of `text` with a caret under the place; without the hint.
    fn show(&self, text: &str) -> (String, Vec<String>) {
        let message = clean(&self.message);
        if text.trim().is_empty() {
            return (message, Vec::new());
        }
        let excerpt = Excerpt::of(text, self.span);
        let number = if text.trim_end().contains('\n') { format!("{} | ", excerpt.line) } else { String::new() };
        let indent = " ".repeat(number.len() + excerpt.before);
        let below = vec![format!("  {number}{}", excerpt.shown), format!("  {indent}{}", "^".repeat(excerpt.width))];
        (message, below)
    }

    /// The problem as an error of the query `text`, with its hint.
    pub fn error(&self, text: &str) -> Error {
        let (message, below) = self.show(text);
        let error = Error::usage(message).beneath(below);
        match &self.hint {
            Some(hint) => error.hint(clean(hint)),
            None => error,
        }
    }
}

/// At most this many problems of one query are shown: a query may name thousands of columns, and
/// each problem takes a search for the nearest name.
pub(crate) const SHOWN_MAX: usize = 10;

/// Everything that is wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The text to which the spans refer.
    pub text: String,
    /// The problems in the order of the text; never empty.
    pub list: Vec<Problem>,
}

impl From<Problems> for Error {
    /// A usage error (exit 2). One problem gives its hint to the error; several show their hints
    /// below.
    fn from(problems: Problems) -> Error {
        match problems.list.as_slice() {
            [one] => one.error(&problems.text).within("query"),
            several => {
                let shown = (1..).zip(several.iter().take(SHOWN_MAX)).flat_map(|(number, problem)| {
                    let (message, below) = problem.show(&problems.text);
                    let hint = problem.hint.iter().map(|hint| format!("  {}", clean(hint)));
                    std::iter::once(format!("{number}. {message}")).chain(below).chain(hint).collect::<Vec<_>>()
                });
                let more = several.len().saturating_sub(SHOWN_MAX);
                let rest = (more > 0).then(|| format!("and {more} more"));
                Error::usage(format!("query: {} mistakes", several.len())).beneath(shown.chain(rest))
            }
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::from(self.clone()).fmt(f)
    }
}

/// A line of the query as it is shown.
struct Excerpt {
    /// Counted from 1.
    line: usize,
    /// The characters of the line, cut and made harmless.
    shown: String,
    /// Columns before the caret.
    before: usize,
    /// The number of carets.
    width: usize,
}

impl Excerpt {
    fn of(text: &str, span: Span) -> Excerpt {
        let from = floor(text, span.from.min(text.len()));
        let to = floor(text, span.to.clamp(from, text.len()));
        let line_from = text[..from].rfind('\n').map_or(0, |at| at + 1);
        let line_to = text[from..].find('\n').map_or(text.len(), |at| from + at);
        let cells = |part: &str| part.chars().map(cell).collect::<Vec<_>>();
        let (mut before, mut under, mut after) = (
            cells(&text[line_from..from]),
            cells(&text[from..to.min(line_to)]),
            cells(text[to.min(line_to)..line_to].trim_end()),
        );
        let columns = |cells: &[(String, usize)]| cells.iter().map(|(_, width)| width).sum::<usize>();
        // The place itself has priority, then the text before it, then the text after it.
        let cut = |cells: &mut Vec<(String, usize)>, room: usize, from_front: bool| {
            let mut width = columns(cells);
            if width <= room {
                return;
            }
            if from_front {
                cells.reverse();
            }
            while width + 1 > room
                && let Some((_, columns)) = cells.pop()
            {
                width -= columns;
            }
            cells.push(("…".to_owned(), 1));
            if from_front {
                cells.reverse();
            }
        };
        if columns(&before) + columns(&under) + columns(&after) > COLUMNS_MAX {
            cut(&mut under, COLUMNS_MAX / 2, false);
            let room = COLUMNS_MAX - columns(&under);
            cut(&mut before, room - columns(&after).min(room / 3), true);
            cut(&mut after, room.saturating_sub(columns(&before)), false);
        }
        let shown: String = before.iter().chain(&under).chain(&after).map(|(text, _)| text.as_str()).collect();
        Excerpt {
            line: text[..from].matches('\n').count() + 1,
            shown: shown.trim_end().to_owned(),
            before: columns(&before),
            width: columns(&under).max(1),
        }
    }
}

/// The character boundary at or before `at`.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A character as it is shown, and its width in columns.
fn cell(character: char) -> (String, usize) {
    match character {
        '\t' => ("    ".to_owned(), 4),
        _ if is_unsafe(character) => ("\u{FFFD}".to_owned(), 1),
        _ => (character.to_string(), character.width().unwrap_or(0)),
    }
}

/// Text of the query for a message, without characters that could move the cursor.
fn clean(text: &str) -> String {
    text.chars().map(|character| if is_unsafe(character) { '\u{FFFD}' } else { character }).collect()
}

/// `word` between backticks, cut if it is long.
pub(crate) fn quoted(word: &str) -> String {
    const CHARS_MAX: usize = 40;
    if word.chars().count() <= CHARS_MAX {
        return format!("`{word}`");
    }
    format!("`{}…`", word.chars().take(CHARS_MAX).collect::<String>())
}
