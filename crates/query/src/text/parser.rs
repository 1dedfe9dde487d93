//! The state of a parser: where it reads, and what is wrong so far. The readers of conditions,
//! operands, columns and clauses extend it.

use crate::ast::Span;
use crate::problem::Problem;
use crate::text::grammar::{Clause, clause_of};
use crate::text::lex::Cursor;

/// Reads one text, and collects what is wrong with it.
pub(crate) struct Parser<'a> {
    pub(crate) cursor: Cursor<'a>,
    pub(crate) problems: Vec<Problem>,
    /// The number of open parentheses and `not`.
    pub(crate) depth: usize,
    /// In `having`, `select` and `sort_by`, `sum(x)` names the column that `summarize sum(x)`
    /// makes.
    pub(crate) aggregates_are_columns: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Parser<'a> {
        Parser {
            cursor: Cursor::new(text, 0, text.len()),
            problems: Vec::new(),
            depth: 0,
            aggregates_are_columns: false,
        }
    }

    /// Records a mistake after which the meaning is still clear enough to go on.
    pub(crate) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The clause word here, and its length. A word before an operator or a dot is a field.
    pub(crate) fn clause_word(&self) -> Option<(Clause, usize)> {
        let name = self.cursor.name();
        let clause = clause_of(name)?;
        let is_two_words = clause == Clause::Latest && self.cursor.rest()[name.len()..].trim_start().starts_with("by ");
        let is_field = is_two_words
            || self.cursor.rest()[name.len()..].starts_with('.')
            || self.cursor.operator_follows(name.len());
        (!is_field).then_some((clause, name.len()))
    }

    /// Reads items separated by commas, at least one.
    pub(crate) fn list<T>(
        &mut self,
        of: &str,
        mut item: impl FnMut(&mut Self) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut items = Vec::new();
        loop {
            if self.cursor.is_at_end() || self.cursor.peek() == Some(',') || self.clause_word().is_some() {
                let after = if items.is_empty() { "" } else { " after the comma" };
                return Err(Problem::new(self.cursor.here(), format!("{of}: an entry is missing{after}")));
            }
            items.push(item(self)?);
            self.cursor.skip_white();
            if !self.cursor.eat(",") {
                return Ok(items);
            }
        }
    }
}

/// The problem that the parenthesis at `open` has no `)`.
pub(crate) fn never_closed(open: usize) -> Problem {
    Problem::new(Span { from: open, to: open + 1 }, "this parenthesis is never closed").hint("close it with )")
}
