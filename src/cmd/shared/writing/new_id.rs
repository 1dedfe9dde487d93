//! Generated ids: a letter and digits of Crockford's base 32. They sort by creation time, to the
//! second.

use logbook_model::Instant;
use logbook_model::error::{Error, Result};

/// Without I, L, O and U, which are easily misread.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 2025-01-01T00:00:00Z. The 30 bits of seconds since then wrap around in 2059.
const EPOCH_SECONDS: i64 = 1_735_689_600;

/// An id for a run that begins `now`: eight digits, of which 10 bits are random. The caller must
/// handle collisions.
pub fn run_id(now: Instant) -> Result<String> {
    Ok(format!("r-{}", digits(now, random()?, 2)))
}

/// An id for a call that begins `now`: fourteen digits, of which 40 bits are random.
pub fn call_id(now: Instant) -> Result<String> {
    Ok(format!("c-{}", digits(now, random()?, 8)))
}

fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Error::io(format!("no random numbers: {error}")))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Six digits of time, then `random_digits` digits of `random`.
fn digits(now: Instant, random: u64, random_digits: u32) -> String {
    let seconds = (now.seconds - EPOCH_SECONDS).rem_euclid(1 << 30) as u64;
    let bits = random_digits * 5;
    let number = u128::from(seconds) << bits | u128::from(random & ((1 << bits) - 1));
    (0..6 + random_digits).rev().map(|at| char::from(DIGITS[(number >> (5 * at)) as usize & 31])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let at =
            |text: &str, random| digits(Instant::parse(text).unwrap_or(Instant { seconds: 0, attos: 0 }), random, 2);
        assert_eq!(at("2025-01-01T00:00:00Z", 0), "00000000");
        assert_eq!(at("2025-01-01T00:00:01Z", 0xFFFF), "000001zz");
        assert!(at("2026-04-16T09:30:00Z", 1023) < at("2026-04-16T09:30:01Z", 0));
        assert!(at("2058-12-31T00:00:00Z", 0) > at("2058-12-30T00:00:00Z", 0));
    }
}
