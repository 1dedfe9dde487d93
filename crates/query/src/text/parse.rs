//! Clauses, from one text or from flags, to a query. The grammar is in `docs/query-grammar.txt`.
//!
//! Not here: conditions (`condition`), lists of columns (`columns`), what people type by habit
//! (`mistakes`).

use crate::ast::{Expr, JqText, Latest, Path, Query, Span};
use crate::problem::{Problem, Problems, quoted};
pub use crate::text::grammar::Clause;
use crate::text::grammar::{CLAUSES, function_of};
use crate::text::lex::Cursor;
use crate::text::mistakes;
use crate::text::parser::Parser;
use logbook_model::error::nearest;

/// At most this many mistakes are reported; further ones are likely to be consequences.
const PROBLEMS_MAX: usize = 10;

/// A query in pieces, as text and as flags. Filters are joined by `and`; every other clause may be
/// given once. The pieces make one text, to which all spans refer.
#[derive(Debug, Clone, Default)]
pub struct Input {
    text: String,
    pieces: Vec<(Option<Clause>, Span)>,
}

impl Input {
    /// No pieces: the query for all rows.
    pub fn new() -> Input {
        Input::default()
    }

    /// Adds query text, with or without clause words.
    pub fn text(mut self, text: &str) -> Input {
        self.push(None, "", text);
        self
    }

    /// Adds the value of `flag` (such as `--group`), as the body of `clause`.
    pub fn flag(mut self, clause: Clause, flag: &str, value: &str) -> Input {
        self.push(Some(clause), flag, value);
        self
    }

    /// The text to which spans refer: the pieces, each on lines of its own, flags with their names.
    pub fn source(&self) -> &str {
        &self.text
    }

    fn push(&mut self, clause: Option<Clause>, flag: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        if !flag.is_empty() {
            self.text.push_str(flag);
            self.text.push(' ');
        }
        let from = self.text.len();
        self.text.push_str(value);
        self.pieces.push((clause, Span { from, to: self.text.len() }));
    }

    /// The query of all pieces, or everything that is wrong with them.
    pub fn parse(&self) -> Result<Query, Problems> {
        let mut clauses = ClauseParser::new(&self.text);
        for (clause, span) in &self.pieces {
            clauses.parser.cursor = Cursor::new(&self.text, span.from, span.to);
            match clause {
                None => clauses.query_text(),
                Some(clause) => clauses.flag(*clause, *span),
            }
        }
        clauses.finish().map_err(|list| sorted(&self.text, list))
    }
}

/// Parses a whole query: a condition, clauses, or a condition and clauses.
pub fn parse(text: &str) -> Result<Query, Problems> {
    Input::new().text(text).parse()
}

/// Reads a comma-separated list of dotted paths.
pub fn parse_path_list(text: &str) -> Result<Vec<Path>, Problems> {
    let mut parser = Parser::new(text);
    let paths = parser.list("a list of fields", Parser::path);
    let paths = paths.and_then(|paths| must_end(&mut parser).map(|()| paths));
    match paths {
        Ok(paths) if parser.problems.is_empty() => Ok(paths),
        Ok(_) => Err(sorted(text, parser.problems)),
        Err(problem) => {
            parser.problems.push(problem);
            Err(sorted(text, parser.problems))
        }
    }
}

/// Reads clauses, and collects the query that they make.
struct ClauseParser<'a> {
    parser: Parser<'a>,
    /// The conditions of `filter` so far; all of them must hold.
    filters: Vec<Expr>,
    query: Query,
    seen: Vec<Clause>,
}

