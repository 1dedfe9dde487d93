//! The elements of an array, those of arrays within it included, in order.

use super::skip::{skip_value, skip_white};

/// Walks the values of an array; an array among them is entered, an object is
/// one value. A text that is no array has no leaves.
#[derive(Debug, Clone)]
pub struct Leaves<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Leaves<'a> {
    /// Leaves of the array that `text` begins with.
    pub fn new(text: &'a [u8]) -> Self {
        let at = if text.first() == Some(&b'[') { 0 } else { text.len() };
        Leaves { text, at }
    }
}

impl<'a> Iterator for Leaves<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // Arrays nest only in arrays here, so their brackets need not be counted.
        loop {
            self.at = skip_white(self.text, self.at);
            match self.text.get(self.at)? {
                b'[' | b']' | b',' => self.at += 1,
                _ => {
                    let from = self.at;
                    match skip_value(self.text, from) {
                        Some(to) => {
                            self.at = to;
                            return Some(&self.text[from..to]);
                        }
                        None => self.at = self.text.len(),
                    }
                }
            }
        }
    }
}
