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
    /// A dotted path; every key may be quoted.
    pub(crate) fn path(&mut self) -> Result<Path, Problem> {
        self.c.skip_white();
        let from = self.c.at;
        let mut keys = Vec::new();
        loop {
            if matches!(self.c.peek(), Some('\'' | '"')) {
                keys.push(self.c.string()?);
            } else {
                let name = self.c.name();
                if name.is_empty() {
                    return Err(mistakes::no_field(&self.c, !keys.is_empty()));
                }
                self.c.at += name.len();
                keys.push(name.to_owned());
            }
            if !self.c.eat(".") {
                return Ok(Path { keys, span: self.c.since(from) });
            }
        }
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
    pub(crate) fn call_name(&self) -> String {
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
                Problem::expected(self.c.here(), Expected::Close)
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

    /// `(f)` behind an aggregate; only `count` goes without.
    pub(crate) fn argument(&mut self, function: Function, word: Span) -> Result<Option<Operand>, Problem> {
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
        Err(if self.c.is_at_end() { never_closed(open) } else { Problem::expected(self.c.here(), Expected::Close) })
    }
}
