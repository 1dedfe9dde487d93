//! What may be called: rules in the query language, the first of which that a call meets decides.

use serde::Deserialize;
use toml::Value;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// It is made.
    Allow,
    /// A person is asked first.
    Ask,
    /// It is not made.
    Deny,
}

impl Then {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Then::Allow => "allow",
            Then::Ask => "ask",
            Then::Deny => "deny",
        }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// The condition, on the row of the intent.
    pub when: String,
    /// What becomes of a call that meets it.
    pub then: Then,
    /// Why.
    #[serde(default)]
    pub why: String,
}

impl PolicyRule {
    /// As the file would say it.
    pub(super) fn value(&self) -> Value {
        let members = [("when", self.when.as_str()), ("then", self.then.word()), ("why", &self.why)];
        let said = members.into_iter().filter(|(_, text)| !text.is_empty());
        Value::Table(said.map(|(name, text)| (name.to_owned(), Value::String(text.to_owned()))).collect())
    }
}
