//! Lists of columns, aggregates and sort keys.

use crate::ast::{Aggregate, Column, SortKey, Span};
use crate::problem::{Expected, Problem, quoted};
use crate::text::grammar::{FUNCTIONS, function_of};
use crate::text::parser::Parser;
use logbook_model::error::nearest;

/// Names of aggregates in other languages.
const SYNONYMS: &[(&str, &str)] = &[
    ("mean", "avg"),
    ("average", "avg"),
    ("total", "sum"),
    ("unique", "distinct"),
    ("uniq", "distinct"),
    ("count_distinct", "distinct"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("collect", "list"),
    ("values", "list"),
];

impl Parser<'_> {
    /// Reads columns: `f`, `name=f`, `f as name`.
    pub(crate) fn columns(&mut self, clause: &str, after_grouping: bool) -> Result<Vec<Column>, Problem> {
        self.aggregates_are_columns = after_grouping;
        self.list(clause, Self::column)
    }

    fn column(&mut self) -> Result<Column, Problem> {
        self.cursor.skip_white();
        let from = self.cursor.at;
        let given = self.given_name()?;
        let of = self.operand()?;
        let name = self.as_name(given)?;
        Ok(Column { name, of, span: self.cursor.since(from) })
    }

    /// Reads a name or a string; empty if neither begins here.
    fn name(&mut self) -> Result<String, Problem> {
        if let Some('\'' | '"') = self.cursor.peek() {
            return self.cursor.string();
        }
        let name = self.cursor.name();
        self.cursor.at += name.len();
        Ok(name.to_owned())
    }

    /// Reads `name=` before an operand, if it is there.
    fn given_name(&mut self) -> Result<Option<String>, Problem> {
        let before = self.cursor.clone();
        let name = self.name()?;
        self.cursor.skip_white();
        if !name.is_empty() && !self.cursor.rest().starts_with("==") && self.cursor.eat("=") {
            self.cursor.skip_white();
            return Ok(Some(name));
        }
        self.cursor = before;
        Ok(None)
    }

    /// Reads `as name` after an operand, if it is there.
    fn as_name(&mut self, given: Option<String>) -> Result<Option<String>, Problem> {
        let end = self.cursor.at;
        self.cursor.skip_white();
        let from = self.cursor.at;
        if !self.cursor.eat_word("as") {
            self.cursor.at = end;
            return Ok(given);
        }
        if given.is_some() {
            return Err(Problem::new(self.cursor.since(from), "this column is named twice"));
        }
        self.cursor.skip_white();
        let name = self.name()?;
        if name.is_empty() {
            return Err(Problem::new(self.cursor.since(from), "a name is missing after `as`"));
        }
        Ok(Some(name))
    }

    /// Reads aggregates: `count`, `sum(f)`, `name=sum(f)`, `sum(f) as name`.
    pub(crate) fn aggregates(&mut self) -> Result<Vec<Aggregate>, Problem> {
        self.aggregates_are_columns = false;
        self.list("summarize", |parser| {
            parser.cursor.skip_white();
            let from = parser.cursor.at;
            let given = parser.given_name()?;
            let word_from = parser.cursor.at;
            let mut name = parser.call_name();
            if name.is_empty() {
                return Err(Problem::expected(parser.cursor.here(), Expected::Aggregate)
                    .hint("write it as in count, sum(cost_usd), p95(duration_ms)"));
            }
            // Without parentheses `p99.9` is read as a path. The message takes all of it.
            if parser.cursor.rest()[name.len()..].starts_with('.') {
                name = parser.cursor.clone().bare().to_owned();
            }
            parser.cursor.at += name.len();
            let word = parser.cursor.since(word_from);
            let function = function_of(&name).ok_or_else(|| no_aggregate(&name, word))?;
            let of = parser.argument(function, word)?;
            let name = parser.as_name(given)?;
            Ok(Aggregate { name, function, of, span: parser.cursor.since(from) })
        })
    }

    /// Reads sort keys: `f`, `-f`.
    pub(crate) fn sort_keys(&mut self) -> Result<Vec<SortKey>, Problem> {
        self.aggregates_are_columns = true;
        self.list("sort_by", |parser| {
            parser.cursor.skip_white();
            let descending = parser.cursor.eat("-");
            let of = parser.operand()?;
            parser.cursor.skip_white();
            let from = parser.cursor.at;
            for word in ["desc", "asc", "descending", "ascending"] {
                if parser.cursor.eat_word(word) {
                    return Err(Problem::new(parser.cursor.since(from), format!("`{word}` is not needed"))
                        .hint("`sort_by f` is ascending, `sort_by -f` is descending"));
                }
            }
            Ok(SortKey { descending, of })
        })
    }
}

fn no_aggregate(name: &str, span: Span) -> Problem {
    let problem = Problem::new(span, format!("there is no aggregate {}", quoted(name)));
    let lower = name.to_ascii_lowercase();
    if let Some((_, ours)) = SYNONYMS.iter().find(|(theirs, _)| *theirs == lower) {
        return problem.hint(format!("did you mean `{ours}`?"));
    }
    match nearest(name, FUNCTIONS.iter().map(|(word, _)| *word)) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("there are count, sum, avg, min, max, median, p0 to p100, distinct, first, last, list"),
    }
}
