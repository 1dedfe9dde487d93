//! Text as a reader sees it, with the position of each byte in the row: escapes decoded, invisible
//! characters removed, each mark one byte. A secret that is found in it can be replaced in the row,
//! whatever its spelling there.
//!
//! Not here: what a secret is (`search`).

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use logbook_model::shown::is_unsafe;

/// The byte for a mark. Nothing inside a mark is searched, and a secret that reaches across one is
/// cut there.
pub(super) const MARK: u8 = 0x1a;
/// Ends each word of an array when words are searched side by side. Patterns see white space; no
/// other text contains it.
pub(super) const WORD_END: u8 = 0x0b;
/// The beginning of every mark.
pub const MARK_BEGINS: &str = "[redacted:";
/// Longest name of a kind.
const KIND_BYTES_MAX: usize = 64;
/// Longest mark.
pub const MARK_BYTES_MAX: usize = MARK_BEGINS.len() + KIND_BYTES_MAX + 10;
/// Longest terminal sequence that is removed as one, for example a window title.
const SEQUENCE_BYTES_MAX: usize = 4096;
/// Times that escapes are decoded. Each level of escaping doubles the backslashes, so no row has
/// more levels.
const LEVELS_MAX: usize = 24;

/// Text, with the position of each byte in the row.
#[derive(Debug, Clone)]
pub(super) struct Text<'t> {
    pub bytes: Cow<'t, [u8]>,
    places: Places<'t>,
}

#[derive(Debug, Clone)]
enum Places<'t> {
    /// The text is a slice of the row that begins here.
    From(u32),
    /// Start and end in the row, for each byte.
    Each(Cow<'t, [(u32, u32)]>),
}

/// Text under construction.
#[derive(Debug, Default)]
struct Out {
    bytes: Vec<u8>,
    places: Vec<(u32, u32)>,
}

impl Out {
    fn push(&mut self, bytes: &[u8], place: (u32, u32)) {
        self.bytes.extend_from_slice(bytes);
        self.places.resize(self.bytes.len(), place);
    }

    fn text(self) -> Text<'static> {
        Text { bytes: Cow::Owned(self.bytes), places: Places::Each(Cow::Owned(self.places)) }
    }
}

impl<'t> Text<'t> {
    /// A whole row, shorter than 4 GiB.
    pub(crate) fn of_row(row: &'t [u8]) -> Text<'t> {
        Text { bytes: Cow::Borrowed(row), places: Places::From(0) }
    }

    /// A part of the text.
    pub(crate) fn piece(&self, range: Range<usize>) -> Text<'_> {
        let places = match &self.places {
            Places::From(from) => Places::From(*from + range.start as u32),
            Places::Each(places) => Places::Each(Cow::Borrowed(&places[range.clone()])),
        };
        Text { bytes: Cow::Borrowed(&self.bytes[range]), places }
    }

    /// All words in a row, each followed by [`WORD_END`].
    pub(crate) fn joined<'w>(words: impl Iterator<Item = &'w Text<'w>>) -> Text<'static> {
        let mut out = Out::default();
        for word in words {
            for at in 0..word.bytes.len() {
                out.push(&word.bytes[at..=at], word.place(at));
            }
            out.push(&[WORD_END], (0, 0));
        }
        out.text()
    }

    /// Position in the row of the byte at `at`.
    pub(crate) fn begins_at(&self, at: usize) -> usize {
        self.place(at).0 as usize
    }

    fn place(&self, at: usize) -> (u32, u32) {
        match &self.places {
            Places::From(from) => (from + at as u32, from + at as u32 + 1),
            Places::Each(places) => places[at],
        }
    }

    fn place_of(&self, range: Range<usize>) -> (u32, u32) {
        (self.place(range.start).0, self.place(range.end - 1).1)
    }

