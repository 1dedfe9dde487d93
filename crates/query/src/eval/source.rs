//! What evaluation needs beside the row: the clock, the jq programs of the plan, and this thread's
//! session with them. And the sources of columns: what `group_by`, `summarize`, `sort_by` and
//! `select` take from a row.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::ast::Every;
use crate::eval::bucket;
use crate::eval::doubts::Doubts;
use crate::eval::path::{Path, leaves_of};
use crate::eval::value::time_of;
use crate::jq::program::{Program, Session};
use crate::row::Row;
use crate::time::Clock;
use logbook_json::string::quote_into;

/// The message of a jq program that failed on a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub String);

/// What one thread needs to evaluate conditions and columns.
pub struct Eval<'p> {
    pub(crate) programs: &'p [Program],
    pub(crate) session: Session,
    pub(crate) clock: Clock,
    /// Rows that were skipped so far.
    pub doubts: Doubts,
}

impl Eval<'_> {
    /// Begins another row, or the same row in another stage.
    pub(crate) fn next_row(&mut self) {
        self.session.next_row();
    }

    /// Runs the program with this index on the row.
    pub(crate) fn jq(
        &mut self,
        program: usize,
        row: &Row<'_>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        match self.programs.get(program) {
            Some(program) => self.session.run(program, row.text, visit).map_err(Fault),
            None => Ok(()),
        }
    }
}

/// Where a column's value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A field.
    Path(Path),
    /// Milliseconds from the timestamp to the query's now, and the index of the question.
    Age(Path, usize),
    /// The first output of a jq program.
    Jq(usize),
    /// The time bucket of a field, and the index of the question.
    Bucket(Path, Every, usize),
}

impl Source {
    /// The value as JSON text; `None` if the row has none.
    pub fn value<'a>(&self, row: &Row<'a>, eval: &mut Eval<'_>) -> Result<Option<Cow<'a, [u8]>>, Fault> {
        Ok(match self {
            Source::Path(path) => path.value(row),
            Source::Age(path, question) => {
                let age = first_time(path, *question, row, eval).map(|at| eval.clock.now.ms_since(at));
                age.map(|ms| ms.to_string().into_bytes().into())
            }
            Source::Bucket(path, every, question) => {
                let at = first_time(path, *question, row, eval);
                let text = at.and_then(|at| bucket::start(at, *every, &eval.clock.zone));
                text.map(|text| logbook_json::quote(&text).into())
            }
            Source::Jq(program) => {
                let mut value = None;
                eval.jq(*program, row, &mut |output| {
                    value = Some(output.to_vec().into());
                    ControlFlow::Break(())
                })?;
                value
            }
        })
    }

    /// The slot of the field, if it is a top-level field of the row.
    #[inline]
    pub(crate) fn slot(&self) -> Option<usize> {
        match self {
            Source::Path(path) if path.rest.is_empty() => Some(path.slot),
            _ => None,
        }
    }

    /// The value, if it is a top-level field of the row.
    #[inline]
    pub(crate) fn field<'a>(&self, row: &Row<'a>) -> Option<&'a [u8]> {
        row.field(self.slot()?)
    }

    /// Visits each value, and the elements of arrays; of a jq program, each output.
    #[inline]
    pub(crate) fn each(&self, row: &Row<'_>, eval: &mut Eval<'_>, mut visit: impl FnMut(&[u8])) -> Result<(), Fault> {
        if let Some(value @ [b'"' | b'0'..=b'9', ..]) = self.field(row) {
            visit(value);
            return Ok(());
        }
        self.each_of_any(row, eval, &mut visit)
    }

    fn each_of_any(&self, row: &Row<'_>, eval: &mut Eval<'_>, visit: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        let mut visit = |value: &[u8]| {
            visit(value);
            ControlFlow::Continue(())
        };
        match self {
            Source::Path(path) => {
                path.leaves(row, visit);
            }
            Source::Jq(program) => eval.jq(*program, row, &mut |output| leaves_of(output, &mut visit))?,
            Source::Age(..) | Source::Bucket(..) => {
                if let Some(value) = self.value(row, eval)? {
                    let _ = visit(&value);
                }
            }
        }
        Ok(())
    }
}

/// A column of the output: its name, and where its value comes from.
#[derive(Debug, Clone)]
pub(crate) struct NamedSource {
    pub name: String,
    /// `"name":`, as a member of an object begins.
    pub member: Vec<u8>,
    pub source: Source,
}

impl NamedSource {
    pub(crate) fn new(name: String, source: Source) -> NamedSource {
        let mut member = Vec::new();
        quote_into(&name, &mut member);
        member.push(b':');
        NamedSource { name, member, source }
    }
}

/// The first time in a field. A field that has values but no time is noted.
fn first_time(path: &Path, question: usize, row: &Row<'_>, eval: &mut Eval<'_>) -> Option<logbook_model::Instant> {
    let mut found = None;
    let mut unreadable = None;
    path.leaves(row, |value| {
        found = time_of(value, &eval.clock.zone);
        if found.is_some() {
            return ControlFlow::Break(());
        }
        unreadable = unreadable.or((value != b"null").then_some(value));
        ControlFlow::Continue(())
    });
    if let (None, Some(value)) = (found, unreadable) {
        eval.doubts.note_bucket(question, row, value.get(..1 << 10).unwrap_or(value));
    }
    found
}
