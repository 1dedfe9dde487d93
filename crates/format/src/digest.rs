//! SHA-256 as 64 hexadecimal digits in lower case.

use std::borrow::Cow;
use std::fmt::Write;

pub use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The digits of a digest that was computed piece by piece.
pub fn finished_hex(digest: Sha256) -> String {
    hexadecimal(&digest.finalize())
}

/// The digest of the words of a command, each followed by a NUL: what
/// `printf '%s\0' CMD ARGS… | sha256sum` prints.
pub fn of_words<'w>(words: impl IntoIterator<Item = &'w [u8]>) -> String {
    let mut digest = Sha256::new();
    for word in words {
        digest.update(word);
        digest.update([0]);
    }
    finished_hex(digest)
}

/// JSON as it is stored in a row: trimmed, with blanks instead of line breaks between its tokens.
pub fn in_a_row(json: &str) -> Cow<'_, str> {
    let json = json.trim_matches([' ', '\t', '\n', '\r']);
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { json.into() }
}

/// Whether `digest` is that of the arguments `json`: of the words of a command, if `json` is an
/// array of strings, or of its text.
pub fn is_of_arguments(digest: &str, json: &str) -> bool {
    let words: Option<Vec<String>> = serde_json::from_str(json).ok();
    words.is_some_and(|words| of_words(words.iter().map(String::as_bytes)) == digest)
        || sha256_hex(json.as_bytes()) == digest
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
