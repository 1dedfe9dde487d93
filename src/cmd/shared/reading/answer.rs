//! What comes out of a query, on its way to the reader: judged, printed or
//! counted, with an account of what is to be said beside it.

use std::collections::{BTreeSet, HashMap};
use std::io::BufRead;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::cmd::Door;
use crate::cmd::guard::bounds::too_much_to_slurp;
use crate::cmd::shared::reading;
use crate::cmd::shared::reading::job::{Job, Part, put_out};
use crate::cmd::shared::reading::live::{Interrupt, Live};
use crate::cmd::shared::reading::passed_over;
use crate::cmd::shared::reading::unknown;
use logbook_json as json;
use logbook_model::Stands;
use logbook_model::error::{Error, Result};
use logbook_query::eval::path::Path;
use logbook_query::text::check;
use logbook_query::{Out, Place, Plan, Query, Row, Summary};
use logbook_render::{Output, Rows, Unshown};
use logbook_scan::{self as scan, Class, Scanned, Source, Threads, Wanted};
use logbook_store::{Input, os_real};

/// What is printed of the results.
pub enum Printing {
    /// Each of them.
    Rows(Box<Rows>),
    /// How many there are.
    Count,
    /// Nothing: the exit status says whether there is one.
    Nothing,
}

/// The results of one query.
pub struct Answer {
    printing: Printing,
    moved: Option<Moved>,
    /// How many came out.
    pub written: u64,
    /// Fields of the query that no standard names, and where they are.
    pub doubted: Vec<(Vec<String>, Path)>,
    /// Which of them some row had.
    pub seen: Vec<bool>,
    /// Fields that occur in some rows of what cannot be read again.
    pub sample: BTreeSet<Vec<String>>,
    /// Lines of that were passed over unseen.
    pub partly: bool,
    /// Rows on which a jq program failed.
    pub faults: u64,
    /// It failed on every row that it was asked.
    pub all_failed: bool,
    /// Ctrl-C ended the reading.
    pub interrupted: bool,
    /// What is to be said beside them.
    pub notes: Vec<String>,
}

/// How long a writer sends nothing before a person is shown what it sent.
const REST: Duration = Duration::from_millis(100);
/// How many rows a jq program failed on are told one by one.
pub(super) const FAULTS_TOLD: u64 = 3;

impl Answer {
    /// Nothing yet. With `moved` the reader is told of rows whose runs have moved on.
    pub fn new(query: &Query, plan: &Plan, printing: Printing, moved: Option<Moved>) -> Answer {
        let moved = moved.filter(|_| plan.passes_rows_on());
        let unknown = check::unknown_paths(query).into_iter();
        let doubted: Vec<_> = unknown.filter_map(|path| Some((path.keys.clone(), plan.path(&path.keys)?))).collect();
        Answer {
            printing,
            moved,
            written: 0,
            seen: vec![false; doubted.len()],
            doubted,
            sample: BTreeSet::new(),
            partly: false,
            faults: 0,
            all_failed: false,
            interrupted: false,
            notes: Vec::new(),
        }
    }

