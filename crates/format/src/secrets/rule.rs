//! One kind of secret, and how it is recognized.

use regex::bytes::{Regex, RegexBuilder};

use super::names::Family;
use super::values::{Found, could_be_secret, looks_random};

/// A kind that a logbook adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Its name.
    pub kind: String,
    /// A string that each of them contains, ignoring case.
    pub anchor: String,
    /// A regular expression.
    pub pattern: String,
}

/// A kind. Its pattern is not compiled yet, since few rows need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub kind: String,
    /// Each of them contains one of these strings, ignoring case.
    pub anchors: Vec<String>,
    pub by: By,
}

/// How a secret is recognized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// By a pattern, and by what the match looks like.
    Pattern { pattern: String, any_case: bool, looks: Looks },
    /// By the name before it (`assigned`).
    Name,
    /// By the `BEGIN` line before it (`private_key`).
    KeyLine,
}

/// What the match of a pattern must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    Any,
    /// Random.
    Random,
    /// Not a placeholder.
    Given,
    /// Neither a placeholder nor a plain word.
    Password,
}

impl Looks {
    pub(crate) fn fit(self, secret: &[u8]) -> bool {
        match self {
            Looks::Any => true,
            Looks::Random => looks_random(secret),
            Looks::Given => could_be_secret(Family::Password, secret, Found::Nested),
            Looks::Password => could_be_secret(Family::Password, secret, Found::Text),
        }
    }
}

/// The edge before a secret: not a letter or digit.
const BEFORE: &str = "(?:^|[^0-9A-Za-z])";
/// The edge after it.
const BEHIND: &str = "(?:[^0-9A-Za-z]|$)";

impl Rule {
    /// The built-in ones.
    pub(crate) fn built_in() -> impl Iterator<Item = Rule> {
        let lines = include_str!("rules.txt").lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            let (kind, anchors, pattern) = (parts.next()?, parts.next()?, parts.next()?);
            let by = match pattern {
                "@name" => By::Name,
                "@key-line" => By::KeyLine,
                pattern => By::pattern(pattern),
            };
            Some(Rule { kind: kind.to_owned(), anchors: anchors.split(',').map(str::to_owned).collect(), by })
        })
    }

    pub(crate) fn own(own: &Own) -> Rule {
        Rule { kind: own.kind.clone(), anchors: vec![own.anchor.clone()], by: By::pattern(&own.pattern) }
    }

    /// Whether the prefilter sees it as a run of token bytes.
    pub(crate) fn is_token(&self) -> bool {
        matches!(self.by, By::Pattern { any_case: false, looks: Looks::Any, .. })
    }

    /// Its pattern, compiled, if it has one.
    pub(crate) fn compile(&self) -> Option<Result<Regex, regex::Error>> {
        let By::Pattern { pattern, .. } = &self.by else { return None };
        Some(RegexBuilder::new(pattern).unicode(false).size_limit(1 << 22).build())
    }
}

impl By {
    fn pattern(pattern: &str) -> By {
        let looks = match pattern.as_bytes().first() {
            Some(b'~') => Looks::Random,
            Some(b'?') => Looks::Given,
            Some(b'!') => Looks::Password,
            _ => Looks::Any,
        };
        let pattern = if looks == Looks::Any { pattern } else { &pattern[1..] };
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
        By::Pattern { pattern, any_case: !case.is_empty(), looks }
    }
}
