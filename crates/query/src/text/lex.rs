//! The characters of a query: white space and comments, words, strings, operators, and the end of a
//! jq program in parentheses.
//!
//! There is no list of tokens: whether `-` begins a value, a sort key or a name depends on the
//! place, so the parser asks for what can come next.
//!
//! Not here: what they mean together (`parse`).

use crate::ast::{JqText, Op, Span};
use crate::problem::Problem;

/// A position in a text, with readers for what can begin there.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    start: usize,
    /// The offset of the next byte.
    pub(crate) at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor over bytes `from..to` of `text`. Spans refer to the whole text.
    pub(crate) fn new(text: &'a str, from: usize, to: usize) -> Cursor<'a> {
        Cursor { text, start: from, at: from, end: to }
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..self.end]
    }

    pub(crate) fn before(&self) -> &'a str {
        &self.text[self.start..self.at]
    }

    pub(crate) fn slice(&self, span: Span) -> &'a str {
        &self.text[span.from..span.to]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(crate) fn since(&self, from: usize) -> Span {
        Span { from, to: self.at }
    }

    /// The span of the next character, or of the end.
    pub(crate) fn here(&self) -> Span {
        Span { from: self.at, to: self.at + self.peek().map_or(0, char::len_utf8) }
    }

    /// Skips white space, and comments: from a `#` after white space or at the start to the end of
    /// its line.
    pub(crate) fn skip_white(&mut self) {
        loop {
            match self.peek() {
                Some(character) if character.is_whitespace() => self.at += character.len_utf8(),
                Some('#') if self.at == self.start || self.text[..self.at].ends_with(char::is_whitespace) => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => return,
            }
        }
    }

    pub(crate) fn is_at_end(&mut self) -> bool {
        self.skip_white();
        self.at == self.end
    }

    /// The name that begins here, without quotes; empty if none does.
    pub(crate) fn name(&self) -> &'a str {
        let rest = self.rest();
        if !rest.starts_with(is_name_start) {
            return "";
        }
        &rest[..rest.find(|character| !is_name_char(character)).unwrap_or(rest.len())]
    }

    /// Skips the keyword `word`, in any case; false if it is not here.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Whether the name here is the keyword `word`, in any case, and not the first key of a path.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        let name = self.name();
        name.eq_ignore_ascii_case(word) && !self.rest()[name.len()..].starts_with('.')
    }

    /// Whether an operator made of signs follows `skip` bytes on, after white space.
    pub(crate) fn operator_follows(&self, skip: usize) -> bool {
        let rest = self.rest().get(skip..).unwrap_or_default().trim_start();
        rest.starts_with(['=', '<', '>', '~']) || ["!=", "!~", "*=", "^="].iter().any(|sign| rest.starts_with(sign))
    }

    /// Reads the bare value that begins here; empty if none does. `&&` and `||` end it.
    pub(crate) fn bare(&mut self) -> &'a str {
        let rest = self.rest();
        let mut end = rest.find(|character| !is_bare_char(character)).unwrap_or(rest.len());
        for sign in ["&&", "||"] {
            end = rest[..end].find(sign).unwrap_or(end);
        }
        if !rest.starts_with(is_bare_start) {
            return "";
        }
        self.at += end;
        &rest[..end]
    }

    /// Reads the string that begins here with `'` or `"`. Escapes are those that regular
    /// expressions read the same way (`\n \r \t \uXXXX`), the quotes and the backslash. Any other
    /// backslash is itself, so `'\d+'` needs no doubling.
    pub(crate) fn string(&mut self) -> Result<String, Problem> {
        let from = self.at;
        let Some(quote) = self.bump() else {
            return Err(Problem::new(self.here(), "a string is missing"));
        };
        let mut out = String::new();
        while let Some(character) = self.bump() {
            if character == quote {
                return Ok(out);
            }
            if character != '\\' {
                out.push(character);
                continue;
            }
            match self.bump() {
                Some(escaped @ ('\\' | '"' | '\'')) => out.push(escaped),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('u') => self.unicode_escape(&mut out)?,
                Some(other) => out.extend(['\\', other]),
                None => break,
            }
        }
        self.at = from;
        let span = Span { from, to: from + 1 };
        Err(Problem::new(span, "this quote is never closed")
            .hint(format!("close it with {quote}; inside, write \\{quote} for the character itself")))
    }

    /// Reads the four digits after `\u`, and for a surrogate its other half. Without four digits
    /// the backslash is itself.
    fn unicode_escape(&mut self, out: &mut String) -> Result<(), Problem> {
        let from = self.at - 2;
        let hex = |text: &str| {
            let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            u32::from_str_radix(digits, 16).ok()
        };
        let Some(high) = hex(self.rest()) else {
            out.push_str("\\u");
            return Ok(());
        };
        self.at += 4;
        let mut code = high;
        if (0xD800..0xDC00).contains(&high)
            && let Some(low) =
                self.rest().strip_prefix("\\u").and_then(hex).filter(|low| (0xDC00..0xE000).contains(low))
        {
            self.at += 6;
            code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        }
        out.push(
            char::from_u32(code)
                .ok_or_else(|| Problem::new(self.since(from), "half of a surrogate pair is not a character"))?,
        );
        Ok(())
    }

    /// Reads the jq program between the `(` here and its `)`, by jq's own rules for strings,
    /// interpolations in them, and comments.
    pub(crate) fn jq(&mut self) -> Result<JqText, Problem> {
        let open = self.at;
        // For each open parenthesis true, for each open string false.
        let mut inside = Vec::new();
        while let Some(character) = self.bump() {
            match (inside.last(), character) {
                (Some(false), '\\') => inside.extend((self.bump() == Some('(')).then_some(true)),
                (Some(false), '"') => {
                    inside.pop();
                }
                (Some(false), _) => {}
                (_, '"') => inside.push(false),
                (_, '(') => inside.push(true),
                (_, ')') => {
                    inside.pop();
                    if inside.is_empty() {
                        return self.jq_text(Span { from: open + 1, to: self.at - 1 });
                    }
                }
                (_, '#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => {}
            }
        }
        let what = if inside.last() == Some(&false) { ": a string in it is still open" } else { "" };
        self.at = open;
        Err(Problem::new(Span { from: open, to: open + 1 }, format!("this parenthesis is never closed{what}"))
            .hint("close it with )"))
    }

    fn jq_text(&self, span: Span) -> Result<JqText, Problem> {
        let code = self.slice(span);
        if code.trim().is_empty() {
            let around = Span { from: span.from - 1, to: span.to + 1 };
            return Err(Problem::new(around, "a jq program is missing between the parentheses"));
        }
        Ok(JqText { code: code.to_owned(), span })
    }

    /// Whether the `(` here begins a jq expression: its first character is `.`, `$`, `[` or `{`,
    /// with which no condition begins.
    pub(crate) fn jq_begins(&self) -> bool {
        self.rest().strip_prefix('(').is_some_and(|rest| rest.trim_start().starts_with(['.', '$', '[', '{']))
    }
}

