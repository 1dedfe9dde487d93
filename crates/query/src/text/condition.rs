//! Conditions. `not` binds tightest, then `and`, then `or`. Conditions side by side are joined by
//! `and`, but not beside an `or`.

use crate::ast::{Expr, Form, Literal, Op, Operand, Right, Span, Test};
use crate::problem::{Expected, Problem, ProblemKind, quoted};
use crate::text::lex::{self, SIGNS};
use crate::text::mistakes;
use crate::text::parser::{Parser, never_closed};
use crate::text::print;

/// The deepest nesting of parentheses and `not`.
pub(crate) const DEPTH_MAX: usize = 200;
/// How two conditions are joined.
#[derive(Clone, Copy, PartialEq)]
enum Join {
    And,
    Or,
    /// There is no word between them.
    Beside,
}

impl Parser<'_> {
    /// Reads a condition, up to where something else begins.
    pub(crate) fn condition(&mut self) -> Result<Expr, Problem> {
        self.cursor.skip_white();
        let from = self.cursor.at;
        let mut terms = vec![self.term(None)?];
        let mut joins = Vec::new();
        while let Some((join, span)) = self.join() {
            self.cursor.skip_white();
            if join != Join::Beside
                && (self.cursor.is_at_end() || self.cursor.peek() == Some(')') || self.clause_word().is_some())
            {
                let word = quoted(self.cursor.slice(span));
                return Err(Problem::new(span, format!("a condition is missing after {word}")));
            }
            let before = (join == Join::Or).then(|| terms.last()).flatten().cloned();
            let term = self.term(before.as_ref())?;
            terms.push(term);
            joins.push(join);
        }
        if joins.contains(&Join::Beside) && joins.contains(&Join::Or) {
            let (tight, loose) = readings(&terms, &joins);
            let problem = Problem::new(
                self.cursor.since(from),
                "beside an `or`, conditions side by side can be read in two ways",
            );
            self.note(problem.hint(format!("write {tight}, or {loose}")));
        }
        Ok(tree(terms, &joins))
    }

    /// Reads what joins the next condition to the last, if there is a next one.
    fn join(&mut self) -> Option<(Join, Span)> {
        if self.cursor.is_at_end() {
            return None;
        }
        let from = self.cursor.at;
        let join = if self.cursor.eat("&&") || self.cursor.eat_word("and") {
            Join::And
        } else if self.cursor.eat("||") || self.cursor.eat_word("or") {
            Join::Or
        } else {
            let begins =
                matches!(self.cursor.peek(), Some('(' | '!' | '\'' | '"' | '.')) || !self.cursor.name().is_empty();
            if !begins || self.clause_word().is_some() || mistakes::stray(&self.cursor).is_some() {
                return None;
            }
            Join::Beside
        };
        Some((join, self.cursor.since(from)))
    }

    /// Reads one condition. `before` is the condition on the other side of an `or`.
    fn term(&mut self, before: Option<&Expr>) -> Result<Expr, Problem> {
        self.cursor.skip_white();
        let from = self.cursor.at;
        match self.cursor.peek() {
            Some('!') if !self.cursor.rest().starts_with("!=") && !self.cursor.rest().starts_with("!~") => {
                self.cursor.at += 1;
                self.deeper(from, |parser| Ok(Expr::Not(Box::new(parser.term(None)?))))
            }
            Some('(') if self.cursor.jq_begins() => {
                let code = self.cursor.jq()?;
                let span = self.cursor.since(from);
                self.test(Operand::Jq(code), false, from).map_err(|problem| {
                    if problem.kind == ProblemKind::Expected(Expected::Operator) {
                        Problem::new(span, "a jq expression has to be compared with something")
                            .hint(format!("for jq as a condition, write jq{}", self.cursor.slice(span)))
                    } else {
                        problem
                    }
                })
            }
            Some('(') => self.deeper(from, |parser| parser.group()),
            _ => self.word_or_field(from, before),
        }
    }

    /// Runs `read` one level deeper.
    fn deeper(&mut self, from: usize, read: impl FnOnce(&mut Self) -> Result<Expr, Problem>) -> Result<Expr, Problem> {
        if self.depth == DEPTH_MAX {
            // The rest is as deep again, so no later mistake is worth reporting.
            return Err(Problem::new(Span { from, to: from + 1 }, format!("nesting is deeper than {DEPTH_MAX}")));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn group(&mut self) -> Result<Expr, Problem> {
        let from = self.cursor.at;
        self.cursor.at += 1;
        self.cursor.skip_white();
        if self.cursor.peek() == Some(')') {
            let span = Span { from, to: self.cursor.at + 1 };
            return Err(Problem::new(span, "a condition is missing between the parentheses"));
        }
        if self.cursor.is_at_end() {
            return Err(never_closed(from));
        }
        let condition = self.condition()?;
        self.cursor.skip_white();
        if self.cursor.eat(")") {
            return Ok(condition);
        }
        match mistakes::stray(&self.cursor) {
            Some(problem) => Err(problem),
            None if self.cursor.is_at_end() || self.clause_word().is_some() => Err(never_closed(from)),
            None => Err(Problem::expected(self.cursor.here(), Expected::Join)),
        }
    }

    /// Reads a condition that begins with a word or a quoted key.
    fn word_or_field(&mut self, from: usize, before: Option<&Expr>) -> Result<Expr, Problem> {
        if self.cursor.eat_word("not") {
            return self.deeper(from, |parser| Ok(Expr::Not(Box::new(parser.term(None)?))));
        }
        let name = self.cursor.name();
        let opens = self.cursor.rest()[name.len()..].trim_start().starts_with('(');
        let is_field = self.cursor.operator_follows(name.len());
        if self.cursor.is_word("jq") && opens {
            self.cursor.at += name.len();
            self.cursor.skip_white();
            return Ok(Expr::Jq(self.cursor.jq()?));
        }
        if self.cursor.is_word("has") && !is_field {
            self.cursor.at += name.len();
            let path = self.optional_parentheses(Parser::path)?;
            return Ok(Expr::Has(path));
        }
        if self.cursor.is_word("all") && opens {
            self.cursor.at += name.len();
            let path = self.optional_parentheses(Parser::path)?;
            return self.test(Operand::Path(path), true, from);
        }
        if self.cursor.is_word("age") {
            self.cursor.at += name.len();
            return self.test(Operand::Age(self.cursor.since(from)), false, from);
        }
        if let Some(problem) = mistakes::no_condition(&self.cursor) {
            return Err(problem);
        }
        let left = if self.aggregates_are_columns { self.operand()? } else { self.filter_operand()? };
        if let Operand::Path(path) = &left
            && let Some(slip) = mistakes::bare_word(self, path, before)
        {
            return slip;
        }
        self.test(left, false, from)
    }

    /// Reads a path; for a call such as `sum(x)` or `day(x)`, reports why it is not allowed in a
    /// filter.
    fn filter_operand(&mut self) -> Result<Operand, Problem> {
        let name = self.cursor.name();
        if self.cursor.rest()[name.len()..].starts_with('(') && !name.is_empty() {
            let span = Span { from: self.cursor.at, to: self.cursor.at + name.len() };
            return Err(mistakes::call_in_filter(name, span));
        }
        self.path().map(Operand::Path)
    }

    /// Reads `(item)` or `item`.
    fn optional_parentheses<T>(&mut self, item: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        self.cursor.skip_white();
        let open = self.cursor.at;
        let closes = self.cursor.eat("(");
        let value = item(self)?;
        self.cursor.skip_white();
        if closes && !self.cursor.eat(")") {
            return Err(never_closed(open));
        }
        Ok(value)
    }

    /// Reads the operator and the right side of a test.
    fn test(&mut self, left: Operand, all: bool, from: usize) -> Result<Expr, Problem> {
        let op = self.operator()?;
        self.cursor.skip_white();
        let right = match op {
            Op::In | Op::NotIn => self.in_list()?,
            _ => Right::One(self.value()?),
        };
        let test = Test { left, all, op, right, span: self.cursor.since(from) };
        if let Some(problem) = mistakes::of_time(&test) {
            self.note(problem);
        }
        Ok(Expr::Test(test))
    }

    fn operator(&mut self) -> Result<Op, Problem> {
        self.cursor.skip_white();
        if let Some(op) = mistakes::operator(self) {
            return Ok(op);
        }
        if let Some((sign, op)) = SIGNS.iter().find(|(sign, _)| self.cursor.rest().starts_with(sign)) {
            self.cursor.at += sign.len();
            return Ok(*op);
        }
        if self.cursor.eat_word("in") {
            return Ok(Op::In);
        }
        let from = self.cursor.at;
        if self.cursor.eat_word("not") {
            self.cursor.skip_white();
            if self.cursor.eat_word("in") {
                return Ok(Op::NotIn);
            }
            let span = self.cursor.since(from);
            return Err(Problem::new(span, "`not` goes before a whole condition, or in `not in (…)`")
                .hint("write `not status=done`, or `status!=done`"));
        }
        Err(mistakes::no_operator(&self.cursor))
    }

    /// Reads `(a, b)` or `@file`.
    fn in_list(&mut self) -> Result<Right, Problem> {
        let from = self.cursor.at;
        if self.cursor.eat("@") {
            let file = match self.cursor.peek() {
                Some('\'' | '"') => self.cursor.string()?,
                _ => self.cursor.bare().to_owned(),
            };
            let span = self.cursor.since(from);
            if file.is_empty() {
                return Err(Problem::new(span, "a file name is missing after `@`"));
            }
            return Ok(Right::File(file, span));
        }
        // The value of --argjson may be an array, which is a list.
        if self.cursor.peek() == Some('$') {
            return Ok(Right::List(vec![self.value()?]));
        }
        if !self.cursor.eat("(") {
            return Err(Problem::new(self.cursor.here(), "`in` takes a list in parentheses")
                .hint("write it as in (a, b), or in @file"));
        }
        let mut values = Vec::new();
        loop {
            self.cursor.skip_white();
            if self.cursor.is_at_end() {
                return Err(never_closed(from));
            }
            values.push(self.value()?);
            self.cursor.skip_white();
            if self.cursor.eat(")") {
                return Ok(Right::List(values));
            }
            if !self.cursor.eat(",") {
                return Err(if self.cursor.is_at_end() {
                    never_closed(from)
                } else {
                    Problem::new(self.cursor.here(), "`,` or `)` is expected in this list")
                });
            }
        }
    }

    /// Reads one value: a bare word, a string, or `$name`.
    fn value(&mut self) -> Result<Literal, Problem> {
        let from = self.cursor.at;
        let (text, form) = match self.cursor.peek() {
            Some('\'' | '"') => (self.cursor.string()?, Form::Quoted),
            Some('$') => {
                self.cursor.at += 1;
                let name = self.cursor.name();
                self.cursor.at += name.len();
                if name.is_empty() {
                    return Err(Problem::new(self.cursor.since(from), "a name is missing after `$`")
                        .hint("`$name` is the value of --arg name; quote a value that begins with `$`"));
                }
                (name.to_owned(), Form::Argument)
            }
            _ => {
                let word = self.cursor.bare();
                if word.is_empty() || lex::is_join(word) {
                    self.cursor.at = from;
                    return Err(mistakes::no_value(&self.cursor));
                }
                (word.to_owned(), Form::Bare)
            }
        };
        let span = self.cursor.since(from);
        mistakes::after_value(&self.cursor, span)?;
        Ok(Literal { text, form, span })
    }
}

/// The tree of joined conditions: `and` binds tighter than `or`; side by side binds as `and`.
fn tree(terms: Vec<Expr>, joins: &[Join]) -> Expr {
    let mut groups: Vec<Vec<Expr>> = vec![Vec::new()];
    for (index, term) in terms.into_iter().enumerate() {
        if index > 0 && joins.get(index - 1) == Some(&Join::Or) {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.last_mut() {
            group.push(term);
        }
    }
    only_or_joined(groups.into_iter().map(|group| only_or_joined(group, Expr::And)).collect(), Expr::Or)
}

fn only_or_joined(mut terms: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        last => {
            terms.extend(last);
            many(terms)
        }
    }
}

/// Both meanings of conditions side by side and `or`: side by side binds tighter, or `or` does.
fn readings(terms: &[Expr], joins: &[Join]) -> (String, String) {
    let shown = |expr: &Expr| match expr {
        Expr::And(_) => format!("({})", print::expr(expr)),
        _ => print::expr(expr),
    };
    let tight = match tree(terms.to_vec(), joins) {
        Expr::Or(groups) => groups.iter().map(shown).collect::<Vec<_>>().join(" or "),
        other => print::expr(&other),
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for to in 1..=terms.len() {
        if to == terms.len() || joins.get(to - 1) == Some(&Join::Beside) {
            let part = tree(terms[from..to].to_vec(), joins.get(from..to - 1).unwrap_or_default());
            parts.push(if matches!(part, Expr::Or(_)) {
                format!("({})", print::expr(&part))
            } else {
                print::expr(&part)
            });
            from = to;
        }
    }
    (tight, parts.join(" and "))
}
