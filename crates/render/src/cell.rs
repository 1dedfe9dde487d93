//! One JSON value as the text of a cell.

use logbook_json::{self as json, Kind};
use logbook_model::{Instant, Zone};

/// The decoded string, or the raw value; empty if missing.
pub fn plain(raw: Option<&[u8]>) -> String {
    let Some(raw) = raw else {
        return String::new();
    };
    match json::decode(raw) {
        Some(text) => String::from_utf8_lossy(&text).into_owned(),
        None => String::from_utf8_lossy(raw).into_owned(),
    }
}

/// Like [`plain`], for people: an instant is shown in `zone`, and null is empty.
pub fn shown(raw: Option<&[u8]>, zone: &Zone) -> String {
    if raw == Some(b"null") {
        return String::new();
    }
    let text = plain(raw);
    match Instant::parse(&text) {
        Some(instant) => time(instant, zone),
        None => text,
    }
}

/// Whether cells with this value are right-aligned.
pub fn is_number(raw: &[u8]) -> bool {
    json::kind(raw) == Some(Kind::Number)
}

/// The instant in this value, which [`shown`] moves into the zone.
pub fn instant(raw: &[u8]) -> Option<Instant> {
    if json::kind(raw) == Some(Kind::String) { Instant::parse(&plain(Some(raw))) } else { None }
}

/// `2026-04-15 22:41:07` in `zone`.
pub fn time(instant: Instant, zone: &Zone) -> String {
    match zone.to_local(instant) {
        Some(local) => local.format("%Y-%m-%d %H:%M:%S").to_string(),
        None => instant.to_string(),
    }
}

/// A duration in its two largest units: `3d5h`, `12m40s`.
pub fn span(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let seconds = ms.unsigned_abs() / 1000;
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut parts = Vec::new();
    let mut rest = seconds;
    for (unit, length) in units {
        if rest / length > 0 && parts.len() < 2 {
            parts.push(format!("{}{unit}", rest / length));
        } else if !parts.is_empty() {
            break;
        }
        rest %= length;
    }
    if parts.is_empty() { format!("{sign}{}ms", ms.unsigned_abs()) } else { format!("{sign}{}", parts.join("")) }
}

/// A sum of dollars with four decimals, for lists; empty for zero. The exact sum is in the fields.
pub fn cost(exact: &str) -> String {
    match exact.parse::<f64>() {
        Ok(0.0) => String::new(),
        Ok(cost) if cost > 0.0 && cost < 0.000_05 => "<0.0001".to_owned(),
        Ok(cost) if cost.abs() < 1e12 => format!("{cost:.4}"),
        _ => exact.to_owned(),
    }
}
