//! Conditions over rows, compiled: literals read, fields numbered, nothing
//! allocated for a row that has no escapes and no jq.
//!
//! A comparison with a missing field is false, `!=`, `!~` and `not in`
//! included; on an array `=` and its like ask for any element, and their
//! opposites for none.

use std::ops::ControlFlow;

use crate::query::eval::compare::Matcher;
use crate::query::eval::path::{Path, leaves_of};
use crate::query::eval::source::{Eval, Fault};
use crate::query::row::Row;

/// A condition.
#[derive(Debug, Clone)]
pub enum Predicate {
    /// All hold.
    And(Box<[Predicate]>),
    /// One holds.
    Or(Box<[Predicate]>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// The field is there.
    Has(Path),
    /// A comparison of a field.
    Field(Path, Test),
    /// A comparison of what a jq program gives: any of its outputs.
    Jq(usize, Test),
    /// The first output of a jq program is neither false nor null.
    JqTruth(usize),
}

/// A comparison without its left side.
#[derive(Debug, Clone)]
pub struct Test {
    /// What makes one value a match.
    pub matcher: Matcher,
    /// `!=`, `!~`, `not in`: no value may be a match.
    pub negated: bool,
    /// `all(…)`: there is a value, and every one is a match (or none, negated).
    pub all: bool,
}

/// What a test has seen of a row so far.
#[derive(Default)]
struct Seen {
    found: bool,
    failed: bool,
    any: bool,
}

impl Test {
    fn see(&self, seen: &mut Seen, value: &[u8]) -> ControlFlow<()> {
        seen.any = true;
        let found = self.matcher.matches(value);
        seen.found |= found;
        seen.failed |= found == self.negated;
        let decided = if self.all { seen.failed } else { seen.found };
        if decided { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn verdict(&self, seen: &Seen, present: bool, missing: bool) -> bool {
        if self.all {
            seen.any && !seen.failed && !missing
        } else if self.negated {
            present && !seen.found
        } else {
            seen.found
        }
    }
}

impl Predicate {
    /// Whether it holds for `row`. Fails only where a jq program does.
    pub fn matches(&self, row: &Row<'_>, eval: &mut Eval<'_>) -> Result<bool, Fault> {
        match self {
            Predicate::And(parts) => {
                for part in parts {
                    if !part.matches(row, eval)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Predicate::Or(parts) => {
                for part in parts {
                    if part.matches(row, eval)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Predicate::Not(part) => Ok(!part.matches(row, eval)?),
            Predicate::Has(path) => Ok(path.is_present(row)),
            Predicate::Field(path, test) => {
                let mut seen = Seen::default();
                let reach = path.leaves(row, |value| test.see(&mut seen, value));
                Ok(test.verdict(&seen, reach.present, reach.missing))
            }
            Predicate::Jq(program, test) => {
                let mut seen = Seen::default();
                let mut present = false;
                eval.jq(*program, row, &mut |output| {
                    present = true;
                    leaves_of(output, &mut |value| test.see(&mut seen, value))
                })?;
                Ok(test.verdict(&seen, present, false))
            }
            Predicate::JqTruth(program) => {
                let mut truth = false;
                eval.jq(*program, row, &mut |output| {
                    truth = output != b"false" && output != b"null";
                    ControlFlow::Break(())
                })?;
                Ok(truth)
            }
        }
    }

    /// Whether a jq program is part of it: such parts are asked last.
    pub fn uses_jq(&self) -> bool {
        match self {
            Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(Predicate::uses_jq),
            Predicate::Not(part) => part.uses_jq(),
            Predicate::Jq(..) | Predicate::JqTruth(_) => true,
            Predicate::Has(_) | Predicate::Field(..) => false,
        }
    }
}
