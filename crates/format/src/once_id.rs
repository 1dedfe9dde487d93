//! Ids of rows that the tool itself stores once, however often it tries. Nobody else gives them:
//! whoever took one first would keep that row out.

use super::digest::sha256_hex;
use logbook_model::Kind;

/// What a row tells of a contract that was broken.
pub const BREACH: &str = "contract";
/// What a row tells of segments that were deleted.
pub const RECEIPT: &str = Kind::ArchiveReceipt.word();

/// Hexadecimal digits behind the sort.
const DIGITS: usize = 32;

/// The id of the row of this sort that is about `what`.
pub fn once_id(sort: &str, what: &[u8]) -> String {
    format!("{sort}:{}", &sha256_hex(what)[..DIGITS])
}

/// Whether `id` is one of those.
pub(crate) fn is_once_id(id: &str) -> bool {
    let digits = [BREACH, RECEIPT].into_iter().find_map(|sort| id.strip_prefix(sort)?.strip_prefix(':'));
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
