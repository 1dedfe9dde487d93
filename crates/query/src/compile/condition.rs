//! Conditions to predicates.

use memchr::memmem::Finder;

use logbook_model::names;

use crate::ast::{Expr, Form, Literal, Op, Operand, Right, Span, Test as AstTest};
use crate::compile::literal::{Left, Numbers};
use crate::compile::scope::{Compiler, unit_of};
use crate::eval::compare::Matcher;
use crate::eval::doubts::{Asked, With};
use crate::eval::pattern::Pattern;
use crate::eval::predicate::{Predicate, Test};
use crate::eval::source::Source;
use crate::eval::value::{Order, Set, Value};
use crate::problem::Problem;
use crate::text::print;

impl Compiler<'_> {
    /// Whether the operand is a column of groups that holds an age.
    fn is_age_column(&self, operand: &Operand) -> bool {
        let name = match operand {
            Operand::Path(path) => path.keys.join("."),
            operand => print::operand(operand),
        };
        self.column(&name).is_some_and(|column| self.scope.ages.contains(&column))
    }

    pub(crate) fn predicate(&mut self, expr: &Expr) -> Option<Predicate> {
        match expr {
            Expr::And(parts) => {
                let mut parts = self.predicates(parts)?;
                // jq costs a hundred times as much, so rows that fail the other parts must not get
                // there.
                parts.sort_by_key(Predicate::uses_jq);
                Some(Predicate::And(parts.into()))
            }
            Expr::Or(parts) => {
                let mut parts = self.predicates(parts)?;
                parts.sort_by_key(Predicate::uses_jq);
                Some(Predicate::Or(parts.into()))
            }
            Expr::Not(part) => Some(Predicate::Not(Box::new(self.predicate(part)?))),
            Expr::Has(path) => Some(Predicate::Has(self.path(path)?)),
            Expr::Jq(jq) => Some(Predicate::JqTruth(self.jq(jq)?)),
            Expr::Test(test) => self.test(test),
        }
    }

    /// All parts, or `None` if any of them fails; the problems of all of them are recorded.
    fn predicates(&mut self, parts: &[Expr]) -> Option<Vec<Predicate>> {
        let parts: Vec<_> = parts.iter().map(|part| self.predicate(part)).collect();
        parts.into_iter().collect()
    }

    fn test(&mut self, test: &AstTest) -> Option<Predicate> {
        let left = match &test.left {
            operand if self.is_age_column(operand) => Left::AgeColumn,
            Operand::Path(path) if path.keys == ["timestamp"] || path.keys == self.context.time => Left::Timestamp,
            Operand::Age(_) => Left::Age,
            operand => Left::Other(self.numbers(operand)),
        };
        let source = self.source(&test.left);
        let matcher = self.matcher(test, left);
        let (source, matcher) = (source?, matcher?);
        let negated = matches!(test.op, Op::NotEqual | Op::NotMatches | Op::NotIn);
        let all = test.all;
        let reports_missing = self.context.reports_missing && matches!(left, Left::Timestamp | Left::Age) && !negated;
        let question = self.asked(test, &matcher);
        let compiled = Test { matcher, negated, all, reports_missing, question };
        match source {
            Source::Path(path) | Source::Age(path, _) => Some(Predicate::Field(path, compiled)),
            Source::Jq(program) => Some(Predicate::Jq(program, compiled)),
            Source::Bucket(..) => {
                let message = "a time bucket is a column, not something to compare";
                self.problems.push(Problem::new(test.span, message).hint("compare the timestamp: timestamp>=today"));
                None
            }
        }
    }

    fn matcher(&mut self, test: &AstTest, left: Left) -> Option<Matcher> {
        let literal = match &test.right {
            Right::One(literal) => literal,
            Right::List(literals) => return self.set(literals, left),
            Right::File(name, span) => return self.file(name, *span, left),
        };
        if matches!(test.op, Op::Matches | Op::NotMatches | Op::Contains | Op::BeginsWith) {
            return self.text_matcher(test.op, literal, left, test.span);
        }
        if matches!(test.op, Op::In | Op::NotIn) {
            return self.set(std::slice::from_ref(literal), left);
        }
        let value = self.literal(literal, left, false)?.pop()?;
        let is_order = !matches!(test.op, Op::Equal | Op::NotEqual);
        if is_order && value.order == Order::String && literal.form != Form::Quoted && left.has_amounts() {
            self.refuse_unit(literal, &value)?;
        }
        // An older row has a smaller timestamp.
        let op = match (test.op, left) {
            (Op::Less, Left::Age) => Op::Greater,
            (Op::LessEqual, Left::Age) => Op::GreaterEqual,
            (Op::Greater, Left::Age) => Op::Less,
            (Op::GreaterEqual, Left::Age) => Op::LessEqual,
            (op, _) => op,
        };
        Some(match op {
            Op::Less => Matcher::Less(value),
            Op::LessEqual => Matcher::LessEqual(value),
            Op::Greater => Matcher::Greater(value),
            Op::GreaterEqual => Matcher::GreaterEqual(value),
            _ => Matcher::Equal(value),
        })
    }

    fn text_matcher(&mut self, op: Op, literal: &Literal, left: Left, span: Span) -> Option<Matcher> {
        if matches!(left, Left::Age | Left::AgeColumn) {
            let problem = Problem::new(span, "age is a duration: it has no text to search");
            self.problems.push(problem.hint("compare it: age>2h"));
            return None;
        }
        // The text as it was written; of an argument, its string.
        let text = match literal.form {
            Form::Argument => {
                let value = self.literal(literal, Left::Other(Numbers::Words), false)?.pop()?;
                let string = value.string.map(|bytes| bytes.into_vec());
                let bytes = string.or_else(|| value.number.map(|number| number.to_string().into_bytes()));
                String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
            }
            _ => literal.text.clone(),
        };
        match op {
            Op::Contains => Some(Matcher::Contains(Box::new(Finder::new(text.as_bytes()).into_owned()))),
            Op::BeginsWith => Some(Matcher::BeginsWith(text.as_bytes().into())),
            _ => match Pattern::new(&text) {
                Ok(pattern) => Some(Matcher::Regex(Box::new(pattern))),
                Err(error) => {
                    let error = error.to_string();
                    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    let problem = Problem::new(literal.span, format!("not a regular expression: {reason}"));
                    self.problems.push(problem.hint("`*=` searches for literal text"));
                    None
                }
            },
        }
    }

    fn set(&mut self, literals: &[Literal], left: Left) -> Option<Matcher> {
        let mut set = Set::new(matches!(left, Left::Timestamp | Left::Age), self.context.clock.zone);
        let mut whole = true;
        for literal in literals {
            match self.literal(literal, left, true) {
                Some(values) => values.into_iter().for_each(|value| set.insert(value)),
                None => whole = false,
            }
        }
        whole.then(|| Matcher::OneOf(Box::new(set.whole())))
    }

    /// `in @file`: each line is read like the text of `--arg`.
    fn file(&mut self, name: &str, span: Span, left: Left) -> Option<Matcher> {
        let Some(lines) = self.context.files.get(name) else {
            self.problems.push(Problem::new(span, format!("the file {name} was not read")));
            return None;
        };
        let mut set = Set::new(matches!(left, Left::Timestamp | Left::Age), self.context.clock.zone);
        for line in lines {
            set.insert(self.word(line, span, left, true)?);
        }
        Some(Matcher::OneOf(Box::new(set.whole())))
    }

    /// What numbers in the field mean: a number of the unit that its name implies, just numbers, or
    /// nothing, since it is a standard field for words (`action>5m` compares text).
    fn numbers(&self, operand: &Operand) -> Numbers {
        let printed = || print::operand(operand);
        let column = match operand {
            Operand::Path(path) => self.column(&path.keys.join(".")),
            _ => self.column(&printed()),
        };
        let unit = match &column {
            Some(column) => self.scope.units.iter().find(|(name, _)| name == column).map(|(_, unit)| *unit),
            None => unit_of(operand),
        };
        match (operand, unit) {
            (_, Some(unit)) => Numbers::Of(unit),
            (Operand::Path(path), None)
                if column.is_none() && path.keys.len() == 1 && names::is_standard(&path.keys[0]) =>
            {
                Numbers::Words
            }
            _ => Numbers::Plain,
        }
    }

    /// Records what the comparison needs of values.
    fn asked(&mut self, test: &AstTest, matcher: &Matcher) -> usize {
        let of = |value: &Value| match value.order {
            Order::Time => Asked::Time,
            Order::Number => Asked::Number,
            Order::Amount => Asked::Amount(value.unit),
            Order::String | Order::None => Asked::Text,
        };
        let asked = match matcher {
            Matcher::Equal(value)
            | Matcher::Less(value)
            | Matcher::LessEqual(value)
            | Matcher::Greater(value)
            | Matcher::GreaterEqual(value) => of(value),
            Matcher::OneOf(set) if set.time_only => Asked::Time,
            Matcher::OneOf(set) => Asked::Amount(set.unit),
            _ => Asked::Text,
        };
        let field = match &test.left {
            Operand::Age(_) => self.context.time.join("."),
            left => print::operand(left),
        };
        let with = match &test.right {
            Right::One(literal) => Some(With { sign: print::sign(test.op), value: print::literal(literal) }),
            _ => None,
        };
        self.question(field, asked, with)
    }

    /// Refuses a number followed by letters that are not a unit: nobody means to compare it by code
    /// point.
    fn refuse_unit(&mut self, literal: &Literal, value: &Value) -> Option<()> {
        let text = String::from_utf8_lossy(value.string.as_deref().unwrap_or_default()).into_owned();
        let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let letters = &text[digits..];
        if digits == 0 || letters.is_empty() || !letters.chars().all(char::is_alphabetic) {
            return Some(());
        }
        let problem = Problem::new(literal.span, format!("`{text}` is not a number, a duration or a size"));
        let units = "units are ns, us, ms, s, m, h, d, w, B, kB, MB, GB, TB, KiB, MiB, GiB and TiB";
        self.problems.push(problem.hint(format!("{units}; to compare it as text, quote it: \"{text}\"")));
        None
    }
}
