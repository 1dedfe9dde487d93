//! The types of the standard fields (`docs/format.md`, Fields), looked up by key. The hash tables
//! are made at compile time from `model::names` and have few collisions, so that a row of ten keys
//! costs about ten probes.

use std::borrow::Cow;

use logbook_json::{self as json, Kind, Span, key_hash};
use logbook_model::error::{Error, Result, nearest};
use logbook_model::names::{ENVELOPE, OF_DECISIONS, PAYLOAD, Standard, TOOL_CALL, Type, from_camel_case};
use memchr::memchr;

/// The index of `id` among the standard fields. The envelope comes before it.
pub(crate) const ID: usize = ENVELOPE.len();
/// The number of standard top-level fields: the envelope and the payload.
pub(crate) const COUNT: usize = ENVELOPE.len() + PAYLOAD.len();

const SLOTS: usize = 256;
const EMPTY: u8 = u8::MAX;

const fn name_at(index: usize) -> &'static str {
    if index < ENVELOPE.len() { ENVELOPE[index] } else { PAYLOAD[index - ENVELOPE.len()].name }
}

static NAMES: [&str; COUNT] = {
    let mut names = [""; COUNT];
    let mut index = 0;
    while index < COUNT {
        names[index] = name_at(index);
        index += 1;
    }
    names
};

static TYPES: [Type; COUNT] = {
    // All fields of the envelope are strings, except the step.
    let mut types = [Type::String; COUNT];
    types[1] = Type::Integer(1);
    let mut index = ID;
    while index < COUNT {
        types[index] = PAYLOAD[index - ID].of;
        index += 1;
    }
    types
};

static CALL_NAMES: [&str; TOOL_CALL.len()] = {
    let mut names = [""; TOOL_CALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = TOOL_CALL[index].name;
        index += 1;
    }
    names
};

static TABLE: [u8; SLOTS] = table(&NAMES);
static CALL_TABLE: [u8; SLOTS] = table(&CALL_NAMES);

const fn table(names: &[&str]) -> [u8; SLOTS] {
    let mut table = [EMPTY; SLOTS];
    let mut index = 0;
    while index < names.len() {
        let mut slot = key_hash(names[index].as_bytes()) as usize % SLOTS;
        while table[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = index as u8;
        index += 1;
    }
    table
}

/// The index of the standard field `key`, below [`COUNT`].
pub(crate) fn find(key: &[u8]) -> Option<usize> {
    find_hashed(key, key_hash(key))
}

/// The same, for a key whose [`key_hash`] is known.
#[inline]
pub(crate) fn find_hashed(key: &[u8], hash: u16) -> Option<usize> {
    look_up(&TABLE, &NAMES, key, hash)
}

/// The standard member of `tool_call` with this key.
#[inline]
pub(super) fn find_in_call(key: &[u8], hash: u16) -> Option<&'static Standard> {
    TOOL_CALL.get(look_up(&CALL_TABLE, &CALL_NAMES, key, hash)?)
}