    /// Positions in the row of the bytes in `range`, which is in `row`. Characters stay whole. The
    /// range is split by marks, by the ends of words, and by what was removed from it if a shell
    /// could act on that: a window title may hold a command.
    pub(crate) fn places_of(&self, range: Range<usize>, row: &[u8]) -> Vec<Range<usize>> {
        let goes_on = |at: usize| self.bytes.get(at).is_some_and(|byte| (0x80..0xc0).contains(byte));
        let (mut from, mut to) = (range.start, range.end);
        while from > 0 && goes_on(from) {
            from -= 1;
        }
        while goes_on(to) {
            to += 1;
        }
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut goes_on = false;
        for at in from..to {
            if matches!(self.bytes[at], MARK | WORD_END) {
                goes_on = false;
                continue;
            }
            let (begins, ends) = self.place(at);
            let (begins, ends) = (begins as usize, ends as usize);
            let removed = places.last().and_then(|last| row.get(last.end..begins)).filter(|_| goes_on);
            match (removed.map_or(Removed::Inert, removed_kind), places.last_mut()) {
                (Removed::Inert, Some(last)) if goes_on => last.end = ends,
                (Removed::Substitution, _) => return Vec::new(),
                _ => places.push(begins..ends),
            }
            goes_on = true;
        }
        places
    }

    /// The text with one level of escapes decoded: those of JSON, and `\xHH` and `\'` of other
    /// languages. `None` if there are none.
    pub(crate) fn decoded(&self) -> Option<Text<'static>> {
        let bytes = &*self.bytes;
        let mut next = memchr(b'\\', bytes)?;
        let (mut out, mut at, mut any) = (Out::default(), 0, false);
        loop {
            (at..next).for_each(|at| out.push(&bytes[at..=at], self.place(at)));
            if next == bytes.len() {
                break;
            }
            at = match escape(&bytes[next..]) {
                Some((character, used)) => {
                    any = true;
                    let mut buffer = [0; 4];
                    out.push(character.encode_utf8(&mut buffer).as_bytes(), self.place_of(next..next + used));
                    next + used
                }
                None => {
                    out.push(b"\\", self.place(next));
                    next + 1
                }
            };
            next = memchr(b'\\', &bytes[at..]).map_or(bytes.len(), |found| at + found);
        }
        any.then(|| out.text())
    }

    /// The text without invisible characters, each mark one byte. A text with terminal sequences is
    /// given twice, with and without their contents: a terminal hides them, other readers do not.
    pub(crate) fn seen(&self) -> Vec<Text<'_>> {
        let bytes = &*self.bytes;
        if !bytes.iter().any(is_unseen_or_foreign) && memmem::find(bytes, MARK_BEGINS.as_bytes()).is_none() {
            return vec![self.piece(0..bytes.len())];
        }
        let mut seen = vec![self.without_unseen(false)];
        if memchr(0x1b, bytes).is_some() || memmem::find(bytes, "\u{9b}".as_bytes()).is_some() {
            seen.push(self.without_unseen(true));
        }
        seen
    }

    fn without_unseen(&self, sequences_too: bool) -> Text<'static> {
        let bytes = &*self.bytes;
        let (mut out, mut at) = (Out::default(), 0);
        while at < bytes.len() {
            let rest = &bytes[at..];
            if let Some(length) = mark(rest) {
                out.push(&[MARK], self.place_of(at..at + length));
                at += length;
                continue;
            }
            let sequence = if sequences_too { sequence(rest) } else { 0 };
            let unseen = sequence.max(unseen(rest));
            if unseen == 0 {
                out.push(&rest[..1], self.place(at));
                at += 1;
            } else {
                at += unseen;
            }
        }
        out.text()
    }

    /// The text, and the text after each level of decoding.
    pub(crate) fn levels(self) -> Vec<Text<'t>> {
        let mut levels = vec![self];
        while levels.len() < LEVELS_MAX
            && let Some(decoded) = levels.last().and_then(Text::decoded)
        {
            levels.push(decoded);
        }
        levels
    }
}

/// What a shell does with something that was removed from a text.
#[derive(Clone, Copy)]
enum Removed {
    /// Nothing.
    Inert,
    /// It acts on it.
    Active,
    /// It may replace it, and what follows.
    Substitution,
}

/// What a shell does with something that was removed, as the row spells it.
fn removed_kind(removed: &[u8]) -> Removed {
    if removed.is_empty() {
        return Removed::Inert;
    }
    let levels = Text::of_row(removed).levels();
    let has = |bytes: &[u8]| levels.iter().any(|level| level.bytes.iter().any(|byte| bytes.contains(byte)));
    match () {
        () if has(b"$`") => Removed::Substitution,
        () if has(b" \t\n\r;|&<>()\"'{}*") => Removed::Active,
        () => Removed::Inert,
    }
}

