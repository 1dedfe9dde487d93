//! Sizes in bytes, as people write them.

/// Bytes of a size such as `512M`, `2G`, `100000` or `1.5GiB`, in powers of 1024.
pub fn size_bytes(word: &str) -> Option<u64> {
    let digits = word.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    let bytes = number * (1u64 << shift) as f64;
    (bytes >= 1.0).then_some(bytes as u64)
}

/// A size for people, such as `512 MiB`.
pub(super) fn size_text(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = units.iter().find(|(shift, _)| bytes >> shift > 0);
    match fits {
        None => format!("{bytes} bytes"),
        Some((shift, unit)) => {
            let text = format!("{:.1}", bytes as f64 / (1u64 << shift) as f64);
            format!("{} {unit}", text.trim_end_matches(".0"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed_and_printed() {
        assert_eq!(size_bytes("100000"), Some(100_000));
        assert_eq!(size_bytes("512M"), Some(512 << 20));
        assert_eq!(size_bytes("1.5GiB"), Some(3 << 29));
        assert_eq!(size_bytes("2 kb"), Some(2048));
        assert_eq!([size_bytes(""), size_bytes("M"), size_bytes("5X"), size_bytes("0"), size_bytes("-1G")], [None; 5]);
        assert_eq!(size_text(512 << 20), "512 MiB");
        assert_eq!(size_text(3 << 29), "1.5 GiB");
        assert_eq!(size_text(12), "12 bytes");
    }
}
