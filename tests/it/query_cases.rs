//! The cases of `tests/query/*.toml`: a query, rows, and what comes out, or
//! which error. Pure: parse, compile, run in memory.
//!
//! A case: `query` (and `jq`, with `slurp`), `rows` (one a line), then
//! `expect` (one a line, in order) or `error` (a part of the message, and
//! `caret`, the text it points at), `faults` (`row number: part of the message`),
//! `skipped` (numbers of rows that are no objects), `columns`, `notes`.
//! Unless a case says otherwise, now is 2026-04-16T10:00:00Z and the zone UTC.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use logbook_model::{Instant, Zone};
use logbook_query::Query;
use logbook_query::text::parse::{Clause, Input};
use logbook_query::time::Clock;
use logbook_query::{Answer, run_in_memory, run_in_parts};
use logbook_query::{Argument, Context, compile};
use serde::Deserialize;

/// Files beside the cases that other tests read.
const TABLES: [&str; 2] = ["comparison.toml", "jq_reference.toml"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    rows: String,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    query: Option<String>,
    jq: Option<String>,
    #[serde(default)]
    slurp: bool,
    rows: Option<String>,
    expect: Option<String>,
    error: Option<String>,
    caret: Option<String>,
    #[serde(default)]
    faults: Vec<String>,
    #[serde(default)]
    skipped: Vec<u64>,
    notes: Option<Vec<String>>,
    columns: Option<Vec<String>>,
    streaming: Option<bool>,
    zone: Option<String>,
    now: Option<String>,
    #[serde(default)]
    arg: BTreeMap<String, String>,
    #[serde(default)]
    argjson: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, Vec<String>>,
}

fn lines(text: &str) -> Vec<&[u8]> {
    text.lines().filter(|line| !line.trim().is_empty()).map(str::as_bytes).collect()
}

fn texts(rows: &[Vec<u8>]) -> Vec<String> {
    rows.iter().map(|row| String::from_utf8_lossy(row).into_owned()).collect()
}

impl Case {
    fn context(&self) -> Context {
        let now = self.now.as_deref().unwrap_or("2026-04-16T10:00:00Z");
        let zone = self.zone.as_deref().map_or(Zone::UTC, |zone| Zone::parse(zone).unwrap());
        let mut context = Context::new(Clock { now: Instant::parse(now).unwrap(), zone });
        let text = self.arg.iter().map(|(name, text)| (name.clone(), Argument::Text(text.clone())));
        let json = self.argjson.iter().map(|(name, json)| (name.clone(), Argument::Json(json.clone().into_bytes())));
        context.arguments = text.chain(json).collect();
        context.files = self.files.clone();
        context
    }

    /// What went wrong, if anything did.
    fn run(&self, page_rows: &str) -> Result<(), String> {
        let mut input = Input::new();
        if let Some(query) = &self.query {
            input = input.text(query);
        }
        if let Some(jq) = &self.jq {
            input = input.flag(Clause::Jq, "--jq", jq);
        }
        let problems = match input.parse() {
            Ok(query) => match compile(&Query { slurp: self.slurp.then_some(u64::MAX), ..query }, &self.context()) {
                Ok(plan) => return self.judge(&plan, self.rows.as_deref().unwrap_or(page_rows)),
                Err(problems) => problems,
            },
            Err(problems) => problems.list,
        };
        let said: Vec<_> = problems
            .iter()
            .map(|problem| format!("{} | {}", problem.message, problem.hint.as_deref().unwrap_or("")))
            .collect();
        let Some(error) = &self.error else {
            return Err(format!("does not compile: {said:?}"));
        };
        let Some(at) = said.iter().position(|said| said.contains(error.as_str())) else {
            return Err(format!("says {said:?}, not {error:?}"));
        };
        let span = problems[at].span;
        let pointed = &input.source()[span.from..span.to];
        match &self.caret {
            Some(caret) if caret != pointed => Err(format!("points at {pointed:?}, not at {caret:?}")),
            _ => Ok(()),
        }
    }

    fn judge(&self, plan: &logbook_query::Plan, rows: &str) -> Result<(), String> {
        let rows = lines(rows);
        let answer = run_in_memory(plan, rows.iter().copied());
        let wrong = |what: &str, got: String, want: String| Err(format!("{what}:\n  got  {got}\n  want {want}"));
        if let Some(error) = &self.error {
            return wrong("no error", format!("{:?}", texts(&answer.rows)), error.clone());
        }
        let want = lines(self.expect.as_deref().unwrap_or_default());
        if answer.rows != want {
            let want: Vec<_> = want.iter().map(|row| row.to_vec()).collect();
            return wrong("rows", texts(&answer.rows).join("\n       "), texts(&want).join("\n       "));
        }
        let faults: Vec<_> =
            answer.faults.iter().map(|(row, said)| format!("{}: {said}", row.map_or(-1, |row| row as i64))).collect();
        if faults.len() != self.faults.len()
            || faults.iter().zip(&self.faults).any(|(got, want)| {
                !got.starts_with(want.split(": ").next().unwrap()) || !got.contains(want.split(": ").nth(1).unwrap())
            })
        {
            return wrong("faults", format!("{faults:?}"), format!("{:?}", self.faults));
        }
        let skipped: Vec<_> = answer.skipped.iter().map(|(row, _)| *row).collect();
        if skipped != self.skipped {
            return wrong("skipped", format!("{skipped:?}"), format!("{:?}", self.skipped));
        }
        if let Some(columns) = &self.columns
            && plan.columns() != Some(columns)
        {
            return wrong("columns", format!("{:?}", plan.columns()), format!("{columns:?}"));
        }
        if let Some(streaming) = self.streaming
            && plan.is_streaming() != streaming
        {
            return wrong("streaming", plan.is_streaming().to_string(), streaming.to_string());
        }
        if let Some(notes) = &self.notes {
            let got: Vec<_> = answer
                .summary
                .ignored
                .iter()
                .map(|(name, ignored)| format!("{name}: {} {}", ignored.not_numbers, ignored.too_wide))
                .collect();
            if got != *notes {
                return wrong("notes", format!("{got:?}"), format!("{notes:?}"));
            }
        }
        self.split(plan, &rows, &answer)
    }

    /// However rows are split, the answer is the same.
    fn split(&self, plan: &logbook_query::Plan, rows: &[&[u8]], whole: &Answer) -> Result<(), String> {
        for size in [1, 2, 3] {
            let parts = run_in_parts(plan, rows.chunks(size).map(|part| part.iter().copied()));
            if parts.rows != whole.rows || (plan.limit().is_none() && parts.summary != whole.summary) {
                return Err(format!("in parts of {size}: {:?}", texts(&parts.rows)));
            }
        }
        Ok(())
    }
}

#[test]
fn every_case_says_what_it_should() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/query");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    let is_page = |file: &std::path::PathBuf| file.extension().is_some_and(|end| end == "toml");
    for file in files.iter().filter(|file| is_page(file) && !TABLES.iter().any(|table| file.ends_with(table))) {
        let page: Page = toml::from_str(&std::fs::read_to_string(file).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in page.case {
            count += 1;
            if let Err(why) = case.run(&page.rows) {
                wrong.push(format!("{}: {}: {why}", file.file_name().unwrap().to_string_lossy(), case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 150, "only {count} cases");
}
