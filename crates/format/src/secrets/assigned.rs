//! Finds values after the names of secrets, in running text and among the words of a command:
//! `DB_PASSWORD=…`, `"token": "…"`, `--api-key …`, `<password>…</password>`, and the credentials in
//! `Authorization` and `Cookie`.
//!
//! Not here: members of JSON (`row`), which names count (`names`), which values count (`values`).

use std::cell::Cell;
use std::iter;
use std::ops::Range;

use super::names::{Family, NAME_BYTES_MAX, SCHEMES, family};
use super::text::WORD_END;
use super::values::{Found, could_be_secret, has_long_token};

/// Bytes of a value that are considered, at most.
const JUDGED_BYTES_MAX: usize = 1024;
/// Most blanks between a name and its value.
const BLANKS_MAX: usize = 32;
/// Bytes of a `Cookie` header that are read, at most.
const COOKIES_BYTES_MAX: usize = 8192;
/// Longest type between a name and its value: `password: Option<&str> = "…"`.
const TYPE_BYTES_MAX: usize = 48;
/// Bytes that end an unquoted value, as they do in URLs and shells.
const ENDS: &[u8] = b"\"'`\\,;&<>()[]{}|";
/// Operators between a name and its value.
const SIGNS: [&[u8]; 8] = [b":=", b"=>", b"==", b"!=", b"->", b":-", b"=", b":"];

/// Ranges of the values that could be secrets, in order.
pub(super) fn find(text: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let unquoted = Cell::new((0, 0));
    while let Some(from) = text[at..].iter().position(|byte| is_of_name(*byte)).map(|from| at + from) {
        let to = text[from..].iter().position(|byte| !is_of_name(*byte)).map_or(text.len(), |length| from + length);
        at = to;
        let name = from.max(to.saturating_sub(NAME_BYTES_MAX))..to;
        let Some(family) = family(&text[name.clone()]) else { continue };
        let found_here = Name { text, range: name, family, unquoted: &unquoted }.secrets();
        at = found_here.last().map_or(at, |last| last.end.max(at));
        found.extend(found_here);
    }
    found
}

/// Ranges of the credentials in the value of an `Authorization` or `Cookie` header.
pub(super) fn credentials(family: Family, value: &[u8]) -> Vec<Range<usize>> {
    Name { text: value, range: 0..0, family, unquoted: &Cell::new((0, 0)) }.secrets_from(0)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | WORD_END)
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// The name of a secret in a text.
struct Name<'t> {
    text: &'t [u8],
    range: Range<usize>,
    family: Family,
    /// Range of the unquoted value that was read last. A name inside it has a value that ends at
    /// the same place; without this, `password=password=…` would take quadratic time.
    unquoted: &'t Cell<(usize, usize)>,
}

