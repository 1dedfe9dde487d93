//! Where a run stands: the one rule (`docs/format.md`, Standing). A run that ended stays ended
//! until it is begun again, and one that is blocked stays so while calls are made.
//!
//! Shape: one row says enough of any rows that stand behind one another ([`Stands`]).

use super::{FinalStatus, Kind, Status};

/// How much a row counts for where its run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It tells of a call.
    Call,
    /// Any other row with a status.
    Step,
    /// It begins or ends the run.
    Turn,
}

impl Weight {
    /// The one with this number, as `weight as u64` has it.
    pub fn numbered(number: u64) -> Option<Weight> {
        [Weight::Call, Weight::Step, Weight::Turn].into_iter().find(|weight| *weight as u64 == number)
    }
}

/// What a row says of where its run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Says {
    /// How much it counts.
    pub weight: Weight,
    /// Rows behind it up to this weight change nothing.
    pub holds: Option<Weight>,
}

impl Says {
    /// Whether the run is over: only a row that begins it makes it go on.
    pub fn ends(self) -> bool {
        self.holds == Some(Weight::Step)
    }
}

impl Kind {
    /// What a row of this kind with this status, a value as written, says of where its run stands;
    /// `None`: nothing. `final_status` is asked of ends that leave their run blocked.
    #[inline]
    pub fn says(self, status: Option<&[u8]>, final_status: impl FnOnce() -> Option<FinalStatus>) -> Option<Says> {
        if !self.stands(status) {
            return None;
        }
        let status = Status::of_value(status);
        let blocks = (status == Some(Status::Blocked)).then_some(Weight::Call);
        let (weight, holds) = match (self, status) {
            (kind, _) if kind.tells_of_call() => (Weight::Call, None),
            // Who paused a run goes on with it, without more words.
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

/// The row that says where a run stands, of some of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stood<T> {
    /// The greatest weight among the rows by which the run came to stand there: it counts so much
    /// behind rows that are not known yet.
    pub weight: Weight,
    /// Rows behind it up to this weight change nothing.
    pub holds: Option<Weight>,
    /// What is known of it.
    pub row: T,
}

/// Where a run stands by some rows that stand behind one another: it can be joined with those of
/// later rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands<T>(Option<Stood<T>>);

impl<T> Default for Stands<T> {
    fn default() -> Stands<T> {
        Stands(None)
    }
}

impl<T> Stands<T> {
    /// Whether a row of this weight would change it.
    #[inline]
    fn gives_way_to(&self, weight: Weight) -> bool {
        self.0.as_ref().and_then(|stood| stood.holds).is_none_or(|holds| holds < weight)
    }

    /// Takes the next row. False: it changes nothing.
    #[inline]
    pub fn put(&mut self, says: Says, row: T) -> bool {
        if !self.gives_way_to(says.weight) {
            return false;
        }
        let weight = self.0.as_ref().map_or(says.weight, |known| known.weight.max(says.weight));
        self.0 = Some(Stood { weight, holds: says.holds, row });
        true
    }

    /// The same, where what is known of the row is written over what was known of the one before.
    /// `None`: it changes nothing.
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

    /// Takes what later rows say.
    pub fn join(&mut self, later: Stands<T>) {
        if let Some(stood) = later.0 {
            self.put(Says { weight: stood.weight, holds: stood.holds }, stood.row);
        }
    }

    /// The row that says where the run stands.
    pub fn newest(&self) -> Option<&Stood<T>> {
        self.0.as_ref()
    }

    /// Whether the run is over.
    pub fn ended(&self) -> bool {
        self.0.as_ref().is_some_and(|stood| stood.holds == Some(Weight::Step))
    }

    /// By this row.
    pub fn of(stood: Option<Stood<T>>) -> Stands<T> {
        Stands(stood)
    }

    /// The same, where the row is known as something else.
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

    /// Row by row: each either says where the run stands from now on, or changes nothing.
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
        /// In however many parts, joined from the left and from the right: what is said row by row.
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
