//! Regular expressions, with a list of the prefixes that a matching text may have: most texts are
//! ruled out by their first letters, without starting the engine.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Look;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// Trying more prefixes takes as long as the expression itself.
const BEGINNINGS_MAX: usize = 8;

/// A compiled expression. A clone has its own scratch memory, so threads with their own clones do
/// not wait for each other.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    /// `None` if a matching text may begin with anything.
    beginnings: Option<Box<[Box<[u8]>]>>,
}

impl Pattern {
    /// Compiles `text`; fails if it is not a valid regular expression, or is too large.
    pub(crate) fn new(text: &str) -> Result<Pattern, regex::Error> {
        let regex = RegexBuilder::new(text).build()?;
        Ok(Pattern { regex, beginnings: beginnings(text) })
    }

    /// Whether it matches somewhere in `text`.
    #[inline]
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        let may = |beginnings: &[Box<[u8]>]| beginnings.iter().any(|beginning| text.starts_with(beginning));
        self.beginnings.as_deref().is_none_or(may) && self.regex.is_match(text)
    }
}

/// The prefixes of texts that match, if the expression is anchored at the start and has few of
/// them.
fn beginnings(text: &str) -> Option<Box<[Box<[u8]>]>> {
    // Parsed as `regex` does for bytes.
    let parsed = ParserBuilder::new().utf8(false).build().parse(text).ok()?;
    if !parsed.properties().look_set_prefix().contains(Look::Start) {
        return None;
    }
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(BEGINNINGS_MAX);
    let found = extractor.extract(&parsed);
    let beginnings = found.literals()?.iter().map(|literal| literal.as_bytes().into()).collect::<Box<[Box<[u8]>]>>();
    Some(beginnings).filter(|beginnings| !beginnings.iter().any(|beginning| beginning.is_empty()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn first_letters_decide_as_the_whole_expression_does() {
        let expressions = [
            "^re(run|try) .*[02]$",
            "^a",
            "^a|b",
            "^(a|bc)d?",
            "^a*b",
            "^[ab]c",
            "(?i)^ab",
            "(?m)^ab",
            "a^b",
            "^",
            "^$",
            "^a?",
            "\\Aab",
            "^(?:ab|abc)",
            "(^a|^b)c",
            "^\u{e4}b",
            "(?-u)^\\xff",
            "^\\bab",
            "^.b",
            "^a{2,3}",
            "^[a-z]b",
            "x*^ab",
        ];
        let letters = ["", "a", "b", "c", "d", "\n", "A", "\u{e4}", "rerun 2", "retry x0", "\u{ff}"];
        for expression in expressions {
            let (pattern, plain) = (Pattern::new(expression).unwrap(), Regex::new(expression).unwrap());
            for first in letters {
                for second in letters {
                    for third in letters {
                        let text = [first, second, third].concat();
                        assert_eq!(
                            pattern.is_match(text.as_bytes()),
                            plain.is_match(text.as_bytes()),
                            "{expression} {text:?}"
                        );
                    }
                }
            }
            assert_eq!(pattern.is_match(b"\xffa"), plain.is_match(b"\xffa"), "{expression}");
        }
        assert_eq!(beginnings("^re(run|try) .*").map(|all| all.len()), Some(2));
        assert!(beginnings("rerun").is_none());
    }
}
