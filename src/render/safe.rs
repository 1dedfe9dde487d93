//! Text that a terminal cannot be made to obey: control characters (C0, DEL,
//! C1), bidirectional controls, zero-width and other invisible characters are
//! written as `\u{..}`.

use std::borrow::Cow;

/// Whether `character` must not reach a terminal raw.
fn is_unsafe(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1F}'
        | '\u{7F}'..='\u{9F}'
        | '\u{AD}'
        | '\u{34F}'
        | '\u{61C}'
        | '\u{115F}' | '\u{1160}'
        | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{13430}'..='\u{1343F}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// `text` with everything escaped that a terminal would act on or not show.
/// Newlines and tabs become `\n` and `\t`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if is_unsafe(character) => {
                out.push_str("\\u{");
                out.push_str(&format!("{:x}", u32::from(character)));
                out.push('}');
            }
            _ => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// JSON text with the same characters written as `\uXXXX`: it says the same,
/// and a terminal has nothing to obey. Newlines stay.
pub fn escape_json(text: &[u8]) -> Cow<'_, [u8]> {
    let obeyed = |character: char| character != '\n' && is_unsafe(character);
    let lossy = String::from_utf8_lossy(text);
    if !lossy.chars().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(lossy.len() + 16);
    for character in lossy.chars() {
        if matches!(character, '\t' | '\r') {
            // They stand between values only, where a blank says the same; a
            // carriage return would let the row write over its own beginning.
            out.push(' ');
        } else if obeyed(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out.into_bytes())
}