    /// Feeds the rows of `inputs` through the plan to the reader.
    pub fn scan(
        &mut self,
        inputs: &Source,
        plan: &Plan,
        strict: bool,
        threads: Threads<'_>,
        door: &mut Door<'_>,
    ) -> Result<Scanned> {
        let wonder = self.moved.is_some();
        let reads_once = inputs.iter().any(|input| input.is_once());
        let names = Moved::names(plan, wonder, reads_once);
        let slots = Moved::FIELDS.map(|field| names.iter().position(|name| name == field).unwrap_or(usize::MAX));
        let counts_only = !matches!(self.printing, Printing::Rows(_));
        let doubted: Vec<Path> = self.doubted.iter().map(|(_, path)| path.clone()).collect();
        let wonder_at = wonder.then_some(slots);
        let job = Job { plan, wonder: wonder_at, strict, counts: counts_only, doubted: &doubted, samples: reads_once };
        let literal = plan.literal().filter(|_| !wonder);
        let probe = plan.probe().filter(|_| !wonder);
        // What comes through a pipe cannot be counted again.
        let counts = reads_once;
        let wanted =
            Wanted { names: &names, strict, literals: literal.as_slice(), probe: probe.as_ref(), counts, mends: true };
        let mut all = plan.fold();
        let mut shown: Vec<(Vec<u8>, Place)> = Vec::new();
        let mut mended: Vec<(Place, String)> = Vec::new();
        let mut failed = None;
        let streaming = plan.is_streaming();
        let live = streaming && inputs.iter().any(Input::is_once);
        let watched = door.out.is_terminal();
        let pipes = inputs.iter().any(|input| matches!(input, Input::Pipe(_)));
        let Door { input, out: writer, .. } = door;
        // Where nobody watches, Ctrl-C is for all programs of a pipeline.
        let catches = watched && inputs.iter().any(|input| matches!(input, Input::Stdin));
        let interrupt = catches.then(Interrupt::catch).and_then(std::io::Result::ok);
        let pressed = interrupt.as_ref().map(Interrupt::pressed);
        let mut live_input;
        let stdin: &mut dyn BufRead = match interrupt {
            Some(interrupt) => {
                live_input = Live::new(&mut **input, interrupt);
                &mut live_input
            }
            None => &mut **input,
        };
        let mut scanned = scan::in_parallel(inputs, stdin, wanted, threads, &job, |part| {
            let Part { held, results, seen, moved, faults, faults_told, mended: more, sample, .. } = part;
            for (all, seen) in self.seen.iter_mut().zip(seen) {
                *all |= seen;
            }
            self.sample.extend(sample.paths().cloned());
            if let Some(all) = &mut self.moved {
                all.join(moved);
            }
            mended.extend(more);
            self.note_faults(inputs, faults, &faults_told);
            all.merge(held);
            if let Some(most) = plan.slurp_bytes_max().filter(|_| all.is_too_much()) {
                failed = Some(too_much_to_slurp(most));
                return ControlFlow::Break(());
            }
            let mut flow = ControlFlow::Continue(());
            for (text, place) in results.iter() {
                if streaming && plan.limit().is_some_and(|limit| self.written >= limit) {
                    return ControlFlow::Break(());
                }
                if wonder && shown.len() < Moved::ROWS_MAX {
                    shown.extend(place.and_then(|place| Some((run_of(text)?, place))));
                }
                flow = self.put(text, place, inputs, writer, &mut failed);
                if flow.is_break() {
                    return flow;
                }
            }
            // What a slow writer sent is seen before this waits for more. A table is drawn when the
            // writer rests: each part of it is fitted alone.
            let rest = if watched { REST } else { Duration::ZERO };
            if live && (pipes || !os_real::stdin_is_ready(rest)) {
                let drawn = match &mut self.printing {
                    Printing::Rows(rows) => rows.pause(writer).map_err(|error| Error::output(&error)),
                    Printing::Count | Printing::Nothing => Ok(()),
                };
                if let Err(error) = drawn.and_then(|()| writer.flush()) {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            if strict && self.faults > 0 { ControlFlow::Break(()) } else { flow }
        });
        self.interrupted = pressed.is_some_and(|pressed| pressed.load(Ordering::Relaxed));
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let mut faults = Vec::new();
        let whole = plan.passes_rows_on();
        let summary = all.finish(&mut Out {
            sink: &mut |text, place| {
                let Some(at) = place.filter(|_| whole) else {
                    return self.put(text, place, inputs, &mut door.out, &mut failed);
                };
                let text = if counts_only { text.into() } else { put_out(text, at, &mut mended) };
                if wonder && shown.len() < Moved::ROWS_MAX {
                    shown.extend(run_of(&text).map(|run| (run, at)));
                }
                self.put(&text, place, inputs, &mut door.out, &mut failed)
            },
            fault: &mut |place, message| faults.push((place, message.to_owned())),
        });
        self.note_faults(inputs, faults.len() as u64, &faults);
        if let Some(error) = failed {
            return Err(error);
        }
        let asked = if summary.passed > 0 { summary.passed } else { scanned.rows };
        self.all_failed = self.faults > 0 && (self.faults >= asked || (plan.is_slurp() && self.written == 0));
        if plan.asks_standing() && summary.newest == 0 && scanned.rows > 0 {
            self.notes.push(
                "no row says where a run stands (run_id and status); --latest-by FIELD gives the newest row for each value"
                    .to_owned(),
            );
        }
        mended.extend(summary.mended.iter().map(|(place, fault)| (*place, scan::not_json(fault).1)));
        mended.sort();
        mended.dedup_by_key(|(place, _)| *place);
        self.note_summary(plan, summary, strict);
        if let Some(moved) = &mut self.moved {
            let stopped = streaming && plan.limit().is_some_and(|limit| self.written >= limit);
            moved.look_on(inputs, &shown, stopped, door);
            self.notes.extend(moved.note(&shown));
        }
        for (place, detail) in mended {
            let name = inputs.get(place.input as usize).map_or_else(String::new, Input::name);
            scanned.mended.add(&name, Class::NotJson, place.offset, detail);
        }
        self.notes.extend(scanned.mended.mended_lines());
        let not_all = literal.is_some() || probe.is_some() || plan.fields_at_once().len() < plan.fields().len();
        self.partly = scanned.partly && reads_once;
        if not_all || inputs.all_left_out().next().is_some() {
            self.look_for_fields(inputs, door);
        }
        Ok(scanned)
    }

    /// Hands one result to the reader.
    fn put(
        &mut self,
        text: &[u8],
        place: Option<Place>,
        inputs: &Source,
        writer: &mut Output<'_>,
        failed: &mut Option<Error>,
    ) -> ControlFlow<()> {
        self.written += 1;
        match &mut self.printing {
            Printing::Nothing => ControlFlow::Break(()),
            Printing::Count => ControlFlow::Continue(()),
            Printing::Rows(rows) => {
                let address = place.and_then(|place| reading::address(inputs, place));
                match rows.push(text, address, writer) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        *failed = Some(Error::output(&error));
                        ControlFlow::Break(())
                    }
                }
            }
        }
    }

