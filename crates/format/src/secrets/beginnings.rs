//! What `byte_scan` looks for: runs of token bytes, and the beginnings of other secrets and of
//! names.
//!
//! Every rule in `rules.txt` and every name in `names.rs` must match only text that has one of
//! them, spelled without escapes; escapes are detected separately. The tests check this against a
//! search of everything.

/// Length of a run of token bytes that is worth a search: that of the shortest tokens.
pub(super) const RUN: usize = 20;

/// What may follow a name: closing quotes, blanks, operators, and the backslash of an escape.
const BEHIND: &[u8] = b"=:\"'\\>] (!";

/// Any ASCII byte.
const ANY: &[u8] = b"";

/// Four consecutive bytes, each one of these. Letters count in both cases, except in the last
/// entry.
const BEGINNINGS: [[&[u8]; 4]; 8] = [
    // password, passwd, passphrase; pass=
    [b"a", b"s", b"s", b"wp=:\"'\\>] (!"],
    // pwd=; whsec_
    [b"pw", b"wh", b"ds", b"e=:\"'\\>] (!"],
    // token=, cookie: and the like, but not tokens_in and other counts
    [b"k", b"ei", b"ne", BEHIND],
    // api_key, access-key, accesskey, AccountKey=, secret.key; but not `"key` and `&key`, which
    // many rows have
    [b"cdehiknst_-.", b"k", b"e", b"y"],
    // URLs, from the last letter of the scheme on
    [ANY, b":", b"/\\", b"/\\"],
    // bearer, basic, credential, secret
    [b"bc", b"ear", b"ase", b"ridt"],
    // \u0041, \x41; -u, --user
    [b"\\-", b"ux", ANY, ANY],
    // PRIVATE KEY; -p, -a, -w
    [b"E-", b" paPUw", b"K \"'\\", ANY],
];

// Their bits, in the same order.
pub(super) const PASS: u8 = 1;
pub(super) const PWD: u8 = 1 << 1;
pub(super) const TOKENS: u8 = 1 << 2;
pub(super) const KEYS: u8 = 1 << 3;
pub(super) const URLS: u8 = 1 << 4;
pub(super) const WORDS: u8 = 1 << 5;
pub(super) const ESCAPES_AND_USERS: u8 = 1 << 6;
pub(super) const LOGINS: u8 = 1 << 7;

/// For each of the four bytes: which beginnings go with its low four bits, and which with its high
/// ones; a bit each.
pub(super) const TABLES: [[[u8; 16]; 2]; 4] = tables();

/// A byte that is greater than the entry for its low four bits could be of a token: letters,
/// digits, `-` `.` `_` `~` `%` `=`, and for speed a few more, which are rare. One comparison
/// suffices, as no two of `%` `/` `:` have the same low four bits.
pub(super) const BELOW: [u8; 16] = {
    let mut below = [b','; 16];
    below[(b'%' & 15) as usize] = b'%' - 1;
    below[(b'/' & 15) as usize] = b'/';
    below[(b':' & 15) as usize] = b':';
    below
};

const fn tables() -> [[[u8; 16]; 2]; 4] {
    let mut tables = [[[0; 16]; 2]; 4];
    let mut which = 0;
    while which < 8 {
        let mut place = 0;
        while place < 4 {
            let bytes = BEGINNINGS[which][place];
            let mut at = 0;
            while at < 16 && bytes.is_empty() {
                tables[place][0][at] |= 1 << which;
                tables[place][1][at] |= 1 << which;
                at += 1;
            }
            at = 0;
            while at < bytes.len() {
                let byte = bytes[at];
                tables[place][0][(byte & 15) as usize] |= 1 << which;
                tables[place][1][(byte >> 4) as usize] |= 1 << which;
                if which < 7 && byte.is_ascii_alphabetic() {
                    tables[place][1][((byte ^ 32) >> 4) as usize] |= 1 << which;
                }
                at += 1;
            }
            place += 1;
        }
        which += 1;
    }
    tables
}
