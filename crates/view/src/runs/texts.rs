//! The texts of one row in one allocation. Runs are created anew for every part of the input, where
//! separate strings would cost an allocation each.

use std::borrow::Cow;

use logbook_json as json;

/// A text of a row; empty if there is none.
pub(crate) type Text<'a> = Cow<'a, str>;

/// `N` texts in one string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts<'a, const N: usize> {
    text: Text<'a>,
    /// The end of each text.
    ends: [u32; N],
}

impl<const N: usize> Default for Texts<'_, N> {
    fn default() -> Self {
        Texts { text: Cow::Borrowed(""), ends: [0; N] }
    }
}

impl<'a, const N: usize> Texts<'a, N> {
    /// The texts in `text`, which have these lengths. `None` if the lengths do not match.
    pub(crate) fn of(text: &'a str, lengths: [usize; N]) -> Option<Texts<'a, N>> {
        let (mut ends, mut end) = ([0; N], 0usize);
        for (known, length) in ends.iter_mut().zip(lengths) {
            end = end.checked_add(length).filter(|end| text.is_char_boundary(*end))?;
            *known = u32::try_from(end).ok()?;
        }
        (end == text.len()).then_some(Texts { text: Cow::Borrowed(text), ends })
    }

    /// Replaces the texts, and reuses the allocation.
    pub(crate) fn write<'f>(&mut self, texts: impl Iterator<Item = Option<Cow<'f, [u8]>>>) {
        let mut bytes = std::mem::take(self.text.to_mut()).into_bytes();
        bytes.clear();
        for (end, said) in self.ends.iter_mut().zip(texts) {
            bytes.extend_from_slice(said.as_deref().unwrap_or_default());
            *end = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        }
        // Validated together: one by one takes twice the time.
        self.text = match String::from_utf8(bytes) {
            Ok(text) if self.ends.iter().all(|end| text.is_char_boundary(*end as usize)) => Cow::Owned(text),
            Ok(text) => self.mended(text.as_bytes()),
            Err(broken) => self.mended(broken.as_bytes()),
        };
    }

    /// Repairs invalid UTF-8 in each text by itself.
    fn mended(&mut self, bytes: &[u8]) -> Text<'a> {
        let (mut text, mut from) = (String::new(), 0);
        for end in &mut self.ends {
            let to = *end as usize;
            text.push_str(&json::lossy(bytes.get(from..to).unwrap_or_default()));
            (*end, from) = (u32::try_from(text.len()).unwrap_or(u32::MAX), to);
        }
        Cow::Owned(text)
    }

    /// The text with the index `at`.
    pub(crate) fn get(&self, at: usize) -> &str {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let from = at.checked_sub(1).map_or(0, end);
        self.text.get(from..end(at)).unwrap_or_default()
    }

    /// All texts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..N).map(|at| self.get(at))
    }

    /// An owned copy.
    pub(crate) fn into_owned(self) -> Texts<'static, N> {
        Texts { text: Cow::Owned(self.text.into_owned()), ends: self.ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_not_utf8_are_mended_one_by_one() {
        let mut texts = Texts::<3>::default();
        let said: [&[u8]; 3] = [b"a\xC3", b"\xA9b", b"\xFFc"];
        texts.write(said.iter().map(|text| Some(Cow::Borrowed(*text))));
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["a\u{FFFD}", "\u{FFFD}b", "\u{FFFD}c"]);
        let said: [&[u8]; 3] = ["é".as_bytes(), &"é".as_bytes()[..1], &"é".as_bytes()[1..]];
        texts.write(said.iter().map(|text| Some(Cow::Borrowed(*text))));
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["é", "\u{FFFD}", "\u{FFFD}"]);
    }
}
