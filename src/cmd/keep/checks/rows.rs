//! The pass over all rows, and faults of single rows.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::secrets::{Redactors, Search};
use super::{Finding, Level, corrections, runs};
use crate::cmd::Door;
use crate::cmd::shared::reading::{self, Corrections, Found, address};
use logbook_format::draft::pairs::shell_word;
use logbook_json as json;
use logbook_model::error::Result;
use logbook_model::{Address, Field, Instant, Vocabulary};
use logbook_query::{Place, Row};
use logbook_scan::{self as scan, Class, Entry, Ids, Source, Task, Threads, Wanted};
use logbook_store::Place as StoredPlace;
use logbook_store::{Input, Location};
use logbook_view::Health;
use logbook_view::facts::{Facts, Picked};
use logbook_view::health::{self, FIELDS, Faults, Tally};

/// The most findings listed per sort, and the most places per finding.
const LISTED_MAX: usize = 5;

/// Checks every row of the logbook at `location`, for secrets too if `redactors` has rules. Gives
/// the number of rows.
pub fn examine(location: &Location, redactors: &Redactors, door: &mut Door<'_>) -> Result<(u64, Vec<Finding>)> {
    let found = reading::logbook_at(location, Corrections::Shown, None)?;
    let now = door.now()?;
    let vocabulary = found.vocabulary.clone();
    let names = FIELDS.to_names();
    let inputs = &found.inputs;
    let (mut health, mut ids, mut search) = (Health::default(), Ids::default(), redactors.begin());
    let wanted = Wanted { names: &names, strict: true, ..Wanted::default() };
    let threads = Threads { count: reading::cores(), stack_bytes: None, begun: &|| {} };
    let job = Job { inputs, redactors, vocabulary: &vocabulary, now };
    let scanned = scan::in_parallel(inputs, &mut *door.input, wanted, threads, &job, |part| {
        health.join(part.health);
        ids.join(part.ids);
        search.join(part.search);
        ControlFlow::Continue(())
    });
    for (place, taken) in inputs.retracted() {
        search.row(&taken.row, place);
        let mut values = Vec::new();
        if let Some(address) = address(inputs, place)
            && json::pick(&taken.row, &["id"], &mut values).is_ok()
        {
            note_id(&mut ids, values[0], &address);
        }
    }
    let secrets = match search.failed {
        Some(error) => return Err(error),
        None => search.secrets,
    };
    let mut findings = skipped(&found, scanned.skipped.into_entries(), &health.faults);
    findings.extend(doubled(ids, &found)?);
    findings.extend(shapes(&found, &health.faults));
    findings.extend(secrets.iter().map(|(kind, tally)| {
        let s = if tally.count == 1 { "" } else { "s" };
        let what =
            format!("{} secret{s} of kind {kind} in rows: rows stay as written, so change the secrets", tally.count);
        about(&found, Level::Warning, "secret", what, tally)
    }));
    findings.extend(corrections::without_effect(&found, &health.faults, door));
    findings.extend(runs::waiting(health, now));
    Ok((scanned.rows, findings))
}

/// What each thread does with the rows it reads.
struct Job<'j> {
    inputs: &'j Source,
    redactors: &'j Redactors,
    vocabulary: &'j Vocabulary,
    now: Instant,
}

/// The result for some of the rows.
struct Part<'j> {
    health: health::HealthPart<'j>,
    ids: Ids,
    search: Search,
}

impl<'j> Task for Job<'j> {
    type Part = Part<'j>;
    type Done = Part<'j>;

    fn begin(&self) -> Part<'j> {
        let health = health::HealthPart::new(self.vocabulary, self.now);
        Part { health, ids: Ids::default(), search: self.redactors.begin() }
    }

    fn row(
        &self,
        part: &mut Part<'j>,
        row: &Row<'_>,
        _: &mut dyn FnMut(Part<'j>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // The file still has the row as written, secrets included, even if it was corrected.
        let written = self.inputs.corrected(row.place).map_or(row.text, |corrected| &corrected.row);
        part.search.row(written, row.place);
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
        self.redactors.end(&mut part.search);
        part
    }
}

fn note_id(ids: &mut Ids, id: Option<&[u8]>, address: &Address) {
    if let Address::Place { segment, offset } = address {
        ids.push(id, StoredPlace { segment: *segment, offset: *offset });
    }
}

/// Lines that readers skip. Lines that a writer closed and recorded were never acknowledged.
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
        let is_recorded = |(offset, _): &(u64, String)| {
            let covers = |row: &logbook_view::health::Closed| {
                row.segment == number && (row.offset..row.offset.saturating_add(row.bytes)).contains(offset)
            };
            faults.closed.iter().any(covers)
        };
        let before = entry.places.len();
        entry.places.retain(|place| !is_recorded(place));
        let recorded = (before - entry.places.len()) as u64;
        closed += recorded;
        entry.count -= recorded;
        if entry.count == 0 {
            continue;
        }
        let level = match entry.class {
            Class::Deleted => Level::Note,
            Class::Unreadable => Level::Warning,
            _ => Level::Damage,
        };
        let s = if entry.count == 1 { "" } else { "s" };
        let what = match entry.class {
            Class::BadArchive => format!("{}: {}", entry.class.says(), entry.short_of()),
            Class::Unreadable | Class::Deleted => entry.class.says().to_owned(),
            class => format!("{} line{s} that readers skip, {}", entry.count, class.says()),
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
        let places = entry.places.iter().take(LISTED_MAX).map(|(offset, _)| (file.clone(), *offset)).collect();
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

/// Ids that more than one row has.
fn doubled(ids: Ids, found: &Found) -> Result<Vec<Finding>> {
    let doubled = ids.duplicates(&found.snapshot)?;
    let mut findings: Vec<Finding> = Vec::new();
    for double in doubled.iter().take(LISTED_MAX) {
        let rows: Vec<String> = double.rows.iter().take(LISTED_MAX).map(ToString::to_string).collect();
        let more = if double.rows.len() > LISTED_MAX { ", …" } else { "" };
        let id = json::quote(&double.id);
        let what =
            format!("id {} is on {} rows: {}{more}", String::from_utf8_lossy(&id), double.rows.len(), rows.join(", "));
        let next = rows.last().map_or_else(String::new, |row| format!("logbook show {row}"));
        findings.push(Finding::new(Level::Damage, "doubled_id", what).count(double.rows.len() as u64).next(next));
    }
    if doubled.len() > LISTED_MAX {
        let more = doubled.len() - LISTED_MAX;
        let what = format!("{more} more ids are on more than one row");
        findings.push(Finding::new(Level::Damage, "doubled_id", what).count(more as u64));
    }
    Ok(findings)
}

/// Rows that `append` would refuse, and rows with a wrong clock.
fn shapes(found: &Found, faults: &Faults) -> Vec<Finding> {
    let warn = |class: &'static str, what: String, tally: &Tally| about(found, Level::Warning, class, what, tally);
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
        ("clock_back", &faults.back, "with a time long before that of the previous row"),
        ("clock_ahead", &faults.ahead, "with a time in the future"),
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

/// A finding about the rows of a tally. The next command shows the first of them.
fn about(found: &Found, level: Level, class: &'static str, what: String, tally: &Tally) -> Finding {
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

/// The path of a file within the logbook.
fn within(directory: &Path, file: &str) -> String {
    let path = Path::new(file).strip_prefix(directory).unwrap_or(Path::new(file));
    path.display().to_string()
}
