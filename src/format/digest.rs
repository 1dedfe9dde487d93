//! SHA-256 as everybody writes it: 64 hexadecimal digits in lower case.

use std::fmt::Write;

pub use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The digits of a digest that was fed piece by piece.
pub fn finished_hex(digest: Sha256) -> String {
    hexadecimal(&digest.finalize())
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
