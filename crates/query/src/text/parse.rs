//! Text to meaning: clauses, from one text or from flags.
//!
//! Not here: conditions (`parse_condition`), lists of columns
//! (`parse_columns`), what people type by habit (`slips`). The grammar is
//! `docs/query-grammar.txt`.

use crate::ast::{Aggregate, Column, Expr, JqText, Latest, Path, Query, SortKey, Span};
use crate::problem::{Problem, Problems, quoted};
use crate::text::columns::function_of;
use crate::text::lex::{self, Cursor};
use crate::text::slips;
use logbook_model::error::nearest;

/// Deepest nesting of parentheses and `not`.
pub(crate) const DEPTH_MAX: usize = 200;
/// After so many mistakes the rest is noise.
const PROBLEMS_MAX: usize = 10;

/// What a piece of query text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clause {
    /// `filter E`
    Filter,
    /// `group_by f, …`
    GroupBy,
    /// `summarize a, …`
    Summarize,
    /// `having E`
    Having,
    /// `select f, …`
    Select,
    /// `sort_by -f, …`
    SortBy,
    /// `limit n`
    Limit,
    /// `latest`
    Latest,
    /// `latest_by f`
    LatestBy,
    /// A jq program (`--jq`); a flag only.
    Jq,
}

/// The clause words, as they are printed.
pub(crate) const CLAUSES: &[(&str, Clause)] = &[
    ("filter", Clause::Filter),
    ("group_by", Clause::GroupBy),
    ("summarize", Clause::Summarize),
    ("having", Clause::Having),
    ("select", Clause::Select),
    ("sort_by", Clause::SortBy),
    ("limit", Clause::Limit),
    ("latest", Clause::Latest),
    ("latest_by", Clause::LatestBy),
];

/// The clause that `word` names, in any case, also with `-` for `_`.
pub(crate) fn clause_of(word: &str) -> Option<Clause> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    CLAUSES.iter().find(|(name, _)| *name == word).map(|(_, clause)| *clause)
}

/// A query in pieces, in text and in flags, that mean the same: filters are
/// joined by `and`, every other clause may be given once. The pieces make one
/// text, in which all spans count.
#[derive(Debug, Clone, Default)]
pub struct Input {
    text: String,
    pieces: Vec<(Option<Clause>, Span)>,
}

impl Input {
    /// Nothing yet: a query for everything.
    pub fn new() -> Input {
        Input::default()
    }

    /// Adds query text, with or without clause words.
    pub fn text(mut self, text: &str) -> Input {
        self.push(None, "", text);
        self
    }

    /// Adds what `flag` (`--group`) says, as the body of `clause`.
    pub fn flag(mut self, clause: Clause, flag: &str, value: &str) -> Input {
        self.push(Some(clause), flag, value);
        self
    }

    /// The text that the spans count in: the pieces, a line or more each, flags with their names.
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

    /// The query that the pieces make, or all that is wrong with them.
    pub fn parse(&self) -> Result<Query, Problems> {
        let mut parser = Parser::new(&self.text);
        for (clause, span) in &self.pieces {
            parser.c = Cursor::new(&self.text, span.from, span.to);
            match clause {
                None => parser.query_text(),
                Some(clause) => parser.flag(*clause, *span),
            }
        }
        let query = parser.query();
        parser.finish(query)
    }
}

/// A whole query: a condition, clauses, or a condition and clauses.
pub fn parse(text: &str) -> Result<Query, Problems> {
    Input::new().text(text).parse()
}

/// A condition alone, as after `--filter`.
pub fn parse_filter(text: &str) -> Result<Expr, Problems> {
    alone(text, |parser| parser.condition())
}

/// Columns, as after `group_by` and `select`.
pub fn parse_columns(text: &str) -> Result<Vec<Column>, Problems> {
    alone(text, |parser| parser.columns("select", true))
}

/// Aggregates, as after `summarize`.
pub fn parse_aggregates(text: &str) -> Result<Vec<Aggregate>, Problems> {
    alone(text, |parser| parser.aggregates())
}

/// Sort keys, as after `sort_by`.
pub fn parse_sort(text: &str) -> Result<Vec<SortKey>, Problems> {
    alone(text, |parser| parser.sort_keys())
}

