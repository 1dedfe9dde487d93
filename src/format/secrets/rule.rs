//! One kind of secret: how it is known.

use regex::bytes::{Regex, RegexBuilder};

/// A kind that a logbook adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Its name.
    pub kind: String,
    /// A text that stands in each of them, in any case.
    pub anchor: String,
    /// What they look like.
    pub pattern: String,
}

/// A kind, not compiled yet: few rows need any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub kind: String,
    /// Of these one stands in each of them, in any case.
    pub anchors: Vec<String>,
    /// The secret must look like chance.
    pub by_chance: bool,
    /// Its letters may be of either case.
    pub any_case: bool,
    pattern: String,
}

/// What is before a secret, in the text of a row: no letter or digit, or an escape that ends in one.
const BEFORE: &str = r"(?:^|[^0-9A-Za-z]|\\[nrtbf]|\\u00[0-9A-Fa-f]{2})";
/// What is behind it.
const BEHIND: &str = r"(?:[^0-9A-Za-z]|$)";

impl Rule {
    /// The built-in ones.
    pub fn built_in() -> impl Iterator<Item = Rule> {
        let lines = include_str!("rules.txt").lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            let (kind, anchors, pattern) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Rule::new(kind, anchors.split(',').map(str::to_owned).collect(), pattern))
        })
    }

    pub fn own(own: &Own) -> Rule {
        Rule::new(&own.kind, vec![own.anchor.clone()], &own.pattern)
    }

    fn new(kind: &str, anchors: Vec<String>, pattern: &str) -> Rule {
        let (by_chance, pattern) = match pattern.strip_prefix('~') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        let (case, pattern) = match pattern.strip_prefix("(?i)") {
            Some(rest) => ("(?i)", rest),
            None => ("", pattern),
        };
        let (before, pattern) = match pattern.strip_prefix('<') {
            Some(rest) => (BEFORE, rest),
            None => ("", pattern),
        };
        let (behind, pattern) = match pattern.strip_suffix('>') {
            Some(rest) => (BEHIND, rest),
            None => ("", pattern),
        };
        let pattern = match pattern.contains("(?P<s>") {
            true => format!("{case}{before}{pattern}{behind}"),
            false => format!("{case}{before}(?P<s>{pattern}){behind}"),
        };
        Rule { kind: kind.to_owned(), anchors, by_chance, any_case: !case.is_empty(), pattern }
    }

    pub fn compile(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.pattern).unicode(false).size_limit(1 << 22).build()
    }
}
