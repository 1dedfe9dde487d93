//! Checks timestamps as the log writes them without a calendar. Rows come in the order of time,
//! mostly in the minute of the row before, so that only the seconds need to be checked.

/// A date and time, up to the colon before the seconds.
type Minute = [u8; 17];

/// The minute of the last timestamp.
#[derive(Debug, Default)]
pub(super) struct TimestampCache(Minute);

impl TimestampCache {
    /// Whether `text` is RFC 3339 in UTC, as the log writes it, so that it can be copied. False for
    /// other texts, which may still be valid: those need a calendar.
    pub(crate) fn accepts(&mut self, text: &[u8]) -> bool {
        let Some((b'Z', body)) = text.split_last() else { return false };
        let Some((minute, rest)) = body.split_first_chunk() else { return false };
        if *minute != self.0 {
            if !is_minute(minute) {
                return false;
            }
            self.0 = *minute;
        }
        let Some((second, fraction)) = rest.split_first_chunk() else { return false };
        two_digits(second) < 60
            && (fraction.is_empty()
                || (fraction[0] == b'.' && fraction.len() > 1 && fraction[1..].iter().all(u8::is_ascii_digit)))
    }
}

fn is_minute(text: &Minute) -> bool {
    let two = |at: usize| two_digits(&[text[at], text[at + 1]]);
    let separators = text[4] == b'-' && text[7] == b'-' && text[10] == b'T' && text[13] == b':' && text[16] == b':';
    // Every month has 28 days. Later days need the calendar.
    let dated = two(0) < 100 && two(2) < 100 && (1..=12).contains(&two(5)) && (1..=28).contains(&two(8));
    separators && dated && two(11) < 24 && two(14) < 60
}

/// The number of two digits; 100 if they are not digits.
fn two_digits(text: &[u8; 2]) -> u8 {
    let [high, low] = text.map(|byte| byte.wrapping_sub(b'0'));
    if high > 9 || low > 9 { 100 } else { high * 10 + low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_accepts_is_in_utc_already() {
        let texts = [
            "2026-04-15T09:30:00Z",
            "2026-04-15T09:30:59.123Z",
            "2026-04-15T09:30:60Z",
            "2026-04-15T09:30:5Z",
            "2026-04-15T09:30:00.Z",
            "2026-04-15T09:30:00.1x3Z",
            "2026-04-15T09:30:00+02:00",
            "2026-04-31T09:30:00Z",
            "2026-04-28T23:59:00Z",
            "2026-04-28T24:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-04-15 09:30:00Z",
            "2026-04-15T09:30:Z",
            "2026-04-15T09:30Z",
            "Z",
            "",
        ];
        let mut accepted = 0;
        for first in texts {
            for second in texts {
                let mut last = TimestampCache::default();
                last.accepts(first.as_bytes());
                let accepts = last.accepts(second.as_bytes());
                assert_eq!(accepts, TimestampCache::default().accepts(second.as_bytes()), "{second} behind {first}");
                if accepts {
                    accepted += 1;
                    assert_eq!(logbook_model::instant::to_utc_text(second).as_deref(), Some(second));
                }
            }
        }
        assert_eq!(accepted, 3 * texts.len(), "the usual ones are accepted");
    }
}
