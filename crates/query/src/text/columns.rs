//! Lists of columns, aggregates and sort keys.

use crate::ast::{Aggregate, Bucket, Column, Every, Function, Operand, Path, SortKey, Span};
use crate::problem::{Problem, quoted};
use crate::text::condition::never_closed;
use crate::text::parse::Parser;
use crate::text::print;
use logbook_model::duration_ms;
use logbook_model::error::nearest;

/// Time buckets of a fixed calendar width.
pub(crate) const BUCKETS: &[(&str, Every)] = &[
    ("minute", Every::Minute),
    ("hour", Every::Hour),
    ("day", Every::Day),
    ("week", Every::Week),
    ("month", Every::Month),
];

/// Aggregates, percentiles aside; `median` is `p50`.
pub(crate) const FUNCTIONS: &[(&str, Function)] = &[
    ("count", Function::Count),
    ("sum", Function::Sum),
    ("avg", Function::Avg),
    ("min", Function::Min),
    ("max", Function::Max),
    ("median", Function::Percentile(50_000)),
    ("distinct", Function::Distinct),
    ("first", Function::First),
    ("last", Function::Last),
    ("list", Function::List),
];

/// What others call our aggregates.
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

/// The aggregate called `name`, in any case.
pub(crate) fn function_of(name: &str) -> Option<Function> {
    let name = name.to_ascii_lowercase();
    FUNCTIONS.iter().find(|(word, _)| *word == name).map(|(_, function)| *function).or_else(|| {
        let (whole, part) = name.strip_prefix('p').map(|digits| digits.split_once('.').unwrap_or((digits, "")))?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || part.len() > 3 || !digits(whole) || !digits(part) {
            return None;
        }
        let thousandths = format!("{whole}{part:0<3}").parse().ok()?;
        (thousandths <= 100_000).then_some(Function::Percentile(thousandths))
    })
}