    /// Which of the doubted fields occur, where only some rows were looked at, or only for some
    /// fields.
    fn look_for_fields(&mut self, inputs: &Source, door: &mut Door<'_>) {
        if !self.seen.contains(&false) {
            return;
        }
        let (names, paths) = unknown::slots(self.doubted.iter().map(|(keys, _)| keys));
        let seen = &mut self.seen;
        scan::feed(&inputs.again(), door.input, &names, false, |row, _, _| {
            for (seen, path) in seen.iter_mut().zip(&paths) {
                *seen = *seen || path.is_present(row);
            }
            if seen.contains(&false) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }

    fn note_faults(&mut self, inputs: &Source, count: u64, told: &[(Option<Place>, String)]) {
        for (place, message) in told.iter().take(FAULTS_TOLD.saturating_sub(self.faults) as usize) {
            let input = place.and_then(|place| Some((inputs.get(place.input as usize)?, place.offset)));
            let at = input.map_or_else(String::new, |(input, offset)| match scan::line_of(input, offset) {
                Some(line) => format!("{} at line {line} (byte {offset}): ", input.name()),
                None => format!("{} at byte {offset}: ", input.name()),
            });
            self.notes.push(format!("{at}jq: {message}"));
        }
        self.faults += count;
    }

    fn note_summary(&mut self, plan: &Plan, summary: Summary, strict: bool) {
        let (notes, faults) = (&mut self.notes, self.faults);
        if strict && faults > 0 {
            notes.push("stopped at a row on which jq failed (--strict)".to_owned());
        } else if faults > FAULTS_TOLD {
            notes.push(format!("jq failed on {faults} rows in all"));
        }
        notes.extend(passed_over::notes(plan, &summary.doubts));
        for (column, ignored) in summary.ignored {
            if ignored.not_numbers > 0 {
                notes.push(format!("{column}: {} values are not numbers and were left out", ignored.not_numbers));
            }
            if ignored.other_units > 0 {
                notes.push(format!(
                    "{column}: {} values of another unit, or with one beside numbers, were left out",
                    ignored.other_units
                ));
            }
            if ignored.too_wide > 0 {
                notes.push(format!("{column}: the numbers lie too far apart for an exact sum"));
            }
        }
    }

    /// Prints what is left.
    pub fn end(&mut self, door: &mut Door<'_>) -> Result<()> {
        let ended = match &mut self.printing {
            Printing::Rows(rows) => rows.finish(&mut door.out),
            Printing::Count => return door.out.line(&self.written.to_string()),
            Printing::Nothing => return Ok(()),
        };
        let unshown = ended.map_err(|error| Error::output(&error))?;
        let is_told = |unshown: &Unshown| unshown.is_data || door.err.is_terminal();
        self.notes.extend(unshown.filter(is_told).map(|unshown| unshown.text));
        Ok(())
    }
}

fn run_of(text: &[u8]) -> Option<Vec<u8>> {
    let mut values = Vec::new();
    json::pick(text, &["run_id", "status"], &mut values).ok()?;
    values[1]?;
    Some(json::decode(values[0]?)?.into_owned())
}

/// Rows shown to a person that no longer say where their run stands: a search
/// for `status=blocked` finds rows of runs that went on long ago.
#[derive(Debug, Default)]
pub struct Moved {
    /// Of each run the rows that may say it, those of one part of the input as one.
    standing: HashMap<Vec<u8>, Vec<Stands<Place>>>,
}

impl Moved {
    const FIELDS: [&str; 3] = ["run_id", "kind", "status"];
    /// Rows beyond this are shown without being looked after.
    const ROWS_MAX: usize = 10_000;

    /// The plan's fields, and those asked here. Each name once: a row's field is picked into one
    /// place. `all`: also those that are not asked of every row, since none can be read again.
    fn names(plan: &Plan, wonder: bool, all: bool) -> Vec<String> {
        let mut names = if wonder || all { plan.fields() } else { plan.fields_at_once() }.to_vec();
        for field in Moved::FIELDS.iter().filter(|_| wonder) {
            if !names.iter().any(|name| name == field) {
                names.push((*field).to_owned());
            }
        }
        names
    }

    pub(super) fn push(&mut self, row: &Row<'_>, [run, kind, status]: [usize; 3]) {
        let Some(says) = row.says(kind, status) else { return };
        let Some(run) = row.field(run).and_then(json::decode) else { return };
        match self.standing.get_mut(&*run) {
            Some(parts) => parts.iter_mut().for_each(|part| {
                part.put(says, row.place);
            }),
            None => {
                let mut part = Stands::default();
                part.put(says, row.place);
                self.standing.insert(run.into_owned(), vec![part]);
            }
        }
    }

    /// Takes in what stands in other rows.
    pub(super) fn join(&mut self, other: Moved) {
        for (run, rows) in other.standing {
            self.standing.entry(run).or_default().extend(rows);
        }
    }

    /// Reads on for rows of later standing in segments that were left out: no further than the scan
    /// would have read.
    fn look_on(&mut self, inputs: &Source, shown: &[(Vec<u8>, Place)], stopped: bool, door: &mut Door<'_>) {
        let Some(first) = shown.iter().map(|(_, place)| place.input).min() else { return };
        let last = shown.iter().map(|(_, place)| place.input).max().filter(|_| stopped);
        let unread = inputs.of_left_out(first..last.unwrap_or(u32::MAX));
        let names = Moved::FIELDS.map(str::to_owned);
        let mut found = Moved::default();
        scan::feed(&unread, door.input, &names, false, |row, _, _| {
            found.push(row, [0, 1, 2]);
            ControlFlow::Continue(())
        });
        self.join(found);
    }

    fn note(&self, shown: &[(Vec<u8>, Place)]) -> Option<String> {
        // What came after an end says nothing of where the run stands, either.
        let is_gone = |stands: &Stands<Place>, place: Place| {
            stands.newest().is_some_and(|stood| stood.row > place || (stood.row < place && stands.ended()))
        };
        // The segments that were left out lie between the others.
        let stands = |parts: &Vec<Stands<Place>>| {
            let mut parts = parts.clone();
            parts.sort_by_key(|part| part.newest().map(|stood| stood.row));
            parts
                .into_iter()
                .reduce(|mut all, part| {
                    all.join(part);
                    all
                })
                .unwrap_or_default()
        };
        let stands: HashMap<&Vec<u8>, Stands<Place>> =
            self.standing.iter().map(|(run, parts)| (run, stands(parts))).collect();
        let gone = shown.iter().filter(|(run, place)| stands.get(run).is_some_and(|it| is_gone(it, *place)));
        let gone = gone.count();
        let of = shown.len();
        (gone > 0).then(|| {
            format!("{gone} of these {of} rows are of runs that have moved on; --latest shows where they stand")
        })
    }
}
