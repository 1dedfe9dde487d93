//! What a glance looks for: the bytes of tokens, and how secrets of other kinds begin.
//!
//! Who adds a rule to `rules.txt` sees to it that one of both stands in whatever its pattern matches; the tests hold all cases to it.

/// Bytes of a token side by side that are worth a closer look: the shortest tokens have as many.
pub(super) const RUN: usize = 20;

/// Four bytes in a row, each of one of these; of nothing: any ASCII byte. Letters are meant in both cases, in all but the last.
const BEGINNINGS: [[&[u8]; 4]; 8] = [
    // password, passwd; secret
    [b"as", b"se", b"sc", b"wr"],
    // pwd= and the like; whsec_
    [b"ph", b"ws", b"de", b"=:\"\\c"],
    // token= and the like, but not the tokens that rows count
    [b"k", b"e", b"n", b"=:\"\\"],
    // api_key, access-key, accesskey, AccountKey=, secretkey
    [b"ist_-", b"k", b"e", b"y"],
    // A URL, from the last letter of its scheme on
    [b"", b":", b"/", b"/"],
    // bearer, basic
    [b"b", b"ea", b"as", b"ri"],
    // hooks.slack.com, sntrys_
    [b"s", b"ln", b"at", b"cr"],
    // glc_, FlyV1, PRIVATE KEY
    [b"gFE", b"l ", b"cyK", b"_VE"],
];

/// Which of [`BEGINNINGS`] is that of URLs.
pub(super) const URL: usize = 4;

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
