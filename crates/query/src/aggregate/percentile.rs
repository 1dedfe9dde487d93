//! Percentiles, exact.

use super::by_unit::NumberFold;
use super::chunked::ChunkedVec;
use super::packed_counts::PackedCounts;
use logbook_json::Decimal;

/// `pNN` by nearest rank: the least number such that at least NN percent of all are not greater. It
/// is one of the numbers, so it is exact. All numbers are kept: in four bytes for an integer below
/// 2³², in eight for others with few digits, until they are packed.
#[derive(Debug, Clone)]
pub(crate) struct Percentile {
    thousandths: u32,
    whole: ChunkedVec<u32>,
    /// In units of 10^[`UNIT`].
    plain: ChunkedVec<i64>,
    packed_whole: PackedCounts,
    /// Mapped by [`ordered`].
    packed_plain: PackedCounts,
    others: Vec<Decimal>,
}

/// Most costs and times have at most this many decimal places.
const UNIT: i64 = -(PLACES as i64);
const PLACES: u32 = 6;
const FACTORS: [i64; PLACES as usize + 1] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
/// Numbers below this fit in an `i64`, whatever their decimal places.
const PLAIN_MAX: i64 = 1_000_000_000_000;

impl Percentile {
    pub(super) fn new(thousandths: u32) -> Percentile {
        Percentile {
            thousandths,
            whole: ChunkedVec::default(),
            plain: ChunkedVec::default(),
            packed_whole: PackedCounts::default(),
            packed_plain: PackedCounts::default(),
            others: Vec::new(),
        }
    }

    /// The memory that the numbers take.
    pub(super) fn bytes(&self) -> usize {
        self.whole.bytes() + self.plain.bytes() + self.packed_whole.bytes() + self.packed_plain.bytes()
    }

    /// Moves the numbers so far to packed storage.
    pub(super) fn pack(&mut self) {
        while let Some(mut whole) = self.whole.take_some() {
            whole.sort_unstable();
            self.packed_whole.add(whole.into_iter().map(u64::from));
        }
        while let Some(mut plain) = self.plain.take_some() {
            plain.sort_unstable();
            self.packed_plain.add(plain.into_iter().map(ordered));
        }
    }

    /// The number at index `at` in order, when all numbers that can be packed are.
    fn nth_of_packed(&mut self, mut at: usize) -> Decimal {
        self.others.sort_unstable();
        let mut whole = self.packed_whole.iter().map(|(whole, often)| (in_units(whole as u32), often)).peekable();
        let mut plain = self.packed_plain.iter().map(|(plain, often)| (from_ordered(plain), often)).peekable();
        let mut others = self.others.iter().peekable();
        let mut last = Decimal::from(0);
        loop {
            let next = match (whole.peek(), plain.peek()) {
                (Some(one), Some(other)) if one.0 <= other.0 => whole.next(),
                (Some(_), None) => whole.next(),
                _ => plain.next(),
            };
            let next = next.map(|(units, often)| (Decimal::from_units(units, UNIT), often));
            // Numbers that cannot be packed and come before the next one.
            while let Some(other) = others.next_if(|other| next.as_ref().is_none_or(|(next, _)| *other < next)) {
                if at == 0 {
                    return other.clone();
                }
                at -= 1;
            }
            // Unreachable for an `at` below the count.
            let Some((number, often)) = next else { return last };
            if at < often {
                return number;
            }
            at -= often;
            last = number;
        }
    }
}

impl NumberFold for Percentile {
    fn fresh(&self) -> Percentile {
        Percentile::new(self.thousandths)
    }

    #[inline]
    fn push_digits(&mut self, (digits, places): (i64, u32)) -> bool {
        if let (Ok(whole), 0) = (u32::try_from(digits), places) {
            self.whole.push(whole);
            return true;
        }
        let fits = digits < PLAIN_MAX && places <= PLACES;
        if fits {
            self.plain.push(digits * FACTORS[(PLACES - places) as usize]);
        }
        fits
    }

