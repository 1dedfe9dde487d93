//! The hours that nobody watches, in local time: 18:00 to 08:00, unless the config says otherwise.

use chrono::{NaiveTime, TimeDelta};

use super::{Instant, Zone};

/// From one time of day to another, over midnight if the second is not later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Night {
    from: NaiveTime,
    to: NaiveTime,
}

impl Default for Night {
    fn default() -> Night {
        let evening = NaiveTime::from_hms_opt(18, 0, 0).unwrap_or_default();
        Night { from: evening, to: NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default() }
    }
}

impl Night {
    /// Parses `18:00-08:00`; `None` if the text is not valid, or the night is empty.
    pub fn parse(text: &str) -> Option<Night> {
        let time = |text: &str| (text.len() == 5).then(|| NaiveTime::parse_from_str(text, "%H:%M").ok()).flatten();
        let (from, to) = text.split_once('-')?;
        let night = Night { from: time(from)?, to: time(to)? };
        (night.from != night.to).then_some(night)
    }

    /// The current night, or else the last one: its beginning and its end, which may be in the
    /// future.
    pub fn last(&self, now: Instant, zone: &Zone) -> (Instant, Instant) {
        let Some(local) = zone.to_local(now) else { return (now, now) };
        let mut day = local.date_naive();
        if local.time() < self.from {
            day = day.pred_opt().unwrap_or(day);
        }
        let morning = if self.to <= self.from { day + TimeDelta::days(1) } else { day };
        (zone.instant_of_local(day.and_time(self.from)), zone.instant_of_local(morning.and_time(self.to)))
    }
}

impl std::fmt::Display for Night {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.from.format("%H:%M"), self.to.format("%H:%M"))
    }
}
