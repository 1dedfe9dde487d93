//! The first look at a row: could it have a secret of a built-in kind? Most rows cannot, and are not searched. The look reads
//! raw bytes, and must still be right about the text that they spell. So a row is searched if it has an escape that spells a
//! letter, or an invisible character.
//!
//! `glance` scans the bytes for what `beginnings` lists. The tests compare the look with a search of everything.

use aho_corasick::{AhoCorasick, packed};
use memchr::memmem;

use super::glance::glance;
use super::names::LONG_TOKENS_BEHIND;
use super::rule::Rule;
use super::text::UNSEEN;
use crate::error::{Error, Result};

/// What the look saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// A long run of token bytes.
    pub token: bool,
    /// The beginning of another secret, or of a name.
    pub other: bool,
    /// A URL and an `@`.
    pub url: bool,
    /// An escape by number (`\u0041`, `\x41`), or a flag such as `-u`.
    pub flag: bool,
    /// Bytes beyond ASCII.
    pub foreign: bool,
}

impl Look {
    /// Looks at `row`.
    #[inline]
    pub fn at(row: &[u8]) -> Look {
        glance(row)
    }

    #[inline]
    pub fn any(self) -> bool {
        self.token || self.other || self.url || self.foreign
    }

    /// Whether the row may read differently from its bytes.
    pub fn is_respelled(self, row: &[u8]) -> bool {
        self.flag && memmem::find_iter(row, "\\").any(|at| spells(&row[at + 1..])) || self.foreign && has_unseen(row)
    }
}

/// Whether the escape behind a backslash spells a character that secrets or names may have, or an invisible one.
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
        // None of these is part of an anchor. Libraries escape the last three for HTML.
        Some('\t' | '\n' | '\r' | '"' | '\'' | '&' | '<' | '>') => false,
        Some(character) => character.is_ascii() || is_unseen(character),
        None => false,
    }
}

fn is_unseen(character: char) -> bool {
    UNSEEN.iter().any(|(from, to)| (*from..=*to).contains(&character))
}

/// Whether the row has an invisible character that is not escaped.
fn has_unseen(row: &[u8]) -> bool {
    // All of them begin so, and few other characters do.
    const BEGINNINGS: [&[u8]; 5] = [b"\xc2\x9b", b"\xc2\xad", b"\xe2\x80", b"\xe2\x81", b"\xef\xbb\xbf"];
    let is_here = |at: usize| {
        let length = if row[at] == 0xc2 { 2 } else { 3 };
        let character = row.get(at..at + length).and_then(|it| std::str::from_utf8(it).ok()?.chars().next());
        character.is_some_and(is_unseen)
    };
    BEGINNINGS.iter().any(|beginning| memmem::find_iter(row, beginning).any(is_here))
}

/// Whether `anchor` has a character that JSON may spell in several ways without a number.
pub(super) fn has_spellings(anchor: &str) -> bool {
    !anchor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:=~#@+".contains(&byte))
}

/// Whether the row may have such a spelling.
pub(super) fn has_odd(row: &[u8]) -> bool {
    !row.is_ascii() || memchr::memchr(b'\\', row).is_some()
}

/// Searches for the anchors of the built-in kinds, in rows in which the look saw something. One case-insensitive search for
/// all of them would take five times as long.
pub(super) struct Anchors {
    /// Anchors of tokens, case-sensitive.
    tokens: Searches,
    /// The others, in lower case, without those that are too short.
    others: Searches,
}

/// Searches for many strings. Short ones are separate, because a search is as precise as its shortest string. `None`: this
/// processor has no such search.
struct Searches(Option<Vec<packed::Searcher>>);

/// Most strings in one search.
const SEARCHED_MAX: usize = 48;
/// Shorter strings are in almost every row.
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

    /// Whether `row` has an anchor of a kind that the look saw something of.
    pub fn stand_in(&self, row: &[u8], look: Look) -> bool {
        look.token && self.tokens.find_one(row)
            || look.url && has_userinfo(row)
            || look.other && {
                let row = row.to_ascii_lowercase();
                look.flag && memmem::find(&row, b"-u").is_some() || self.others.find_one(&row)
            }
    }
}

/// Whether there is an `@` with two colons before it in the same word, as in `https://ada:…@`.
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

/// Searches for `anchors`, ignoring case.
pub(super) fn in_any_case(anchors: &[&str]) -> Result<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).build(anchors).map_err(|error| Error::io(format!("redact: {error}")))
}
