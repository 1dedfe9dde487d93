//! `logbook config`: print the settings in force, and where each value comes from.

use std::path::PathBuf;

use serde_json::json;

use crate::cmd::Door;
use logbook_model::error::{Error, Exit, Result};
use logbook_store::config::{self, Durability, KEYS, Key, personal_path};
use logbook_store::{Purpose, locate};

pub const EXAMPLES: &str = "  logbook config\n  logbook config durability";

#[derive(Debug, clap::Args)]
pub struct Config {
    /// Print only this key's value
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

/// A key, its value as in a config file, and where the value comes from.
struct Setting {
    key: &'static Key,
    value: Option<toml::Value>,
    from: String,
}

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
    let mut settings_in_force = Vec::new();
    for key in KEYS.iter().filter(|key| wanted.is_none_or(|wanted| *key == wanted)) {
        let origin = origins.iter().find(|(known, _)| *known == key);
        let from = origin.map_or_else(|| "default".to_owned(), |(_, path)| path.display().to_string());
        settings_in_force.push(of_environment(key, door)?.unwrap_or(Setting {
            key,
            value: settings.value(key.name),
            from,
        }));
    }
    match (wanted, args.json) {
        (_, true) => door.out.json(as_json(&settings_in_force).as_bytes())?,
        (Some(_), false) => settings_in_force.iter().try_for_each(|setting| door.out.line(&bare_value(setting)))?,
        (None, false) => {
            let text = as_lines(&settings_in_force, &location.path.join("config.toml"), door);
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

/// The value that an environment variable gives the key.
fn of_environment(key: &'static Key, door: &Door<'_>) -> Result<Option<Setting>> {
    let Some((variable, word)) = key.variable.and_then(|name| Some((name, door.env.var(name)?))) else {
        return Ok(None);
    };
    // Durability is the only key with a variable.
    Durability::parse(word)?;
    Ok(Some(Setting { key, value: Some(toml::Value::String(word.to_owned())), from: variable.to_owned() }))
}

/// The value alone, as `logbook config KEY` prints it.
fn bare_value(setting: &Setting) -> String {
    match &setting.value {
        None => String::new(),
        Some(toml::Value::String(text)) => text.clone(),
        Some(value) => as_text(value),
    }
}

fn as_json(settings: &[Setting]) -> String {
    let object: serde_json::Map<String, serde_json::Value> =
        settings.iter().map(|it| (it.key.name.to_owned(), json!({ "value": it.value, "from": it.from }))).collect();
    format!("{}\n", serde_json::Value::Object(object))
}

/// As a config file with the same meaning; unset keys and sources are comments.
fn as_lines(settings: &[Setting], book: &std::path::Path, door: &Door<'_>) -> String {
    let mut lines = vec![format!("# of the logbook:  {}", book.display())];
    if let Some(own) = personal_path(&door.env) {
        lines.push(format!("# of this user:    {}", own.display()));
    }
    let width = settings.iter().map(|it| line(it).len()).max().unwrap_or(0).min(48);
    lines.extend(settings.iter().map(|it| format!("{:<width$}  # {}; {}", line(it), it.from, it.key.about)));
    lines.join("\n") + "\n"
}

fn line(setting: &Setting) -> String {
    match &setting.value {
        Some(value) => format!("{} = {}", setting.key.name, as_text(value)),
        None => format!("# {} =", setting.key.name),
    }
}

/// A value as in a config file. The types in use are spelled as in JSON.
fn as_text(value: &toml::Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