/// The character and the length of the escape that `text` begins with, if it begins with one.
pub(super) fn escape(text: &[u8]) -> Option<(char, usize)> {
    let character = match text.get(1)? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        byte @ (b'"' | b'\'' | b'\\' | b'/') => char::from(*byte),
        b'x' => return Some((char::from(digits(text.get(2..4)?)? as u8), 4)),
        b'u' => {
            let high = digits(text.get(2..6)?)?;
            let low = || digits(text.get(6..12)?.strip_prefix(b"\\u")?);
            return Some(match (high, char::from_u32(high)) {
                (_, Some(character)) => (character, 6),
                (0xd800..0xdc00, None) => match low() {
                    Some(low @ 0xdc00..0xe000) => {
                        let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                    }
                    _ => (char::REPLACEMENT_CHARACTER, 6),
                },
                _ => (char::REPLACEMENT_CHARACTER, 6),
            });
        }
        _ => return None,
    };
    Some((character, 2))
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

/// Length of the mark that `text` begins with, if it begins with one.
fn mark(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(MARK_BEGINS.as_bytes())?;
    let kind = rest.iter().take(KIND_BYTES_MAX + 1).position(|byte| *byte == b':')?;
    let digits = rest[kind + 1..].get(..9)?;
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (is_kind(&rest[..kind]) && digits[..8].iter().all(is_digit) && digits[8] == b']')
        .then_some(MARK_BEGINS.len() + kind + 1 + digits.len())
}

/// Whether this may be the name of a kind. Marks with other names would not be recognized.
pub(super) fn is_kind(name: &[u8]) -> bool {
    (1..=KIND_BYTES_MAX).contains(&name.len())
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Whether the byte may begin an invisible character.
fn is_unseen_or_foreign(byte: &u8) -> bool {
    is_control(*byte) || *byte >= DELETE
}

/// The control character beyond the others of ASCII.
pub(super) const DELETE: u8 = 0x7f;

/// Control characters of ASCII that are removed. `\b` and `\f` stay: they separate words, and the
/// first look does not search for them.
pub(super) fn is_control(byte: u8) -> bool {
    byte == DELETE || byte < 0x20 && !matches!(byte, 0x08..=0x0a | 0x0c | 0x0d)
}

/// Whether `character` is removed: a reader does not see it.
pub(super) fn is_unseen(character: char) -> bool {
    if character.is_ascii() { is_control(character as u8) } else { is_unsafe(character) }
}

/// Length of the invisible character that `text` begins with, or 0.
pub(super) fn unseen(text: &[u8]) -> usize {
    match text.first() {
        Some(byte) if byte.is_ascii() => usize::from(is_control(*byte)),
        Some(byte) => {
            let length = if *byte < 0xe0 { 2 } else { 3 + usize::from(*byte >= 0xf0) };
            let character = text.get(..length).and_then(|it| std::str::from_utf8(it).ok()?.chars().next());
            if character.is_some_and(is_unseen) { length } else { 0 }
        }
        None => 0,
    }
}

/// Length of the terminal sequence (ECMA-48) that `text` begins with, or 0.
fn sequence(text: &[u8]) -> usize {
    let (opened, kind) = match text {
        [0x1b, kind, ..] => (2, *kind),
        [0xc2, 0x9b, ..] => (2, b'['),
        _ => return 0,
    };
    let rest = &text[opened..text.len().min(SEQUENCE_BYTES_MAX)];
    let length = match kind {
        b'[' => rest.iter().position(|byte| !(0x20..0x40).contains(byte)).map(|at| at + 1),
        b']' | b'P' | b'X' | b'^' | b'_' => match memchr::memchr2(0x07, 0x1b, rest) {
            Some(at) if rest[at] == 0x07 => Some(at + 1),
            Some(at) if rest.get(at + 1) == Some(&b'\\') => Some(at + 2),
            _ => None,
        },
        0x20..0x30 => rest.iter().position(|byte| !(0x20..0x30).contains(byte)).map(|at| at + 1),
        _ => Some(0),
    };
    length.map_or(0, |length| opened + length)
}
