//! Runs a plan on rows in memory, in one fold. It is also the reference for what `scan` does in
//! parallel over files.

use std::ops::ControlFlow;

use logbook_json::ObjectFault;
use logbook_json::frame::pick;

use crate::row::{Place, Row};
use crate::stage::Plan;
use crate::stage::{Fold, Out, Summary};

/// The answer to a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The results as JSON texts.
    pub rows: Vec<Vec<u8>>,
    /// Rows on which a jq program failed: the row's number from 0, or `None` for a program that
    /// takes all rows, and the message.
    pub faults: Vec<(Option<u64>, String)>,
    /// Rows that are not JSON objects, by number from 0.
    pub skipped: Vec<(u64, ObjectFault)>,
    /// What else is to be reported.
    pub summary: Summary,
}

/// Runs `plan` on `rows`; the place of a row is its number.
pub fn run_in_memory<'a>(plan: &Plan, rows: impl IntoIterator<Item = &'a [u8]>) -> Answer {
    run_in_parts(plan, [rows])
}

/// Runs `plan` on rows in parts: a fold for each, merged in order. The answer is that of
/// [`run_in_memory`].
pub fn run_in_parts<'a, R: IntoIterator<Item = &'a [u8]>>(plan: &Plan, parts: impl IntoIterator<Item = R>) -> Answer {
    let mut answer = Answer::default();
    let (results, faults) = (&mut answer.rows, &mut answer.faults);
    let limit = plan.limit().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let mut out = Out {
        sink: &mut |row, _| {
            // Each fold of a streaming plan stops at the limit by itself.
            if results.len() < limit {
                results.push(row.to_vec());
            }
            ControlFlow::Continue(())
        },
        fault: &mut |place, message| faults.push((place.map(|place| place.offset), message.to_owned())),
    };
    let mut whole = Fold::new(plan);
    let mut fields = Vec::new();
    let mut number = 0;
    for rows in parts {
        let mut fold = Fold::new(plan);
        let mut open = true;
        for text in rows {
            let place = Place { input: 0, offset: number };
            number += 1;
            if !open {
                continue;
            }
            match pick(text, plan.fields(), &mut fields) {
                Ok(()) => {
                    open = fold.push(&Row { text, fields: &fields, place, in_block: false }, &mut out).is_continue()
                }
                Err(fault) => answer.skipped.push((place.offset, fault)),
            }
        }
        whole.merge(fold.into_held());
    }
    answer.summary = whole.finish(&mut out);
    answer
}