/// Paths between commas.
pub fn parse_path_list(text: &str) -> Result<Vec<Path>, Problems> {
    alone(text, |parser| parser.list("a list of fields", Parser::path))
}

fn alone<T>(text: &str, read: impl FnOnce(&mut Parser<'_>) -> Result<T, Problem>) -> Result<T, Problems> {
    let mut parser = Parser::new(text);
    let value = read(&mut parser).and_then(|value| parser.must_end().map(|()| value));
    let value = value.map_err(|problem| parser.problems.push(problem)).ok();
    match value {
        Some(value) => parser.finish(value),
        None => Err(parser.into_problems()),
    }
}

/// Reads one text, and collects what is wrong with it.
pub(crate) struct Parser<'a> {
    pub(crate) c: Cursor<'a>,
    pub(crate) text: &'a str,
    pub(crate) problems: Vec<Problem>,
    pub(crate) depth: usize,
    /// In `having`, `select` and `sort_by`, `sum(x)` names the column that `summarize sum(x)`
    /// makes.
    pub(crate) results: bool,
    filters: Vec<Expr>,
    made: Query,
    seen: Vec<Clause>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parser<'a> {
        Parser {
            c: Cursor::new(text, 0, text.len()),
            text,
            problems: Vec::new(),
            depth: 0,
            results: false,
            filters: Vec::new(),
            made: Query::default(),
            seen: Vec::new(),
        }
    }

    /// A mistake after which the meaning is still clear enough to go on.
    pub(crate) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn query_text(&mut self) {
        if self.c.is_at_end() {
            let problem = Problem::new(self.c.here(), "the query is empty");
            return self
                .note(problem.hint("write a condition such as status=blocked, or leave it out to get every row"));
        }
        if self.clause_word().is_none() {
            self.clause(Clause::Filter, self.c.here(), "");
        }
        while !self.c.is_at_end() && self.problems.len() < PROBLEMS_MAX {
            let from = self.c.at;
            let Some((clause, length)) = self.clause_word() else {
                let problem = self.stray();
                self.note(problem);
                self.skip_to_clause();
                continue;
            };
            self.c.at += length;
            let word = self.c.since(from);
            self.clause(clause, word, self.c.slice(word));
        }
    }

    fn flag(&mut self, clause: Clause, span: Span) {
        if clause == Clause::Jq {
            self.made.jq = Some(JqText { code: self.c.slice(span).to_owned(), span });
            return;
        }
        self.clause(clause, span, "");
        if self.problems.is_empty()
            && let Err(problem) = self.must_end()
        {
            self.note(problem);
        }
    }

    fn must_end(&mut self) -> Result<(), Problem> {
        if self.c.is_at_end() {
            return Ok(());
        }
        Err(match self.clause_word() {
            Some((_, length)) => {
                let span = Span { from: self.c.at, to: self.c.at + length };
                Problem::new(span, format!("the clause {} cannot stand here", quoted(self.c.slice(span))))
                    .hint("give it as a flag of its own, or write the whole query as one text")
            }
            None => self.stray(),
        })
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

    /// Reads what follows the clause word `word`; its mistakes are noted, and
    /// reading goes on at the next clause.
    fn clause(&mut self, clause: Clause, at: Span, word: &str) {
        if clause != Clause::Filter && self.seen.contains(&clause) {
            let name = CLAUSES.iter().find(|(_, of)| *of == clause).map_or("", |(name, _)| *name);
            self.note(Problem::new(at, format!("`{name}` is given twice")).hint("give it once"));
        }
        if [Clause::Latest, Clause::LatestBy].iter().any(|other| *other != clause && self.seen.contains(other))
            && matches!(clause, Clause::Latest | Clause::LatestBy)
        {
            let problem = Problem::new(at, "`latest` and `latest_by` cannot both be given");
            self.note(problem.hint("`latest` says where runs stand, `latest_by f` is the newest row of each value"));
        }
        self.seen.push(clause);
        if clause != Clause::Latest && !word.is_empty() && (self.c.is_at_end() || self.clause_word().is_some()) {
            self.note(slips::lacks(clause, at, word));
            return;
        }
        self.results = matches!(clause, Clause::Having | Clause::Select | Clause::SortBy);
        self.depth = 0;
        let read = match clause {
            Clause::Filter => self.condition().map(|condition| self.filters.push(condition)),
            Clause::Having => self.condition().map(|condition| self.made.having = Some(condition)),
            Clause::GroupBy => self.columns("group_by", false).map(|columns| self.made.group_by = columns),
            Clause::Select => self.columns("select", true).map(|columns| self.made.select = columns),
            Clause::Summarize => self.aggregates().map(|aggregates| self.made.summarize = aggregates),
            Clause::SortBy => self.sort_keys().map(|keys| self.made.sort_by = keys),
            Clause::Limit => self.limit().map(|limit| self.made.limit = Some(limit)),
            Clause::Latest => {
                self.made.latest = Some(Latest::Standing);
                Ok(())
            }
            Clause::LatestBy => self.path().map(|path| self.made.latest = Some(Latest::By(path))),
            Clause::Jq => Ok(()),
        };
        if let Err(problem) = read {
            self.note(problem);
            self.skip_to_clause();
        }
    }

    fn limit(&mut self) -> Result<u64, Problem> {
        self.c.skip_white();
        let from = self.c.at;
        let word = self.c.bare();
        let span = self.c.since(from);
        word.parse().ok().filter(|_| word.bytes().all(|byte| byte.is_ascii_digit())).ok_or_else(|| {
            Problem::new(span, format!("`limit` takes a whole number, not {}", quoted(word)))
                .hint("write it as in limit 20")
        })
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

    /// What stands here belongs to nothing before it.
    fn stray(&mut self) -> Problem {
        let from = self.c.at;
        if let Some(problem) = slips::stray(&self.c) {
            return problem;
        }
        let word = match self.c.bare() {
            "" => self.c.bump().map(String::from).unwrap_or_default(),
            word => word.to_owned(),
        };
        let span = self.c.since(from);
        let problem = Problem::new(span, format!("{} does not belong here", quoted(&word)));
        let clauses = CLAUSES.iter().map(|(name, _)| *name);
        match nearest(&word, clauses.clone()) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None if word.contains(['=', '~']) => problem.hint("a condition behind other clauses begins with `filter`"),
            None if function_of(&word).is_some() => {
                problem.hint(format!("aggregates stand in summarize, as in `summarize {word}`"))
            }
            None if word.starts_with("--") => problem.hint("flags stand outside the quotes of a query"),
            None if word == "," => problem.hint("a list of values is written `field in (a, b)`"),
            None => problem.hint(format!("what may follow: {}", clauses.collect::<Vec<_>>().join(", "))),
        }
    }

    /// After a mistake: on to the next clause word that is not inside quotes or
    /// parentheses, so that its mistakes are found as well.
    fn skip_to_clause(&mut self) {
        while !self.c.is_at_end() && self.clause_word().is_none() {
            let skipped = match self.c.peek() {
                Some('\'' | '"') => self.c.string().is_ok(),
                Some('(') => self.c.jq().is_ok(),
                _ if !self.c.name().is_empty() => {
                    self.c.at += self.c.name().len();
                    true
                }
                _ => self.c.bump().is_some(),
            };
            if !skipped {
                self.c.at += self.c.rest().len();
            }
        }
    }

    fn query(&mut self) -> Query {
        let mut query = std::mem::take(&mut self.made);
        let mut filters = std::mem::take(&mut self.filters);
        query.filter = match filters.len() {
            0 | 1 => filters.pop(),
            _ => Some(Expr::And(filters.into_iter().flat_map(conjuncts).collect())),
        };
        query
    }

    fn finish<T>(self, value: T) -> Result<T, Problems> {
        if self.problems.is_empty() { Ok(value) } else { Err(self.into_problems()) }
    }

    fn into_problems(mut self) -> Problems {
        self.problems.sort_by_key(|problem| problem.span.from);
        self.problems.truncate(PROBLEMS_MAX);
        Problems { text: self.text.to_owned(), list: self.problems }
    }
}

fn conjuncts(condition: Expr) -> Vec<Expr> {
    match condition {
        Expr::And(terms) => terms,
        other => vec![other],
    }
}

/// Whether `key`, first in a path, would be read as something else without quotes.
pub(crate) fn is_reserved(key: &str) -> bool {
    lex::is_join(key)
        || slips::is_number(key)
        || ["has", "in", "all", "jq", "age", "as"].iter().any(|word| key.eq_ignore_ascii_case(word))
        || clause_of(key).is_some()
}
