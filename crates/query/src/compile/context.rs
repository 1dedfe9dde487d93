//! What a query is compiled against: the clock, and the values of its arguments and files.

use std::collections::BTreeMap;

use crate::time::Clock;

/// What a query is compiled against.
#[derive(Debug, Clone)]
pub struct Context {
    /// For `now`, `age`, dates without an offset and time buckets.
    pub clock: Clock,
    /// `--arg` and `--argjson`, by name without the `$`.
    pub arguments: BTreeMap<String, Argument>,
    /// Lines of the files named by `in @file`, by name; `cmd` reads them.
    pub files: BTreeMap<String, Vec<String>>,
    /// The field that holds the time of a row: what `age` counts from.
    pub time: Vec<String>,
    /// Whether rows without a time are counted where a condition asks for it. They are of other
    /// programs.
    pub tells_missing: bool,
}

impl Context {
    /// A clock and nothing else.
    pub fn new(clock: Clock) -> Context {
        Context {
            clock,
            arguments: BTreeMap::new(),
            files: BTreeMap::new(),
            time: vec!["timestamp".to_owned()],
            tells_missing: false,
        }
    }
}

/// The value of a `$name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// `--arg`: text, which a comparison reads like a bare word.
    Text(String),
    /// `--argjson`: one JSON value, checked by the caller.
    Json(Vec<u8>),
}
