//! The queries and the peers, as `cases.toml` and `peers.toml` have them, made
//! into command lines.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::data::Data;

/// What the lines of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Whole rows, compared with their names.
    Rows,
    /// Values, whatever they are called.
    Table,
}

/// A query in one language.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Query {
    /// One word.
    Text(String),
    /// Several words.
    Words(Vec<String>),
    /// A line for the shell, instead of the peer's own command.
    Shell {
        /// The line.
        sh: String,
    },
}

/// One query and its goals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "cases.toml says what they are")]
pub struct Case {
    pub name: String,
    pub title: String,
    #[serde(default = "all_rows")]
    pub file: String,
    pub logbook_file: Option<Vec<String>>,
    pub answer: Answer,
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    pub reference: String,
    #[serde(default)]
    pub whole: bool,
    pub at_least: Option<f64>,
    pub goal: Option<f64>,
    #[serde(default)]
    pub wrong: Vec<String>,
    pub query: BTreeMap<String, Query>,
}

fn all_rows() -> String {
    "rows.jsonl".to_owned()
}

/// A program that is measured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "peers.toml says what they are")]
pub struct Peer {
    pub name: String,
    pub language: String,
    #[serde(default)]
    pub schema: String,
    pub run: Vec<String>,
    pub version: Vec<String>,
    /// The year in which versions that begin so were released.
    #[serde(default)]
    pub released: Vec<(String, u16)>,
    /// What a reader must know to judge its figures.
    #[serde(default)]
    pub note: String,
    pub get: String,
}

#[derive(Debug, Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Peers {
    peer: Vec<Peer>,
}

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/query");

/// All queries.
pub fn cases() -> Vec<Case> {
    toml::from_str::<Cases>(include_str!("cases.toml")).unwrap().case
}

/// All peers, found or not.
pub fn peers() -> Vec<Peer> {
    toml::from_str::<Peers>(include_str!("peers.toml")).unwrap().peer
}

fn common(word: &str) -> String {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    word.replace("{logbook}", env!("CARGO_BIN_EXE_logbook")).replace("{python}", &python).replace("{here}", HERE)
}

impl Peer {
    /// Its version, if it is here.
    pub fn found(&self) -> Option<String> {
        let words: Vec<String> = self.version.iter().map(|word| common(word)).collect();
        let output = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
        let name = self.name.split('-').next().unwrap_or_default();
        let text = text.strip_prefix(&format!("{name} ")).unwrap_or(&text);
        output.status.success().then(|| text.trim_start_matches(&format!("{name}-")).to_owned())
    }

    /// The command for `case`; none where it has no such query.
    pub fn command(&self, case: &Case, data: &Data) -> Option<Vec<String>> {
        let query = case.query.get(&self.name).or_else(|| case.query.get(&self.language))?;
        let fill = |text: &str| {
            let text = text.replace("{run}", &data.run).replace("{peer}", &self.name).replace("{file}", &case.file);
            text.replace("{rows}", &self.rows(case)).replace("{objects}", &self.objects(case))
        };
        let words = match query {
            Query::Text(text) => vec![text.clone()],
            Query::Words(words) => words.clone(),
            Query::Shell { sh } => return Some(vec!["sh".to_owned(), "-c".to_owned(), fill(sh)]),
        };
        if self.schema == "found" && !words.concat().contains("{rows}") {
            return None;
        }
        let words = words.iter().map(|word| fill(word));
        let mut command = Vec::new();
        for word in &self.run {
            match word.as_str() {
                "{query}" => command.extend(words.clone()),
                "{file}" if self.language == "logbook" && case.logbook_file.is_some() => {
                    command.extend(case.logbook_file.clone().unwrap_or_default());
                }
                "{file}" => command.push(case.file.clone()),
                "{columns}" => command.push(serde_json::to_string(&case.columns).unwrap()),
                word => command.push(common(word)),
            }
        }
        Some(command)
    }

    /// The file as a table of the wanted columns.
    fn rows(&self, case: &Case) -> String {
        let file = &case.file;
        if self.schema == "found" {
            return format!("read_ndjson_auto('{file}')");
        }
        let columns = case.columns.iter();
        if self.language == "clickhouse" {
            let kind = |kind: &str| if kind == "DOUBLE" { "Nullable(Float64)" } else { "Nullable(String)" };
            let columns: Vec<_> = columns.map(|(name, duck)| format!("{name} {}", kind(duck))).collect();
            return format!("file('{file}', 'JSONEachRow', '{}')", columns.join(", "));
        }
        let columns: Vec<_> = columns.map(|(name, kind)| format!("{name}: '{kind}'")).collect();
        format!("read_json('{file}', format = 'newline_delimited', columns = {{{}}})", columns.join(", "))
    }

    /// The file as a table of one column `json`.
    fn objects(&self, case: &Case) -> String {
        match self.language.as_str() {
            "clickhouse" => format!("file('{}', 'JSONAsString', 'json String')", case.file),
            _ => format!("read_ndjson_objects('{}')", case.file),
        }
    }
}

/// The command as one would type it.
pub fn typed(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./=,:".contains(&byte));
        if plain { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) }
    });
    let line = quoted.collect::<Vec<_>>().join(" ");
    line.replace(&format!("{HERE}/"), "")
        .replace(&common("{logbook}"), "logbook")
        .replace(&common("{python}"), "python3")
}
