//! The pass over all rows, and what is wrong with single ones.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::secrets::{Redactors, Sought};
use super::{Finding, Level, corrections, runs};
use crate::cmd::Door;
use crate::cmd::shared::reading::{self, Corrections, Found, address};
use logbook_format::draft::pairs::shell_word;
use logbook_json as json;
use logbook_model::error::Result;
use logbook_model::{Address, Field, Instant, Vocabulary};
use logbook_query::{Place, Row};
use logbook_scan::{self as scan, Class, Entry, Ids, Source, Task, Threads, Wanted};
use logbook_store::index::Place as Stands;
use logbook_store::{Input, Location};
use logbook_view::Health;
use logbook_view::facts::{Facts, Picked};
use logbook_view::health::{self, FIELDS, Faults, Tally};

/// Findings of one sort that are told one by one, and places of each.
const TOLD_MAX: usize = 5;

/// Looks at every row of the logbook at `location`, for secrets with `redactors`. Gives how many
/// there are.
pub fn examine(location: &Location, redactors: &Redactors, door: &mut Door<'_>) -> Result<(u64, Vec<Finding>)> {
    let found = reading::logbook_at(location, Corrections::Shown, None)?;
    let now = door.now()?;
    let vocabulary = found.vocabulary.clone();
    let names = FIELDS.to_names();
    let inputs = &found.inputs;
    let (mut health, mut ids, mut sought) = (Health::default(), Ids::default(), redactors.begin());
    let wanted = Wanted { names: &names, strict: true, ..Wanted::default() };
    let threads = Threads { count: reading::cores(), stack_bytes: None, begun: &|| {} };
    let job = Job { inputs, redactors, vocabulary: &vocabulary, now };
    let scanned = scan::in_parallel(inputs, &mut *door.input, wanted, threads, &job, |part| {
        health.join(part.health);
        ids.join(part.ids);
        sought.join(part.sought);
        ControlFlow::Continue(())
    });
    for (place, taken) in inputs.retracted() {
        sought.row(&taken.row, place);
        let mut values = Vec::new();
        if let Some(address) = address(inputs, place)
            && json::pick(&taken.row, &["id"], &mut values).is_ok()
        {
            note_id(&mut ids, values[0], &address);
        }
    }
    let secrets = match sought.failed {
        Some(error) => return Err(error),
        None => sought.secrets,
    };
    let mut findings = skipped(&found, scanned.skipped.into_entries(), &health.faults);
    findings.extend(doubled(ids, &found)?);
    findings.extend(shapes(&found, &health.faults));
    findings.extend(secrets.iter().map(|(kind, tally)| {
        let s = if tally.count == 1 { "" } else { "s" };
        let what = format!("{} secret{s} of kind {kind} in rows: what was written stays, so change them", tally.count);
        of(&found, Level::Warning, "secret", what, tally)
    }));
    findings.extend(corrections::idle(&found, &health.faults, door));
    findings.extend(runs::waiting(health, now));
    Ok((scanned.rows, findings))
}

/// What each thread does with the rows that it reads.
struct Job<'j> {
    inputs: &'j Source,
    redactors: &'j Redactors,
    vocabulary: &'j Vocabulary,
    now: Instant,
}

/// What came of some of them.
struct Part<'j> {
    health: health::Part<'j>,
    ids: Ids,
    sought: Sought,
}

impl<'j> Task for Job<'j> {
    type Part = Part<'j>;
    type Done = Part<'j>;

