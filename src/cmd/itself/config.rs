//! `logbook config`: what holds here, and where each value comes from.

use std::path::PathBuf;

use serde_json::json;

use crate::cmd::Door;
use logbook_model::error::{Error, Exit, Result};
use logbook_store::config::{self, Durability, KEYS, Key, personal_path};
use logbook_store::{Purpose, locate};

/// Two real examples.
pub const EXAMPLES: &str = "  logbook config\n  logbook config durability";

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
pub struct Config {
    /// Only this key's value
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Print the JSON Schema of a config file
    #[arg(long, conflicts_with_all = ["key", "json"])]
    schema: bool,
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// A key's value, as a config file would say it, and where it comes from.
struct Said {
    key: &'static Key,
    value: Option<toml::Value>,
    from: String,
}

/// `logbook config`
pub fn run(args: Config, door: &mut Door<'_>) -> Result<Exit> {
    if args.schema {
        return super::help::print(door, include_str!("../../../schema/config.schema.json"));
    }
    let wanted = match &args.key {
        None => None,
        Some(name) => Some(KEYS.iter().find(|key| key.name == name).ok_or_else(|| unknown(name))?),
    };
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let (settings, origins) = config::with_origins(&location.path, &door.env)?;
    let mut said = Vec::new();
    for key in KEYS.iter().filter(|key| wanted.is_none_or(|wanted| *key == wanted)) {
        let origin = origins.iter().find(|(known, _)| *known == key);
        let from = origin.map_or_else(|| "default".to_owned(), |(_, path)| path.display().to_string());
        said.push(of_environment(key, door)?.unwrap_or(Said { key, value: settings.value(key.name), from }));
    }
    match (wanted, args.json) {
        (_, true) => door.out.json(as_json(&said).as_bytes())?,
        (Some(_), false) => said.iter().try_for_each(|said| door.out.line(&shown(said)))?,
        (None, false) => {
            let text = as_lines(&said, &location.path.join("config.toml"), door);
            door.out.text(&text)?;
        }
    }
    Ok(Exit::Done)
}

fn unknown(name: &str) -> Error {
    let error = Error::usage(format!("there is no key {name:?}"));
    match logbook_model::error::nearest(name, KEYS.iter().map(|key| key.name)) {
        Some(near) => error.hint(format!("did you mean `logbook config {near}`?")),
        None => error.hint("logbook config   # shows them all"),
    }
}

/// What a variable says of the key.
fn of_environment(key: &'static Key, door: &Door<'_>) -> Result<Option<Said>> {
    let Some((variable, word)) = key.variable.and_then(|name| Some((name, door.env.var(name)?))) else {
        return Ok(None);
    };
    // The one there is.
    Durability::parse(word)?;
    Ok(Some(Said { key, value: Some(toml::Value::String(word.to_owned())), from: variable.to_owned() }))
}

fn shown(said: &Said) -> String {
    match &said.value {
        None => String::new(),
        Some(toml::Value::String(text)) => text.clone(),
        Some(value) => as_text(value),
    }
}

fn as_json(said: &[Said]) -> String {
    let object: serde_json::Map<String, serde_json::Value> =
        said.iter().map(|said| (said.key.name.to_owned(), json!({ "value": said.value, "from": said.from }))).collect();
    format!("{}\n", serde_json::Value::Object(object))
}

/// As a config file that says the same, with the rest as comments.
fn as_lines(said: &[Said], book: &std::path::Path, door: &Door<'_>) -> String {
    let mut lines = vec![format!("# of the logbook:  {}", book.display())];
    if let Some(own) = personal_path(&door.env) {
        lines.push(format!("# of this user:    {}", own.display()));
    }
    let width = said.iter().map(|said| line(said).len()).max().unwrap_or(0).min(48);
    lines.extend(said.iter().map(|said| format!("{:<width$}  # {}; {}", line(said), said.from, said.key.about)));
    lines.join("\n") + "\n"
}

fn line(said: &Said) -> String {
    match &said.value {
        Some(value) => format!("{} = {}", said.key.name, as_text(value)),
        None => format!("# {} =", said.key.name),
    }
}

/// A value as a config file says it: these are spelled as in JSON.
fn as_text(value: &toml::Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
