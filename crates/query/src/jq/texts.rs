//! `fromjson` and `tonumber`: one JSON value, by our own grammar. The engine's
//! reader takes more than JSON, and several values, and recurses. And base32,
//! which the engine lacks.

use data_encoding::BASE32;
use jaq_core::data::JustLut;
use jaq_core::native::{Filter, bome, run, v};
use jaq_core::{Error, Native, RunPtr, ValR};
use jaq_json::Val;
use jaq_std::ValT as _;

use crate::jq::program::{check_row, parse};
use logbook_json::Decimal;

type Data = JustLut<Val>;

/// The functions.
pub(super) fn functions() -> impl Iterator<Item = Filter<Native<Data>>> {
    let functions: [Filter<RunPtr<Data>>; 4] = [
        ("fromjson", v(0), |cv| bome(from_json(&cv.1))),
        ("tonumber", v(0), |cv| bome(to_number(cv.1))),
        ("__to_base32", v(0), |cv| bome(Ok(Val::from(BASE32.encode(cv.1.as_utf8_bytes().unwrap_or_default()))))),
        ("__from_base32", v(0), |cv| bome(from_base32(&cv.1))),
    ];
    functions.into_iter().map(run::<Data>)
}

fn from_json(value: &Val) -> ValR<Val> {
    let text = value.as_utf8_bytes().ok_or_else(|| Error::typ(value.clone(), "string"))?;
    let wrong = |why: String| Error::str(format_args!("{why} (while parsing {value})"));
    check_row(text).map_err(wrong)?;
    parse(text).map_err(wrong)
}

fn from_base32(value: &Val) -> ValR<Val> {
    let text = value.as_utf8_bytes().and_then(|text| BASE32.decode(text).ok());
    let text = text.ok_or_else(|| Error::str(format_args!("{value} is not valid base32 data")))?;
    Ok(Val::from(String::from_utf8_lossy(&text).into_owned()))
}

fn to_number(value: Val) -> ValR<Val> {
    if matches!(value, Val::Num(_)) {
        return Ok(value);
    }
    let text = value.as_utf8_bytes().filter(|text| Decimal::parse(text).is_some());
    let text = text.ok_or_else(|| Error::str(format_args!("{value} cannot be parsed as a number")))?;
    parse(text).map_err(Error::str)
}
