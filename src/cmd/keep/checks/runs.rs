//! What runs wait for: calls without a result, undecided requests, silent runs.

use super::{Finding, Level};
use logbook_format::draft::pairs::shell_word;
use logbook_model::Instant;
use logbook_render::cell;
use logbook_view::{Health, Run};

/// The most findings listed per sort.
const LISTED_MAX: usize = 5;
/// A call that takes longer has most likely lost its caller.
const CALL_MS: i64 = 3600 * 1000;
/// A live run writes rows more often.
const SILENT_MS: i64 = 24 * 3600 * 1000;

/// The first few open calls, requests and runs, and the number of the rest.
pub fn waiting(health: Health, now: Instant) -> Vec<Finding> {
    let runs = health.runs.finish();
    let calls = runs.iter().filter(|run| run.calls.count() > 0).map(|run| open_calls(run, now));
    let mut findings =
        first_few(calls, "open_call", "runs have calls without a result", "logbook runs 'open_calls > 0'");
    let requests = health.approvals.open(now).into_iter().map(|request| {
        let age = request.at.map_or_else(String::new, |at| format!(", for {}", cell::span(now.ms_since(at))));
        let what = format!("{} waits for approval{age}: {}", request.name, request.action);
        Finding::new(Level::Note, "open_approval", what).next(format!("logbook show {}", shell_word(&request.name)))
    });
    findings.extend(first_few(
        requests,
        "open_approval",
        "requests wait for approval",
        "logbook runs 'open_approvals > 0'",
    ));
    let silent = |run: &&Run<'_>| {
        let age = run.age_ms(now).unwrap_or(0);
        run.standing().is_some() && run.is_open() && age > SILENT_MS
    };
    let silent = runs.iter().filter(silent).map(|run| {
        let age = cell::span(run.age_ms(now).unwrap_or(0));
        let what = format!("run {} is {} and has been silent for {age}", run.run_id, run.status());
        Finding::new(Level::Warning, "silent_run", what).next(format!("logbook resume {}", shell_word(&run.run_id)))
    });
    findings.extend(first_few(silent, "silent_run", "runs are open and silent", "logbook runs"));
    findings
}

fn open_calls(run: &Run<'_>, now: Instant) -> Finding {
    let age = run.age_ms(now);
    let lost = !run.is_open() || age.is_none_or(|age| age > CALL_MS);
    let level = if lost { Level::Warning } else { Level::Note };
    let unnamed = (run.calls.unnamed > 0).then_some("without an id");
    let named = run.calls.iter().filter(|(_, unpaired)| unpaired.intents > 0).map(|(id, _)| id);
    let names: Vec<&str> = unnamed.into_iter().chain(named).take(LISTED_MAX).collect();
    let open = run.calls.count();
    let more = if open > names.len() as u64 { ", …" } else { "" };
    let s = if open == 1 { "" } else { "s" };
    let newest = age.map_or_else(String::new, |age| format!(", its newest row is {} old", cell::span(age)));
    let what = format!("run {} has {open} call{s} without a result ({}{more}){newest}", run.run_id, names.join(", "));
    Finding::new(level, "open_call", what).count(open).next(format!("logbook show {}", shell_word(&run.run_id)))
}

/// The first few findings, and one with the number of the rest.
fn first_few(all: impl Iterator<Item = Finding>, class: &'static str, are: &str, next: &str) -> Vec<Finding> {
    let mut few: Vec<Finding> = Vec::new();
    let mut count = 0u64;
    let mut level = Level::Note;
    for finding in all {
        count += 1;
        if few.len() < LISTED_MAX {
            few.push(finding);
        } else {
            level = level.min(finding.level);
        }
    }
    if count > few.len() as u64 {
        let more = count - few.len() as u64;
        few.push(Finding::new(level, class, format!("{more} more {are}")).count(more).next(next));
    }
    few
}
