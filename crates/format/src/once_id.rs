//! Ids of rows that the program stores once, however often it tries. Users may not give them: a row
//! of theirs would keep the one of the program out.

use super::digest::sha256_hex;
use logbook_model::Kind;

/// The prefix of rows about a broken contract.
pub const BREACH: &str = "contract";
/// The prefix of rows about deleted segments.
pub const RECEIPT: &str = Kind::ArchiveReceipt.word();

/// Hexadecimal digits after the prefix.
const DIGITS: usize = 32;

/// The id of the row with this prefix about `what`.
pub fn once_id(prefix: &str, what: &[u8]) -> String {
    format!("{prefix}:{}", &sha256_hex(what)[..DIGITS])
}

/// Whether `id` is such an id.
pub(crate) fn is_once_id(id: &str) -> bool {
    let digits = [BREACH, RECEIPT].into_iter().find_map(|prefix| id.strip_prefix(prefix)?.strip_prefix(':'));
    digits.is_some_and(|digits| digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_known_and_nothing_else() {
        assert!(is_once_id(&once_id(BREACH, b"x")) && is_once_id(&once_id(RECEIPT, b"")));
        for other in ["contract:7", "contract", "archive.receipt:", "x:0123456789abcdef0123456789abcdef"] {
            assert!(!is_once_id(other), "{other}");
        }
    }
}
