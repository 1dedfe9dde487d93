//! `fromjson` and `tonumber`: one JSON value, by our own grammar. The engine's
//! reader takes more than JSON, and several values, and recurses.

use jaq_core::data::JustLut;
use jaq_core::native::{Filter, bome, run, v};
use jaq_core::{Error, Native, RunPtr, ValR};
use jaq_json::Val;
use jaq_std::ValT as _;

use crate::json::Decimal;
use crate::query::jq::program::{check_row, parse};

type Data = JustLut<Val>;

/// The functions.
pub(super) fn functions() -> impl Iterator<Item = Filter<Native<Data>>> {
    let functions: [Filter<RunPtr<Data>>; 2] =
        [("fromjson", v(0), |cv| bome(from_json(&cv.1))), ("tonumber", v(0), |cv| bome(to_number(cv.1)))];
    functions.into_iter().map(run::<Data>)
}

fn from_json(value: &Val) -> ValR<Val> {
    let text = value.as_utf8_bytes().ok_or_else(|| Error::typ(value.clone(), "string"))?;
    let wrong = |why: String| Error::str(format_args!("{why} (while parsing {value})"));
    check_row(text).map_err(wrong)?;
    parse(text).map_err(wrong)
}

fn to_number(value: Val) -> ValR<Val> {
    if matches!(value, Val::Num(_)) {
        return Ok(value);
    }
    let text = value.as_utf8_bytes().filter(|text| Decimal::parse(text).is_some());
    let text = text.ok_or_else(|| Error::str(format_args!("{value} cannot be parsed as a number")))?;
    parse(text).map_err(Error::str)
}
