//! A JSON Schema compiled, and what a value violates first. A build without the feature `contracts`
//! has no validator: a rule with a schema does not compile there, so that the call is refused.

use serde_json::Value;

/// A compiled JSON Schema (draft 2020-12).
#[cfg(feature = "contracts")]
pub struct Schema(jsonschema::Validator);

#[cfg(feature = "contracts")]
impl Schema {
    /// Compiles `schema`; the error names the place in it.
    pub fn compile(schema: &Value) -> Result<Schema, String> {
        let validator = jsonschema::draft202012::new(schema).map_err(|error| {
            let place = error.instance_path().to_string();
            if place.is_empty() { error.to_string() } else { format!("{place}: {error}") }
        })?;
        Ok(Schema(validator))
    }

    /// The first violation in `text`, a JSON value. Its message does not quote the value.
    pub fn fault(&self, text: &str) -> Option<String> {
        let value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => return Some(error.to_string()),
        };
        let error = self.0.iter_errors(&value).next()?;
        let place = error.instance_path().to_string();
        Some(if place.is_empty() { error.masked().to_string() } else { format!("{place}: {}", error.masked()) })
    }
}

/// A compiled JSON Schema: this build can make none.
#[cfg(not(feature = "contracts"))]
pub enum Schema {}

#[cfg(not(feature = "contracts"))]
impl Schema {
    /// Always an error.
    pub fn compile(_: &Value) -> Result<Schema, String> {
        Err("this build of logbook does not check JSON Schemas; build it with --features contracts".to_owned())
    }

    /// Never called.
    pub fn fault(&self, _: &str) -> Option<String> {
        match *self {}
    }
}
