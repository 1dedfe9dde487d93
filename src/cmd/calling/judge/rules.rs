//! Rules compiled, each once, and evaluated. Whoever calls this sees to what it may take.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::PathBuf;

use jsonschema::Validator;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cmd::shared::reading::wording::{self, Clauses};
use logbook_json as json;
use logbook_model::error::Error;
use logbook_model::{Instant, Zone};
use logbook_query::jq::flaws::Flaw;
use logbook_query::jq::program::{Globals, Program, Session};
use logbook_query::text::gate::{self, Arguments};
use logbook_query::time::Clock;
use logbook_query::{Place, Plan, Query, Row};

/// The longest value of a program, bytes.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// A rule as its file words it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rule {
    /// A condition on the row of a call.
    Condition {
        /// As a query words it.
        when: String,
        /// Those that the call's contract declares; what else it names has no row.
        arguments: Option<Arguments>,
    },
    /// A jq program on arguments.
    Program(String),
    /// A JSON Schema, as JSON text.
    Schema(String),
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is one: nothing was asked about.
    Sound,
    /// Of a condition: whether the row meets it.
    Met(bool),
    /// Of a program: its first output, as JSON text.
    Value(Option<String>),
    /// Of a schema: what is wrong first, if anything.
    Fault(Option<String>),
}

/// What is wrong with a rule, or why it fails on what it was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    pub message: String,
    pub lines: Vec<String>,
    pub hint: Option<String>,
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Wrong {
        Wrong { message: error.message, lines: error.lines, hint: error.hint }
    }
}

impl From<String> for Wrong {
    fn from(message: String) -> Wrong {
        Wrong { message, lines: Vec::new(), hint: None }
    }
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Error {
        Error { lines: wrong.lines, hint: wrong.hint, ..Error::usage(wrong.message) }
    }
}

/// Rules of one logbook.
pub struct Rules {
    /// Files that conditions name are named from here on.
    directory: PathBuf,
    now: Instant,
    compiled: HashMap<Rule, Result<Compiled, Wrong>>,
}

enum Compiled {
    Condition(Box<Plan>),
    Program(Program, Globals),
    Schema(Validator),
}

impl Rules {
    /// Of the logbook at `directory`; their times count from `now`.
    pub fn new(directory: PathBuf, now: Instant) -> Rules {
        Rules { directory, now, compiled: HashMap::new() }
    }

    /// Asks `rule` about this row, these arguments or this value, as JSON text; or only whether it
    /// is one.
    pub fn ask(&mut self, rule: &Rule, about: Option<&str>) -> Result<Verdict, Wrong> {
        if !self.compiled.contains_key(rule) {
            let compiled = self.compile(rule);
            self.compiled.insert(rule.clone(), compiled);
        }
        let compiled = match self.compiled.get(rule) {
            Some(Ok(compiled)) => compiled,
            Some(Err(wrong)) => return Err(wrong.clone()),
            None => return Err("the rule was not compiled".to_owned().into()),
        };
        let Some(about) = about else { return Ok(Verdict::Sound) };
        Ok(match compiled {
            Compiled::Condition(plan) => Verdict::Met(is_met(plan, about)?),
            Compiled::Program(program, globals) => Verdict::Value(value(program, globals, about)?),
            Compiled::Schema(validator) => Verdict::Fault(fault(validator, about)),
        })
    }

    fn compile(&self, rule: &Rule) -> Result<Compiled, Wrong> {
        match rule {
            Rule::Condition { when, arguments } => {
                let clock = Clock { now: self.now, zone: Zone::UTC };
                let (query, text) = parsed(when)?;
                if (Query { filter: None, ..query.clone() }) != Query::default() {
                    let wrong = Error::usage("a condition on calls takes no other clause");
                    return Err(wrong.hint("when = \"tool_call.side_effect=delete\"").into());
                }
                let plan = wording::compiled(&query, &text, &clock, BTreeMap::new(), &self.directory)?;
                // One that names what no call has would never be met.
                match gate::fault(&query, &text, arguments.as_ref()) {
                    Some(fault) => Err(fault.error(&text).into()),
                    None => Ok(Compiled::Condition(Box::new(plan))),
                }
            }
            Rule::Program(code) => {
                let globals = Globals::new(self.now.seconds as f64, Zone::UTC, []);
                let told = |flaws: Vec<Flaw>| {
                    let first = flaws.first();
                    first.map_or_else(String::new, |flaw| format!("column {}: {}", flaw.from + 1, flaw.message))
                };
                let program = Program::compile(code, &globals).map_err(told)?;
                Ok(Compiled::Program(program, globals))
            }
            Rule::Schema(schema) => {
                let value = serde_json::from_str(schema).map_err(|error| error.to_string())?;
                let validator = jsonschema::draft202012::new(&value).map_err(|error| {
                    let place = error.instance_path().to_string();
                    if place.is_empty() { error.to_string() } else { format!("{place}: {error}") }
                })?;
                Ok(Compiled::Schema(validator))
            }
        }
    }
}

