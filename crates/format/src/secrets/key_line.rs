//! Recognizes the lines of a private key: Base64 of a certain length, but nothing that a shell
//! could run.
//!
//! Not here: where such lines are in a text (`private_key`, `prefixed`).

use super::values::is_words;

/// Shortest line of a body, except the last. The shortest keys, of elliptic curves, have one line
/// of 64.
pub(super) const LINE_BYTES_MIN: usize = 40;
/// Most headers after the `BEGIN` line of an encrypted key.
pub(super) const HEADERS_MAX: usize = 6;

/// Whether `byte` is of the Base64 alphabet, or its padding.
pub(super) fn is_of_line(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Whether this is a line of a body other than the last. A path made of words is not: a shell could
/// run it.
pub(super) fn is_long(line: &[u8]) -> bool {
    line.len() >= LINE_BYTES_MIN && is_mixed(line) && !is_path(line)
}

fn is_path(line: &[u8]) -> bool {
    line.first() == Some(&b'/') && is_words(&String::from_utf8_lossy(line))
}

/// Random text of this length has all three classes; words and paths seldom do.
fn is_mixed(line: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| line.iter().any(is);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

/// Whether a line of any length may end a body. A word or a path does not: it could be a command.
pub(super) fn could_be_last(line: &[u8]) -> bool {
    let is_padded = line.ends_with(b"=") || line.starts_with(b"=");
    line.len() >= 4 && line[0] != b'/' && (is_padded || is_mixed(line) && !is_words(&String::from_utf8_lossy(line)))
}
