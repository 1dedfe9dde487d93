//! The published schema (`schema/row.schema.json`) says what `append` takes:
//! both are asked about every row of `tests/rows`, and the schema knows every
//! name of `model::names` with its type.
//!
//! Not here: what a schema cannot see (duplicate keys, bytes, sizes, order of steps).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jsonschema::Validator;
use logbook_model::names::{self, OF_DECISIONS, Type, may_be_given};
use logbook_model::{Kind, Phase, Status, instant};
use serde_json::{Value, json};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema() -> Value {
    serde_json::from_str(&read("schema/row.schema.json")).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// The good rows, as they stand in the file.
fn good() -> Vec<String> {
    read("tests/rows/good.jsonl").lines().map(str::to_owned).collect()
}

/// Why a row is bad, and the row.
fn bad() -> Vec<(String, String)> {
    let text = read("tests/rows/bad.jsonl");
    let pair = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        (value["why"].as_str().unwrap().to_owned(), value["row"].to_string())
    };
    text.lines().map(pair).collect()
}

#[test]
fn the_schema_is_one() {
    jsonschema::meta::validate(&schema()).unwrap();
}

#[test]
fn the_schema_accepts_the_good_rows_and_refuses_the_bad() {
    let validator = validator();
    let (good, bad) = (good(), bad());
    assert!(good.len() >= 60 && bad.len() >= 80, "{} good, {} bad", good.len(), bad.len());
    let mut wrong = Vec::new();
    for row in &good {
        if let Err(error) = validator.validate(&serde_json::from_str(row).unwrap()) {
            wrong.push(format!("refused: {row}: {error}"));
        }
    }
    for (why, row) in &bad {
        if validator.is_valid(&serde_json::from_str(row).unwrap()) {
            wrong.push(format!("accepted, although {why}: {row}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rows_try_every_field() {
    let mut tried: [BTreeSet<String>; 2] = Default::default();
    let bad = bad().into_iter().map(|(_, row)| row);
    for (which, row) in good().into_iter().map(|row| (0, row)).chain(bad.map(|row| (1, row))) {
        let row: Value = serde_json::from_str(&row).unwrap();
        for (key, value) in row.as_object().into_iter().flatten() {
            tried[which].insert(key.clone());
            if key == "tool_call" {
                let members = value.as_object().into_iter().flatten();
                tried[which].extend(members.map(|(member, _)| format!("tool_call.{member}")));
            }
        }
    }
    for name in names::all() {
        assert!(tried[0].contains(&name), "no good row has {name}");
        // A field of any JSON cannot be wrong.
        assert!(tried[1].contains(&name) || names::type_of(&name) == Some(Type::Any), "no bad row has {name}");
    }
}

/// What the schema must say of a field of this type, its description apart.
fn expected(of: Type) -> Value {
    match of {
        Type::String => json!({ "type": ["string", "null"] }),
        Type::Number => json!({ "type": ["number", "null"] }),
        Type::Integer(i64::MIN) => json!({ "type": ["integer", "null"] }),
        Type::Integer(least) => json!({ "type": ["integer", "null"], "minimum": least }),
        Type::Boolean => json!({ "type": ["boolean", "null"] }),
        Type::OneOf(words) => json!({ "enum": or_null(words) }),
        Type::Strings => json!({ "type": ["string", "array", "null"], "items": { "type": "string" } }),
        Type::NumberOrString => json!({ "type": ["number", "string", "null"] }),
        Type::ToolCall => json!({ "type": ["object", "null"], "additionalProperties": true }),
        Type::Any => json!({}),
    }
}

fn or_null(words: &[&str]) -> Value {
    words.iter().map(|word| json!(word)).chain([Value::Null]).collect()
}

#[test]
fn the_schema_knows_every_name_with_its_type() {
    let schema = schema();
    let properties = schema["properties"].as_object().unwrap();
    let members = properties["tool_call"]["properties"].as_object().unwrap();
    let keys = properties.keys().cloned().chain(members.keys().map(|member| format!("tool_call.{member}")));
    assert_eq!(keys.collect::<Vec<_>>(), names::all().collect::<Vec<_>>(), "the same names in the same order");

    for name in names::all() {
        let mut said = match name.strip_prefix("tool_call.") {
            Some(member) => members[member].clone(),
            None => properties[&name].clone(),
        };
        let said = said.as_object_mut().unwrap();
        let description = said.remove("description");
        assert!(description.is_some_and(|text| text.as_str().is_some_and(|text| text.ends_with('.'))), "{name}");
        said.remove("properties");
        if let Some(of) = names::type_of(&name) {
            assert_eq!(Value::Object(said.clone()), expected(of), "{name}");
        }
    }
    let open: Vec<&str> = Kind::ALL.iter().filter(|kind| !kind.is_guarded()).map(|kind| kind.word()).collect();
    assert_eq!(properties["kind"]["enum"], or_null(&open));
    assert_eq!(properties["phase"]["enum"], or_null(Phase::WORDS));
    assert_eq!(properties["status"]["enum"], or_null(Status::WORDS));
}

#[test]
fn the_schema_knows_the_calendar() {
    let validator = validator();
    for year in ["0000", "1900", "1999", "2000", "2023", "2024", "2100", "9999"] {
        for (month, day) in (0..14).flat_map(|month| (0..33).map(move |day| (month, day))) {
            let text = format!("{year}-{month:02}-{day:02}T12:00:00Z");
            let row = json!({ "run_id": "r-1", "timestamp": text });
            assert_eq!(validator.is_valid(&row), instant::to_utc_text(&text).is_some(), "{text}");
        }
    }
}

#[test]
fn the_schema_accepts_the_samples() {
    let validator = validator();
    for sample in ["night-shift", "rotated"] {
        let mut rows = 0;
        for path in segments(&repository().join("samples").join(sample)) {
            for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
                let mut row: Value = serde_json::from_str(line).unwrap();
                // The rest of a row of a guarded kind is a row like any other.
                if row["kind"].as_str().is_some_and(|kind| Kind::named(kind).is_guarded()) {
                    row.as_object_mut().unwrap().remove("kind");
                }
                if let Err(error) = validator.validate(&row) {
                    panic!("{}:{}: {error}", path.display(), number + 1);
                }
                rows += 1;
            }
        }
        assert!(rows > 30, "{sample}: {rows} rows");
    }
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
    paths.sort();
    paths
}

#[test]
fn append_agrees_with_the_schema() {
    // What records a decision is good in a row, and no writer's to give.
    let taken = |row: &str| {
        let row: Value = serde_json::from_str(row).unwrap();
        let given =
            |name: &&&str| row.get(**name).is_some_and(|value| !may_be_given(name, value.to_string().as_bytes()));
        if OF_DECISIONS.iter().any(|name| given(&name)) { 2 } else { 0 }
    };
    let good = good().into_iter().map(|row| ("good".to_owned(), row.clone(), taken(&row)));
    let rows: Vec<(String, String, i32)> = good.chain(bad().into_iter().map(|(why, row)| (why, row, 2))).collect();
    // One process a row, each with a logbook of its own: what one row leaves behind must not help
    // or hinder the next.
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> =
            rows.chunks(rows.len().div_ceil(threads)).map(|part| scope.spawn(|| disagree(part))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// What `append` said otherwise than expected.
fn disagree(rows: &[(String, String, i32)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (why, row, exit) in rows {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("book");
        let output = Command::new(env!("CARGO_BIN_EXE_logbook"))
            .args(["append", "--dir"])
            .arg(&directory)
            .arg(row)
            .env_clear()
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if output.status.code() != Some(*exit) {
            let said = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!("{why}: {row}: exit {:?}, expected {exit}: {}", output.status.code(), said.trim()));
        } else if *exit == 2 && directory.exists() && !segments(&directory).is_empty() {
            wrong.push(format!("{why}: {row}: refused, but a segment was written"));
        }
    }
    wrong
}
