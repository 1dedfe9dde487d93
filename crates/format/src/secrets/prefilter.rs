//! The prefilter: whether a row could have a secret of a built-in kind. Most rows cannot, and are
//! not searched. It reads raw bytes, and must still be right about the text that they spell, so
//! escapes by number are decoded first.
//!
//! `byte_scan` scans the bytes for what `beginnings` lists, and `hints` looks closer at what it
//! saw. The tests compare the prefilter with a search of everything.

use std::cell::OnceCell;

use aho_corasick::{AhoCorasick, packed};
use memchr::memmem;

use super::beginnings::{ESCAPES_AND_USERS, URLS};
use super::byte_scan::{Seen, scan};
use super::hints;
use super::names::LONG_TOKENS_AFTER;
use super::rule::Rule;
use super::text::{DELETE, escape, is_control, is_unseen, unseen};
use logbook_model::error::{Error, Result};

/// The prefilter of a redactor.
#[derive(Default)]
pub(super) struct Prefilter {
    /// The anchors of tokens, made for the first row that could have one.
    tokens: OnceCell<Option<Vec<packed::Searcher>>>,
}

/// Anchors of one search, at most.
const SEARCHED_MAX: usize = 48;
/// Times that escapes by number are decoded. A row with more levels is searched.
const LEVELS_MAX: usize = 4;

impl Prefilter {
    /// Whether `row` must be searched. If not, it has no secret of a built-in kind.
    #[inline]
    pub(crate) fn must_search(&self, row: &[u8]) -> bool {
        let seen = scan(row);
        seen.any() && self.closer(row, seen)
    }

    fn closer(&self, row: &[u8], seen: Seen) -> bool {
        match respelled(row, seen) {
            Respelled::Unsure => true,
            Respelled::No => self.could_have_one(row, seen),
            Respelled::As(row) => self.could_have_one(&row, scan(&row)),
        }
    }

    fn could_have_one(&self, row: &[u8], seen: Seen) -> bool {
        seen.token && self.has_token(row)
            || seen.begun & URLS != 0 && hints::has_userinfo(row)
            || seen.begun & !URLS != 0 && hints::has_name(seen.begun, row)
    }

    fn has_token(&self, row: &[u8]) -> bool {
        let searches = self.tokens.get_or_init(|| {
            let rules: Vec<Rule> = Rule::built_in().filter(Rule::is_token).collect();
            let anchors = rules.iter().flat_map(|rule| &rule.anchors).map(String::as_str);
            let mut anchors: Vec<&str> = anchors.chain(LONG_TOKENS_AFTER).collect();
            // A search is as precise as its shortest string.
            anchors.sort_by_key(|anchor| anchor.len());
            let search = |anchors: &[&str]| packed::Config::new().builder().extend(anchors).build();
            anchors.chunks(SEARCHED_MAX).map(search).collect()
        });
        // Without a search on this processor, the row must be searched.
        searches.as_ref().is_none_or(|searches| searches.iter().any(|search| search.find(row).is_some()))
    }
}

/// A row with its escapes by number decoded.
enum Respelled {
    /// It has none that matter.
    No,
    /// It reads like this to the prefilter.
    As(Vec<u8>),
    /// It has terminal sequences, too many levels of escapes, or invisible characters within an
    /// escape.
    Unsure,
}

fn respelled(row: &[u8], seen: Seen) -> Respelled {
    let mut now = if seen.foreign { without_unseen(row) } else { Respelled::No };
    let begun = match &now {
        Respelled::Unsure => return now,
        Respelled::As(text) => scan(text).begun,
        Respelled::No => seen.begun,
    };
    if begun & ESCAPES_AND_USERS == 0 {
        return now;
    }
    for _ in 0..LEVELS_MAX {
        let text = if let Respelled::As(text) = &now { text } else { row };
        match without_numbers(text) {
            Respelled::No => return now,
            Respelled::Unsure => break,
            decoded => now = decoded,
        }
    }
    Respelled::Unsure
}

/// Decodes one level of escapes by number, as far as they spell characters of secrets and names,
/// and of backslashes that escape a backslash. Invisible characters go, other escapes stay as they
/// are.
fn without_numbers(text: &[u8]) -> Respelled {
    let (mut out, mut kept, mut any) = (Vec::new(), 0, false);
    for at in memchr::memchr_iter(b'\\', text) {
        let next = text.get(at + 1);
        if at < kept || !matches!(next, Some(b'\\' | b'u' | b'x')) {
            continue;
        }
        let Some((character, length)) = escape(&text[at..]) else { continue };
        match character {
            // None of these is part of an anchor. Libraries escape the last three for HTML.
            '\t' | '\n' | '\r' | '"' | '\'' | '&' | '<' | '>' => continue,
            _ if character.is_ascii() && !is_control(character as u8) => {}
            _ if !is_unseen(character) => continue,
            '\u{1b}' | CSI => return Respelled::Unsure,
            // The backslash before it would seem to begin an escape.
            _ if at == kept && out.ends_with(b"\\") => return Respelled::Unsure,
            _ => {}
        }
        any = any || next != Some(&b'\\');
        out.extend_from_slice(&text[kept..at]);
        if !is_unseen(character) {
            out.push(character as u8);
        }
        kept = at + length;
    }
    out.extend_from_slice(&text[kept..]);
    // The backslashes may have hidden a number.
    let is_decoded = any || kept > 0 && has_numbers(&out);
    if is_decoded { Respelled::As(out) } else { Respelled::No }
}

/// Begins a terminal sequence, like ESC and `[`.
const CSI: char = '\u{9b}';

/// The row without the invisible characters that are not escaped.
fn without_unseen(row: &[u8]) -> Respelled {
    // All of them begin with one of these.
    const BEGINNINGS: [[u8; 3]; 3] = [[0xc2, 0xe2, 0xef], [0xcd, 0xe1, 0xe3], [0xd8, 0xf0, 0xf3]];
    let is_unseen = |at: &usize| unseen(&row[*at..]) > 0;
    let first = BEGINNINGS.iter().filter_map(|[a, b, c]| memchr::memchr3_iter(*a, *b, *c, row).find(is_unseen));
    let Some(mut at) = first.chain(memchr::memchr(DELETE, row)).min() else { return Respelled::No };
    let mut out = row[..at].to_vec();
    while at < row.len() {
        let length = unseen(&row[at..]);
        if length > 0 && (row[at..].starts_with("\u{9b}".as_bytes()) || out.ends_with(b"\\")) {
            return Respelled::Unsure;
        }
        if length == 0 {
            out.push(row[at]);
        }
        at += length.max(1);
    }
    Respelled::As(out)
}

/// Whether `anchor` has a character that JSON may spell in several ways without a number.
pub(super) fn has_spellings(anchor: &str) -> bool {
    !anchor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:=~#@+".contains(&byte))
}

/// Whether the row may have such a spelling.
pub(super) fn has_odd(row: &[u8]) -> bool {
    !row.is_ascii() || memchr::memchr(b'\\', row).is_some()
}

/// Whether the row has escapes by number.
pub(super) fn has_numbers(row: &[u8]) -> bool {
    memmem::find(row, b"\\u").is_some() || memmem::find(row, b"\\x").is_some()
}

/// Searches for `anchors`, ignoring case.
pub(super) fn in_any_case(anchors: &[&str]) -> Result<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).build(anchors).map_err(|error| Error::io(format!("redact: {error}")))
}
