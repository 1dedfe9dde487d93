//! Compiled conditions on rows: literals are read, fields are numbered, and nothing is allocated
//! for a row without escapes and jq.
//!
//! A comparison with a missing field is false, also with `!=`, `!~` and `not in`. On an array, `=`
//! and similar operators are true if any element matches, and their opposites if none does.
//!
//! A comparison with a value that it cannot read is false. Beside its truth, a condition reports
//! whether that could have changed the result ([`Verdict`]): such a row is skipped, and counted.
//! Neither the order of conditions nor a prefilter changes which rows these are.

use std::ops::ControlFlow;

use crate::eval::compare::{Comparison, Matcher};
use crate::eval::path::{Path, Reach, leaves_of};
use crate::eval::source::{Eval, Fault};
use crate::row::Row;

/// A condition.
#[derive(Debug, Clone)]
pub enum Predicate {
    /// All of them hold.
    And(Box<[Predicate]>),
    /// At least one of them holds.
    Or(Box<[Predicate]>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// The field is present, null included.
    Has(Path),
    /// A comparison of a field.
    Field(Path, Test),
    /// A comparison of any output of a jq program, by its index.
    Jq(usize, Test),
    /// The first output of a jq program is neither false nor null.
    JqTruth(usize),
}

/// A comparison without its left side.
#[derive(Debug, Clone)]
pub struct Test {
    /// The operator and its literal.
    pub(crate) matcher: Matcher,
    /// `!=`, `!~`, `not in`: no value may match.
    pub negated: bool,
    /// `all(…)`: there is a value, and every one matches (or none, if negated).
    pub all: bool,
    /// Rows without the field are skipped and counted as well: a query for a period assumes that
    /// all rows have a time.
    pub reports_missing: bool,
    /// The index of the question that values must answer.
    pub question: usize,
}

/// The result of a condition for one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub holds: bool,
    /// Whether the result is the same whatever the unreadable values mean.
    pub sure: bool,
}

impl Verdict {
    const fn sure(holds: bool) -> Verdict {
        Verdict { holds, sure: true }
    }

    fn decides(self, all: bool) -> bool {
        self.sure && self.holds != all
    }
}

/// At most this many bytes of an unreadable value are kept as an example.
const SAMPLE_BYTES_MAX: usize = 1 << 10;

/// What a test has seen of a row so far.
#[derive(Default)]
struct Seen {
    found: bool,
    failed: bool,
    any: bool,
    unreadable: bool,
}