impl Parser<'_> {
    /// Columns: `f`, `name=f`, `f as name`.
    pub(crate) fn columns(&mut self, clause: &str, results: bool) -> Result<Vec<Column>, Problem> {
        self.results = results;
        self.list(clause, Self::column)
    }

    fn column(&mut self) -> Result<Column, Problem> {
        self.c.skip_white();
        let from = self.c.at;
        let given = self.given_name()?;
        let of = self.operand()?;
        let name = self.as_name(given)?;
        Ok(Column { name, of, span: self.c.since(from) })
    }

    /// `name=` before an operand.
    fn given_name(&mut self) -> Result<Option<String>, Problem> {
        let before = self.c.clone();
        let name = match self.c.peek() {
            Some('\'' | '"') => self.c.string()?,
            _ => {
                let name = self.c.name();
                self.c.at += name.len();
                name.to_owned()
            }
        };
        self.c.skip_white();
        if !name.is_empty() && !self.c.rest().starts_with("==") && self.c.eat("=") {
            self.c.skip_white();
            return Ok(Some(name));
        }
        self.c = before;
        Ok(None)
    }

    /// `as name` behind an operand.
    fn as_name(&mut self, given: Option<String>) -> Result<Option<String>, Problem> {
        let end = self.c.at;
        self.c.skip_white();
        let from = self.c.at;
        if !self.c.eat_word("as") {
            self.c.at = end;
            return Ok(given);
        }
        if given.is_some() {
            return Err(Problem::new(self.c.since(from), "this column is named twice"));
        }
        self.c.skip_white();
        let name = match self.c.peek() {
            Some('\'' | '"') => self.c.string()?,
            _ => {
                let name = self.c.name();
                self.c.at += name.len();
                name.to_owned()
            }
        };
        if name.is_empty() {
            return Err(Problem::new(self.c.since(from), "a name is missing after `as`"));
        }
        Ok(Some(name))
    }

    /// What a column shows: a path, `age`, a time bucket, a jq expression in
    /// parentheses, or, where the columns of groups are meant, an aggregate by its name.
    pub(crate) fn operand(&mut self) -> Result<Operand, Problem> {
        self.c.skip_white();
        let from = self.c.at;
        if self.c.peek() == Some('(') {
            return Ok(Operand::Jq(self.c.jq()?));
        }
        let name = self.call_name();
        if !name.is_empty() && self.c.rest()[name.len()..].starts_with('(') {
            return self.call(name);
        }
        if self.c.is_word("age") {
            self.c.at += name.len();
            return Ok(Operand::Age(self.c.since(from)));
        }
        Ok(Operand::Path(self.path()?))
    }

    /// The name here, with the dot of `p99.9(` in it.
    fn call_name(&self) -> String {
        let name = self.c.name();
        let rest = &self.c.rest()[name.len()..];
        let digits = rest.strip_prefix('.').map_or(0, |part| part.bytes().take_while(u8::is_ascii_digit).count());
        let longer = &self.c.rest()[..name.len() + if digits == 0 { 0 } else { digits + 1 }];
        let is_call = self.c.rest()[longer.len()..].starts_with('(') && function_of(longer).is_some();
        if is_call { longer.to_owned() } else { name.to_owned() }
    }

    /// `hour(f)`, `every(f, 15m)`; `sum(f)` where it names a column of groups.
    fn call(&mut self, name: String) -> Result<Operand, Problem> {
        let from = self.c.at;
        let word = Span { from, to: from + name.len() };
        if let Some(function) = function_of(&name) {
            if !self.results {
                return Err(Problem::new(word, format!("the aggregate {} cannot stand here", quoted(&name)))
                    .hint("aggregates stand in summarize"));
            }
            self.c.at += name.len();
            let of = self.argument(function, word)?;
            let key = print::aggregate_call(function, of.as_ref());
            return Ok(Operand::Path(Path { keys: vec![key], span: self.c.since(from) }));
        }
        let lower = name.to_ascii_lowercase();
        let width = BUCKETS.iter().find(|(bucket, _)| *bucket == lower).map(|(_, every)| *every);
        if width.is_none() && lower != "every" {
            let known = BUCKETS.iter().map(|(bucket, _)| *bucket).chain(["every"]);
            let problem = Problem::new(word, format!("there is no function {}", quoted(&name)));
            return Err(match nearest(&name, known.clone()) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint(format!(
                    "time buckets are {}; anything else is jq in parentheses, as in (.action|length)",
                    known.collect::<Vec<_>>().join(", ")
                )),
            });
        }
        self.c.at += name.len();
        let open = self.c.at;
        self.c.at += 1;
        let path = self.path()?;
        self.c.skip_white();
        let every = match width {
            Some(every) => every,
            None => self.width(word)?,
        };
        self.c.skip_white();
        if !self.c.eat(")") {
            return Err(if self.c.is_at_end() {
                never_closed(open)
            } else {
                Problem::new(self.c.here(), "`)` is expected here")
            });
        }
        Ok(Operand::Bucket(Bucket { path, every, span: self.c.since(from) }))
    }

    fn width(&mut self, word: Span) -> Result<Every, Problem> {
        if !self.c.eat(",") {
            return Err(
                Problem::new(word, "`every` needs a field and a width").hint("write it as in every(timestamp, 15m)")
            );
        }
        self.c.skip_white();
        let from = self.c.at;
        let width = duration_ms(self.c.bare()).map_err(|fault| Problem::new(self.c.since(from), fault))?;
        if width == 0 {
            return Err(Problem::new(self.c.since(from), "a bucket must be wider than nothing"));
        }
        Ok(Every::Ms(width))
    }

    /// Aggregates: `count`, `sum(f)`, `name=sum(f)`, `sum(f) as name`.
    pub(crate) fn aggregates(&mut self) -> Result<Vec<Aggregate>, Problem> {
        self.results = false;
        self.list("summarize", |parser| {
            parser.c.skip_white();
            let from = parser.c.at;
            let given = parser.given_name()?;
            let word_from = parser.c.at;
            let mut name = parser.call_name();
            if name.is_empty() {
                return Err(Problem::new(parser.c.here(), "an aggregate is expected here")
                    .hint("write it as in count, sum(cost_usd), p95(duration_ms)"));
            }
            // Without parentheses `p99.9` reads as a path: take it whole for the message.
            if parser.c.rest()[name.len()..].starts_with('.') {
                name = parser.c.clone().bare().to_owned();
            }
            parser.c.at += name.len();
            let word = parser.c.since(word_from);
            let function = function_of(&name).ok_or_else(|| no_aggregate(&name, word))?;
            let of = parser.argument(function, word)?;
            let name = parser.as_name(given)?;
            Ok(Aggregate { name, function, of, span: parser.c.since(from) })
        })
    }

    /// `(f)` behind an aggregate; only `count` goes without.
    fn argument(&mut self, function: Function, word: Span) -> Result<Option<Operand>, Problem> {
        let name = self.c.slice(word).to_owned();
        let open = self.c.at;
        let lacks = |to| {
            Problem::new(Span { from: word.from, to }, format!("`{name}` needs a field"))
                .hint(format!("write it as in {name}(duration_ms)"))
        };
        if self.c.peek() != Some('(') {
            if function == Function::Count {
                return Ok(None);
            }
            let problem = lacks(word.to);
            self.c.skip_white();
            let next = if self.clause_word().is_some() || self.c.is_word("as") { "" } else { self.c.name() };
            return Err(if next.is_empty() { problem } else { problem.hint(format!("write {name}({next})")) });
        }
        if self.c.jq_begins() && self.c.rest()[1..].trim_start().starts_with('.') {
            return Ok(Some(Operand::Jq(self.c.jq()?)));
        }
        self.c.at += 1;
        self.c.skip_white();
        if self.c.eat(")") {
            return if function == Function::Count { Ok(None) } else { Err(lacks(self.c.at)) };
        }
        if self.c.is_at_end() {
            return Err(never_closed(open));
        }
        let results = std::mem::replace(&mut self.results, false);
        let of = self.operand();
        self.results = results;
        let of = of?;
        self.c.skip_white();
        if self.c.eat(")") {
            return Ok(Some(of));
        }
        Err(if self.c.is_at_end() { never_closed(open) } else { Problem::new(self.c.here(), "`)` is expected here") })
    }

    /// Sort keys: `f`, `-f`.
    pub(crate) fn sort_keys(&mut self) -> Result<Vec<SortKey>, Problem> {
        self.results = true;
        self.list("sort_by", |parser| {
            parser.c.skip_white();
            let descending = parser.c.eat("-");
            let of = parser.operand()?;
            parser.c.skip_white();
            let from = parser.c.at;
            for word in ["desc", "asc", "descending", "ascending"] {
                if parser.c.eat_word(word) {
                    return Err(Problem::new(parser.c.since(from), format!("`{word}` is not needed"))
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
