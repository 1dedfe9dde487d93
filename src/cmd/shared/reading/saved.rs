//! Saved queries: query texts that begin with comments about their purpose and parameters
//! (`docs/query.md`, Reports).

use std::collections::BTreeMap;

use logbook_model::error::{Error, Result, nearest};
use logbook_query::Argument;

/// The built-in ones, by name.
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

/// A saved query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// The whole text.
    pub text: String,
    /// Its summary.
    pub about: String,
    /// It queries runs, as `logbook runs` does, not rows.
    pub over_runs: bool,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

/// A parameter `$name` of a saved query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, without `$`.
    pub name: String,
    /// Its default; `None` if it is required.
    pub default: Option<String>,
}

impl Parameter {
    /// The parameter as it is typed: `server=…`, `[silent=2h]`.
    pub fn shown(&self) -> String {
        match &self.default {
            None => format!("{}=…", self.name),
            Some(default) if default.is_empty() => format!("[{}=…]", self.name),
            Some(default) => format!("[{}={default}]", self.name),
        }
    }
}

impl Saved {
    /// Reads the comments at the top of `text`.
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

    /// The arguments for the query called `name`: `words` as `name=value`, then `own`, then the
    /// defaults.
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
            if !self.has_parameter(parameter) {
                let error = Error::usage(format!("report {name} has no parameter {parameter:?}"));
                let near = nearest(parameter, self.parameters.iter().map(|parameter| parameter.name.as_str()));
                return Err(error.hint(near.map_or_else(usage, |near| format!("did you mean {near}={value}?"))));
            }
            given.insert(parameter.to_owned(), value.to_owned());
        }
        if let Some(missing) = self.parameters.iter().find(|parameter| !given.contains_key(&parameter.name)) {
            return Err(Error::usage(format!("report {name} needs {}", missing.name)).hint(usage()));
        }
        Ok(given.into_iter().map(|(name, value)| (name, Argument::Text(value))).collect())
    }

    /// Whether the text contains `$name`.
    fn has_parameter(&self, name: &str) -> bool {
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        let dollar = format!("${name}");
        !name.is_empty() && self.text.match_indices(&dollar).any(|(at, _)| ends(&self.text[at + dollar.len()..]))
    }
}
