//! Saved queries: texts of the query language whose comments at the top say what they are about
//! (`docs/query.md`, Reports).

use std::collections::BTreeMap;

use logbook_model::error::{Error, Result, nearest};
use logbook_query::Argument;

/// Those that come with the program, by name.
pub const BUILT_IN: [(&str, &str); 10] = [
    ("running", include_str!("../../read/reports/running.txt")),
    ("stuck", include_str!("../../read/reports/stuck.txt")),
    ("overnight", include_str!("../../read/reports/overnight.txt")),
    ("denied", include_str!("../../read/reports/denied.txt")),
    ("wrote-files", include_str!("../../read/reports/wrote-files.txt")),
    ("irreversible", include_str!("../../read/reports/irreversible.txt")),
    ("mcp", include_str!("../../read/reports/mcp.txt")),
    ("cost", include_str!("../../read/reports/cost.txt")),
    ("artifacts", include_str!("../../read/reports/artifacts.txt")),
    ("ratings", include_str!("../../read/reports/ratings.txt")),
];

/// A query that somebody saved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// All of the text.
    pub text: String,
    /// What it shows.
    pub about: String,
    /// It asks runs, as `logbook runs` does, and not rows.
    pub over_runs: bool,
    /// What is to be given for it.
    pub parameters: Vec<Parameter>,
}

/// `$name` in a saved query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is where nobody says; `None`: it must be given.
    pub default: Option<String>,
}

impl Parameter {
    /// As a person types it: `server=…`, `[silent=2h]`.
    pub fn shown(&self) -> String {
        match &self.default {
            None => format!("{}=…", self.name),
            Some(default) if default.is_empty() => format!("[{}=…]", self.name),
            Some(default) => format!("[{}={default}]", self.name),
        }
    }
}

impl Saved {
    /// Reads what the comments at the top of `text` say.
    pub fn read(text: &str) -> Saved {
        let mut saved = Saved { text: text.to_owned(), ..Saved::default() };
        let comments = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
        for (at, line) in comments.enumerate() {
            if let Some(parameter) = line.strip_prefix('$') {
                let head = parameter.split_once(": ").map_or(parameter, |(head, _)| head).trim_end_matches(':');
                let (name, default) = match head.split_once('=') {
                    Some((name, default)) => (name, Some(default.trim_matches('\'').to_owned())),
                    None => (head, None),
                };
                saved.parameters.push(Parameter { name: name.to_owned(), default });
            } else if line == "over runs" {
                saved.over_runs = true;
            } else if at == 0 {
                line.clone_into(&mut saved.about);
            }
        }
        saved
    }

    /// What the query called `name` is given: `words` as `name=value`, else what `own` says, else
    /// its defaults.
    pub fn arguments(
        &self,
        name: &str,
        words: &[String],
        own: &[(&str, String)],
    ) -> Result<BTreeMap<String, Argument>> {
        let usage = || {
            let parameters: Vec<String> = self.parameters.iter().map(Parameter::shown).collect();
            format!("logbook report {name} {}", parameters.join(" ")).trim_end().to_owned()
        };
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        for parameter in &self.parameters {
            given.extend(parameter.default.clone().map(|default| (parameter.name.clone(), default)));
        }
        given.extend(own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        for word in words {
            let Some((parameter, value)) = word.split_once('=') else {
                return Err(Error::usage(format!("{word:?} is not NAME=VALUE")).hint(usage()));
            };
            if !self.asks(parameter) {
                let error = Error::usage(format!("report {name} asks no {parameter:?}"));
                let near = nearest(parameter, self.parameters.iter().map(|parameter| parameter.name.as_str()));
                return Err(error.hint(near.map_or_else(usage, |near| format!("did you mean {near}={value}?"))));
            }
            given.insert(parameter.to_owned(), value.to_owned());
        }
        if let Some(missing) = self.parameters.iter().find(|parameter| !given.contains_key(&parameter.name)) {
            return Err(Error::usage(format!("report {name} asks {}", missing.name)).hint(usage()));
        }
        Ok(given.into_iter().map(|(name, value)| (name, Argument::Text(value))).collect())
    }

    /// Whether `$name` stands in it.
    fn asks(&self, name: &str) -> bool {
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        let dollar = format!("${name}");
        !name.is_empty() && self.text.match_indices(&dollar).any(|(at, _)| ends(&self.text[at + dollar.len()..]))
    }
}
