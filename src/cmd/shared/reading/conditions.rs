//! Conditions that a command adds to a query, built as if they had been typed.

use logbook_model::error::{Error, Result};
use logbook_query::Query;
use logbook_query::ast::{Expr, Form, Literal, Op, Operand, Path, Right, Span, Test};
use logbook_query::time::{self, Clock};

/// Adds a condition to those of the query.
pub fn require(query: &mut Query, condition: Expr) {
    query.filter = Some(match query.filter.take() {
        None => condition,
        Some(Expr::And(mut all)) => {
            all.push(condition);
            Expr::And(all)
        }
        Some(other) => Expr::And(vec![other, condition]),
    });
}

/// `field op value` as if it had been typed.
pub fn test(field: &str, op: Op, value: &str, form: Form) -> Expr {
    test_of(vec![field.to_owned()], op, value, form)
}

/// The same for the nested field with these keys.
pub(super) fn test_of(keys: Vec<String>, op: Op, value: &str, form: Form) -> Expr {
    let span = Span::default();
    Expr::Test(Test {
        left: Operand::Path(Path { keys, span }),
        all: false,
        op,
        right: Right::One(Literal { text: value.to_owned(), form, span }),
        span,
    })
}

/// `field in (values)`
pub(super) fn one_of(field: &str, values: &[String]) -> Expr {
    let mut condition = test(field, Op::In, "", Form::Quoted);
    if let Expr::Test(test) = &mut condition {
        let literal = |text: &String| Literal { text: text.clone(), form: Form::Quoted, span: Span::default() };
        test.right = Right::List(values.iter().map(literal).collect());
    }
    condition
}

/// A time as `--since` takes it, where `12h` also means `-12h`.
pub(super) fn time_word(flag: &str, word: &str, clock: &Clock) -> Result<String> {
    let before_now = format!("-{word}");
    for word in [word, &before_now] {
        if let Some(Ok(_)) = time::read(word, clock) {
            return Ok(word.to_owned());
        }
    }
    let why = match time::read(word, clock) {
        Some(Err(why)) => why,
        _ => format!("{word:?} is not a time"),
    };
    Err(Error::usage(format!("{flag}: {why}")).hint(format!("as {flag} 2026-04-15, {flag} yesterday, {flag} -12h")))
}
