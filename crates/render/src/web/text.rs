//! Text of rows on its way into a page, and links to our own pages.

use std::fmt;

use form_urlencoded::byte_serialize;

use crate::safe;

/// Text in which everything is visible: control and bidirectional characters are escaped. The
/// templates escape HTML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// `text`, cut after this many characters.
    pub fn cut(text: &str, characters: usize) -> Text {
        match text.char_indices().nth(characters) {
            Some((at, _)) => Text::from(format!("{}…", &text[..at])),
            None => Text::from(text),
        }
    }

    /// One `Text` per line.
    pub fn lines(text: &str) -> Vec<Text> {
        text.lines().map(Text::from).collect()
    }

    /// Whether it is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(safe::escape(text).into_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::from(text.as_str())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Text {
        Text::from(text.as_str())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address of one of our own pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// The address of a page.
    pub fn to(page: &'static str) -> Link {
        Link(page.to_owned())
    }

    /// The address of the page of a run.
    pub fn run(run: &str) -> Link {
        Link::to("/run").with("id", run)
    }

    /// The address with one more parameter.
    pub fn with(mut self, name: &str, value: &str) -> Link {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_cannot_end_a_link() {
        assert_eq!(Link::run("r 1&x=\"'<>#/../é").as_str(), "/run?id=r+1%26x%3D%22%27%3C%3E%23%2F..%2F%C3%A9");
        assert_eq!(Link::to("/runs").with("a", "1").with("b", "2").as_str(), "/runs?a=1&b=2");
    }

    #[test]
    fn hidden_characters_are_visible() {
        assert_eq!(Text::from("a\u{1b}[31m\u{202e}b\n").to_string(), "a\\u{1b}[31m\\u{202e}b\\n");
        assert_eq!(Text::cut("äöü", 2).to_string(), "äö…");
        assert_eq!(Text::lines("a\nb").len(), 2);
    }
}
