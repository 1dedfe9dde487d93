//! A first look at a row: whether a secret of a built-in kind could stand in it at all. Most rows have none, and nothing
//! else looks at them. A look sees the bytes of the row, not what they mean; it says no only where that is true of the text
//! that they spell as well. Escapes that could spell a letter, and characters that nobody sees, are for the search to read.
//!
//! `glance` does the work. What it looks for stands in `beginnings`; the tests hold it to a search of everything.

use aho_corasick::{AhoCorasick, packed};
use memchr::memmem;

use super::glance::glance;
use super::names::LONG_TOKENS_BEHIND;
use super::rule::Rule;
use super::text::UNSEEN;
use crate::error::{Error, Result};

/// What a row could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// A token: so many of its bytes side by side.
    pub token: bool,
    /// Anything else, or a token that begins in a way of its own.
    pub other: bool,
    /// A URL, and an `@`.
    pub url: bool,
    /// An escape that spells a character, or a flag `-u`.
    pub flag: bool,
    /// Characters beyond ASCII.
    pub foreign: bool,
}

impl Look {
    /// Looks at a row.
    #[inline]
    pub fn at(row: &[u8]) -> Look {
        glance(row)
    }

    #[inline]
    pub fn any(self) -> bool {
        self.token || self.other || self.url || self.foreign
    }

    /// Whether something in the row could be spelled in another way than it reads.
    pub fn is_respelled(self, row: &[u8]) -> bool {
        self.flag && memmem::find_iter(row, "\\").any(|at| spells(&row[at + 1..])) || self.foreign && has_unseen(row)
    }
}

/// Whether what stands behind a backslash spells a character that could be of a secret, of its name, or unseen.
fn spells(text: &[u8]) -> bool {
    let digits = match text {
        [b'x', digits @ ..] => digits.first_chunk::<2>().map_or(&[][..], |digits| digits),
        [b'u', digits @ ..] => digits.first_chunk::<4>().map_or(&[][..], |digits| digits),
        _ => return false,
    };
    let Some(code) = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
        return false;
    };
    match char::from_u32(code) {
        // What part words, and what nobody takes for anything else.
        Some('\t' | '\n' | '\r' | '"' | '\'' | '&' | '<' | '>') => false,
        Some(character) => character.is_ascii() || is_unseen(character),
        None => false,
    }
}

fn is_unseen(character: char) -> bool {
    UNSEEN.iter().any(|(from, to)| (*from..=*to).contains(&character))
}

/// Whether a character that nobody sees stands in the row as it is.
fn has_unseen(row: &[u8]) -> bool {
    // Each begins with one of these; few others do.
    const BEGINNINGS: [&[u8]; 5] = [b"\xc2\x9b", b"\xc2\xad", b"\xe2\x80", b"\xe2\x81", b"\xef\xbb\xbf"];
    let is_here = |at: usize| {
        let length = if row[at] == 0xc2 { 2 } else { 3 };
        let character = row.get(at..at + length).and_then(|it| std::str::from_utf8(it).ok()?.chars().next());
        character.is_some_and(is_unseen)
    };
    BEGINNINGS.iter().any(|beginning| memmem::find_iter(row, beginning).any(is_here))
}

/// Whether JSON has several spellings of something in `anchor`.
pub(super) fn has_spellings(anchor: &str) -> bool {
    !anchor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:=~#@+".contains(&byte))
}

/// Whether something in the row could be the spelling of such an anchor.
pub(super) fn has_odd(row: &[u8]) -> bool {
    !row.is_ascii() || memchr::memchr(b'\\', row).is_some()
}

/// The anchors of the built-in kinds, searched for as they are spelled in rows that a look found worth it. A search for all
/// of them in any case would take five times as long.
pub(super) struct Anchors {
    /// Those of tokens, in the case that they have.
    tokens: Searches,
    /// The other ones in lower case, but for those of one or two bytes.
    others: Searches,
}

/// Searches for many texts, the short ones apart: a search looks at as many bytes as its shortest has. `None`: this processor
/// has no such search.
struct Searches(Option<Vec<packed::Searcher>>);

/// How many texts one search may have.
const SEARCHED_MAX: usize = 48;
/// Shorter texts stand in every row.
const ANCHOR_BYTES_MIN: usize = 3;

impl Searches {
    fn of<'a>(anchors: impl Iterator<Item = &'a str>) -> Searches {
        let mut anchors: Vec<&str> = anchors.filter(|anchor| anchor.len() >= ANCHOR_BYTES_MIN).collect();
        anchors.sort_by_key(|anchor| anchor.len());
        let search = |anchors: &[&str]| packed::Config::new().builder().extend(anchors).build();
        Searches(anchors.chunks(SEARCHED_MAX).map(search).collect())
    }

    fn find_one(&self, text: &[u8]) -> bool {
        self.0.as_ref().is_none_or(|searches| searches.iter().any(|search| search.find(text).is_some()))
    }
}

impl Anchors {
    pub fn new() -> Anchors {
        let rules: Vec<Rule> = Rule::built_in().collect();
        let of =
            |tokens: bool| rules.iter().filter(move |rule| rule.is_token() == tokens).flat_map(|rule| &rule.anchors);
        let others: Vec<String> = of(false).map(|anchor| anchor.to_ascii_lowercase()).collect();
        Anchors {
            tokens: Searches::of(of(true).map(String::as_str).chain(LONG_TOKENS_BEHIND)),
            others: Searches::of(others.iter().map(String::as_str)),
        }
    }

    /// Whether one stands in `row` of those that the look saw something of.
    pub fn stand_in(&self, row: &[u8], look: Look) -> bool {
        look.token && self.tokens.find_one(row)
            || look.url && has_userinfo(row)
            || look.other && {
                let row = row.to_ascii_lowercase();
                look.flag && memmem::find(&row, b"-u").is_some() || self.others.find_one(&row)
            }
    }
}

/// Whether an `@` stands behind two colons in one word, as that of `https://ada:…@` does.
fn has_userinfo(row: &[u8]) -> bool {
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

/// Finds any of `anchors` in any case.
pub(super) fn in_any_case(anchors: &[&str]) -> Result<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).build(anchors).map_err(|error| Error::io(format!("redact: {error}")))
}
