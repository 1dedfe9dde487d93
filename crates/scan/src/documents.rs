//! Rows that are not one per line: documents over many lines, the elements of an array, or values
//! one after another, with or without record separators (RFC 7464). Memory is bounded by the
//! longest row.
//!
//! Brackets and strings decide where a value ends; the caller validates it. White space between
//! tokens is dropped, so that a row is one line.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::skipped::Class;

/// Bytes per read.
const BLOCK_BYTES: usize = 128 << 10;
const BYTE_ORDER_MARK: [u8; 3] = *b"\xEF\xBB\xBF";
const RECORD_SEPARATOR: u8 = 0x1E;

/// What the splitter finds in an input.
pub(super) enum Item<'m> {
    /// A value, without white space between its tokens.
    Value(&'m [u8]),
    /// Bytes that are not a value, and why if that is known.
    Skipped(Class, &'static str),
    /// The end of a block: all values read so far were handed on.
    Pause,
}

/// Where an item begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    pub offset: u64,
    /// Counted from 1.
    pub line: u64,
}

enum State {
    Between,
    /// Inside an object, an array or a string.
    Value {
        depth: usize,
        string: bool,
        escape: bool,
    },
    /// Inside a number or a literal (`true`, `null`).
    Word,
    /// After a syntax error: everything up to the next line is ignored.
    Lost,
}

struct Splitter<'e> {
    row_bytes_max: usize,
    state: State,
    /// The array whose elements are rows, while it is open.
    array: Option<Position>,
    here: Position,
    began: Position,
    text: Vec<u8>,
    space: bool,
    too_long: bool,
    mark: usize,
    each: &'e mut dyn FnMut(Item<'_>, Position) -> ControlFlow<()>,
}

/// Hands the values in `reader` to `each`, in order. Returns the number of bytes read.
pub(super) fn for_each_value(
    reader: &mut dyn Read,
    row_bytes_max: usize,
    each: &mut dyn FnMut(Item<'_>, Position) -> ControlFlow<()>,
) -> io::Result<u64> {
    let mut splitter = Splitter {
        row_bytes_max,
        state: State::Between,
        array: None,
        here: Position { offset: 0, line: 1 },
        began: Position::default(),
        text: Vec::new(),
        space: false,
        too_long: false,
        mark: 0,
        each,
    };
    let mut buffer = vec![0; BLOCK_BYTES];
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if read == 0 {
            let _ = splitter.end();
            break;
        }
        let flow = buffer[..read].iter().try_for_each(|byte| splitter.byte(*byte));
        if flow.is_break() || (splitter.each)(Item::Pause, splitter.here).is_break() {
            break;
        }
    }
    Ok(splitter.here.offset)
}

