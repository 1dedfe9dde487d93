//! A closer look at a row in which the scan saw something: is it the name of a secret, with
//! something after it that could be the value? Most often it is a word of running text, such as
//! `pass` or `token`.
//!
//! Like the scan, this must not miss any name that `names` and `assigned` accept, and nothing that
//! `rules.txt` has besides.

use memchr::memmem;

use super::beginnings::{ESCAPES_AND_USERS, KEYS, LOGINS, PASS, PWD, TOKENS, WORDS};
use super::names::{NAME_BYTES_MAX, SECRET_KEYS};

/// Programs that take a password after `-p` or a similar flag.
const PROGRAMS: [&str; 6] = ["login", "mongo", "redis-cli", "ldap", "ipmitool", "sqlcmd"];
/// Bytes after `-u` in which the colon before the password must be.
const USER_BYTES_MAX: usize = 256;
/// Longest type between a name and `=`.
const TYPE_BYTES_MAX: usize = 48;
/// Shortest credentials after `Bearer` and `Basic`.
const CREDENTIALS_BYTES_MIN: usize = 20;

/// Whether there is an `@` with two colons before it in the same word, as in `https://ada:…@`.
pub(super) fn has_userinfo(row: &[u8]) -> bool {
    let mut colons = 0;
    row.iter().any(|byte| {
        match byte {
            b':' => colons += 1,
            b' ' | b'"' => colons = 0,
            _ => {}
        }
        *byte == b'@' && colons > 1
    })
}

/// Whether `row` has a name or a word of the `beginnings` that the scan saw, with something after
/// it.
pub(super) fn has_name(beginnings: u8, row: &[u8]) -> bool {
    let row = &*row.to_ascii_lowercase();
    let saw = |bits: u8| beginnings & bits != 0;
    let has = |word: &str| memmem::find(row, word.as_bytes()).is_some();
    let is_named = |word: &str| find(row, word).any(|(_, to)| has_value(row, to));
    saw(PASS) && (has("passw") || has("passp") || is_named("pass"))
        || saw(PWD) && (has("whsec_") || is_named("pwd"))
        || saw(TOKENS) && (is_named("token") || is_named("cookie"))
        || saw(KEYS) && has_secret_key(row)
        || saw(WORDS) && (has("secret") || has_credentials(row))
        || saw(TOKENS | KEYS | WORDS) && has("authorization")
        || saw(ESCAPES_AND_USERS) && has_user(row)
        || saw(LOGINS) && (has("private key") || PROGRAMS.iter().any(|program| has(program)))
}

/// Where `word` begins and ends, each time that it is there.
fn find<'r>(row: &'r [u8], word: &'r str) -> impl Iterator<Item = (usize, usize)> + 'r {
    memmem::find_iter(row, word.as_bytes()).map(|at| (at, at + word.len()))
}

/// `api_key`, `accesskey` and the like.
fn has_secret_key(row: &[u8]) -> bool {
    find(row, "key").any(|(at, to)| {
        let before = &row[..at];
        let before =
            before.strip_suffix(b"_").or(before.strip_suffix(b"-")).or(before.strip_suffix(b".")).unwrap_or(before);
        let to = if row.get(to) == Some(&b's') { to + 1 } else { to };
        SECRET_KEYS.iter().any(|word| before.ends_with(word.as_bytes())) && has_value(row, to)
    })
}

/// `credentials: …`, and `Bearer …` with enough after it.
fn has_credentials(row: &[u8]) -> bool {
    let is_cred = |(_, to): (usize, usize)| {
        let ends = ["", "s", "ential", "entials"];
        ends.iter().any(|end| row[to..].starts_with(end.as_bytes()) && has_value(row, to + end.len()))
    };
    let is_scheme = |(_, to): (usize, usize)| {
        let between = row[to..].iter().take_while(|byte| b" \",\\ntr".contains(byte)).count();
        // A slash may be escaped.
        let is_of_credentials = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/_.~-\\".contains(byte);
        row[to..].iter().skip(between).take_while(|byte| is_of_credentials(byte)).count() + between
            >= CREDENTIALS_BYTES_MIN
    };
    find(row, "cred").any(is_cred) || find(row, "bearer").any(is_scheme) || find(row, "basic").any(is_scheme)
}

/// `-u bob:…`, and `-U bob%…`.
fn has_user(row: &[u8]) -> bool {
    find(row, "-u").any(|(_, to)| row[to..].iter().take(USER_BYTES_MAX).any(|byte| matches!(byte, b':' | b'%')))
}

/// Whether the name that ends at `to` may have a value after it: what `assigned` accepts there, as
/// JSON spells it.
fn has_value(row: &[u8], to: usize) -> bool {
    match row.get(to) {
        // An operator, a closing quote or bracket, or an escape.
        Some(b'=' | b':' | b'!' | b'>' | b'(' | b']' | b'"' | b'\'' | b'\\') => true,
        Some(b' ') => {
            let rest = &row[to + 1..];
            let is_of_type = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.*&".contains(byte);
            let of_type = rest.iter().take(TYPE_BYTES_MAX).take_while(|byte| is_of_type(byte)).count();
            matches!(rest.first(), Some(b'=' | b':' | b'!' | b'-' | b' ' | b',' | b'"' | b'\'' | b'\\'))
                || rest.starts_with(b"value")
                || of_type > 0 && matches!(rest[of_type..].trim_ascii_start().first(), Some(b'=' | b'\\'))
                || is_flag(row, to)
        }
        Some(b',') => row[to..].iter().take(USER_BYTES_MAX).any(|byte| matches!(byte, b':' | b'=')),
        _ => false,
    }
}

/// Whether the name that ends at `to` begins with a hyphen.
fn is_flag(row: &[u8], to: usize) -> bool {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let name = row[..to].iter().rev().take(NAME_BYTES_MAX).take_while(|byte| is_of_name(byte)).last();
    name == Some(&b'-')
}