impl Name<'_> {
    fn secrets(&self) -> Vec<Range<usize>> {
        self.value_begins().map_or_else(Vec::new, |from| self.secrets_from(from))
    }

    fn secrets_from(&self, from: usize) -> Vec<Range<usize>> {
        match self.family {
            Family::Authorization => self.authorization(from).into_iter().collect(),
            Family::Cookie => self.cookies(from),
            _ => self.values(from).into_iter().find(|value| self.is_secret(value)).into_iter().collect(),
        }
    }

    fn is_secret(&self, value: &Range<usize>) -> bool {
        let judged = &self.text[value.start..value.end.min(value.start + JUDGED_BYTES_MAX)];
        !judged.is_empty() && could_be_secret(self.family, judged, Found::Text)
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or_default()
    }

    /// Skips bytes that match, at most `max`.
    fn skip(&self, at: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = &self.text[at.min(self.text.len())..];
        at + rest.iter().take(max).take_while(|byte| is(**byte)).count()
    }

    /// Skips blanks, and a line break after a backslash.
    fn skip_blanks(&self, at: usize) -> usize {
        let at = self.skip(at, BLANKS_MAX, is_blank);
        match (self.byte(at), self.byte(at + 1)) {
            (b'\\', b'\n') => self.skip(at + 2, BLANKS_MAX, is_blank),
            _ => at,
        }
    }

    /// Where the value begins, its quote included, if a value follows.
    fn value_begins(&self) -> Option<usize> {
        let is_flag = self.text[self.range.start] == b'-';
        let before = self.range.start.checked_sub(1).map_or(0, |at| self.byte(at));
        let closed = self.skip(self.range.end, 4, |byte| matches!(byte, b'"' | b'\'' | b'\\' | b']'));
        if before == b'<' && self.byte(closed) == b'>' {
            return Some(closed + 1);
        }
        let behind = self.skip_blanks(closed);
        let sign = SIGNS.iter().find(|sign| self.text[behind.min(self.text.len())..].starts_with(sign)).copied();
        // In `/etc/passwd: …` and `urn:token:…` the name is a part of something longer.
        let is_part = matches!(before, b'/' | b'\\' | b':') && closed == self.range.end;
        // `pass` is a verb too: in `base.pass("…")` nothing is a password.
        let is_verb = self.text[self.range.clone()].to_ascii_lowercase().ends_with(b"pass");
        let is_quoted = |at: usize| (is_quote(self.byte(at)) && !is_verb).then_some(at);
        match sign {
            Some(b":") if is_part || self.byte(behind + 1) == b':' => None,
            Some(b":-") if before == b'{' => Some(behind + 2),
            Some(b":-") => Some(self.skip_blanks(behind + 1)),
            Some(sign) => {
                let value = self.skip_blanks(behind + sign.len());
                (if sign == b":" { self.behind_type(value) } else { None }).or(Some(value))
            }
            None if self.byte(closed) == b'(' => is_quoted(self.skip_blanks(closed + 1)),
            // Two strings side by side may be a list of names. Then the second has no digit.
            None if self.byte(closed) == b',' && is_quote(before) && closed > self.range.end => {
                let value = is_quoted(self.skip_blanks(closed + 1))?;
                let to = self.closing(value + 1, self.byte(value))?;
                self.text[value..to].iter().any(u8::is_ascii_digit).then_some(value)
            }
            None if is_flag && behind > closed && self.byte(behind) != b'-' => Some(behind),
            None if is_flag => None,
            None => self.behind_label(closed).or_else(|| self.behind_word(behind)),
        }
    }

    /// The quote in `: &str = "…"`.
    fn behind_type(&self, at: usize) -> Option<usize> {
        let is_of_type = |byte: u8| byte.is_ascii_alphanumeric() || b"_.<>&?[]: ".contains(&byte);
        let sign = self.skip(at, TYPE_BYTES_MAX, is_of_type);
        let value = self.skip_blanks(sign + 1);
        (sign > at && self.byte(sign) == b'=' && is_quote(self.byte(value))).then_some(value)
    }

    /// The quote in `password string = "…"`.
    fn behind_word(&self, at: usize) -> Option<usize> {
        let to = self.skip(at, TYPE_BYTES_MAX, |byte| byte.is_ascii_alphanumeric() || b"_.*&".contains(&byte));
        let sign = self.skip_blanks(to);
        let value = self.skip_blanks(sign + 1);
        (to > at && self.byte(sign) == b'=' && is_quote(self.byte(value))).then_some(value)
    }

    /// Where the value begins in `name: DB_PASSWORD`, followed by `value: …` on the next line or as
    /// the next attribute.
    fn behind_label(&self, at: usize) -> Option<usize> {
        let from = self.skip(at, BLANKS_MAX, |byte| is_blank(byte) || matches!(byte, b'\r' | b'\n' | b','));
        let from = if is_quote(self.byte(from)) { from + 1 } else { from };
        let label = self.text.get(from..from + b"value".len())?;
        let to = from + label.len();
        let to = if is_quote(self.byte(to)) { to + 1 } else { to };
        let sign = self.skip_blanks(to);
        let is_label = from > at && label.eq_ignore_ascii_case(b"value") && matches!(self.byte(sign), b':' | b'=');
        is_label.then(|| self.skip_blanks(sign + 1))
    }

    /// The ranges that the value at `from` may have, best guess first.
    fn values(&self, from: usize) -> Vec<Range<usize>> {
        // String prefixes: `b'…'`, `f"…"`.
        let opening =
            if b"bfruL@".contains(&self.byte(from)) && is_quote(self.byte(from + 1)) { from + 1 } else { from };
        if is_quote(self.byte(opening)) {
            let from = opening + 1;
            if let Some(to) = self.closing(from, self.byte(opening)) {
                return iter::once(from..to).collect();
            }
            return self.bare(from).into_iter().collect();
        }
        // A value that is a word of its own is the whole word. After `NAME=` in the same word code
        // may follow.
        let begins_word = |at: usize| at == 0 || self.byte(at - 1) == WORD_END;
        let has_code = |to: usize| self.text[from..to].iter().any(|byte| is_quote(*byte) || b"()[]{}<>".contains(byte));
        let whole = if begins_word(from) || begins_word(self.range.start) {
            let to = self.text[from..].iter().position(|byte| *byte == WORD_END).map(|length| from + length);
            to.filter(|to| begins_word(from) || !has_code(*to)).map(|to| from..to)
        } else {
            None
        };
        whole.into_iter().chain(self.bare(from)).collect()
    }

    /// The end of the line or word that `from` is in.
    fn line_end(&self, from: usize) -> usize {
        self.skip(from, COOKIES_BYTES_MAX, |byte| !matches!(byte, b'\n' | b'\r' | WORD_END))
    }

    /// The closing quote.
    fn closing(&self, from: usize, quote: u8) -> Option<usize> {
        let mut at = from;
        while at < self.text.len() {
            match self.text[at] {
                byte if byte == quote => return Some(at),
                b'\n' | WORD_END => return None,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        None
    }

    /// An unquoted value. `None` if it is code.
    fn bare(&self, from: usize) -> Option<Range<usize>> {
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == WORD_END || ENDS.contains(byte);
        let (known_from, known_to) = self.unquoted.get();
        let to = if (known_from..known_to).contains(&from) {
            known_to
        } else {
            self.text[from..].iter().position(is_end).map_or(self.text.len(), |length| from + length)
        };
        self.unquoted.set((from.min(to), to));
        let kept =
            self.text[from..to].iter().rposition(|byte| !matches!(byte, b'.' | b':')).map_or(from, |at| from + at + 1);
        (!matches!(self.byte(to), b'(' | b'[')).then_some(from..kept)
    }

    /// Credentials, with or without a scheme before them.
    fn authorization(&self, from: usize) -> Option<Range<usize>> {
        let mut at = from;
        let mut next = || {
            at = self.skip(at, BLANKS_MAX, |byte| is_blank(byte) || matches!(byte, b'"' | b'\'' | b'\\' | b','));
            let word = self.bare(at)?;
            at = word.end;
            Some(word)
        };
        let first = next()?;
        let is_scheme = |word: &[u8]| SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()));
        let is_long = |word: &Range<usize>| has_long_token(&self.text[word.clone()]);
        let is_known = is_scheme(&self.text[first.clone()]);
        let credentials = next().filter(|word| is_known || is_long(word));
        let alone = || Some(first).filter(is_long);
        credentials.filter(|word| self.is_secret(word)).or_else(|| alone().filter(|word| self.is_secret(word)))
    }

    /// The values of cookies, up to the end of the line or of the quoted string.
    fn cookies(&self, from: usize) -> Vec<Range<usize>> {
        let quote =
            [self.byte(from), self.byte(self.range.start.wrapping_sub(1))].into_iter().find(|byte| is_quote(*byte));
        let from = if is_quote(self.byte(from)) { from + 1 } else { from };
        let end = self.line_end(from);
        let end = quote.and_then(|quote| self.closing(from, quote)).map_or(end, |closing| closing.min(end));
        let mut at = from;
        let cookies = self.text[from..end].split(|byte| *byte == b';').filter_map(|cookie| {
            let begins = at;
            at += cookie.len() + 1;
            let value = begins + cookie.iter().position(|byte| *byte == b'=')? + 1;
            let length = cookie[value - begins..].iter().position(|byte| byte.is_ascii_whitespace() || is_quote(*byte));
            let value = value..length.map_or(begins + cookie.len(), |length| value + length);
            self.is_secret(&value).then_some(value)
        });
        cookies.collect()
    }
}
