//! A regular expression, and what every text begins with that it matches: most texts are told by
//! their first letters, for which the engine need not be started.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Look;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// More beginnings take as long to try as the expression itself.
const BEGINNINGS_MAX: usize = 8;

/// Compiled. A clone has memory of its own to match in: a thread that has one does not wait for
/// another's.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    /// `None`: a text may begin with anything.
    beginnings: Option<Box<[Box<[u8]>]>>,
}

impl Pattern {
    /// Compiles `text`. Errors: it is no regular expression, or too large a one.
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

/// What a text begins with that the expression matches, if it says so and holds only at the start
/// of a text.
fn beginnings(text: &str) -> Option<Box<[Box<[u8]>]>> {
    // As `regex` reads it for bytes.
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
