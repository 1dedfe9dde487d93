//! JSON text to values of the jq engine, by the grammar of this project: the engine's own reader
//! accepts more than JSON and several values, and it recurses. Used for rows, and for `fromjson`
//! and `tonumber`. Base32, which the engine lacks, is here as well.

use data_encoding::BASE32;
use jaq_core::data::JustLut;
use jaq_core::native::{Filter, bome, run, v};
use jaq_core::{Error, Native, RunPtr, ValR};
use jaq_json::Val;
use jaq_std::ValT as _;

use logbook_json::{Decimal, Limits, validate};

type Data = JustLut<Val>;

/// Rows nested deeper than this are not given to programs: the engine's reader recurses.
const DEPTH_MAX: usize = 512;
pub(super) const LIMITS: Limits = Limits { depth_max: DEPTH_MAX, ..Limits::GRAMMAR };

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

/// Checks that `text` is JSON that the engine can read; fails with the reason.
pub(super) fn check_row(text: &[u8]) -> Result<(), String> {
    validate(text, LIMITS).map_err(|fault| format!("{fault}, at byte {} of the row", fault.at))
}

/// The engine's value of `text`, which [`check_row`] let through.
pub(super) fn parse(text: &[u8]) -> Result<Val, String> {
    jaq_json::read::parse_single(text).map_err(|error| error.to_string())
}
