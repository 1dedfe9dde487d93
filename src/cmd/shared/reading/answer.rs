//! The results of a query on their way to the reader: printed or counted, with the notes that are
//! printed beside them.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::interruptible::{Interrupt, Interruptible};
use super::job::{self, FAULTS_REPORTED_MAX, Job, Mended, as_json};
use super::outdated::{Outdated, Printed, run_of};
use super::{address, mismatches};
use crate::cmd::Door;
use crate::cmd::shared::guard::bounds::too_much_to_slurp;
use logbook_model::error::{Error, Result};
use logbook_query::eval::path::Path;
use logbook_query::text::check;
use logbook_query::{Fold, Out, Place, Plan, Query, Summary};
use logbook_render::{Output, Rows, Unshown};
use logbook_scan::{self as scan, Class, Scanned, Source, Threads, Wanted};
use logbook_store::{Input, os_real};

/// What is printed of the results.
pub enum Printing {
    /// All of them.
    Rows(Box<Rows>),
    /// Their number.
    Count,
    /// Nothing: the exit status says whether there is one.
    Nothing,
}

/// The results of one query.
pub struct Answer {
    printing: Printing,
    outdated: Option<Outdated>,
    /// The number of results.
    pub written: u64,
    /// The fields of the query that are not standard fields, and where they are in a row.
    pub doubted: Vec<(Vec<String>, Path)>,
    /// For each of those, whether some row has it.
    pub seen: Vec<bool>,
    /// Fields of some rows of inputs that cannot be read twice.
    pub sample: BTreeSet<Vec<String>>,
    /// Lines of such an input were skipped unseen.
    pub partly: bool,
    /// The number of rows on which a jq program failed.
    pub faults: u64,
    /// The program failed on every row.
    pub all_failed: bool,
    /// Ctrl-C ended the reading.
    pub interrupted: bool,
    /// Notes to print beside the results.
    pub notes: Vec<String>,
}

/// How long a writer must be silent before a table of what it sent is drawn.
const REST: Duration = Duration::from_millis(100);

/// What does not change while one query is answered.
struct Scan<'s, 'p> {
    inputs: &'s Source,
    plan: &'p Plan,
    /// Printed rows are compared with newer ones.
    compares: bool,
    strict: bool,
    streaming: bool,
}

impl Scan<'_, '_> {
    /// Whether `written` results are as many as the query wants.
    fn is_enough(&self, written: u64) -> bool {
        self.streaming && self.plan.limit().is_some_and(|limit| written >= limit)
    }
}

/// What the parts of a scan add up to.
struct Total<'p> {
    fold: Fold<'p>,
    printed: Vec<Printed>,
    mended: Vec<Mended>,
    failed: Option<Error>,
}

