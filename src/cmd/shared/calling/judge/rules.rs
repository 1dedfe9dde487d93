//! Rules, each compiled once, and evaluated. The caller must bound time and memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema::Schema;
use crate::cmd::shared::reading::wording::{self, Clauses};
use logbook_json as json;
use logbook_model::error::Error;
use logbook_model::{Instant, Zone};
use logbook_query::jq::flaws::Flaw;
use logbook_query::jq::program::{Globals, Program, Session};
use logbook_query::text::gate::{self, Arguments};
use logbook_query::time::Clock;
use logbook_query::{Place, Plan, Query, Row};

/// The longest output of a jq program, bytes.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// A rule as a file words it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rule {
    /// A condition on the row of a call.
    Condition {
        /// In the query language.
        when: String,
        /// The arguments that the contract declares. A condition must name no others.
        arguments: Option<Arguments>,
    },
    /// A jq program on arguments.
    Program(String),
    /// A JSON Schema, as JSON text.
    Schema(String),
}

/// What evaluating a rule gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The rule is valid; it was not evaluated.
    #[serde(rename = "Sound")]
    Valid,
    /// Of a condition: whether the row meets it.
    Met(bool),
    /// Of a program: its first output, as JSON text.
    Value(Option<String>),
    /// Of a schema: the first fault of the value, if any.
    Fault(Option<String>),
}

/// Why a rule is not valid, or cannot be evaluated on this call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleError {
    pub message: String,
    pub lines: Vec<String>,
    pub hint: Option<String>,
}

impl From<Error> for RuleError {
    fn from(error: Error) -> RuleError {
        RuleError { message: error.message, lines: error.lines, hint: error.hint }
    }
}

impl From<String> for RuleError {
    fn from(message: String) -> RuleError {
        RuleError { message, lines: Vec::new(), hint: None }
    }
}

impl From<RuleError> for Error {
    fn from(error: RuleError) -> Error {
        Error { lines: error.lines, hint: error.hint, ..Error::usage(error.message) }
    }
}

/// Rules of one logbook.
pub struct Rules {
    /// Conditions name files relative to it.
    directory: PathBuf,
    now: Instant,
    compiled: HashMap<Rule, Result<Compiled, RuleError>>,
}

enum Compiled {
    Condition(Box<Plan>),
    Program(Program, Globals),
    Schema(Schema),
}

impl Rules {
    /// The rules of the logbook at `directory`; relative times count from `now`.
    pub fn new(directory: PathBuf, now: Instant) -> Rules {
        Rules { directory, now, compiled: HashMap::new() }
    }

    /// Evaluates `rule` on `about`: a row, arguments or a value, as JSON text. Without `about` it
    /// only checks that the rule is valid.
    pub fn ask(&mut self, rule: &Rule, about: Option<&str>) -> Result<Answer, RuleError> {
        if !self.compiled.contains_key(rule) {
            let compiled = self.compile(rule);
            self.compiled.insert(rule.clone(), compiled);
        }
        let compiled = match self.compiled.get(rule) {
            Some(Ok(compiled)) => compiled,
            Some(Err(error)) => return Err(error.clone()),
            None => return Err("the rule was not compiled".to_owned().into()),
        };
        let Some(about) = about else { return Ok(Answer::Valid) };
        Ok(match compiled {
            Compiled::Condition(plan) => Answer::Met(is_met(plan, about)?),
            Compiled::Program(program, globals) => Answer::Value(value(program, globals, about)?),
            Compiled::Schema(schema) => Answer::Fault(schema.fault(about)),
        })
    }

    fn compile(&self, rule: &Rule) -> Result<Compiled, RuleError> {
        match rule {
            Rule::Condition { when, arguments } => {
                let clock = Clock { now: self.now, zone: Zone::UTC };
                let (query, text) = parsed(when)?;
                if (Query { filter: None, ..query.clone() }) != Query::default() {
                    let error = Error::usage("a condition on calls takes no other clause");
                    return Err(error.hint("when = \"tool_call.side_effect=delete\"").into());
                }
                let plan = wording::compiled(&query, &text, &clock, BTreeMap::new(), &self.directory)?;
                // A condition that names what no call has would never be met.
                match gate::fault(&query, &text, arguments.as_ref()) {
                    Some(fault) => Err(fault.error(&text).into()),
                    None => Ok(Compiled::Condition(Box::new(plan))),
                }
            }
            Rule::Program(code) => {
                let globals = Globals::new(self.now.seconds as f64, Zone::UTC, []);
                let first_flaw = |flaws: Vec<Flaw>| {
                    let first = flaws.first();
                    first.map_or_else(String::new, |flaw| format!("column {}: {}", flaw.from + 1, flaw.message))
                };
                let program = Program::compile(code, &globals).map_err(first_flaw)?;
                Ok(Compiled::Program(program, globals))
            }
            Rule::Schema(schema) => {
                let value = serde_json::from_str(schema).map_err(|error| error.to_string())?;
                Ok(Compiled::Schema(Schema::compile(&value)?))
            }
        }
    }
}

impl Rule {
    /// A condition on the row of a call.
    pub fn condition(when: &str) -> Rule {
        Rule::Condition { when: when.to_owned(), arguments: None }
    }

    /// Whether evaluating it takes time in proportion to its input at most. A rule that cannot be
    /// parsed is plain: its error is immediate.
    pub fn is_plain(&self) -> bool {
        match self {
            Rule::Condition { when, .. } => parsed(when).map_or(true, |(query, _)| query.is_plain()),
            Rule::Program(_) => false,
            Rule::Schema(schema) => serde_json::from_str(schema).map_or(true, |schema| is_plain_schema(&schema)),
        }
    }
}

/// Keywords of JSON Schema that visit each part of a value once, or do nothing.
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

/// Whether a schema takes time in proportion to the value: it has no references, alternatives or
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

fn is_met(plan: &Plan, row: &str) -> Result<bool, RuleError> {
    let mut fields = Vec::new();
    let text = row.as_bytes();
    json::pick(text, plan.fields(), &mut fields)
        .map_err(|_| "the call is not a row that could be asked about".to_owned())?;
    let row = Row { text, fields: &fields, place: Place::default(), in_block: false };
    let Some(filter) = plan.filter() else { return Ok(true) };
    let mut eval = plan.eval();
    let met = filter.matches_surely(&row, &mut eval).map_err(|_| "its jq program fails on this call".to_owned())?;
    met.ok_or_else(|| {
        // A call must not escape a rule by a value that the rule cannot compare.
        let question = eval.doubts.of.keys().next().and_then(|question| plan.questions().get(*question));
        let field = question.map_or("a field", |question| &question.field);
        format!("it cannot compare what this call has in `{field}`").into()
    })
}

fn value(program: &Program, globals: &Globals, arguments: &str) -> Result<Option<String>, RuleError> {
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
