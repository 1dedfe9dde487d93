//! A text in steps of 64 bytes, and the tokens in it from step to step: what both ways of a glance
//! share.
//!
//! Not here: what bytes are (`glance`).

use super::beginnings::RUN;

/// Bytes that are looked at in one step, and those that follow them which beginnings reach into.
pub(crate) const STEP: usize = 64;
pub(crate) const SEEN: usize = STEP + 3;

/// Where the bytes of tokens stand, from step to step.
#[derive(Default)]
pub(crate) struct Tokens {
    /// Where 1, 2, 4 and 8 of them end, in the step before.
    ends: [u64; 4],
    /// Bytes that no digest has, in the step before.
    odd: u64,
    runs: u64,
}

impl Tokens {
    /// Takes in a step: which bytes could be of a token, and which no digest has.
    #[inline(always)]
    pub(crate) fn put(&mut self, token: u64, odd: u64) {
        let [one, two, four, eight] = self.ends;
        let twos = token & moved(token, one, 1);
        let fours = twos & moved(twos, two, 2);
        let eights = fours & moved(fours, four, 4);
        let sixteens = eights & moved(eights, eight, 8);
        const { assert!(RUN == 16 + 4) };
        let runs = sixteens & moved(fours, four, 16);
        if runs != 0 {
            self.runs |= runs & of_last_20(odd, self.odd);
        }
        self.ends = [token, twos, fours, eights];
        self.odd = odd;
    }

    /// Whether there was one.
    pub(crate) fn found(&self) -> bool {
        self.runs != 0
    }
}

/// Where [`RUN`] bytes end of which one is `odd`.
#[cold]
fn of_last_20(odd: u64, before: u64) -> u64 {
    let all = u128::from(odd) << 64 | u128::from(before);
    let of_2 = all | all << 1;
    let of_4 = of_2 | of_2 << 2;
    let of_8 = of_4 | of_4 << 4;
    let of_16 = of_8 | of_8 << 8;
    ((of_16 | of_4 << 16) >> 64) as u64
}

/// `ends` so many bytes on, with those of the step before.
#[inline(always)]
fn moved(ends: u64, before: u64, by: u32) -> u64 {
    ends << by | before >> (64 - by)
}

/// Calls `step` with stretches of `text` in order: how many bytes at their beginning were seen
/// before, as the last of tokens. A text that is shorter than one is all in `short`.
#[inline(always)]
pub(crate) fn each(text: &[u8], short: &[u8; SEEN], mut step: impl FnMut(&[u8; SEEN], usize)) {
    let Some(last) = text.last_chunk::<SEEN>() else { return step(short, 0) };
    let mut at = 0;
    while let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk::<SEEN>()) {
        step(bytes, 0);
        at += STEP;
    }
    // What is left, in a step that begins earlier.
    let seen = at + SEEN - STEP;
    if seen < text.len() {
        step(last, STEP - (text.len() - seen));
    }
}

/// A text that is shorter than a step, filled up; of a longer one, nothing.
#[inline(always)]
pub(crate) fn filled<'s>(text: &[u8], short: &'s mut [u8; SEEN]) -> &'s [u8; SEEN] {
    if let Some(room) = short.get_mut(..text.len()).filter(|room| room.len() < SEEN) {
        room.copy_from_slice(text);
    }
    short
}

/// The first bytes, which no step takes for those of tokens, as a step before the first.
#[inline(always)]
pub(crate) fn before(bits: u64) -> u64 {
    bits << (STEP - (SEEN - STEP))
}