impl Rule {
    /// A condition on the row of a call.
    pub fn condition(when: &str) -> Rule {
        Rule::Condition { when: when.to_owned(), arguments: None }
    }

    /// Whether evaluating it takes no more than in proportion to what it is asked about; what
    /// cannot be read is told at once.
    pub fn is_plain(&self) -> bool {
        match self {
            Rule::Condition { when, .. } => parsed(when).map_or(true, |(query, _)| query.is_plain()),
            Rule::Program(_) => false,
            Rule::Schema(schema) => serde_json::from_str(schema).map_or(true, |schema| is_plain_schema(&schema)),
        }
    }
}

/// Words of JSON Schema that look at each part of a value once, or do nothing.
const PLAIN_WORDS: &[&str] = &[
    "type",
    "required",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minProperties",
    "maxProperties",
    "title",
    "description",
    "default",
    "examples",
    "$schema",
    "$comment",
];

/// Whether a schema takes time in proportion to the value: no references, no alternatives, no
/// patterns.
fn is_plain_schema(schema: &Value) -> bool {
    let Value::Object(words) = schema else { return schema.is_boolean() };
    let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
    words.iter().all(|(word, value)| match (word.as_str(), value) {
        ("items" | "additionalProperties", schema) => is_plain_schema(schema),
        ("properties", Value::Object(all)) => all.values().all(is_plain_schema),
        ("prefixItems", Value::Array(all)) => all.iter().all(is_plain_schema),
        ("enum", Value::Array(all)) => all.iter().all(is_scalar),
        ("const", value) => is_scalar(value),
        (word, _) => PLAIN_WORDS.contains(&word),
    })
}

fn parsed(when: &str) -> Result<(Query, String), Error> {
    Clauses::default().query(&[when.to_owned()])
}

fn is_met(plan: &Plan, row: &str) -> Result<bool, Wrong> {
    let mut fields = Vec::new();
    let text = row.as_bytes();
    json::pick(text, plan.fields(), &mut fields)
        .map_err(|_| "the call is not a row that could be asked about".to_owned())?;
    let row = Row { text, fields: &fields, place: Place::default(), lasts: false };
    let Some(filter) = plan.filter() else { return Ok(true) };
    let mut eval = plan.eval();
    let met = filter.matches_surely(&row, &mut eval).map_err(|_| "its jq program fails on this call".to_owned())?;
    met.ok_or_else(|| {
        // Whoever words a call must not get round a rule by a value that it cannot compare.
        let question = eval.doubts.of.keys().next().and_then(|question| plan.questions().get(*question));
        let field = question.map_or("a field", |question| &question.field);
        format!("it cannot compare what this call has in `{field}`").into()
    })
}

fn value(program: &Program, globals: &Globals, arguments: &str) -> Result<Option<String>, Wrong> {
    let mut found = None;
    Session::new(globals).run(program, arguments.as_bytes(), &mut |value| {
        found = Some(String::from_utf8_lossy(value).into_owned());
        ControlFlow::Break(())
    })?;
    match found {
        Some(value) if value.len() > VALUE_BYTES_MAX => {
            Err(format!("gives more than {} KiB", VALUE_BYTES_MAX >> 10).into())
        }
        found => Ok(found),
    }
}

/// What is wrong first; its values are not told.
fn fault(validator: &Validator, text: &str) -> Option<String> {
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Some(error.to_string()),
    };
    let error = validator.iter_errors(&value).next()?;
    let place = error.instance_path().to_string();
    Some(if place.is_empty() { error.masked().to_string() } else { format!("{place}: {}", error.masked()) })
}
