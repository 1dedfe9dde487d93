//! What `doctor` finds among the rows: what no writer of ours leaves behind, and
//! corrections that correct nothing.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;

use crate::cmd::Door;
use crate::cmd::reading::{self, Corrections};
use crate::error::Result;
use crate::format::Correction;
use crate::format::corrections::{is_correction, is_target, step_of};
use crate::json;
use crate::model::Address;
use crate::scan;
use crate::store::os_real::REAL;
use crate::store::{self, listing};

/// Findings of one sort that are told one by one, and places of each.
const TOLD_MAX: usize = 5;

/// Segments with one number, and ids on more than one row.
pub(super) fn doubles(directory: &Path) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for names in listing::doubled(&REAL, directory)? {
        let Some((read, others)) = names.split_last() else { continue };
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        told.push(format!("{} and {read} have one number: only {read} is read", others.join(", ")));
    }
    let snapshot = store::snapshot(directory)?;
    let source = scan::corrections::fold_known(directory, &snapshot)?;
    let doubled = scan::doubled_ids(&source, &snapshot)?;
    for double in doubled.iter().take(TOLD_MAX) {
        let rows: Vec<String> = double.rows.iter().take(TOLD_MAX).map(ToString::to_string).collect();
        let more = if double.rows.len() > TOLD_MAX { ", …" } else { "" };
        told.push(format!(
            "id {} stands on {} rows: {}{more}",
            String::from_utf8_lossy(&json::quote(&double.id)),
            double.rows.len(),
            rows.join(", ")
        ));
    }
    if doubled.len() > TOLD_MAX {
        told.push(format!("{} more ids stand on more than one row", doubled.len() - TOLD_MAX));
    }
    Ok(told)
}

/// Corrections that do nothing, the first few with the reason.
pub(super) fn idle_corrections(directory: Option<&Path>, door: &mut Door<'_>) -> Result<Vec<String>> {
    let without = corrections_without_target(directory, door)?;
    let tell = |(by, why): &(String, String)| format!("the correction {by} does nothing: {why}");
    let mut told: Vec<String> = without.iter().take(TOLD_MAX).map(tell).collect();
    if without.len() > TOLD_MAX {
        told.push(format!("{} corrections do nothing in all", without.len()));
    }
    Ok(told)
}

/// Correction rows that correct nothing, by name, and why: whoever wrote them
/// by hand believes that they do. The rows are found as a scan finds them: of
/// two that claim one name the first by position owns it.
fn corrections_without_target(directory: Option<&Path>, door: &mut Door<'_>) -> Result<Vec<(String, String)>> {
    let found = reading::logbook(door, directory, Corrections::AsWritten)?;
    let names = ["kind", "run_id", "step"].map(str::to_owned);
    let mut without = Vec::new();
    let mut wanted: Vec<(String, Address)> = Vec::new();
    scan::feed(&found.inputs, door.input, &names, false, |row, _, _| {
        if is_correction(row.fields[0]) {
            let place = reading::address(&found.inputs, row.place).map_or_else(String::new, |place| place.to_string());
            match Correction::read(row.text, || place.clone()) {
                Some(correction) => wanted.push((correction.by, correction.target)),
                None => without.push((place, "it names no row, as \"corrects\":\"r-88#3\" does".to_owned())),
            }
        }
        ControlFlow::Continue(())
    });
    let targets: HashSet<&Address> = wanted.iter().map(|(_, target)| target).collect();
    if targets.is_empty() {
        return Ok(without);
    }
    // Whether the row of that name may be corrected.
    let mut rows: HashMap<Address, bool> = HashMap::new();
    scan::feed(&found.inputs, door.input, &names, false, |row, _, _| {
        let run_id = row.fields[1].and_then(json::decode).map(|run| String::from_utf8_lossy(&run).into_owned());
        let step = run_id.zip(step_of(row.fields[2])).map(|(run_id, step)| Address::Step { run_id, step });
        for address in step.into_iter().chain(reading::address(&found.inputs, row.place)) {
            if targets.contains(&address) {
                rows.entry(address).or_insert_with(|| is_target(row.fields[0]));
            }
        }
        ControlFlow::Continue(())
    });
    for (by, target) in &wanted {
        match rows.get(target) {
            Some(true) => {}
            Some(false) => without.push((by.clone(), format!("{target} is of a kind that cannot be corrected"))),
            None => without.push((by.clone(), format!("there is no row {target}"))),
        }
    }
    Ok(without)
}