#[inline(always)]
fn look_up(table: &[u8; SLOTS], names: &[&str], key: &[u8], hash: u16) -> Option<usize> {
    let mut slot = usize::from(hash) % SLOTS;
    loop {
        let index = usize::from(table[slot]);
        if same(names.get(index)?.as_bytes(), key) {
            return Some(index);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// Whether two short texts are equal, without a call into the C library.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Up to two chunks are covered by the first and the last, which may overlap.
    match a.len() {
        0..4 => a.iter().zip(b).all(|(a, b)| a == b),
        4..=8 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        9..=16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        _ => a == b,
    }
}

/// Whether the string `value` is one of `words`, without decoding it.
#[inline]
pub(super) fn is_one_of(value: &[u8], words: &[&str]) -> bool {
    let inner = value.get(1..value.len().wrapping_sub(1)).unwrap_or_default();
    words.iter().any(|word| same(word.as_bytes(), inner))
}

/// The name of the standard field `index`.
pub(crate) fn name(index: usize) -> &'static str {
    NAMES[index]
}

/// Whether the standard field `index` records decisions.
pub(super) const fn is_of_decisions(index: usize) -> bool {
    let mut at = 0;
    while at < OF_DECISIONS.len() {
        if const_same(OF_DECISIONS[at], name_at(index)) {
            return true;
        }
        at += 1;
    }
    false
}

const fn const_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// The [`Span::name`] of a key, so that it need not be looked up in every row: the number of the
/// standard field, or [`FOREIGN_NAME`]. A key in another spelling has no name, and is looked up
/// each time.
pub fn name_of(key: &[u8]) -> u8 {
    match find(key) {
        Some(field) => field as u8,
        None if odd_spelling(key).is_none() => FOREIGN_NAME,
        None => Span::UNNAMED,
    }
}

/// The [`name_of`] keys that are not standard.
pub(super) const FOREIGN_NAME: u8 = Span::UNNAMED - 1;

/// The standard name of an escaped or camelCase key.
pub(super) fn odd_spelling(raw: &[u8]) -> Option<String> {
    let escaped = memchr(b'\\', raw).is_some();
    if !escaped && !raw.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let key = String::from_utf8_lossy(&json::decode_raw(raw)).into_owned();
    if escaped && find(key.as_bytes()).is_some() {
        return Some(key);
    }
    from_camel_case(&key)
}

/// The type of the standard field `index`.
#[inline]
pub(crate) fn type_of(index: usize) -> Type {
    TYPES[index]
}

/// Whether `value` (valid JSON) certainly has the type of the standard field `index`. False if
/// [`check`] must decide.
#[inline]
pub(super) fn field_surely_fits(index: usize, value: &[u8]) -> bool {
    fits(FITS[index], TYPES[index], value)
}

/// Whether `value` (valid JSON) certainly has the type `of`.
#[inline]
pub(super) fn surely_fits(of: Type, value: &[u8]) -> bool {
    fits(beginnings_of(of), of, value)
}

/// For most types the first byte decides: whether it is one of `beginnings`.
#[inline(always)]
fn fits(beginnings: u8, of: Type, value: &[u8]) -> bool {
    let first = value.first().map_or(0, |first| BEGINS[usize::from(*first)]);
    first & beginnings != 0 || could_still_fit(of, value)
}

fn could_still_fit(of: Type, value: &[u8]) -> bool {
    match of {
        Type::Integer(i64::MIN..=0) => value.len() < 16 && value.iter().all(u8::is_ascii_digit),
        Type::OneOf(words) => value.first() == Some(&b'"') && is_one_of(value, words),
        _ => false,
    }
}

/// Classes of values by their first byte, one bit each.
const NULL: u8 = 1;
const STRING: u8 = 2;
const NUMBER: u8 = 4;
const OBJECT: u8 = 8;
const OTHER: u8 = 16;

static BEGINS: [u8; 256] = {
    let mut begins = [OTHER; 256];
    let mut byte = b'0';
    while byte <= b'9' {
        begins[byte as usize] = NUMBER;
        byte += 1;
    }
    begins[b'-' as usize] = NUMBER;
    begins[b'"' as usize] = STRING;
    begins[b'{' as usize] = OBJECT;
    begins[b'n' as usize] = NULL;
    begins
};

/// The classes that have a type, whatever follows.
const fn beginnings_of(of: Type) -> u8 {
    NULL | match of {
        Type::String => STRING,
        Type::Number => NUMBER,
        Type::ToolCall => OBJECT,
        Type::Any => STRING | NUMBER | OBJECT | OTHER,
        _ => 0,
    }
}

/// The same, for each standard field.
static FITS: [u8; COUNT] = {
    let mut fits = [0; COUNT];
    let mut index = 0;
    while index < COUNT {
        fits[index] = beginnings_of(TYPES[index]);
        index += 1;
    }
    fits
};

/// Checks that `value` (valid JSON) has the type `of`. `name` is for the message.
pub fn check(name: &str, of: Type, value: &[u8]) -> Result<()> {
    let kind = json::kind(value);
    let fits = match (of, kind) {
        (_, None | Some(Kind::Null)) | (Type::Any, _) => true,
        (Type::String, Some(kind)) => kind == Kind::String,
        (Type::Number, Some(kind)) => kind == Kind::Number,
        (Type::Boolean, Some(kind)) => kind == Kind::Boolean,
        (Type::NumberOrString, Some(kind)) => matches!(kind, Kind::Number | Kind::String),
        (Type::ToolCall, Some(kind)) => kind == Kind::Object,
        (Type::Integer(least), Some(kind)) => kind == Kind::Number && is_integer_from(value, least),
        (Type::OneOf(words), Some(Kind::String)) => {
            let text = text_of(value);
            return if words.contains(&&*text) {
                Ok(())
            } else {
                Err(unknown_word(name, &text, words.iter().copied()))
            };
        }
        (Type::OneOf(_), Some(_)) => false,
        (Type::Strings, Some(Kind::String)) => true,
        (Type::Strings, Some(kind)) => kind == Kind::Array && is_array_of_strings(value),
    };
    if fits { Ok(()) } else { Err(Error::usage(format!("{name} must be {}, not {}", wanted(of), shown(value)))) }
}

/// The type, in words that fit after "must be".
pub(crate) fn wanted(of: Type) -> String {
    match of {
        Type::String => "a string".into(),
        Type::Number => "a number".into(),
        Type::Integer(i64::MIN) => "a whole number".into(),
        Type::Integer(least) => format!("a whole number from {least} up"),
        Type::Boolean => "true or false".into(),
        Type::OneOf(words) => format!("one of {}", words.join(", ")),
        Type::Strings => "a string or an array of strings".into(),
        Type::NumberOrString => "a number or a string".into(),
        Type::ToolCall => "an object".into(),
        Type::Any => "any JSON".into(),
    }
}

/// The error for an unknown word, with the nearest known word and the list of all.
pub fn unknown_word<'a>(name: &str, word: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.collect();
    let mut message = format!("unknown {name} {word:?}");
    if let Some(near) = nearest(word, known.iter().copied()) {
        message.push_str(&format!("; did you mean {near:?}?"));
    }
    let mut hint = format!("{name} is one of: {}", known.join(", "));
    if let Some(line) = declaring(name, word) {
        hint.push_str(&format!("; to declare it: {line} in config.toml; append --new-words stores it undeclared"));
    }
    Error::usage(message).hint(hint)
}

