//! The rules that say when a request for approval is decided and when it is expired, and the number
//! of open requests of a run, counted over any number of parts of its rows.
//!
//! All folds over approvals (`approvals`, `record::approvals`, `record::blame`, `runs::run`) use
//! [`is_in_time`] and [`is_expired`], so that they agree.

use std::collections::BTreeMap;

use logbook_model::{Instant, Verdict};

/// Whether a decision counts: it was made before the request expired, or it says that the request
/// is expired. A decision without a time counts.
pub(crate) fn is_in_time(expires_at: Option<Instant>, verdict: Verdict, at: Option<Instant>) -> bool {
    verdict == Verdict::Expired || at.is_none_or(|at| !is_expired(expires_at, at))
}

/// Whether it is too late for a decision at `now`.
pub(crate) fn is_expired(expires_at: Option<Instant>, now: Instant) -> bool {
    expires_at.is_some_and(|expires_at| now >= expires_at)
}

/// The requests of one run, by step, as far as some rows describe them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenRequests(BTreeMap<u64, RequestState>);

/// What some rows say about one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RequestState {
    /// Decisions that come before the request: they count only for a request in earlier rows.
    pub before: Decisions,
    /// The request, if it is among the rows.
    pub request: Option<Pending>,
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pending {
    /// When it expires.
    pub expires_at: Option<Instant>,
    /// The decisions that come after it.
    pub decisions: Decisions,
}

/// The decisions on one request, as far as needed to say whether it is decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Decisions {
    /// One of them counts whatever its time.
    pub is_untimed: bool,
    /// The time of the earliest of the others.
    pub earliest: Option<Instant>,
}

impl Decisions {
    fn add(&mut self, verdict: Verdict, at: Option<Instant>) {
        match at.filter(|_| verdict != Verdict::Expired) {
            Some(at) => self.join(Decisions { is_untimed: false, earliest: Some(at) }),
            None => self.is_untimed = true,
        }
    }

    fn join(&mut self, other: Decisions) {
        self.is_untimed |= other.is_untimed;
        self.earliest = [self.earliest, other.earliest].into_iter().flatten().min();
    }

    fn decide(self, expires_at: Option<Instant>) -> bool {
        self.is_untimed || self.earliest.is_some_and(|at| is_in_time(expires_at, Verdict::Approved, Some(at)))
    }
}

impl Pending {
    fn is_open(&self, now: Instant) -> bool {
        !self.decisions.decide(self.expires_at) && !is_expired(self.expires_at, now)
    }
}

impl OpenRequests {
    /// Adds the next request. Of two with one step the first counts.
    pub(crate) fn ask(&mut self, step: u64, expires_at: Option<Instant>) {
        let pending = Pending { expires_at, decisions: Decisions::default() };
        self.0.entry(step).or_default().request.get_or_insert(pending);
    }

    /// Adds the next decision.
    pub(crate) fn decide(&mut self, step: u64, verdict: Verdict, at: Option<Instant>) {
        let state = self.0.entry(step).or_default();
        state.request.as_mut().map_or(&mut state.before, |request| &mut request.decisions).add(verdict, at);
    }

    /// Adds what later rows say about one request.
    pub(crate) fn join_one(&mut self, step: u64, later: RequestState) {
        let known = self.0.entry(step).or_default();
        match &mut known.request {
            Some(request) => {
                request.decisions.join(later.before);
                request.decisions.join(later.request.map(|copy| copy.decisions).unwrap_or_default());
            }
            None => {
                known.before.join(later.before);
                known.request = later.request;
            }
        }
    }

    /// Adds what later rows say.
    pub(crate) fn join(&mut self, later: OpenRequests) {
        later.0.into_iter().for_each(|(step, state)| self.join_one(step, state));
    }

    /// The number of requests that may still be decided at `now`.
    pub fn count(&self, now: Instant) -> u64 {
        self.0.values().filter(|state| state.request.is_some_and(|request| request.is_open(now))).count() as u64
    }

    /// What the rows say about each request, by step.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (u64, RequestState)> {
        self.0.iter().map(|(step, state)| (*step, *state))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant { seconds, attos: 0 }
    }

    proptest! {
        /// However the rows are split into parts, the same number of requests is open.
        #[test]
        fn parts_say_what_the_whole_says(
            rows in proptest::collection::vec((1..3_u64, 0..4_u8, proptest::option::of(0..6_i64), any::<bool>()), 0..30),
            now in 0..7_i64,
        ) {
            let mut whole = OpenRequests::default();
            let mut parts = vec![OpenRequests::default()];
            for (step, what, time, breaks) in rows {
                if breaks {
                    parts.push(OpenRequests::default());
                }
                for into in [&mut whole, parts.last_mut().unwrap()] {
                    match what {
                        0 => into.ask(step, time.map(at)),
                        1 => into.decide(step, Verdict::Expired, time.map(at)),
                        _ => into.decide(step, Verdict::Denied, time.map(at)),
                    }
                }
            }
            let mut right = OpenRequests::default();
            for part in parts.iter().rev() {
                let mut joined = part.clone();
                joined.join(right);
                right = joined;
            }
            let left = parts.into_iter().reduce(|mut all, part| { all.join(part); all }).unwrap_or_default();
            prop_assert_eq!(left.count(at(now)), whole.count(at(now)));
            prop_assert_eq!(right.count(at(now)), whole.count(at(now)));
        }
    }
}
