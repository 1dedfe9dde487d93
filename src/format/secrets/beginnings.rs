//! What a glance looks for: the bytes of tokens, and how secrets of other kinds, and their names, begin.
//!
//! Who adds a rule to `rules.txt` or a name to `names.rs` sees to it that one of both stands in whatever it matches; the
//! tests hold all cases to it. All of it is wanted as the row spells it: what is spelled with escapes is told apart.

/// Bytes of a token side by side that are worth a closer look: the shortest tokens have as many.
pub(super) const RUN: usize = 20;

/// What may stand behind a name: what closes it, blanks, signs, and the backslash of an escape.
const BEHIND: &[u8] = b"=:\"'\\>] (!";

/// Any ASCII byte.
const ANY: &[u8] = b"";

/// Four bytes in a row, each of one of these. Letters are meant in both cases, in all but the last.
const BEGINNINGS: [[&[u8]; 4]; 8] = [
    // password, passwd, passphrase; pass=
    [b"a", b"s", b"s", b"wp=:\"'\\>] (!"],
    // pwd=; whsec_
    [b"pw", b"wh", b"ds", b"e=:\"'\\>] (!"],
    // token=, cookie: and the like, but not the tokens that rows count
    [b"k", b"ei", b"ne", BEHIND],
    // api_key, access-key, accesskey, AccountKey=, secret.key; but not `"key` and `&key`, which stand in many rows
    [b"cdehiknst_-.", b"k", b"e", b"y"],
    // A URL, from the last letter of its scheme on
    [ANY, b":", b"/\\", b"/\\"],
    // bearer, basic, credential, secret
    [b"bc", b"ear", b"ase", b"ridt"],
    // \u0041, \x41; -u, --user
    [b"\\-", b"ux", ANY, ANY],
    // PRIVATE KEY; -p, -a, -w
    [b"E-", b" paPUw", b"K \"'\\", ANY],
];

/// Which of [`BEGINNINGS`] is that of URLs.
pub(super) const URL: u8 = 1 << 4;
/// And that of escapes, and of `-u`.
pub(super) const FLAG: u8 = 1 << 6;

/// For each of the four bytes: which beginnings go with its low four bits, and which with its high ones; a bit each.
pub(super) const TABLES: [[[u8; 16]; 2]; 4] = tables();

/// A byte above that of its low four bits could be of a token: letters, digits, `-` `.` `_` `~` `%` `=`, and some more
/// for speed, which are rare: one comparison tells, as no two of `%` `/` `:` have the same low four bits.
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
