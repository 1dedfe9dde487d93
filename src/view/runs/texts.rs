//! Texts of one row, in one piece of memory: a run is made anew for every part of the input, and
//! there are as many rows as runs in a part.

use std::borrow::Cow;

use super::run::Text;
use crate::json;

/// `N` texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts<'a, const N: usize> {
    text: Text<'a>,
    /// Where each ends.
    ends: [u32; N],
}

impl<const N: usize> Default for Texts<'_, N> {
    fn default() -> Self {
        Texts { text: Cow::Borrowed(""), ends: [0; N] }
    }
}

impl<'a, const N: usize> Texts<'a, N> {
    /// That stand behind one another in `text`, with these lengths; `None`: they are not as long as
    /// it is.
    pub fn of(text: &'a str, lengths: [usize; N]) -> Option<Texts<'a, N>> {
        let (mut ends, mut end) = ([0; N], 0usize);
        for (known, length) in ends.iter_mut().zip(lengths) {
            end = end.checked_add(length).filter(|end| text.is_char_boundary(*end))?;
            *known = u32::try_from(end).ok()?;
        }
        (end == text.len()).then_some(Texts { text: Cow::Borrowed(text), ends })
    }

    /// Writes others into the memory that they have.
    pub fn write<'f>(&mut self, texts: impl Iterator<Item = Option<Cow<'f, [u8]>>>) {
        let text = self.text.to_mut();
        text.clear();
        for (end, said) in self.ends.iter_mut().zip(texts) {
            if let Some(said) = said {
                text.push_str(&json::lossy(&said));
            }
            *end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        }
    }

    /// Text number `at`.
    pub fn get(&self, at: usize) -> &str {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let from = at.checked_sub(1).map_or(0, end);
        self.text.get(from..end(at)).unwrap_or_default()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..N).map(|at| self.get(at))
    }

    /// The same, which borrows nothing.
    pub fn into_owned(self) -> Texts<'static, N> {
        Texts { text: Cow::Owned(self.text.into_owned()), ends: self.ends }
    }
}