impl Answer {
    /// No results yet. If `compares`, a note says how many printed rows are of runs that have moved
    /// on.
    pub fn new(query: &Query, plan: &Plan, printing: Printing, compares: bool) -> Answer {
        let unknown = check::unknown_paths(query).into_iter();
        let doubted: Vec<_> = unknown.filter_map(|path| Some((path.keys.clone(), plan.path(&path.keys)?))).collect();
        Answer {
            printing,
            outdated: (compares && plan.passes_rows_on()).then(Outdated::default),
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
        let compares = self.outdated.is_some();
        let reads_once = inputs.iter().any(|input| input.is_once());
        let scan = Scan { inputs, plan, compares, strict, streaming: plan.is_streaming() };
        let names = Outdated::names(plan, compares, reads_once);
        let slots = Outdated::FIELDS.map(|field| names.iter().position(|name| name == field).unwrap_or(usize::MAX));
        let doubted: Vec<Path> = self.doubted.iter().map(|(_, path)| path.clone()).collect();
        let job = Job {
            plan,
            status_slots: compares.then_some(slots),
            strict,
            counts: !matches!(self.printing, Printing::Rows(_)),
            doubted: &doubted,
            samples: reads_once,
        };
        let literal = plan.literal().filter(|_| !compares);
        let probe = plan.probe().filter(|_| !compares);
        let wanted = Wanted {
            names: &names,
            strict,
            literals: literal.as_slice(),
            probe: probe.as_ref(),
            // What comes through a pipe cannot be counted again.
            counts: reads_once,
            mends: true,
        };
        let mut total =
            Total { fold: logbook_query::Fold::new(plan), printed: Vec::new(), mended: Vec::new(), failed: None };
        let mut scanned = self.scan_parts(&scan, wanted, threads, &job, &mut total, door)?;
        let (printed, mended) = self.finish_fold(&scan, total, scanned.rows, door)?;
        if let Some(outdated) = &mut self.outdated {
            outdated.read_pruned(inputs, &printed, scan.is_enough(self.written), door);
            self.notes.extend(outdated.note(&printed));
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

    /// Scans on all threads, and prints the results of a streaming plan as they come.
    fn scan_parts<'p>(
        &mut self,
        scan: &Scan<'_, 'p>,
        wanted: Wanted<'_>,
        threads: Threads<'_>,
        job: &Job<'p>,
        total: &mut Total<'p>,
        door: &mut Door<'_>,
    ) -> Result<Scanned> {
        let inputs = scan.inputs;
        let live = scan.streaming && inputs.iter().any(Input::is_once);
        let watched = door.out.is_terminal();
        let pipes = inputs.iter().any(|input| matches!(input, Input::Pipe(_)));
        let Door { input, out: writer, .. } = door;
        // Where nobody watches, Ctrl-C is for all programs of a pipeline.
        let catches = watched && inputs.iter().any(|input| matches!(input, Input::Stdin));
        let interrupt = catches.then(Interrupt::catch).and_then(std::io::Result::ok);
        let pressed = interrupt.as_ref().map(Interrupt::pressed);
        let mut interruptible;
        let stdin: &mut dyn BufRead = match interrupt {
            Some(interrupt) => {
                interruptible = Interruptible::new(&mut **input, interrupt);
                &mut interruptible
            }
            None => &mut **input,
        };
        let scanned = scan::in_parallel(inputs, stdin, wanted, threads, job, |part| {
            let flow = self.take_part(scan, part, total, writer);
            if flow.is_break() {
                return flow;
            }
            // Print what a slow writer sent before waiting for more. A table is drawn only when the
            // writer rests, since the columns of each part of it are fitted alone.
            let rest = if watched { REST } else { Duration::ZERO };
            if live && (pipes || !os_real::stdin_is_ready(rest)) {
                let drawn = match &mut self.printing {
                    Printing::Rows(rows) => rows.pause(writer).map_err(|error| Error::output(&error)),
                    Printing::Count | Printing::Nothing => Ok(()),
                };
                if let Err(error) = drawn.and_then(|()| writer.flush()) {
                    total.failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            if scan.strict && self.faults > 0 { ControlFlow::Break(()) } else { flow }
        });
        self.interrupted = pressed.is_some_and(|pressed| pressed.load(Ordering::Relaxed));
        match total.failed.take() {
            Some(error) => Err(error),
            None => Ok(scanned),
        }
    }

    /// Adds what one thread found in some rows.
    fn take_part(
        &mut self,
        scan: &Scan<'_, '_>,
        part: job::Part,
        total: &mut Total<'_>,
        writer: &mut Output<'_>,
    ) -> ControlFlow<()> {
        for (all, seen) in self.seen.iter_mut().zip(&part.seen) {
            *all |= seen;
        }
        self.sample.extend(part.sample.paths().cloned());
        if let Some(all) = &mut self.outdated {
            all.join(part.outdated);
        }
        total.mended.extend(part.mended);
        self.note_faults(scan.inputs, part.faults, &part.first_faults);
        total.fold.merge(part.held);
        if let Some(most) = scan.plan.slurp_bytes_max().filter(|_| total.fold.is_too_much()) {
            total.failed = Some(too_much_to_slurp(most));
            return ControlFlow::Break(());
        }
        for (text, place) in part.results.iter() {
            if scan.is_enough(self.written) {
                return ControlFlow::Break(());
            }
            if scan.compares && total.printed.len() < Outdated::ROWS_MAX {
                total.printed.extend(place.and_then(|place| Some((run_of(text)?, place))));
            }
            self.put(text, place, scan.inputs, writer, &mut total.failed)?;
        }
        ControlFlow::Continue(())
    }

    /// Prints what the plan held back until all `rows` were read, and notes what it left out. Gives
    /// the printed rows, and those that were not JSON throughout.
    fn finish_fold(
        &mut self,
        scan: &Scan<'_, '_>,
        total: Total<'_>,
        rows: u64,
        door: &mut Door<'_>,
    ) -> Result<(Vec<Printed>, Vec<Mended>)> {
        let (plan, inputs) = (scan.plan, scan.inputs);
        let Total { fold, mut printed, mut mended, mut failed } = total;
        let mut faults = Vec::new();
        let whole = plan.passes_rows_on();
        let counts_only = !matches!(self.printing, Printing::Rows(_));
        let summary = fold.finish(&mut Out {
            sink: &mut |text, place| {
                let Some(at) = place.filter(|_| whole) else {
                    return self.put(text, place, inputs, &mut door.out, &mut failed);
                };
                let text = if counts_only { text.into() } else { as_json(text, at, &mut mended) };
                if scan.compares && printed.len() < Outdated::ROWS_MAX {
                    printed.extend(run_of(&text).map(|run| (run, at)));
                }
                self.put(&text, place, inputs, &mut door.out, &mut failed)
            },
            fault: &mut |place, message| faults.push((place, message.to_owned())),
        });
        self.note_faults(inputs, faults.len() as u64, &faults);
        if let Some(error) = failed {
            return Err(error);
        }
        let asked = if summary.passed > 0 { summary.passed } else { rows };
        self.all_failed = self.faults > 0 && (self.faults >= asked || (plan.is_slurp() && self.written == 0));
        if plan.asks_standing() && summary.newest == 0 && rows > 0 {
            self.notes.push(
                "no row has the status of a run (run_id and status); --latest-by FIELD gives the newest row for each value"
                    .to_owned(),
            );
        }
        mended.extend(summary.mended.iter().map(|(place, fault)| (*place, scan::not_json(fault).1)));
        mended.sort();
        mended.dedup_by_key(|(place, _)| *place);
        self.note_summary(plan, summary, scan.strict);
        Ok((printed, mended))
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
                let address = place.and_then(|place| address(inputs, place));
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

    /// Looks for the doubted fields again in all rows, if the scan did not see every row and field.
    fn look_for_fields(&mut self, inputs: &Source, door: &mut Door<'_>) {
        if !self.seen.contains(&false) {
            return;
        }
        let (names, paths) = slots(self.doubted.iter().map(|(keys, _)| keys));
        let seen = &mut self.seen;
        scan::feed(&inputs.again(), door.input, &names, false, |row, _, _| {
            for (seen, path) in seen.iter_mut().zip(&paths) {
                *seen = *seen || path.is_present(row);
            }
            if seen.contains(&false) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }

    fn note_faults(&mut self, inputs: &Source, count: u64, first: &[(Option<Place>, String)]) {
        for (place, message) in first.iter().take(FAULTS_REPORTED_MAX.saturating_sub(self.faults) as usize) {
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
        } else if faults > FAULTS_REPORTED_MAX {
            notes.push(format!("jq failed on {faults} rows in all"));
        }
        notes.extend(mismatches::notes(plan, &summary.doubts));
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

    /// Prints what is left, such as the end of a table.
    pub fn end(&mut self, door: &mut Door<'_>) -> Result<()> {
        let ended = match &mut self.printing {
            Printing::Rows(rows) => rows.finish(&mut door.out),
            Printing::Count => return door.out.line(&self.written.to_string()),
            Printing::Nothing => return Ok(()),
        };
        let unshown = ended.map_err(|error| Error::output(&error))?;
        let is_reported = |unshown: &Unshown| unshown.is_data || door.err.is_terminal();
        self.notes.extend(unshown.filter(is_reported).map(|unshown| unshown.text));
        Ok(())
    }
}

/// The top-level fields that these paths begin with, each once, and the paths by their slots.
pub(super) fn slots<'k>(paths: impl Iterator<Item = &'k Vec<String>>) -> (Vec<String>, Vec<Path>) {
    let mut names: Vec<String> = Vec::new();
    let paths = paths.filter_map(|keys| {
        let (first, rest) = keys.split_first()?;
        let slot = names.iter().position(|name| name == first).unwrap_or(names.len());
        if slot == names.len() {
            names.push(first.clone());
        }
        Some(Path { slot, rest: rest.iter().map(|key| key.as_bytes().into()).collect() })
    });
    let paths = paths.collect();
    (names, paths)
}