    fn add(&mut self, number: Decimal) {
        match number.in_units(UNIT) {
            Some(units) => self.plain.push(units),
            None => self.others.push(number),
        }
    }

    fn merge(&mut self, later: Percentile) {
        self.whole.merge(later.whole);
        self.plain.merge(later.plain);
        for (mine, later) in
            [(&mut self.packed_whole, later.packed_whole), (&mut self.packed_plain, later.packed_plain)]
        {
            match mine.count() {
                0 => *mine = later,
                _ if later.count() > 0 => mine.merge(&later),
                _ => {}
            }
        }
        self.others.extend(later.others);
    }

    fn count(&self) -> u64 {
        let packed = self.packed_whole.count() + self.packed_plain.count();
        (self.whole.len() + self.plain.len() + self.others.len() + packed) as u64
    }

    fn finish(mut self) -> Option<Option<Decimal>> {
        let packed = self.packed_whole.count() + self.packed_plain.count();
        let count = self.count() as usize;
        if count == 0 {
            return Some(None);
        }
        let rank = (count as u128 * u128::from(self.thousandths)).div_ceil(100_000) as usize;
        let at = rank.clamp(1, count) - 1;
        Some(Some(if packed > 0 {
            self.pack();
            self.nth_of_packed(at)
        } else if self.whole.len() == count {
            Decimal::from(i64::from(*self.whole.take().select_nth_unstable(at).1))
        } else if self.others.is_empty() {
            let mut all = self.plain.take();
            all.extend(self.whole.take().into_iter().map(in_units));
            Decimal::from_units(*all.select_nth_unstable(at).1, UNIT)
        } else {
            let whole = self.whole.take().into_iter().map(in_units);
            let all = self.plain.take().into_iter().chain(whole);
            self.others.extend(all.map(|units| Decimal::from_units(units, UNIT)));
            self.others.select_nth_unstable(at).1.clone()
        }))
    }
}

fn in_units(whole: u32) -> i64 {
    i64::from(whole) * FACTORS[PLACES as usize]
}

/// An unsigned number with the same order.
fn ordered(units: i64) -> u64 {
    (units as u64) ^ (1 << 63)
}

fn from_ordered(ordered: u64) -> i64 {
    (ordered ^ (1 << 63)) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::by_unit::{ByUnit, Ignored};

    use super::*;

    fn finished(rank: ByUnit<Percentile>) -> (String, u64) {
        let (mut out, mut ignored) = (Vec::new(), Ignored::default());
        rank.finish(&mut out, &mut ignored);
        (String::from_utf8(out).unwrap_or_default(), ignored.not_numbers)
    }

    proptest! {
        #[test]
        fn what_is_packed_on_the_way_does_not_show(
            values in prop::collection::vec(
                prop_oneof![
                    (0u32..50).prop_map(|whole| whole.to_string()),
                    (-50i64..50, 0usize..8).prop_map(|(whole, places)| format!("{whole}.{}", &"12500000"[..=places])),
                    any::<f64>().prop_filter("JSON has no others", |float| float.is_finite()).prop_map(|float| format!("{float:e}")),
                    Just("\"no number\"".to_owned()),
                    Just("null".to_owned()),
                    (0u32..50).prop_map(|whole| format!("\"{whole}ms\"")),
                    (0u32..50).prop_map(|whole| format!("\"{whole}\"")),
                ],
                0..120,
            ),
            packed_at in prop::collection::vec(0usize..120, 0..4),
            cut in 0usize..120,
            thousandths in 0u32..=100_000,
        ) {
            let mut plain = ByUnit::new(Percentile::new(thousandths), None);
            let mut parts = [plain.clone(), plain.clone()];
            values.iter().for_each(|value| plain.push(value.as_bytes()));
            for (at, value) in values.iter().enumerate() {
                let part = &mut parts[usize::from(at >= cut)];
                part.push(value.as_bytes());
                if packed_at.contains(&at) {
                    part.each().for_each(Percentile::pack);
                }
            }
            let [mut first, second] = parts;
            first.merge(second);
            prop_assert_eq!(finished(first), finished(plain));
        }
    }
}
