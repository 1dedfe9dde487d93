//! Notes about rows that did not pass because a value does not have the type that the query
//! compares it with: how many rows, one such value, and what to type instead.

use logbook_json::{self as json, Decimal, Kind};
use logbook_model::Zone;
use logbook_query::Plan;
use logbook_query::amount::{Amount, Dimension};
use logbook_query::eval::doubts::{Asked, Doubt, Doubts, Question, With};
use logbook_query::eval::value::time_of;

/// At most this many characters of a value are shown.
const SHOWN_MAX: usize = 60;
/// At most this many fields are named as likely times.
const LIKELY_MAX: usize = 3;
/// At most this many comparisons are reported one by one.
const QUESTIONS_MAX: usize = 10;

/// A note for each comparison that failed for some values.
pub fn notes(plan: &Plan, doubts: &Doubts) -> Vec<String> {
    let mut distinct: Vec<(&Question, Doubt)> = Vec::new();
    for (number, doubt) in &doubts.of {
        let Some(question) = plan.questions().get(*number) else { continue };
        match distinct.iter_mut().find(|(other, _)| *other == question) {
            // The same comparison in another clause.
            Some((_, mine)) if mine.rows + mine.missing < doubt.rows + doubt.missing => *mine = doubt.clone(),
            Some(_) => {}
            None => distinct.push((question, doubt.clone())),
        }
    }
    let mut notes: Vec<String> = Vec::new();
    for (question, doubt) in distinct.iter().take(QUESTIONS_MAX) {
        if doubt.rows > 0 {
            notes.push(unreadable(question, doubt));
        }
        if doubt.missing > 0 {
            notes.push(missing(&question.field, doubt.missing, doubts));
        }
    }
    if distinct.len() > QUESTIONS_MAX {
        notes.push(format!("rows were passed over for {} more fields", distinct.len() - QUESTIONS_MAX));
    }
    notes
}

fn rows(count: u64, verb: [&str; 2]) -> String {
    if count == 1 { format!("1 row {}", verb[0]) } else { format!("{count} rows {}", verb[1]) }
}

fn unreadable(question: &Question, doubt: &Doubt) -> String {
    let field = &question.field;
    let sample = doubt.sample.as_ref().map_or(&b"null"[..], |(_, value)| value);
    let shown = shown(sample);
    let subject = match question.asked {
        Asked::Bucket => rows(doubt.rows, ["is in no bucket", "are in no bucket"]),
        _ => rows(doubt.rows, ["was passed over", "were passed over"]),
    };
    let (what, hint) = match question.asked {
        Asked::Time | Asked::Bucket => ("cannot be read as a time", time_hint(field, sample)),
        Asked::Number => ("is not a number", number_hint(question, sample)),
        Asked::Amount(unit) => match json::kind(sample) {
            Some(Kind::Number) if unit.is_none() => (
                "is a number without a unit",
                "compare it with a number, or say the unit in the name of the field, as in latency_ms".to_owned(),
            ),
            _ => ("cannot be read as this amount", "quotes compare it as text".to_owned()),
        },
        Asked::Text => ("is not text", format!("compare it with a number, or its text with {field}~'…'")),
    };
    format!("{subject}: `{field}` {what}, such as {shown}; {hint}")
}

fn time_hint(field: &str, sample: &[u8]) -> String {
    let text = json::decode(sample);
    if Decimal::parse(text.as_deref().unwrap_or(sample)).is_some() {
        return "digits since 1970 are 9 to 11 for seconds, 12 to 14 for milliseconds".to_owned();
    }
    format!("convert it with jq, as in ({}|strptime(\"%d/%b/%Y\")|mktime)>=2026-04-15", jq_path(field))
}

/// The path in jq's syntax; a jq program in parentheses stays as it is.
fn jq_path(field: &str) -> String {
    if field.starts_with('(') { field.to_owned() } else { format!(".{field}") }
}

fn number_hint(question: &Question, sample: &[u8]) -> String {
    let field = &question.field;
    if time_of(sample, &Zone::UTC).is_some() {
        return format!("compare it with a time, as in {field}>2026-04-15");
    }
    let Some(With { sign, value: number }) = &question.with else { return "quotes compare as text".to_owned() };
    match json::decode(sample).and_then(|text| Amount::parse(&text)).map(|amount| amount.dimension) {
        Some(Dimension::Duration) => format!("write the unit, as in {field}{sign}{number}ms"),
        Some(Dimension::Size) => format!("write the unit, as in {field}{sign}{number}MB"),
        None => format!("quotes compare it as text, as in {field}{sign}\"{number}\""),
    }
}

fn missing(field: &str, count: u64, doubts: &Doubts) -> String {
    let names = likely(doubts);
    let note = format!("{}: no `{field}` in {}", rows(count, ["was passed over", "were passed over"]), it(count));
    match names.first() {
        Some(first) => {
            let s = if names.len() == 1 { "s like a time" } else { " like times" };
            format!("{note}; {} look{s}: --time {first}", names.join(", "))
        }
        None => format!("{note}; --time FIELD names the field that holds the time"),
    }
}

/// The fields that look like times, most likely first. Strings that parse as times come before
/// numbers, which may be anything.
fn likely(doubts: &Doubts) -> Vec<String> {
    let rank = |(name, [strings, _]): &(&Vec<u8>, &[u64; 2])| match *strings > 0 {
        true => 0,
        false if sounds_like_time(name) => 1,
        false => 2,
    };
    let mut likely: Vec<(&Vec<u8>, &[u64; 2])> = doubts.likely.iter().collect();
    let Some(best) = likely.iter().map(rank).min() else { return Vec::new() };
    likely.retain(|field| rank(field) == best);
    likely.sort_by_key(|(_, [strings, numbers])| std::cmp::Reverse(strings + numbers));
    likely.iter().take(LIKELY_MAX).map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
}

fn it(count: u64) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

fn sounds_like_time(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let words = ["time", "date", "epoch", "when", "created", "updated", "seen"];
    words.iter().any(|word| name.contains(word)) || ["ts", "at"].iter().any(|end| name.ends_with(end))
}

/// The value as written, cut to `SHOWN_MAX`.
fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    match text.char_indices().nth(SHOWN_MAX) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.into_owned(),
    }
}
