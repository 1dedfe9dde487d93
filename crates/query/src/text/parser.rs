//! The state of a parser: where it reads, and what is wrong so far. The readers of conditions,
//! operands, columns and clauses extend it.

use crate::ast::Span;
use crate::problem::Problem;
use crate::text::grammar::{Clause, clause_of};
use crate::text::lex::Cursor;

/// Reads one text, and collects what is wrong with it.
pub(crate) struct Parser<'a> {
    pub(crate) c: Cursor<'a>,
    pub(crate) problems: Vec<Problem>,
    /// Parentheses and `not` that are open.
    pub(crate) depth: usize,
    /// In `having`, `select` and `sort_by`, `sum(x)` names the column that `summarize sum(x)`
    /// makes.
    pub(crate) results: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Parser<'a> {
        Parser { c: Cursor::new(text, 0, text.len()), problems: Vec::new(), depth: 0, results: false }
    }

    /// Records a mistake after which the meaning is still clear enough to go on.
    pub(crate) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The clause word here and its length. A word before an operator or a dot is a field.
    pub(crate) fn clause_word(&self) -> Option<(Clause, usize)> {
        let name = self.c.name();
        let clause = clause_of(name)?;
        let is_two_words = clause == Clause::Latest && self.c.rest()[name.len()..].trim_start().starts_with("by ");
        let is_field =
            is_two_words || self.c.rest()[name.len()..].starts_with('.') || self.c.operator_follows(name.len());
        (!is_field).then_some((clause, name.len()))
    }

    /// Items between commas, at least one.
    pub(crate) fn list<T>(
        &mut self,
        of: &str,
        mut item: impl FnMut(&mut Self) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut items = Vec::new();
        loop {
            if self.c.is_at_end() || self.c.peek() == Some(',') || self.clause_word().is_some() {
                let after = if items.is_empty() { "" } else { " after the comma" };
                return Err(Problem::new(self.c.here(), format!("{of}: an entry is missing{after}")));
            }
            items.push(item(self)?);
            self.c.skip_white();
            if !self.c.eat(",") {
                return Ok(items);
            }
        }
    }
}

/// A parenthesis at `open` without its `)`.
pub(crate) fn never_closed(open: usize) -> Problem {
    Problem::new(Span { from: open, to: open + 1 }, "this parenthesis is never closed").hint("close it with )")
}
