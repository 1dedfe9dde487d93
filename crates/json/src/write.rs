//! Writes JSON objects and arrays, member by member, in the order given. Texts are quoted, numbers
//! are printed, and values that are JSON already are copied byte for byte.
//!
//! Not here: whether a raw value is valid JSON, and whether keys are unique: the caller knows.
//!
//! ```
//! use logbook_json::{Array, Object};
//! let steps = Array::new().number(1).number(2).end();
//! let text = Object::new().text("run_id", "r-1").raw("steps", &steps).flag("done", true).end();
//! assert_eq!(text, br#"{"run_id":"r-1","steps":[1,2],"done":true}"#);
//! ```

use itoa::{Buffer, Integer};

use super::string::quote_into;

/// An object that is being written.
#[derive(Debug, Clone)]
pub struct Object {
    text: Vec<u8>,
}

impl Default for Object {
    fn default() -> Self {
        Object::new()
    }
}

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Object { text: b"{".to_vec() }
    }

    /// The same, with room for this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut text = Vec::with_capacity(bytes);
        text.push(b'{');
        Object { text }
    }

    /// Adds a member whose value is JSON already.
    pub fn raw(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.key(name).text.extend_from_slice(value);
        self
    }

    /// The same, with the key spelled as in another object: what is between its quotes.
    pub fn spelled(&mut self, key: &[u8], value: &[u8]) -> &mut Self {
        self.comma();
        self.text.push(b'"');
        self.text.extend_from_slice(key);
        self.text.extend_from_slice(b"\":");
        self.text.extend_from_slice(value);
        self
    }

    /// Adds a string.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        quote_into(value, &mut self.key(name).text);
        self
    }

    /// Adds an integer.
    pub fn number(&mut self, name: &str, value: impl Integer) -> &mut Self {
        number_into(value, &mut self.key(name).text);
        self
    }

    /// Adds `true` or `false`.
    pub fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { b"true" } else { b"false" })
    }

    /// Adds an array of strings.
    pub fn texts<T: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) -> &mut Self {
        let mut array = Array::new();
        values.into_iter().for_each(|value| _ = array.text(value.as_ref()));
        self.raw(name, &array.end())
    }

    /// What is written so far, without the closing bracket.
    pub fn written(&self) -> &[u8] {
        &self.text
    }

    /// Closes the object and returns its text.
    pub fn end(&mut self) -> Vec<u8> {
        self.text.push(b'}');
        std::mem::take(self).text
    }

    fn key(&mut self, name: &str) -> &mut Self {
        self.comma();
        quote_into(name, &mut self.text);
        self.text.push(b':');
        self
    }

    fn comma(&mut self) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
    }
}

/// An array that is being written.
#[derive(Debug, Clone)]
pub struct Array {
    text: Vec<u8>,
}

impl Default for Array {
    fn default() -> Self {
        Array::new()
    }
}

impl Array {
    /// An array without elements.
    pub fn new() -> Self {
        Array { text: b"[".to_vec() }
    }

    /// Adds an element that is JSON already.
    pub fn raw(&mut self, value: &[u8]) -> &mut Self {
        self.comma().text.extend_from_slice(value);
        self
    }

    /// Adds a string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        quote_into(value, &mut self.comma().text);
        self
    }

    /// Adds an integer.
    pub fn number(&mut self, value: impl Integer) -> &mut Self {
        number_into(value, &mut self.comma().text);
        self
    }

    /// Closes the array and returns its text.
    pub fn end(&mut self) -> Vec<u8> {
        self.text.push(b']');
        std::mem::take(self).text
    }

    fn comma(&mut self) -> &mut Self {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        self
    }
}

/// Appends the decimal digits of `value`.
pub fn number_into(value: impl Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(Buffer::new().format(value).as_bytes());
}
