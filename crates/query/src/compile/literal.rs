//! Literals of a comparison, each read once as every type that it can have beside this field.

use logbook_json::{Kind, Leaves, kind as json_kind, string};
use logbook_model::{Instant, duration_ms};

use crate::amount::{Amount, Unit};
use crate::ast::{Form, Literal, Span};
use crate::compile::context::Argument;
use crate::compile::scope::Compiler;
use crate::eval::value::{Order, Value};
use crate::problem::Problem;
use crate::time::{self, Period};

/// The left side of a comparison, as far as literals depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// The time of the row.
    Timestamp,
    /// `age`.
    Age,
    /// A column of groups that holds an age: milliseconds, compared with durations.
    AgeColumn,
    /// Anything else, and what numbers in it mean.
    Other(Numbers),
}

/// What numbers in a field mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// The name implies no unit.
    Plain,
    /// A number of this unit, which the name implies.
    Of(Unit),
    /// The field is for words, so amounts have no meaning.
    Words,
}

impl Left {
    /// Whether a literal with a unit is read as a duration or a size.
    pub(crate) fn has_amounts(self) -> bool {
        matches!(self, Left::Other(Numbers::Plain | Numbers::Of(_)))
    }
}

impl Compiler<'_> {
    /// The values of `literal`: one, or the elements of an array that was given with `--argjson`.
    pub(crate) fn literal(&mut self, literal: &Literal, left: Left, list: bool) -> Option<Vec<Value>> {
        let argument = match literal.form {
            Form::Bare => return self.word(&literal.text, literal.span, left, false).map(|value| vec![value]),
            Form::Quoted => return self.quoted(&literal.text, literal.span, left).map(|value| vec![value]),
            Form::Argument => self.context.arguments.get(&literal.text),
        };
        match argument {
            None => {
                let problem = Problem::new(literal.span, format!("no value was given for ${}", literal.text));
                self.problems.push(problem.hint(format!("--arg {} VALUE", literal.text)));
                None
            }
            Some(Argument::Text(text)) => {
                let text = text.clone();
                self.word(&text, literal.span, left, true).map(|value| vec![value])
            }
            Some(Argument::Json(raw)) => {
                let raw = raw.clone();
                self.json(&raw, literal, left, list)
            }
        }
    }

    fn json(&mut self, raw: &[u8], literal: &Literal, left: Left, list: bool) -> Option<Vec<Value>> {
        let mut one = |raw: &[u8]| match (json_kind(raw), string::decode(raw)) {
            (Some(Kind::String), Some(text)) => self.quoted(&String::from_utf8_lossy(&text), literal.span, left),
            _ => Value::json(raw),
        };
        let values = match json_kind(raw) {
            Some(Kind::Array) if list => Leaves::new(raw).map(one).collect::<Option<Vec<_>>>(),
            _ => one(raw).map(|value| vec![value]),
        };
        if values.is_none() && self.problems.iter().all(|problem| problem.span != literal.span) {
            let message = format!("${} is an array or object, which cannot be compared", literal.text);
            self.problems.push(Problem::new(literal.span, message).hint("`in $name` takes an array of values"));
        }
        values
    }

    /// The value of a bare word, or of the text of `--arg`.
    pub(crate) fn word(&mut self, text: &str, span: Span, left: Left, argument: bool) -> Option<Value> {
        let mut value = Value::word(text, argument);
        match left {
            Left::Age => return self.age(text, span),
            Left::AgeColumn if value.null => {}
            Left::AgeColumn => return self.duration(text, span),
            Left::Timestamp if value.null => {}
            Left::Timestamp => return self.time(text, span),
            // A number first: `-12` is a number, and only otherwise a duration without its unit.
            Left::Other(numbers) if value.number.is_none() && !value.null => {
                let time = self.read_time(text).and_then(Result::ok);
                let is_time = time.is_some();
                value = value.or_time(time, self.context.clock.zone);
                if !is_time
                    && left.has_amounts()
                    && !text.starts_with('-')
                    && let Some(amount) = Amount::parse(text.as_bytes())
                {
                    let unit = if let Numbers::Of(unit) = numbers { Some(unit) } else { None };
                    value = Value { amount: Some(amount), unit, order: Order::Amount, ..value };
                }
            }
            Left::Other(_) => {}
        }
        Some(value)
    }

    fn quoted(&mut self, text: &str, span: Span, left: Left) -> Option<Value> {
        match left {
            Left::Age => self.age(text, span),
            Left::AgeColumn => self.duration(text, span),
            Left::Timestamp => self.time(text, span),
            Left::Other(_) => {
                let time = Instant::parse(text).map(Period::point);
                Some(Value::string(text.as_bytes()).or_time(time, self.context.clock.zone))
            }
        }
    }

    fn read_time(&self, text: &str) -> Option<Result<Period, String>> {
        time::read(text, &self.context.clock)
    }

    fn time(&mut self, text: &str, span: Span) -> Option<Value> {
        let message = match self.read_time(text) {
            Some(Ok(period)) => return Some(Value::time(period, self.context.clock.zone)),
            Some(Err(message)) => message,
            None => format!("`{text}` is not a time"),
        };
        let hint = "times are 2026-04-15, 2026-04-15T08:30Z, today, yesterday, -12h or -7d";
        self.problems.push(Problem::new(span, message).hint(hint));
        None
    }

    /// A duration before now, as the instant of that time.
    fn age(&mut self, text: &str, span: Span) -> Option<Value> {
        let ms = i64::try_from(self.ms(text, span)?).unwrap_or(i64::MAX);
        Some(Value::time(Period::point(self.context.clock.now.plus_ms(-ms)), self.context.clock.zone))
    }

    /// A duration in milliseconds, as columns of ages hold it.
    fn duration(&mut self, text: &str, span: Span) -> Option<Value> {
        let ms = self.ms(text, span)?;
        Value::json(ms.to_string().as_bytes())
    }

    fn ms(&mut self, text: &str, span: Span) -> Option<u64> {
        let problem = match duration_ms(text) {
            Ok(ms) => return Some(ms),
            Err(message) => Problem::new(span, message),
        };
        self.problems.push(problem.hint("age is compared with durations: age>2h"));
        None
    }
}
