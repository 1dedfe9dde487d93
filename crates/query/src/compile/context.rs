//! What a query is compiled against: the clock, and the values of its arguments and files.

use std::collections::BTreeMap;

use crate::time::Clock;

/// What a query is compiled against.
#[derive(Debug, Clone)]
pub struct Context {
    /// The clock for `now`, `age`, dates without an offset and time buckets.
    pub clock: Clock,
    /// The values of `--arg` and `--argjson`, by name without the `$`.
    pub arguments: BTreeMap<String, Argument>,
    /// The lines of the files that `in @file` names, by name. The caller reads them.
    pub files: BTreeMap<String, Vec<String>>,
    /// The path of the field that holds the time of a row, from which `age` counts.
    pub time: Vec<String>,
    /// Whether rows without a time are reported if a condition needs one. Set for rows that other
    /// programs wrote.
    pub reports_missing: bool,
}

impl Context {
    /// A context with a clock, without arguments and files.
    pub fn new(clock: Clock) -> Context {
        Context {
            clock,
            arguments: BTreeMap::new(),
            files: BTreeMap::new(),
            time: vec!["timestamp".to_owned()],
            reports_missing: false,
        }
    }
}

/// The value of `$name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// `--arg`: text, which a comparison reads like a bare word.
    Text(String),
    /// `--argjson`: one JSON value. The caller validates it.
    Json(Vec<u8>),
}