/// The operators made of signs, longer ones first.
pub(crate) const SIGNS: &[(&str, Op)] = &[
    ("==", Op::Equal),
    ("!=", Op::NotEqual),
    ("<=", Op::LessEqual),
    (">=", Op::GreaterEqual),
    ("!~", Op::NotMatches),
    ("*=", Op::Contains),
    ("^=", Op::BeginsWith),
    ("=", Op::Equal),
    ("<", Op::Less),
    (">", Op::Greater),
    ("~", Op::Matches),
];

/// Typographic quotes, which are never meant as part of a word.
pub(crate) fn is_curly(character: char) -> bool {
    matches!(character, '\u{2018}'..='\u{201F}')
}

fn is_name_start(character: char) -> bool {
    is_name_char(character) && character != '-'
}

/// The characters of a key without quotes.
fn is_name_char(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '_' | '-' | '@')
        || (!character.is_ascii() && is_bare_char(character))
}

/// The characters of a value without quotes: all but white space, controls, quotes, parentheses,
/// commas and angle brackets.
fn is_bare_char(character: char) -> bool {
    !(character.is_whitespace()
        || character.is_control()
        || is_curly(character)
        || matches!(character, '(' | ')' | ',' | '"' | '\'' | '<' | '>'))
}

/// The first characters of a value without quotes.
fn is_bare_start(character: char) -> bool {
    is_bare_char(character) && !matches!(character, '=' | '!' | '~' | '#' | '$')
}

/// Whether `text` can be written as a value without quotes.
pub(crate) fn is_bare(text: &str) -> bool {
    !text.is_empty()
        && text.starts_with(is_bare_start)
        && text.chars().all(is_bare_char)
        && !text.contains("&&")
        && !text.contains("||")
        && !is_join(text)
}

/// Whether `text` can be written as a key without quotes, apart from reserved words.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(is_name_start) && text.chars().all(is_name_char)
}

/// Words that join or negate conditions. They are never values without quotes.
pub(crate) fn is_join(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|join| word.eq_ignore_ascii_case(join))
}
