//! Ids that are made: a letter and digits of Crockford's base 32, which sort by the second in which
//! they were made.

use logbook_model::Instant;
use logbook_model::error::{Error, Result};

/// The digits: no I, L, O and U, which are misread.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 2025-01-01T00:00:00Z: 30 bits of seconds from here on last until 2059, and then begin anew.
const EPOCH_SECONDS: i64 = 1_735_689_600;

/// An id for a run that begins `now`: eight digits, 10 bits of them by chance. Whoever stores it
/// sees to clashes.
pub fn run_id(now: Instant) -> Result<String> {
    Ok(format!("r-{}", digits(now, chance()?, 2)))
}

/// An id for a call that begins `now`: fourteen digits, 40 bits of them by chance.
pub fn call_id(now: Instant) -> Result<String> {
    Ok(format!("c-{}", digits(now, chance()?, 8)))
}

fn chance() -> Result<u64> {
    let mut chance = [0; 8];
    rustix::rand::getrandom(&mut chance, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Error::io(format!("no random numbers: {error}")))?;
    Ok(u64::from_ne_bytes(chance))
}

/// Six digits of time, and `by_chance` more.
fn digits(now: Instant, chance: u64, by_chance: u32) -> String {
    let seconds = (now.seconds - EPOCH_SECONDS).rem_euclid(1 << 30) as u64;
    let bits = by_chance * 5;
    let number = u128::from(seconds) << bits | u128::from(chance & ((1 << bits) - 1));
    (0..6 + by_chance).rev().map(|at| char::from(DIGITS[(number >> (5 * at)) as usize & 31])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let at =
            |text: &str, chance| digits(Instant::parse(text).unwrap_or(Instant { seconds: 0, attos: 0 }), chance, 2);
        assert_eq!(at("2025-01-01T00:00:00Z", 0), "00000000");
        assert_eq!(at("2025-01-01T00:00:01Z", 0xFFFF), "000001zz");
        assert!(at("2026-04-16T09:30:00Z", 1023) < at("2026-04-16T09:30:01Z", 0));
        assert!(at("2058-12-31T00:00:00Z", 0) > at("2058-12-30T00:00:00Z", 0));
    }
}