impl Test {
    #[inline]
    fn see(&self, seen: &mut Seen, value: &[u8]) -> ControlFlow<()> {
        seen.any = true;
        let comparison = self.matcher.evaluate(value);
        let found = comparison == Comparison::Yes;
        seen.unreadable |= comparison == Comparison::Unreadable;
        seen.found |= found;
        seen.failed |= found == self.negated && (comparison != Comparison::Unreadable || self.negated);
        let decided = if self.all { seen.failed } else { seen.found };
        if decided { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn verdict(&self, seen: &Seen, reach: Reach) -> Verdict {
        if self.reports_missing && reach.missing && !seen.found {
            return Verdict { holds: false, sure: false };
        }
        if self.all {
            let holds = seen.any && !seen.failed && !reach.missing;
            let unreadable = seen.unreadable && holds;
            return Verdict { holds: holds && (self.negated || !unreadable), sure: !unreadable };
        }
        let sure = seen.found || !seen.unreadable;
        Verdict { holds: if self.negated { reach.present && !seen.found } else { seen.found }, sure }
    }

    /// The first value that cannot be read, among those that `walk` visits.
    fn unreadable(&self, walk: impl FnOnce(&mut dyn FnMut(&[u8]) -> ControlFlow<()>)) -> Option<Box<[u8]>> {
        let mut found = None;
        walk(&mut |value| {
            if self.matcher.evaluate(value) == Comparison::Unreadable {
                found = Some(value.get(..SAMPLE_BYTES_MAX).unwrap_or(value).into());
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        found
    }
}

impl Predicate {
    /// Whether it holds for `row`. A row that is skipped because of an unreadable value is noted in
    /// `eval`. Fails only if a jq program does.
    #[inline]
    pub fn matches(&self, row: &Row<'_>, eval: &mut Eval<'_>) -> Result<bool, Fault> {
        let verdict = self.verdict(row, eval, true)?;
        if !verdict.holds && !verdict.sure {
            self.note_doubts(row, eval);
        }
        Ok(verdict.holds)
    }

    /// The same for callers that must not guess: `None` if the result depends on a value that
    /// cannot be read.
    pub fn matches_surely(&self, row: &Row<'_>, eval: &mut Eval<'_>) -> Result<Option<bool>, Fault> {
        let verdict = self.verdict(row, eval, true)?;
        if !verdict.sure {
            self.note_doubts(row, eval);
        }
        Ok(verdict.sure.then_some(verdict.holds))
    }

    /// Without `runs_jq`, programs are not run, and their result is not sure.
    fn verdict(&self, row: &Row<'_>, eval: &mut Eval<'_>, runs_jq: bool) -> Result<Verdict, Fault> {
        match self {
            Predicate::And(parts) => Predicate::joined(parts, true, row, eval, runs_jq),
            Predicate::Or(parts) => Predicate::joined(parts, false, row, eval, runs_jq),
            Predicate::Not(part) => {
                let verdict = part.verdict(row, eval, runs_jq)?;
                Ok(Verdict { holds: !verdict.holds, ..verdict })
            }
            Predicate::Has(path) => Ok(Verdict::sure(path.is_present(row))),
            Predicate::Field(path, test) => {
                let mut seen = Seen::default();
                let reach = path.leaves(row, |value| test.see(&mut seen, value));
                Ok(test.verdict(&seen, reach))
            }
            Predicate::Jq(..) | Predicate::JqTruth(_) if !runs_jq => Ok(Verdict { holds: false, sure: false }),
            Predicate::Jq(program, test) => {
                let mut seen = Seen::default();
                let mut present = false;
                eval.jq(*program, row, &mut |output| {
                    present = true;
                    leaves_of(output, &mut |value| test.see(&mut seen, value))
                })?;
                Ok(test.verdict(&seen, Reach { present, missing: false }))
            }
            Predicate::JqTruth(program) => {
                let mut truth = false;
                eval.jq(*program, row, &mut |output| {
                    truth = output != b"false" && output != b"null";
                    ControlFlow::Break(())
                })?;
                Ok(Verdict::sure(truth))
            }
        }
    }

    /// Whether all parts hold, or one. A result that is not sure may still be decided by a later
    /// part, but not by a jq program: none is run once the truth alone is decided.
    fn joined(
        parts: &[Predicate],
        all: bool,
        row: &Row<'_>,
        eval: &mut Eval<'_>,
        runs_jq: bool,
    ) -> Result<Verdict, Fault> {
        let mut joined = Verdict::sure(all);
        for part in parts {
            let verdict = part.verdict(row, eval, runs_jq && joined.holds == all)?;
            if verdict.decides(all) {
                return Ok(verdict);
            }
            joined.sure &= verdict.sure;
            if verdict.holds != all {
                joined.holds = verdict.holds;
            }
        }
        Ok(joined)
    }

    /// Notes every test that could not read a value of a skipped row.
    #[cold]
    fn note_doubts(&self, row: &Row<'_>, eval: &mut Eval<'_>) {
        let mut found = Vec::new();
        self.doubts(row, eval, &mut found);
        eval.doubts.note(row, found);
    }

    fn doubts(&self, row: &Row<'_>, eval: &mut Eval<'_>, found: &mut Vec<(usize, Option<Box<[u8]>>)>) {
        match self {
            Predicate::And(parts) | Predicate::Or(parts) => {
                parts.iter().for_each(|part| part.doubts(row, eval, found));
            }
            Predicate::Not(part) => part.doubts(row, eval, found),
            Predicate::Field(path, test) => {
                let value = test.unreadable(|visit| {
                    path.leaves(row, visit);
                });
                let reports_missing = test.reports_missing && !path.is_present(row);
                if reports_missing || value.is_some() {
                    found.push((test.question, value));
                }
            }
            Predicate::Jq(program, test) => {
                let value = test.unreadable(|visit| {
                    let _ = eval.jq(*program, row, &mut |output| leaves_of(output, &mut |value| visit(value)));
                });
                if value.is_some() {
                    found.push((test.question, value));
                }
            }
            Predicate::Has(_) | Predicate::JqTruth(_) => {}
        }
    }

    /// Whether it runs a jq program. Such parts are evaluated last.
    pub(crate) fn uses_jq(&self) -> bool {
        match self {
            Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(Predicate::uses_jq),
            Predicate::Not(part) => part.uses_jq(),
            Predicate::Jq(..) | Predicate::JqTruth(_) => true,
            Predicate::Has(_) | Predicate::Field(..) => false,
        }
    }

    /// Whether there are values that it cannot read.
    pub(crate) fn may_doubt(&self) -> bool {
        match self {
            Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(Predicate::may_doubt),
            Predicate::Not(part) => part.may_doubt(),
            Predicate::Field(_, test) | Predicate::Jq(_, test) => test.matcher.may_doubt() || test.reports_missing,
            Predicate::Has(_) | Predicate::JqTruth(_) => false,
        }
    }
}