impl<'a> ClauseParser<'a> {
    fn new(text: &'a str) -> ClauseParser<'a> {
        ClauseParser { parser: Parser::new(text), filters: Vec::new(), query: Query::default(), seen: Vec::new() }
    }

    fn query_text(&mut self) {
        if self.parser.cursor.is_at_end() {
            let problem = Problem::new(self.parser.cursor.here(), "the query is empty");
            return self
                .parser
                .note(problem.hint("write a condition such as status=blocked, or leave it out to get every row"));
        }
        if self.parser.clause_word().is_none() {
            self.clause(Clause::Filter, self.parser.cursor.here(), "");
        }
        while !self.parser.cursor.is_at_end() && self.parser.problems.len() < PROBLEMS_MAX {
            let from = self.parser.cursor.at;
            let Some((clause, length)) = self.parser.clause_word() else {
                let problem = stray(&mut self.parser);
                self.parser.note(problem);
                self.skip_to_clause();
                continue;
            };
            self.parser.cursor.at += length;
            let word = self.parser.cursor.since(from);
            self.clause(clause, word, self.parser.cursor.slice(word));
        }
    }

    fn flag(&mut self, clause: Clause, span: Span) {
        if clause == Clause::Jq {
            self.query.jq = Some(JqText { code: self.parser.cursor.slice(span).to_owned(), span });
            return;
        }
        self.clause(clause, span, "");
        if self.parser.problems.is_empty()
            && let Err(problem) = must_end(&mut self.parser)
        {
            self.parser.note(problem);
        }
    }

    /// Reads what follows the clause word `word`. Its mistakes are recorded, and reading continues
    /// at the next clause.
    fn clause(&mut self, clause: Clause, at: Span, word: &str) {
        if clause != Clause::Filter && self.seen.contains(&clause) {
            let name = CLAUSES.iter().find(|(_, of)| *of == clause).map_or("", |(name, _)| *name);
            self.parser.note(Problem::new(at, format!("`{name}` is given twice")).hint("give it once"));
        }
        if [Clause::Latest, Clause::LatestBy].iter().any(|other| *other != clause && self.seen.contains(other))
            && matches!(clause, Clause::Latest | Clause::LatestBy)
        {
            let problem = Problem::new(at, "`latest` and `latest_by` cannot both be given");
            self.parser.note(
                problem.hint("`latest` shows the standing of each run, `latest_by f` the newest row of each value"),
            );
        }
        self.seen.push(clause);
        if clause != Clause::Latest
            && !word.is_empty()
            && (self.parser.cursor.is_at_end() || self.parser.clause_word().is_some())
        {
            self.parser.note(mistakes::missing_body(clause, at, word));
            return;
        }
        self.parser.aggregates_are_columns = matches!(clause, Clause::Having | Clause::Select | Clause::SortBy);
        self.parser.depth = 0;
        let read = match clause {
            Clause::Filter => self.parser.condition().map(|condition| self.filters.push(condition)),
            Clause::Having => self.parser.condition().map(|condition| self.query.having = Some(condition)),
            Clause::GroupBy => self.parser.columns("group_by", false).map(|columns| self.query.group_by = columns),
            Clause::Select => self.parser.columns("select", true).map(|columns| self.query.select = columns),
            Clause::Summarize => self.parser.aggregates().map(|aggregates| self.query.summarize = aggregates),
            Clause::SortBy => self.parser.sort_keys().map(|keys| self.query.sort_by = keys),
            Clause::Limit => self.limit().map(|limit| self.query.limit = Some(limit)),
            Clause::Latest => {
                self.query.latest = Some(Latest::Standing);
                Ok(())
            }
            Clause::LatestBy => self.parser.path().map(|path| self.query.latest = Some(Latest::By(path))),
            Clause::Jq => Ok(()),
        };
        if let Err(problem) = read {
            self.parser.note(problem);
            self.skip_to_clause();
        }
    }

    fn limit(&mut self) -> Result<u64, Problem> {
        self.parser.cursor.skip_white();
        let from = self.parser.cursor.at;
        let word = self.parser.cursor.bare();
        let span = self.parser.cursor.since(from);
        word.parse().ok().filter(|_| word.bytes().all(|byte| byte.is_ascii_digit())).ok_or_else(|| {
            Problem::new(span, format!("`limit` takes a whole number, not {}", quoted(word)))
                .hint("write it as in limit 20")
        })
    }

    /// After a mistake, skips to the next clause word outside of quotes and parentheses, so that
    /// the mistakes of later clauses are found as well.
    fn skip_to_clause(&mut self) {
        while !self.parser.cursor.is_at_end() && self.parser.clause_word().is_none() {
            let skipped = match self.parser.cursor.peek() {
                Some('\'' | '"') => self.parser.cursor.string().is_ok(),
                Some('(') => self.parser.cursor.jq().is_ok(),
                _ if !self.parser.cursor.name().is_empty() => {
                    self.parser.cursor.at += self.parser.cursor.name().len();
                    true
                }
                _ => self.parser.cursor.bump().is_some(),
            };
            if !skipped {
                self.parser.cursor.at += self.parser.cursor.rest().len();
            }
        }
    }

    fn finish(mut self) -> Result<Query, Vec<Problem>> {
        self.query.filter = match self.filters.len() {
            0 | 1 => self.filters.pop(),
            _ => Some(Expr::And(self.filters.into_iter().flat_map(conjuncts).collect())),
        };
        if self.parser.problems.is_empty() { Ok(self.query) } else { Err(self.parser.problems) }
    }
}

/// The problems of `text` in the order of the text.
fn sorted(text: &str, mut list: Vec<Problem>) -> Problems {
    list.sort_by_key(|problem| problem.span.from);
    list.truncate(PROBLEMS_MAX);
    Problems { text: text.to_owned(), list }
}

fn conjuncts(condition: Expr) -> Vec<Expr> {
    match condition {
        Expr::And(terms) => terms,
        other => vec![other],
    }
}

fn must_end(parser: &mut Parser<'_>) -> Result<(), Problem> {
    if parser.cursor.is_at_end() {
        return Ok(());
    }
    Err(match parser.clause_word() {
        Some((_, length)) => {
            let span = Span { from: parser.cursor.at, to: parser.cursor.at + length };
            Problem::new(span, format!("the clause {} is not allowed here", quoted(parser.cursor.slice(span))))
                .hint("give it as a flag of its own, or write the whole query as one text")
        }
        None => stray(parser),
    })
}

/// The problem of text that belongs to nothing before it.
fn stray(parser: &mut Parser<'_>) -> Problem {
    let from = parser.cursor.at;
    if let Some(problem) = mistakes::stray(&parser.cursor) {
        return problem;
    }
    let word = match parser.cursor.bare() {
        "" => parser.cursor.bump().map(String::from).unwrap_or_default(),
        word => word.to_owned(),
    };
    let span = parser.cursor.since(from);
    let problem = Problem::new(span, format!("{} does not belong here", quoted(&word)));
    let clauses = CLAUSES.iter().map(|(name, _)| *name);
    match nearest(&word, clauses.clone()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None if word.contains(['=', '~']) => problem.hint("a condition after other clauses begins with `filter`"),
        None if function_of(&word).is_some() => {
            problem.hint(format!("aggregates go in summarize, as in `summarize {word}`"))
        }
        None if word.starts_with("--") => problem.hint("flags go outside the quotes of a query"),
        None if word == "," => problem.hint("a list of values is written `field in (a, b)`"),
        None => problem.hint(format!("what may follow: {}", clauses.collect::<Vec<_>>().join(", "))),
    }
}
