//! The parameters of a request: names and values from the query of its address, or from a form.

use super::child::Canceller;

/// The parameters of one request.
#[derive(Debug, Clone, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    /// Ends the query that the request starts, when its client goes away.
    pub canceller: Canceller,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` text.
    pub fn parse(text: &[u8]) -> Params {
        Params { pairs: form_urlencoded::parse(text).into_owned().collect(), canceller: Canceller::default() }
    }

    /// Parameters with these names and values.
    pub fn of(pairs: &[(&str, &str)]) -> Params {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Params { pairs, canceller: Canceller::default() }
    }

    /// The first value with this name; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// All of them, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
