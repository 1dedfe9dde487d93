//! Gathering a few whole rows out of many, in order, for commands about single runs. Literals find
//! the candidates, on all cores.

use std::ops::ControlFlow;

use super::conditions::one_of;
use super::{Corrections, Found, Reading, cores, logbook_for, require, wording};
use crate::cmd::Door;
use logbook_json::bits::RowValidator;
use logbook_json::{self as json, Limits};
use logbook_model::Instant;
use logbook_model::error::Result;
use logbook_query::ast::Expr;
use logbook_query::{Place, Plan, Query, Row, literal_of};
use logbook_scan::{self as scan, Class, Scanned, Source, Task, Threads, Wanted};
use logbook_store::Input;

/// A row that was gathered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatheredRow {
    /// Where it is in the inputs.
    pub place: Place,
    /// The row with its corrections applied.
    pub text: Vec<u8>,
}

/// The literals of which a row with one of `texts` must contain one; empty if there is no such
/// rule.
pub fn literals(texts: &[String]) -> Vec<Vec<u8>> {
    let literals: Option<Vec<_>> = texts.iter().map(|text| literal_of(text.as_bytes())).collect();
    literals.unwrap_or_default()
}

/// The rows that contain one of `literals`, if there are any, and that pass the predicate of their
/// thread, which `predicate` makes. It is given the fields `names` of each row.
pub fn gather<K: FnMut(&Row<'_>) -> bool>(
    inputs: &Source,
    names: &[String],
    literals: &[Vec<u8>],
    strict: bool,
    door: &mut Door<'_>,
    predicate: impl Fn() -> K + Sync,
) -> (Vec<GatheredRow>, Scanned) {
    let task = Gather { predicate };
    let wanted = Wanted { names, strict, literals, ..Wanted::default() };
    let threads = Threads { count: cores(), stack_bytes: None, begun: &|| {} };
    let (mut all, mut damaged) = (Vec::new(), Vec::new());
    let mut scanned = scan::in_parallel(inputs, &mut *door.input, wanted, threads, &task, |(rows, more)| {
        all.extend(rows);
        damaged.extend(more);
        ControlFlow::Continue(())
    });
    for (place, detail) in damaged {
        let name = inputs.get(place.input as usize).map_or_else(String::new, Input::name);
        scanned.skipped.add(&name, Class::NotJson, place.offset, detail);
    }
    (all, scanned)
}

/// The rows that pass the filter of `plan`, which only passes rows with one of `texts`.
pub fn passing(
    inputs: &Source,
    plan: &Plan,
    texts: &[String],
    strict: bool,
    door: &mut Door<'_>,
) -> (Vec<GatheredRow>, Scanned) {
    gather(inputs, plan.fields(), &literals(texts), strict, door, || {
        let mut eval = plan.eval();
        // Conditions made of flags contain no jq, and so cannot fail.
        move |row: &Row<'_>| plan.filter().is_none_or(|filter| filter.matches(row, &mut eval).unwrap_or(false))
    })
}

/// A plan for the rows of `runs` within the times of the flags, and with `children` for the rows
/// that name one of them as their parent.
pub fn plan_of(runs: &[String], children: bool, reading: &Reading, door: &Door<'_>) -> Result<Plan> {
    let clock = reading.clock(door)?;
    let mut query = Query::default();
    reading.narrow(&mut query, &clock)?;
    let fields = if children { &["run_id", "parent_run_id"][..] } else { &["run_id"] };
    let mut named: Vec<Expr> = fields.iter().map(|field| one_of(field, runs)).collect();
    require(&mut query, if named.len() == 1 { named.remove(0) } else { Expr::Or(named) });
    wording::plain(&query, "", &clock)
}

/// A test whether an instant is within the times of the flags.
pub fn times(reading: &Reading, door: &Door<'_>) -> Result<impl Fn(Option<Instant>) -> bool + use<>> {
    let clock = reading.clock(door)?;
    let mut query = Query::default();
    Reading { run: None, ..reading.clone() }.narrow(&mut query, &clock)?;
    let plan = wording::plain(&query, "", &clock)?;
    Ok(move |at: Option<Instant>| {
        let text = at.map(|at| format!("\"{at}\""));
        let fields = [text.as_deref().map(str::as_bytes)];
        let row = Row { text: b"{}", fields: &fields, place: Place::default(), in_block: false };
        plan.filter().is_none_or(|filter| filter.matches(&row, &mut plan.eval()).unwrap_or(false))
    })
}

/// Opens the logbook and gathers the rows of `runs`. Segments that cannot contain them are pruned.
pub fn rows_of(runs: &[String], reading: &Reading, door: &mut Door<'_>) -> Result<(Found, Vec<GatheredRow>, Scanned)> {
    let plan = plan_of(runs, false, reading, door)?;
    let mut pruning = reading.pruning(plan.requirement());
    let corrections = Corrections::wanted(reading, &Query::default());
    let found = logbook_for(door, reading, corrections, pruning.as_mut())?;
    let inputs = found.inputs.clone();
    let inputs = match pruning {
        Some(pruning) => pruning.apply(inputs, &found.path, cores()),
        None => inputs,
    };
    let (rows, scanned) = passing(&inputs, &plan, runs, reading.strict, door);
    Ok((found, rows, scanned))
}

struct Gather<F> {
    predicate: F,
}

/// Gathered rows, and rows that are not valid JSON with the reasons.
type Gathered = (Vec<GatheredRow>, Vec<(Place, String)>);

impl<K: FnMut(&Row<'_>) -> bool, F: Fn() -> K + Sync> Task for Gather<F> {
    type Part = (K, Gathered, RowValidator);
    type Done = Gathered;

    fn begin(&self) -> Self::Part {
        ((self.predicate)(), Gathered::default(), RowValidator::default())
    }

    fn row(
        &self,
        (passes, (rows, damaged), judge): &mut Self::Part,
        row: &Row<'_>,
        _: &mut dyn FnMut(Gathered) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if passes(row) {
            let judged = if judge.is_valid(row.text) { Ok(()) } else { json::validate(row.text, Limits::GRAMMAR) };
            match judged {
                Ok(()) => rows.push(GatheredRow { place: row.place, text: row.text.to_vec() }),
                Err(fault) => damaged.push((row.place, scan::not_json(&fault).1)),
            }
        }
        ControlFlow::Continue(())
    }

    fn so_far(&self, _: &mut Self::Part) -> Option<Gathered> {
        None
    }

    fn end(&self, (_, part, _): Self::Part) -> Gathered {
        part
    }
}
