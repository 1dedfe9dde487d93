//! Operands: dotted paths, `age`, time buckets, jq expressions in parentheses, and aggregates with
//! their argument.

use crate::ast::{Bucket, Every, Function, Operand, Path, Span};
use crate::problem::{Expected, Problem, quoted};
use crate::text::grammar::{BUCKETS, function_of};
use crate::text::mistakes;
use crate::text::parser::{Parser, never_closed};
use crate::text::print;
use logbook_model::duration_ms;
use logbook_model::error::nearest;

impl Parser<'_> {
    /// Reads a dotted path; every key may be quoted.
    pub(crate) fn path(&mut self) -> Result<Path, Problem> {
        self.cursor.skip_white();
        let from = self.cursor.at;
        let mut keys = Vec::new();
        loop {
            if matches!(self.cursor.peek(), Some('\'' | '"')) {
                keys.push(self.cursor.string()?);
            } else {
                let name = self.cursor.name();
                if name.is_empty() {
                    return Err(mistakes::no_field(&self.cursor, !keys.is_empty()));
                }
                self.cursor.at += name.len();
                keys.push(name.to_owned());
            }
            if !self.cursor.eat(".") {
                return Ok(Path { keys, span: self.cursor.since(from) });
            }
        }
    }

    /// Reads the content of a column: a path, `age`, a time bucket, a jq expression in parentheses,
    /// or, after grouping, an aggregate that names a column.
    pub(crate) fn operand(&mut self) -> Result<Operand, Problem> {
        self.cursor.skip_white();
        let from = self.cursor.at;
        if self.cursor.peek() == Some('(') {
            return Ok(Operand::Jq(self.cursor.jq()?));
        }
        let name = self.call_name();
        if !name.is_empty() && self.cursor.rest()[name.len()..].starts_with('(') {
            return self.call(name);
        }
        if self.cursor.is_word("age") {
            self.cursor.at += name.len();
            return Ok(Operand::Age(self.cursor.since(from)));
        }
        Ok(Operand::Path(self.path()?))
    }

    /// The name here, with the dot of `p99.9(` in it.
    pub(crate) fn call_name(&self) -> String {
        let name = self.cursor.name();
        let rest = &self.cursor.rest()[name.len()..];
        let digits = rest.strip_prefix('.').map_or(0, |part| part.bytes().take_while(u8::is_ascii_digit).count());
        let longer = &self.cursor.rest()[..name.len() + if digits == 0 { 0 } else { digits + 1 }];
        let is_call = self.cursor.rest()[longer.len()..].starts_with('(') && function_of(longer).is_some();
        if is_call { longer.to_owned() } else { name.to_owned() }
    }

    /// Reads `hour(f)` or `every(f, 15m)`; after grouping, also `sum(f)` as the name of a column.
    fn call(&mut self, name: String) -> Result<Operand, Problem> {
        let from = self.cursor.at;
        let word = Span { from, to: from + name.len() };
        if let Some(function) = function_of(&name) {
            if !self.aggregates_are_columns {
                return Err(Problem::new(word, format!("the aggregate {} is not allowed here", quoted(&name)))
                    .hint("aggregates go in summarize"));
            }
            self.cursor.at += name.len();
            let of = self.argument(function, word)?;
            let key = print::aggregate_call(function, of.as_ref());
            return Ok(Operand::Path(Path { keys: vec![key], span: self.cursor.since(from) }));
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
        self.cursor.at += name.len();
        let open = self.cursor.at;
        self.cursor.at += 1;
        let path = self.path()?;
        self.cursor.skip_white();
        let every = match width {
            Some(every) => every,
            None => self.width(word)?,
        };
        self.cursor.skip_white();
        if !self.cursor.eat(")") {
            return Err(if self.cursor.is_at_end() {
                never_closed(open)
            } else {
                Problem::expected(self.cursor.here(), Expected::Close)
            });
        }
        Ok(Operand::Bucket(Bucket { path, every, span: self.cursor.since(from) }))
    }

    fn width(&mut self, word: Span) -> Result<Every, Problem> {
        if !self.cursor.eat(",") {
            return Err(
                Problem::new(word, "`every` needs a field and a width").hint("write it as in every(timestamp, 15m)")
            );
        }
        self.cursor.skip_white();
        let from = self.cursor.at;
        let width = duration_ms(self.cursor.bare()).map_err(|fault| Problem::new(self.cursor.since(from), fault))?;
        if width == 0 {
            return Err(Problem::new(self.cursor.since(from), "a bucket must be wider than zero"));
        }
        Ok(Every::Ms(width))
    }

    /// Reads `(f)` after an aggregate; only `count` may omit it.
    pub(crate) fn argument(&mut self, function: Function, word: Span) -> Result<Option<Operand>, Problem> {
        let name = self.cursor.slice(word).to_owned();
        let open = self.cursor.at;
        let lacks = |to| {
            Problem::new(Span { from: word.from, to }, format!("`{name}` needs a field"))
                .hint(format!("write it as in {name}(duration_ms)"))
        };
        if self.cursor.peek() != Some('(') {
            if function == Function::Count {
                return Ok(None);
            }
            let problem = lacks(word.to);
            self.cursor.skip_white();
            let next = if self.clause_word().is_some() || self.cursor.is_word("as") { "" } else { self.cursor.name() };
            return Err(if next.is_empty() { problem } else { problem.hint(format!("write {name}({next})")) });
        }
        if self.cursor.jq_begins() && self.cursor.rest()[1..].trim_start().starts_with('.') {
            return Ok(Some(Operand::Jq(self.cursor.jq()?)));
        }
        self.cursor.at += 1;
        self.cursor.skip_white();
        if self.cursor.eat(")") {
            return if function == Function::Count { Ok(None) } else { Err(lacks(self.cursor.at)) };
        }
        if self.cursor.is_at_end() {
            return Err(never_closed(open));
        }
        let before = std::mem::replace(&mut self.aggregates_are_columns, false);
        let of = self.operand();
        self.aggregates_are_columns = before;
        let of = of?;
        self.cursor.skip_white();
        if self.cursor.eat(")") {
            return Ok(Some(of));
        }
        Err(if self.cursor.is_at_end() {
            never_closed(open)
        } else {
            Problem::expected(self.cursor.here(), Expected::Close)
        })
    }
}
