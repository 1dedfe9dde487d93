//! What may be called: rules in the query language, the first of which that a call meets decides.

use serde::de::{Deserialize, Deserializer, Error};
use toml::Value;

use logbook_model::Then;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// The condition, on the row of the intent.
    pub when: String,
    /// What becomes of a call that meets it.
    #[serde(deserialize_with = "then")]
    pub then: Then,
    /// Why.
    #[serde(default)]
    pub why: String,
}

fn then<'de, D: Deserializer<'de>>(value: D) -> Result<Then, D::Error> {
    let word = String::deserialize(value)?;
    Then::of(&word).ok_or_else(|| D::Error::unknown_variant(&word, Then::WORDS))
}

impl PolicyRule {
    /// As the file would say it.
    pub(super) fn value(&self) -> Value {
        let members = [("when", self.when.as_str()), ("then", self.then.word()), ("why", &self.why)];
        let said = members.into_iter().filter(|(_, text)| !text.is_empty());
        Value::Table(said.map(|(name, text)| (name.to_owned(), Value::String(text.to_owned()))).collect())
    }
}
