//! Where a run stands: the one rule (`docs/format.md`, Standing). A run that ended stays ended
//! until it is begun again, and one that is blocked stays so while calls are made.
//!
//! Shape: the newest row of each [`Weight`] says enough, of rows in any number of parts.

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
    /// All of them, the lightest first.
    pub const ALL: [Weight; 3] = [Weight::Call, Weight::Step, Weight::Turn];
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
            (Kind::CallIntent | Kind::CallResult | Kind::PolicyDecision, _) => (Weight::Call, None),
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

/// A row that may say where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stood<P, T> {
    /// Its position: a later row has a higher one.
    pub at: P,
    /// Rows behind it up to this weight change nothing.
    pub holds: Option<Weight>,
    /// What is known of it.
    pub row: T,
}

/// The rows of a run that may say where it stands: of each weight the newest, by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands<P, T>([Option<Stood<P, T>>; 3]);

impl<P, T> Default for Stands<P, T> {
    fn default() -> Stands<P, T> {
        Stands([const { None }; 3])
    }
}

impl<P: Ord, T> Stands<P, T> {
    /// Takes a row at `at`, in any order; `keep` makes what is kept of it, from what was kept of
    /// an older one of its weight.
    #[inline]
    pub fn put(&mut self, says: Says, at: P, keep: impl FnOnce(Option<T>) -> T) {
        let slot = &mut self.0[says.weight as usize];
        if slot.as_ref().is_none_or(|known| known.at <= at) {
            let row = keep(slot.take().map(|known| known.row));
            *slot = Some(Stood { at, holds: says.holds, row });
        }
    }

    /// Takes the rows of `later`; their positions are made those among all rows before.
    pub fn join(&mut self, later: Stands<P, T>) {
        for (known, new) in self.0.iter_mut().zip(later.0) {
            if new.as_ref().is_some_and(|new| known.as_ref().is_none_or(|known| known.at <= new.at)) {
                *known = new;
            }
        }
    }

    /// The row that says where the run stands.
    pub fn newest(&self) -> Option<&Stood<P, T>> {
        let mut stands: Option<&Stood<P, T>> = None;
        for (weight, row) in Weight::ALL.iter().zip(&self.0).rev() {
            let Some(row) = row else { continue };
            if stands.is_none_or(|stands| row.at > stands.at && stands.holds.is_none_or(|holds| holds < *weight)) {
                stands = Some(row);
            }
        }
        stands
    }

    /// Whether the run is over.
    pub fn ended(&self) -> bool {
        self.newest().is_some_and(|row| row.holds == Some(Weight::Step))
    }

    /// The newest row of each weight.
    pub fn rows(&self) -> &[Option<Stood<P, T>>; 3] {
        &self.0
    }

    /// Of the newest row of each weight.
    pub fn of(rows: [Option<Stood<P, T>>; 3]) -> Stands<P, T> {
        Stands(rows)
    }

    /// The same, where each row says something else.
    pub fn map<Q, U>(self, mut with: impl FnMut(P, T) -> (Q, U)) -> Stands<Q, U> {
        Stands(self.0.map(|row| {
            row.map(|Stood { at, holds, row }| {
                let (at, row) = with(at, row);
                Stood { at, holds, row }
            })
        }))
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
        /// In however many parts, and in whatever order: what is said row by row.
        #[test]
        fn parts_say_what_the_rows_say(
            rows in proptest::collection::vec((0..6_usize, 0..5_usize, any::<bool>()), 0..12),
            breaks in proptest::collection::vec(any::<bool>(), 12),
        ) {
            let mut parts = vec![Stands::default()];
            let mut backwards = Stands::default();
            for (at, (kind, status, paused)) in rows.iter().enumerate() {
                if breaks[at] {
                    parts.push(Stands::default());
                }
                let final_status = || paused.then_some(FinalStatus::Paused);
                if let Some(says) = KINDS[*kind].says(Some(STATUSES[*status]), final_status) {
                    parts.last_mut().into_iter().for_each(|part| part.put(says, at, |_| ()));
                }
            }
            for (at, (kind, status, paused)) in rows.iter().enumerate().rev() {
                let final_status = || paused.then_some(FinalStatus::Paused);
                if let Some(says) = KINDS[*kind].says(Some(STATUSES[*status]), final_status) {
                    backwards.put(says, at, |_| ());
                }
            }
            let joined = parts.into_iter().reduce(|mut all, part| { all.join(part); all }).unwrap_or_default();
            let expected = slowly(&rows);
            prop_assert_eq!(joined.newest().map(|row| row.at), expected);
            prop_assert_eq!(backwards.newest().map(|row| row.at), expected);
        }
    }
}
