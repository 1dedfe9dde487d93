//! Corrections that have no effect, though whoever wrote them by hand believes so.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::{Finding, Level};
use crate::cmd::Door;
use crate::cmd::shared::reading::{Found, address};
use logbook_format::Correction;
use logbook_format::corrections::{Target, step_of};
use logbook_json as json;
use logbook_model::Address;
use logbook_scan::{self as scan, Source};
use logbook_view::health::Faults;

/// The most corrections listed one by one.
const LISTED_MAX: usize = 5;

/// The first few corrections without effect, with the reason.
pub fn without_effect(found: &Found, faults: &Faults, door: &mut Door<'_>) -> Vec<Finding> {
    let mut idle: Vec<(String, String)> =
        faults.aimless.iter().map(|place| (place.clone(), NO_ROW.to_owned())).collect();
    idle.extend(without_target(found, &faults.corrections, door));
    let finding = |(by, why): &(String, String)| {
        Finding::new(Level::Warning, "idle_correction", format!("the correction {by} has no effect: {why}"))
            .next("logbook query --as-written 'kind = correction'")
    };
    let mut findings: Vec<Finding> = idle.iter().take(LISTED_MAX).map(finding).collect();
    if idle.len() > LISTED_MAX {
        let all = format!("{} corrections have no effect in all", idle.len());
        findings.push(Finding::new(Level::Warning, "idle_correction", all).count(idle.len() as u64));
    }
    findings
}

const NO_ROW: &str = "it names no row, as \"corrects\":\"r-88#3\" does";

/// Corrections whose target does not exist or cannot be corrected. As in a scan, the first of two
/// rows with one name owns it.
fn without_target(found: &Found, wanted: &[Correction], door: &mut Door<'_>) -> Vec<(String, String)> {
    let targets: HashSet<&Address> = wanted.iter().map(|correction| &correction.target).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = Target::FIELDS.iter().chain(&["run_id", "step"]).map(|&name| name.to_owned()).collect();
    const RUN: usize = Target::FIELDS.len();
    let mut rows: HashMap<Address, Target> = HashMap::new();
    // As written, since a retracted row is not seen otherwise.
    let written = Source::as_written(found.inputs.to_vec());
    scan::feed(&written, door.input, &names, false, |row, _, _| {
        let run_id = row.fields[RUN].and_then(json::decode).map(|run| String::from_utf8_lossy(&run).into_owned());
        let step = run_id.zip(step_of(row.fields[RUN + 1])).map(|(run_id, step)| Address::Step { run_id, step });
        for address in step.into_iter().chain(address(&written, row.place)) {
            if targets.contains(&address) {
                rows.entry(address).or_insert_with(|| Target::of(row.fields));
            }
        }
        ControlFlow::Continue(())
    });
    let idle = wanted.iter().filter_map(|correction| {
        let target = &correction.target;
        let why = match rows.get(target) {
            None => format!("there is no row {target}"),
            Some(known) if known.takes(correction) => return None,
            Some(Target::Acts) => format!("{target} acts on a decision, and stays as it was written"),
            Some(Target::Kept) => format!("other rows depend on {target}, so it cannot be retracted"),
            Some(_) => format!("{target} is of a kind that cannot be corrected"),
        };
        Some((correction.by.clone(), why))
    });
    idle.collect()
}
