//! Which row decides the status of a run: the one rule (`docs/format.md`, Standing). A run that
//! ended stays ended until it is started again, and a blocked run stays blocked while calls are
//! made.
//!
//! A [`Stands`] is a monoid over consecutive rows: it can be computed for parts of a log and
//! joined.

use super::{FinalStatus, Kind, Status};

/// How much a row counts for the status of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A row about a call.
    Call,
    /// Any other row with a status.
    Step,
    /// A row that starts or ends the run.
    Turn,
}

impl Weight {
    /// The weight with this number, the inverse of `weight as u64`.
    pub fn numbered(number: u64) -> Option<Weight> {
        [Weight::Call, Weight::Step, Weight::Turn].into_iter().find(|weight| *weight as u64 == number)
    }
}

/// The effect of a row on the status of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Says {
    /// Its weight.
    pub weight: Weight,
    /// Later rows of up to this weight have no effect.
    pub holds: Option<Weight>,
}

impl Says {
    /// Whether it ends the run. Then only a row that starts the run has an effect.
    pub fn ends(self) -> bool {
        self.holds == Some(Weight::Step)
    }
}

impl Kind {
    /// The effect of a row of this kind with this status, a value as written, on the status of its
    /// run. `final_status` is called for a `run.end` that leaves its run blocked.
    #[inline]
    pub fn says(self, status: Option<&[u8]>, final_status: impl FnOnce() -> Option<FinalStatus>) -> Option<Says> {
        if !self.stands(status) {
            return None;
        }
        let status = Status::of_value(status);
        let blocks = (status == Some(Status::Blocked)).then_some(Weight::Call);
        let (weight, holds) = match (self, status) {
            (kind, _) if kind.tells_of_call() => (Weight::Call, None),
            // A paused run needs no `run.start` to continue.
            (Kind::RunEnd, Some(Status::Blocked)) if final_status() == Some(FinalStatus::Paused) => {
                (Weight::Turn, None)
            }
            (Kind::RunStart, _) | (Kind::RunEnd, Some(Status::Blocked | Status::InProgress)) => (Weight::Turn, blocks),
            (Kind::RunEnd, _) => (Weight::Turn, Some(Weight::Step)),
            _ => (Weight::Step, blocks),
        };
        Some(Says { weight, holds })
    }
}

/// The row that decides the status of a run, of some of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stood<T> {
    /// The greatest weight of the rows that had an effect. Joined with earlier rows, this one
    /// counts as much.
    pub weight: Weight,
    /// Later rows of up to this weight have no effect.
    pub holds: Option<Weight>,
    /// What the caller keeps of the row.
    pub row: T,
}

/// The standing of a run by some consecutive rows. It can be joined with that of later rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands<T>(Option<Stood<T>>);

impl<T> Default for Stands<T> {
    fn default() -> Stands<T> {
        Stands(None)
    }
}

impl<T> Stands<T> {
    /// Whether a row of this weight has an effect.
    #[inline]
    fn gives_way_to(&self, weight: Weight) -> bool {
        self.0.as_ref().and_then(|stood| stood.holds).is_none_or(|holds| holds < weight)
    }

    /// Adds the next row. Returns false if it has no effect.
    #[inline]
    pub fn put(&mut self, says: Says, row: T) -> bool {
        if !self.gives_way_to(says.weight) {
            return false;
        }
        let weight = self.0.as_ref().map_or(says.weight, |known| known.weight.max(says.weight));
        self.0 = Some(Stood { weight, holds: says.holds, row });
        true
    }

    /// The same, but returns what is kept of the row before, to be overwritten in place. `None` if
    /// the row has no effect.
    #[inline]
    pub fn write(&mut self, says: Says) -> Option<&mut T>
    where
        T: Default,
    {
        if !self.gives_way_to(says.weight) {
            return None;
        }
        let known = self.0.get_or_insert_with(|| Stood { weight: says.weight, holds: None, row: T::default() });
        known.weight = known.weight.max(says.weight);
        known.holds = says.holds;
        Some(&mut known.row)
    }

    /// Joins the standing by later rows.
    pub fn join(&mut self, later: Stands<T>) {
        if let Some(stood) = later.0 {
            self.put(Says { weight: stood.weight, holds: stood.holds }, stood.row);
        }
    }

    /// The row that decides the status.
    pub fn newest(&self) -> Option<&Stood<T>> {
        self.0.as_ref()
    }

    /// Whether the run has ended.
    pub fn ended(&self) -> bool {
        self.0.as_ref().is_some_and(|stood| stood.holds == Some(Weight::Step))
    }

    /// The standing by one row.
    pub fn of(stood: Option<Stood<T>>) -> Stands<T> {
        Stands(stood)
    }

    /// The same standing, with what is kept of the row mapped.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Stands<U> {
        Stands(self.0.map(|Stood { weight, holds, row }| Stood { weight, holds, row: with(row) }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [Kind; 6] =
        [Kind::Step, Kind::CallIntent, Kind::RunStart, Kind::RunEnd, Kind::ApprovalRequested, Kind::Note];
    const STATUSES: [&[u8]; 5] = [b"\"in-progress\"", b"\"blocked\"", b"\"done\"", b"\"odd\"", b"7"];

    /// The reference, row by row: each either decides the status from then on, or has no effect.
    fn slowly(rows: &[(usize, usize, bool)]) -> Option<usize> {
        let mut stands: Option<(usize, &str, Kind, bool)> = None;
        for (at, (kind, status, paused)) in rows.iter().enumerate() {
            let (kind, status) = (KINDS[*kind], std::str::from_utf8(STATUSES[*status]).unwrap_or(""));
            if kind == Kind::Note || status == "7" {
                continue;
            }
            let counts = match stands {
                _ if matches!(kind, Kind::RunStart | Kind::RunEnd) => true,
                Some((_, "\"done\"" | "\"odd\"", Kind::RunEnd, _)) => false,
                Some((_, "\"blocked\"", Kind::RunEnd, true)) => true,
                Some((_, "\"blocked\"", of, _)) if of != Kind::CallIntent => kind != Kind::CallIntent,
                _ => true,
            };
            if counts {
                stands = Some((at, status, kind, *paused));
            }
        }
        stands.map(|(at, ..)| at)
    }

    proptest! {
        /// Parts of the rows, joined from the left or from the right, give what the rows give one
        /// by one.
        #[test]
        fn parts_say_what_the_rows_say(
            rows in proptest::collection::vec((0..6_usize, 0..5_usize, any::<bool>()), 0..12),
            breaks in proptest::collection::vec(any::<bool>(), 12),
        ) {
            let mut parts = vec![Stands::default()];
            for (at, (kind, status, paused)) in rows.iter().enumerate() {
                if breaks[at] {
                    parts.push(Stands::default());
                }
                let final_status = || paused.then_some(FinalStatus::Paused);
                if let Some(says) = KINDS[*kind].says(Some(STATUSES[*status]), final_status) {
                    let part = parts.last_mut().map(|part| part.put(says, at));
                    prop_assert!(part.is_some());
                }
            }
            let mut right = Stands::default();
            for part in parts.iter().rev() {
                let mut joined = *part;
                joined.join(right);
                right = joined;
            }
            let left = parts.into_iter().reduce(|mut all, part| { all.join(part); all }).unwrap_or_default();
            let expected = slowly(&rows);
            prop_assert_eq!(left.newest().map(|stood| stood.row), expected);
            prop_assert_eq!(right.newest().map(|stood| stood.row), expected);
        }
    }
}
