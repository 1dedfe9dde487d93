//! Durations as people write them: `250ms`, `15m`, `1h30m`, `2d`. The only grammar of durations,
//! for conditions, options and config files.
//!
//! Not here: times relative to now (`query/time.rs`), and amounts in rows, which may have fractions
//! (`query/amount.rs`).

use crate::error::{Error, Result};

/// Units in milliseconds; a day is 24 hours and a week 7 days, whatever the clocks of the zone do.
const UNITS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];
/// The longest duration, about 30,000 years: longer ones are typing errors.
const DURATION_MS_MAX: u64 = 1_000_000_000_000_000;
const UNIT_HINT: &str = "units are ms, s, m, h, d and w";
/// The longest that anything waits or stays valid: 10 years.
const WAIT_DAYS_MAX: u64 = 3650;

/// The milliseconds of `90m`, `2h`, `1h30m`, `250ms`, `7d`, `2w`. Every number needs a unit.
/// Errors: why the text is not valid, for a message.
pub fn duration_ms(text: &str) -> std::result::Result<u64, String> {
    let mut rest = text;
    let mut total = 0u64;
    let mut previous = u64::MAX;
    if text.is_empty() {
        return Err(format!("a duration is missing, such as 15m or 2h ({UNIT_HINT})"));
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        if digits == 0 {
            return Err(format!("`{text}` is not a duration such as 15m, 2h or 1h30m ({UNIT_HINT})"));
        }
        if unit.is_empty() && after.is_empty() {
            return Err(format!("`{text}` lacks a unit, as in {number}m or {number}h ({UNIT_HINT})"));
        }
        let Some((_, unit_ms)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("`{text}` is not a duration such as 15m, 2h or 1h30m ({UNIT_HINT})"));
        };
        // 30m1h is more likely a typing error than meant, and 1h1h always is.
        if *unit_ms >= previous {
            return Err(format!("`{text}` is not a duration: the greater unit comes first, as in 1h30m"));
        }
        previous = *unit_ms;
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*unit_ms));
        total = part
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= DURATION_MS_MAX)
            .ok_or_else(|| format!("`{text}` is too long a duration"))?;
        rest = after;
    }
    Ok(total)
}

/// `ms` as text that [`duration_ms`] reads, with as few units as possible: `1h30m`.
pub fn duration_text(ms: u64) -> String {
    let mut rest = ms;
    let mut text = String::new();
    for (unit, unit_ms) in UNITS.iter().rev() {
        if rest >= *unit_ms {
            text.push_str(&format!("{}{unit}", rest / unit_ms));
            rest %= unit_ms;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// The milliseconds of the duration given with `option`. Errors name the option: exit 2.
pub fn option_ms(option: &str, text: &str) -> Result<u64> {
    duration_ms(text)
        .map_err(|why| Error::usage(format!("{option}: {why}")).hint(format!("as {option} 30s, {option} 1h30m")))
}

/// How long `option` lets something wait or stay valid, in milliseconds: more than zero, at most 10
/// years. Anything else is a typing error that would wait forever or not at all.
pub fn wait_ms(option: &str, text: &str) -> Result<u64> {
    let refused = |why: &str| {
        Error::usage(format!("{option}: `{text}` is {why}")).hint(format!("as {option} 30s, {option} 1h30m"))
    };
    match option_ms(option, text)? {
        0 => Err(refused("not longer than zero")),
        ms if ms > WAIT_DAYS_MAX * 86_400_000 => Err(refused("longer than 10 years (3650d)")),
        ms => Ok(ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_more_than_nothing_and_at_most_ten_years() {
        assert_eq!(wait_ms("--timeout", "1ms"), Ok(1));
        assert_eq!(wait_ms("--expires", "1h30m"), Ok(5_400_000));
        assert_eq!(wait_ms("--expires", "3650d"), Ok(3650 * 86_400_000));
        for absurd in ["0s", "0ms", "3650d1ms", "522w", "99999999999999999999h", "-1h", "1.5h", "2", ""] {
            let error = wait_ms("--expires", absurd).map_err(|error| (error.exit, error.message));
            assert!(
                error.is_err_and(|(exit, why)| exit == crate::error::Exit::Usage && why.starts_with("--expires: "))
            );
        }
    }
}