impl Splitter<'_> {
    fn byte(&mut self, byte: u8) -> ControlFlow<()> {
        let flow = self.step(byte);
        self.here.offset += 1;
        self.here.line += u64::from(byte == b'\n');
        flow
    }

    fn step(&mut self, byte: u8) -> ControlFlow<()> {
        match self.state {
            State::Between => self.between(byte),
            State::Lost => {
                if byte == b'\n' {
                    self.state = State::Between;
                }
                ControlFlow::Continue(())
            }
            State::Word => {
                if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']' | b'{' | b'"' | RECORD_SEPARATOR) {
                    self.value_ends()?;
                    return self.between(byte);
                }
                self.push(byte);
                ControlFlow::Continue(())
            }
            State::Value { depth, string: true, escape } => {
                if byte == b'\n' {
                    self.state = State::Between;
                    return (self.each)(Item::Skipped(Class::NotJson, "a line ends inside a string"), self.began);
                }
                self.push(byte);
                let ends = byte == b'"' && !escape;
                self.state = State::Value { depth, string: !ends, escape: byte == b'\\' && !escape };
                if ends && depth == 0 { self.value_ends() } else { ControlFlow::Continue(()) }
            }
            State::Value { depth, .. } => {
                if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                    self.space = true;
                    return ControlFlow::Continue(());
                }
                let depth = match byte {
                    b'{' | b'[' => depth + 1,
                    b'}' | b']' => depth - 1,
                    _ => depth,
                };
                let parts = |byte: u8| matches!(byte, b'{' | b'[' | b'}' | b']' | b',' | b':');
                // Keeps two tokens apart: `1 2` must not become `12`, which is valid.
                if std::mem::take(&mut self.space) && !parts(byte) && !self.text.last().is_some_and(|last| parts(*last))
                {
                    self.push(b' ');
                }
                self.push(byte);
                self.state = State::Value { depth, string: byte == b'"', escape: false };
                if depth == 0 { self.value_ends() } else { ControlFlow::Continue(()) }
            }
        }
    }

    fn between(&mut self, byte: u8) -> ControlFlow<()> {
        if byte == BYTE_ORDER_MARK[self.mark] {
            self.mark = (self.mark + 1) % BYTE_ORDER_MARK.len();
            return ControlFlow::Continue(());
        }
        let state = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | RECORD_SEPARATOR => State::Between,
            b',' if self.array.is_some() => State::Between,
            b']' if self.array.take().is_some() => State::Between,
            b'[' if self.array.is_none() => {
                self.array = Some(self.here);
                State::Between
            }
            b'{' | b'[' => State::Value { depth: 1, string: false, escape: false },
            b'"' => State::Value { depth: 0, string: true, escape: false },
            b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => State::Word,
            _ => State::Lost,
        };
        self.state = state;
        self.mark = 0;
        match self.state {
            State::Between => ControlFlow::Continue(()),
            State::Lost => (self.each)(Item::Skipped(Class::NotJson, "expected a value"), self.here),
            State::Value { .. } | State::Word => {
                self.began = self.here;
                (self.space, self.too_long) = (false, false);
                self.text.clear();
                self.push(byte);
                ControlFlow::Continue(())
            }
        }
    }

    fn push(&mut self, byte: u8) {
        if self.text.len() < self.row_bytes_max {
            self.text.push(byte);
        } else {
            self.too_long = true;
        }
    }

    fn value_ends(&mut self) -> ControlFlow<()> {
        self.state = State::Between;
        let item = if self.too_long { Item::Skipped(Class::TooLong, "") } else { Item::Value(&self.text) };
        (self.each)(item, self.began)
    }

    /// Handles the end of the input.
    fn end(&mut self) -> ControlFlow<()> {
        match self.state {
            State::Word => self.value_ends()?,
            State::Value { .. } => {
                (self.each)(Item::Skipped(Class::Torn, "the input ends inside a value"), self.began)?
            }
            State::Between | State::Lost => {}
        }
        match self.array {
            Some(began) => (self.each)(Item::Skipped(Class::Torn, "the input ends inside an array"), began),
            None => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items in `text`: values, and `!` with the class of what is not a value.
    fn items(text: &str, row_bytes_max: usize) -> Vec<String> {
        let mut all = Vec::new();
        let mut each = |item: Item<'_>, at: Position| {
            match item {
                Item::Value(value) => all.push(format!("{}:{} {}", at.line, at.offset, String::from_utf8_lossy(value))),
                Item::Skipped(class, _) => all.push(format!("{}:{} !{}", at.line, at.offset, class.name())),
                Item::Pause => {}
            }
            ControlFlow::Continue(())
        };
        let read = for_each_value(&mut text.as_bytes(), row_bytes_max, &mut each);
        assert_eq!(read.ok(), Some(text.len() as u64));
        all
    }

    #[test]
    fn values_are_found_however_they_are_laid_out() {
        let of = |text| items(text, 100);
        assert_eq!(of("{\n  \"a\": [1,\n 2],\n \"b c\": \"x  y\"\n}\n"), [r#"1:0 {"a":[1,2],"b c":"x  y"}"#]);
        assert_eq!(of("[{\"a\":1},\n {\"a\":2}]"), [r#"1:1 {"a":1}"#, r#"2:11 {"a":2}"#]);
        assert_eq!(of("{\"a\":1}{\"a\":2} 5 \"x\""), [r#"1:0 {"a":1}"#, r#"1:7 {"a":2}"#, "1:15 5", "1:17 \"x\""]);
        assert_eq!(of("\u{1e}{\"a\":1}\n\u{1e}{\"a\":2}\n"), [r#"1:1 {"a":1}"#, r#"2:10 {"a":2}"#]);
        assert_eq!(of("\u{feff}{\"a\":\"}\\\"]\"}"), [r#"1:3 {"a":"}\"]"}"#]);
        assert_eq!(of("[[{\"a\":1}]] []"), [r#"1:1 [{"a":1}]"#]);
        // Invalid JSON stays invalid.
        assert_eq!(of("{\"a\": 1 2}"), [r#"1:0 {"a":1 2}"#]);
    }

    #[test]
    fn bytes_that_are_not_a_value_are_reported_and_the_rest_is_read() {
        let of = |text| items(text, 20);
        assert_eq!(of("{\"a\":1} ) x\n{\"a\":2}"), [r#"1:0 {"a":1}"#, "1:8 !not_json", r#"2:12 {"a":2}"#]);
        assert_eq!(of("{\"a\":\"x\n{\"a\":2}"), ["1:0 !not_json", r#"2:8 {"a":2}"#]);
        assert_eq!(of("{\"a\":1}\n{\"a\":"), [r#"1:0 {"a":1}"#, "2:8 !torn"]);
        assert_eq!(of("[{\"a\":1},"), [r#"1:1 {"a":1}"#, "1:0 !torn"]);
        assert_eq!(of("{\"a\":\"0123456789abcdef\"} {\"a\":1}"), ["1:0 !too_long", r#"1:25 {"a":1}"#]);
    }
}
