//! The members of an object, picking a few of them in one pass, and the elements of an array.

use memchr::memchr;

use super::skip::{skip_string, skip_value, skip_white};
use super::string::decode_raw;

/// Why a text could not be read as one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It begins like a JSON value other than an object.
    NotObject,
    /// It is not JSON; the offset where that shows.
    NotJson(usize),
}

/// One member, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// The key between its quotes, escapes not decoded.
    pub key: &'a [u8],
    /// The value's text, without white space around it.
    pub value: &'a [u8],
}

impl<'a> Member<'a> {
    /// Whether the key is `name`, however it is escaped.
    #[inline]
    pub fn is(&self, name: &[u8]) -> bool {
        self.key == name || (memchr(b'\\', self.key).is_some() && *decode_raw(self.key) == *name)
    }

    /// The key's characters.
    pub fn name(&self) -> std::borrow::Cow<'a, [u8]> {
        decode_raw(self.key)
    }
}

/// The members of one object, in order. Checks its framing (braces, colons, commas, nothing after
/// the end) but not the values.
pub struct Members<'a> {
    text: &'a [u8],
    at: usize,
    state: State,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum State {
    Start,
    More,
    Ended,
}

impl<'a> Members<'a> {
    /// The members of the object `text`; white space around it is allowed.
    pub fn new(text: &'a [u8]) -> Self {
        Members { text, at: 0, state: State::Start }
    }

    fn fail(&mut self, at: usize) -> Option<Result<Member<'a>, Fault>> {
        self.state = State::Ended;
        Some(Err(Fault::NotJson(at.min(self.text.len()))))
    }

    fn finish(&mut self, at: usize) -> Option<Result<Member<'a>, Fault>> {
        self.state = State::Ended;
        let rest = skip_white(self.text, at);
        if rest < self.text.len() { self.fail(rest) } else { None }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, Fault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let text = self.text;
        let mut at = skip_white(text, self.at);
        match self.state {
            State::Ended => return None,
            State::Start => {
                match text.get(at) {
                    Some(b'{') => at = skip_white(text, at + 1),
                    Some(_) if super::skip::kind(&text[at..]).is_some() && super::validate::is_value(text) => {
                        self.state = State::Ended;
                        return Some(Err(Fault::NotObject));
                    }
                    _ => return self.fail(at),
                }
                if text.get(at) == Some(&b'}') {
                    return self.finish(at + 1);
                }
                self.state = State::More;
            }
            State::More => match text.get(at) {
                Some(b'}') => return self.finish(at + 1),
                Some(b',') => at = skip_white(text, at + 1),
                _ => return self.fail(at),
            },
        }
        if text.get(at) != Some(&b'"') {
            return self.fail(at);
        }
        let Some(key_end) = skip_string(text, at) else {
            return self.fail(text.len());
        };
        let key = &text[at + 1..key_end - 1];
        let colon = skip_white(text, key_end);
        if text.get(colon) != Some(&b':') {
            return self.fail(colon);
        }
        let from = skip_white(text, colon + 1);
        let Some(to) = skip_value(text, from) else {
            return self.fail(if from < text.len() && super::skip::kind(&text[from..]).is_none() {
                from
            } else {
                text.len()
            });
        };
        self.at = to;
        Some(Ok(Member { key, value: &text[from..to] }))
    }
}

/// Finds the members called `names` in one pass over the object `text`. `out[i]` becomes the value
/// of `names[i]`; of a repeated key, the last one. The framing of the whole object is checked, the
/// other values are not.
pub fn pick<'a, N: AsRef<[u8]>>(text: &'a [u8], names: &[N], out: &mut Vec<Option<&'a [u8]>>) -> Result<(), Fault> {
    out.clear();
    out.resize(names.len(), None);
    for member in Members::new(text) {
        let member = member?;
        if let Some(slot) = names.iter().position(|name| member.is(name.as_ref())) {
            out[slot] = Some(member.value);
        }
    }
    Ok(())
}

/// The elements of an array, in order. An array among them is entered, an object is one element. A
/// text that is not an array has none.
#[derive(Debug, Clone)]
pub struct Leaves<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Leaves<'a> {
    /// The elements of the array that `text` begins with.
    pub fn new(text: &'a [u8]) -> Self {
        let at = if text.first() == Some(&b'[') { 0 } else { text.len() };
        Leaves { text, at }
    }
}

impl<'a> Iterator for Leaves<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // Only arrays are entered, so their brackets need not be counted.
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