    fn begin(&self) -> Part<'j> {
        let health = health::Part::new(self.vocabulary, self.now);
        Part { health, ids: Ids::default(), sought: self.redactors.begin() }
    }

    fn row(
        &self,
        part: &mut Part<'j>,
        row: &Row<'_>,
        _: &mut dyn FnMut(Part<'j>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // The file has the secrets, whatever is said of the row since.
        let written = self.inputs.corrected(row.place).map_or(row.text, |corrected| &corrected.row);
        part.sought.row(written, row.place);
        if let Some(address) = address(self.inputs, row.place) {
            part.health.push(row, &address);
            note_id(&mut part.ids, Picked::new(&FIELDS, row.fields).raw(Field::Id), &address);
        }
        ControlFlow::Continue(())
    }

    fn joins(&self) -> bool {
        true
    }

    fn so_far(&self, _: &mut Part<'j>) -> Option<Part<'j>> {
        None
    }

    fn end(&self, mut part: Part<'j>) -> Part<'j> {
        self.redactors.end(&mut part.sought);
        part
    }
}

fn note_id(ids: &mut Ids, id: Option<&[u8]>, address: &Address) {
    if let Address::Place { segment, offset } = address {
        ids.push(id, Stands { segment: *segment, offset: *offset });
    }
}

/// Lines that no reader takes for rows. Those that a writer closed and told of were never
/// acknowledged.
fn skipped(found: &Found, entries: Vec<Entry>, faults: &Faults) -> Vec<Finding> {
    let by_name: HashMap<String, &logbook_store::Segment> = found
        .inputs
        .iter()
        .filter_map(|input| match input {
            Input::Segment(segment) => Some((input.name(), segment)),
            _ => None,
        })
        .collect();
    let (mut findings, mut closed) = (Vec::new(), 0);
    for mut entry in entries {
        let number = by_name.get(&entry.file).map_or(0, |segment| segment.number);
        let told = |(offset, _): &(u64, String)| {
            let holds = |row: &logbook_view::health::Closed| {
                row.segment == number && (row.offset..row.offset.saturating_add(row.bytes)).contains(offset)
            };
            faults.closed.iter().any(holds)
        };
        let before = entry.places.len();
        entry.places.retain(|place| !told(place));
        let mended = (before - entry.places.len()) as u64;
        closed += mended;
        entry.count -= mended;
        if entry.count == 0 {
            continue;
        }
        let level = if entry.class == Class::Unreadable { Level::Warning } else { Level::Damage };
        let s = if entry.count == 1 { "" } else { "s" };
        let what = match entry.class {
            Class::BadArchive => format!("{}: {}", entry.class.says(), entry.short_of()),
            Class::Unreadable => entry.class.says().to_owned(),
            class => format!("{} line{s} that no reader takes, {}", entry.count, class.says()),
        };
        let detail = entry.places.first().map_or("", |(_, detail)| detail);
        let what = if detail.is_empty() { what } else { format!("{what} ({detail})") };
        let offset = entry.places.first().map_or(0, |(offset, _)| *offset);
        let next = match entry.class {
            Class::Unreadable => format!("ls -l {}", shell_word(&entry.file)),
            Class::Torn | Class::NotJson | Class::NotObject if !entry.file.ends_with(".zst") => {
                format!("tail -c +{} {} | head -n 1", offset + 1, shell_word(&entry.file))
            }
            _ => "logbook verify".to_owned(),
        };
        let file = within(&found.path, &entry.file);
        let places = entry.places.iter().take(TOLD_MAX).map(|(offset, _)| (file.clone(), *offset)).collect();
        findings.push(Finding::new(level, entry.class.name(), what).count(entry.count).at(places).next(next));
    }
    if closed > 0 {
        let what = format!("{closed} torn rows were closed by a later writer; none of them was acknowledged");
        findings.push(
            Finding::new(Level::Note, "closed", what)
                .count(closed)
                .next("logbook query --run _logbook 'kind = repair'"),
        );
    }
    findings
}

/// Ids on more than one row.
fn doubled(ids: Ids, found: &Found) -> Result<Vec<Finding>> {
    let doubled = ids.doubled(&found.snapshot)?;
    let mut findings: Vec<Finding> = Vec::new();
    for double in doubled.iter().take(TOLD_MAX) {
        let rows: Vec<String> = double.rows.iter().take(TOLD_MAX).map(ToString::to_string).collect();
        let more = if double.rows.len() > TOLD_MAX { ", …" } else { "" };
        let id = json::quote(&double.id);
        let what = format!(
            "id {} stands on {} rows: {}{more}",
            String::from_utf8_lossy(&id),
            double.rows.len(),
            rows.join(", ")
        );
        let next = rows.last().map_or_else(String::new, |row| format!("logbook show {row}"));
        findings.push(Finding::new(Level::Damage, "doubled_id", what).count(double.rows.len() as u64).next(next));
    }
    if doubled.len() > TOLD_MAX {
        let more = doubled.len() - TOLD_MAX;
        let what = format!("{more} more ids stand on more than one row");
        findings.push(Finding::new(Level::Damage, "doubled_id", what).count(more as u64));
    }
    Ok(findings)
}

/// Rows that `append` would refuse, and clocks.
fn shapes(found: &Found, faults: &Faults) -> Vec<Finding> {
    let warn = |class: &'static str, what: String, tally: &Tally| of(found, Level::Warning, class, what, tally);
    let mut findings = Vec::new();
    for (sort, tally) in faults.refused.iter() {
        let why = match tally.count {
            1 => tally.first.clone(),
            _ if tally.first == sort => sort.to_owned(),
            _ => format!("{sort} (the first: {})", tally.first),
        };
        let what = format!("append would refuse {}: {why}", rows(tally.count));
        findings.push(warn("schema", what, tally));
    }
    let sorts = [
        ("blocked", &faults.blocked, "blocked without blocked_on"),
        ("clock_back", &faults.back, "with a time far before that of the row before"),
        ("clock_ahead", &faults.ahead, "with a time that is still to come"),
    ];
    for (class, tally, words) in sorts {
        if tally.count > 0 {
            let like = if tally.first.is_empty() { String::new() } else { format!(" ({})", tally.first) };
            findings.push(warn(class, format!("{} {words}{like}", rows(tally.count)), tally));
        }
    }
    findings
}

fn rows(count: u64) -> String {
    format!("{count} row{}", if count == 1 { "" } else { "s" })
}

/// A finding about the rows of a tally; next, the first of them is looked at.
fn of(found: &Found, level: Level, class: &'static str, what: String, tally: &Tally) -> Finding {
    let inputs: &Source = &found.inputs;
    let file = |place: &Place| {
        let name = inputs.get(place.input as usize).map_or_else(String::new, Input::name);
        (within(&found.path, &name), place.offset)
    };
    let first = tally.places.first().and_then(|place| address(inputs, *place));
    let next = first.map_or_else(String::new, |address| match class {
        "blocked" => format!("logbook amend {address} blocked_on='who or what' --why 'it was left out'"),
        _ => format!("logbook show {address}"),
    });
    Finding::new(level, class, what).count(tally.count).at(tally.places.iter().map(file).collect()).next(next)
}

/// The name of a file within the logbook.
fn within(directory: &Path, file: &str) -> String {
    let path = Path::new(file).strip_prefix(directory).unwrap_or(Path::new(file));
    path.display().to_string()
}
