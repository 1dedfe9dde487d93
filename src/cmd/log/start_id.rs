//! Ids for runs that are given none: `r-` and eight characters of Crockford's base 32, which sort by the second in
//! which they were made.

use crate::error::{Error, Result};
use crate::model::Instant;

/// The digits: no I, L, O and U, which are misread.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 2025-01-01T00:00:00Z: 30 bits of seconds from here on last until 2059, and then begin anew.
const EPOCH_SECONDS: i64 = 1_735_689_600;
/// Bits that tell runs of one second apart.
const CHANCE_BITS: u32 = 10;

/// An id for a run that begins `now`.
pub(super) fn make(now: Instant) -> Result<String> {
    let mut chance = [0; 2];
    rustix::rand::getrandom(&mut chance, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Error::io(format!("no random numbers: {error}")))?;
    Ok(format(now, u16::from_ne_bytes(chance)))
}

fn format(now: Instant, chance: u16) -> String {
    let seconds = (now.seconds - EPOCH_SECONDS).rem_euclid(1 << 30) as u64;
    let number = seconds << CHANCE_BITS | u64::from(chance) & ((1 << CHANCE_BITS) - 1);
    let digits = (0..8).rev().map(|at| char::from(DIGITS[(number >> (5 * at)) as usize & 31]));
    format!("r-{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let at = |text: &str, chance| format(Instant::parse(text).unwrap_or(Instant { seconds: 0, attos: 0 }), chance);
        assert_eq!(at("2025-01-01T00:00:00Z", 0), "r-00000000");
        assert_eq!(at("2025-01-01T00:00:01Z", 0xFFFF), "r-000001zz");
        assert!(at("2026-04-16T09:30:00Z", 1023) < at("2026-04-16T09:30:01Z", 0));
        assert!(at("2058-12-31T00:00:00Z", 0) > at("2058-12-30T00:00:00Z", 0));
    }
}