/// The line of `config.toml` that declares `word` for `field`; `None` if its words are fixed.
pub fn declaring(field: &str, word: &str) -> Option<String> {
    let key = match field {
        "phase" => "phases",
        "status" => "statuses",
        "kind" => "kinds",
        _ => return None,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    word.bytes().all(plain).then(|| format!("{key} = [\"{word}\"]"))
}

/// The characters of a string.
pub(crate) fn text_of(value: &[u8]) -> Cow<'_, str> {
    match json::decode(value) {
        Some(Cow::Borrowed(bytes)) => String::from_utf8_lossy(bytes),
        Some(Cow::Owned(bytes)) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        None => Cow::Borrowed(""),
    }
}

/// A value for a message, cut to 60 characters.
pub(crate) fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.into_owned(),
    }
}

/// Whether `value` is an integer of at least `least`, without point or exponent.
fn is_integer_from(value: &[u8], least: i64) -> bool {
    let (negative, digits) = match value.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    if least == i64::MIN {
        return true;
    }
    let magnitude = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i64>().ok());
    match (negative, magnitude) {
        (false, None) => true,
        (true, None) => false,
        (false, Some(magnitude)) => magnitude >= least,
        (true, Some(magnitude)) => -magnitude >= least,
    }
}

fn is_array_of_strings(value: &[u8]) -> bool {
    let mut at = json::skip_white(value, 1);
    while value.get(at) == Some(&b'"') {
        let Some(end) = json::skip_value(value, at) else { return false };
        at = json::skip_white(value, end);
        if value.get(at) == Some(&b',') {
            at = json::skip_white(value, at + 1);
        }
    }
    value.get(at) == Some(&b']')
}
