//! What a logbook says of secrets: exceptions from the built-in kinds, and kinds of its own.

use serde::Deserialize;
use toml::{Table, Value};

/// The table `redact`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redact {
    /// Nothing is redacted.
    pub off: bool,
    /// Built-in kinds that are left as they are.
    pub skip: Vec<String>,
    /// Patterns of values that are not secrets.
    pub allow: Vec<String>,
    /// Further kinds.
    pub rules: Vec<RedactRule>,
}

/// A kind of secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactRule {
    /// Its name.
    pub kind: String,
    /// A text that stands in each of them, in any case.
    pub anchor: String,
    /// What they look like.
    pub pattern: String,
}

impl Redact {
    /// As the file would say it.
    pub(super) fn value(&self) -> Value {
        let text = |text: &String| Value::String(text.clone());
        let texts = |list: &[String]| Value::Array(list.iter().map(text).collect());
        let rule = |rule: &RedactRule| {
            let members = [("kind", &rule.kind), ("anchor", &rule.anchor), ("pattern", &rule.pattern)];
            Value::Table(members.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect())
        };
        let members = [
            ("off", Value::Boolean(self.off)),
            ("skip", texts(&self.skip)),
            ("allow", texts(&self.allow)),
            ("rules", Value::Array(self.rules.iter().map(rule).collect())),
        ];
        Value::Table(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Table>())
    }
}
