//! Which characters must not reach a screen as they are, because a terminal obeys them or does not
//! show them; and names as they look.

/// Whether `character` is a control character (C0, DEL, C1), reorders text (bidirectional
/// controls), or has no shape of its own (zero-width characters, fillers, variation selectors,
/// tags).
pub fn is_unsafe(character: char) -> bool {
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

/// A name as it looks, for comparison: without outer blanks, case, and invisible characters. Empty
/// if nothing of it is visible.
pub fn as_it_reads(name: &str) -> String {
    let seen: String = name.chars().filter(|character| !is_unsafe(*character)).collect();
    seen.trim().to_lowercase()
}
