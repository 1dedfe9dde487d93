//! `logbook append -`: rows from stdin, at most 256 KiB per hold of the lock, one sync for all.

use std::io::Read;
use std::time::Duration;

use crate::cmd::Door;
use crate::cmd::shared::calling::breach::{self, Contracts};
use crate::cmd::shared::writing::{OpenLogbook, Print, announce_new_logbook, print_rendered, warn_of_new_words};
use logbook_format::{Drafts, LIMITS, Rules, name_of};
use logbook_json::Spans;
use logbook_json::bits::{ValidatedLine, Validator};
use logbook_json::skip::is_white;
use logbook_model::APPEND_ROW_BYTES_MAX;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::Notes;
use logbook_store::Stored;
use logbook_store::append::{OnRefused, Writer};
use logbook_store::os_real::{self, REAL};

/// Bytes of rows per hold of the lock.
const HOLD_BYTES: usize = 256 << 10;
/// Bytes of rows that `--on-error abort` keeps in memory.
const ABORT_BYTES_MAX: usize = 64 << 20;
/// The longest input line that is read to its end, so that the error can say which line is too
/// long.
const LINE_BYTES_MAX: usize = APPEND_ROW_BYTES_MAX + (64 << 10);
/// Bytes per read of stdin.
const READ_BYTES: usize = 256 << 10;

/// What the flags of `append` ask for.
pub(super) struct Job<'a> {
    pub logbook: &'a OpenLogbook,
    pub rules: Rules<'a>,
    pub on_refused: OnRefused,
}

/// The state of the batch.
struct Batch<'a> {
    rules: Rules<'a>,
    print: Print,
    on_refused: OnRefused,
    drafts: Drafts,
    /// Input line of each draft; 0 for the row about a broken contract behind its draft.
    lines: Vec<u64>,
    contracts: Option<Contracts<'a>>,
    /// The number of rows that break a contract.
    breaches: u64,
    first_breach: String,
    line: u64,
    /// The line of the first row with a secret, and the kinds of secrets in it.
    redacted: Option<(u64, String)>,
    now: String,
    stored: u64,
    skipped: u64,
    /// Output, printed once the rows are synced.
    printed: Vec<u8>,
}

/// Reads stdin to its end.
pub(super) fn run(job: Job<'_>, door: &mut Door<'_>) -> Result<Exit> {
    let mut batch = Batch {
        rules: job.rules,
        print: job.logbook.print,
        on_refused: job.on_refused,
        drafts: Drafts::new(),
        lines: Vec::new(),
        line: 0,
        redacted: None,
        contracts: breach::contracts_of(job.logbook, (door.clock)(), &mut door.err),
        breaches: 0,
        first_breach: String::new(),
        now: String::new(),
        stored: 0,
        skipped: 0,
        printed: Vec::new(),
    };
    // Create nothing on disk before the first valid row.
    let mut writer: Option<Writer<'_>> = None;
    let mut result = Ok(());
    let mut lines = Lines::new();
    let mut ended = false;
    let clock = door.clock;
    let err = &mut door.err;
    let mut input: &mut dyn Read = &mut door.input;
    while !ended && result.is_ok() {
        batch.now = clock().to_utc_ms();
        result = batch.read(&mut input, err, &mut lines, &mut ended);
        if batch.drafts.rows().is_empty() || (result.is_err() && batch.on_refused == OnRefused::Abort) {
            continue;
        }
        if writer.is_none() {
            announce_new_logbook(&job.logbook.location, err);
            match Writer::open(&REAL, &job.logbook.location.path, job.logbook.settings.clone(), job.logbook.options) {
                Ok(opened) => writer = Some(opened),
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        if let Some(writer) = &mut writer {
            // A row refused under the lock comes before one refused while reading.
            let flushed = batch.flush(writer, err);
            result = flushed.and(result);
        }
    }
    let synced = writer.as_mut().map_or(Ok(()), Writer::sync);
    if let Some(writer) = &writer {
        job.logbook.warn_of_ended_runs(writer.late(), door);
    }
    batch.finish(result, synced, door)
}

impl Batch<'_> {
    /// Reads rows until the batch is full or stdin ends.
    fn read(&mut self, input: &mut dyn Read, err: &mut Notes<'_>, lines: &mut Lines, ended: &mut bool) -> Result<()> {
        let aborting = self.on_refused == OnRefused::Abort;
        let full = if aborting { usize::MAX } else { HOLD_BYTES };
        while self.drafts.bytes() < full {
            if let Some(line) = lines.next() {
                self.take(line.text, line.spans, err)?;
                continue;
            }
            if lines.rest().len() > LINE_BYTES_MAX {
                self.line += 1;
                return Err(Error::usage(format!(
                    "line {}: longer than 1 MiB ({APPEND_ROW_BYTES_MAX} bytes)",
                    self.line
                ))
                .hint("store the payload in a file and name it in artifact_ref"));
            }
            if aborting && self.drafts.bytes() > ABORT_BYTES_MAX {
                return Err(Error::usage("--on-error abort keeps all rows in memory, and they are more than 64 MiB")
                    .hint("split the input, or leave --on-error out: rows before a bad one are then stored"));
            }
            // Store what has arrived before waiting for more, so that the rows of a slow writer are
            // visible at once.
            if !aborting && self.drafts.bytes() > 0 && !os_real::stdin_is_ready(Duration::ZERO) {
                return Ok(());
            }
            if !lines.read(input).map_err(|error| Error::io(format!("stdin: {error}")))? {
                *ended = true;
                return if lines.rest().is_empty() { Ok(()) } else { self.take(lines.rest(), None, err) };
            }
        }
        Ok(())
    }

    fn take(&mut self, line: &[u8], spans: Option<&Spans>, err: &mut Notes<'_>) -> Result<()> {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if spans.is_none() && line.iter().all(|byte| is_white(*byte)) {
            return Ok(());
        }
        let pushed = self.drafts.push_judged(line, spans, &self.rules, &self.now, Some(self.line));
        if let (None, Some(redactor)) = (&self.redacted, self.rules.redactor)
            && redactor.report().rows > 0
            && let Some(new) = redactor.report().take_new()
        {
            self.redacted = Some((self.line, new));
        }
        match pushed {
            Ok(()) => {
                self.lines.push(self.line);
                let breach = breach::push(&mut self.contracts, line, &mut self.drafts, &self.rules, &self.now);
                if let Some(fault) = breach {
                    self.lines.resize(self.drafts.rows().len(), 0);
                    if self.breaches == 0 {
                        self.first_breach = format!("line {}: {fault}", self.line);
                    }
                    self.breaches += 1;
                }
                Ok(())
            }
            Err(error) if self.on_refused == OnRefused::Skip => {
                self.skip(&error, err);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn skip(&mut self, error: &Error, err: &mut Notes<'_>) {
        self.skipped += 1;
        err.note(format_args!("skipped: {}", error.message));
    }

    /// Appends the batch.
    fn flush(&mut self, writer: &mut Writer<'_>, err: &mut Notes<'_>) -> Result<()> {
        let appended = writer.append(&self.drafts, self.on_refused);
        let from_input = |row: &&Stored| self.lines.get(row.draft).is_some_and(|line| *line > 0);
        self.stored += appended.rows.iter().filter(from_input).count() as u64;
        self.render(&appended.rows);
        let mut result = Ok(());
        for (index, error) in appended.refused {
            let line = self.lines.get(index).copied().unwrap_or(0);
            let error = error.within(format_args!("line {line}"));
            if self.on_refused == OnRefused::Skip {
                self.skip(&error, err);
            } else if result.is_ok() {
                result = Err(error);
            }
        }
        self.drafts.clear();
        self.lines.clear();
        match appended.failed {
            Some(error) => Err(error),
            None => result,
        }
    }

    fn render(&mut self, rows: &[Stored]) {
        for row in rows {
            let from_input = self.lines.get(row.draft).is_some_and(|line| *line > 0);
            let Some(draft) = self.drafts.rows().get(row.draft).filter(|_| from_input) else { continue };
            match self.print {
                Print::Nothing => return,
                Print::Id => {
                    self.printed.extend_from_slice(format!("{}#{}\n", self.drafts.run_of(draft), row.step).as_bytes());
                }
                Print::Row => self.drafts.render(draft, row.step, &mut self.printed),
            }
        }
    }

    /// Notes how much was redacted, and the first line with a secret.
    fn note_redactions(&self, err: &mut Notes<'_>) {
        let (Some((line, new)), Some(redactor)) = (&self.redacted, self.rules.redactor) else { return };
        let report = redactor.report();
        let s = if report.secrets == 1 { "" } else { "s" };
        let rows = rows_of(report.rows);
        err.note(format_args!("redacted: {} secret{s} in {rows}, first in line {line}: {new}", report.secrets));
    }

    /// Reports the result. A failed sync is worse than a bad row.
    fn finish(self, result: Result<()>, synced: Result<()>, door: &mut Door<'_>) -> Result<Exit> {
        self.note_redactions(&mut door.err);
        warn_of_new_words(&self.drafts, &mut door.err);
        if self.breaches > 0 {
            door.err.note(format_args!(
                "{} stored that break a contract, or could not be checked against one; the first: {}",
                rows_of(self.breaches),
                self.first_breach
            ));
        }
        let printed = if synced.is_ok() { print_rendered(&self.printed, door) } else { Ok(()) };
        let rows = rows_of;
        let skipped = if self.skipped > 0 { format!(", {} skipped", rows(self.skipped)) } else { String::new() };
        match synced.and(result).and(printed) {
            Ok(()) if self.skipped > 0 => {
                door.err.note(format_args!("{} stored{skipped}", rows(self.stored)));
                Ok(Exit::Usage)
            }
            Ok(()) => {
                if door.err.is_terminal() && self.print == Print::Nothing {
                    door.err.note(format_args!("{} stored", rows(self.stored)));
                }
                Ok(Exit::Done)
            }
            Err(mut error) => {
                error.message.push_str(&format!(" ({} stored{skipped})", rows(self.stored)));
                Err(error)
            }
        }
    }
}

fn rows_of(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// Stdin in blocks of whole lines, each line validated: large reads, straight to where the rows are
/// then looked at.
struct Lines {
    buffer: Vec<u8>,
    /// Length of the whole lines; what is read of the next line follows.
    whole: usize,
    filled: usize,
    validator: Validator,
}

impl Lines {
    fn new() -> Lines {
        Lines { buffer: Vec::new(), whole: 0, filled: 0, validator: Validator::new(LIMITS).naming(name_of) }
    }

    /// The next whole line in the buffer.
    #[inline]
    fn next(&mut self) -> Option<ValidatedLine<'_, '_>> {
        self.validator.next(&self.buffer[..self.whole])
    }

    /// Reads the next block. Call it once all lines have been taken. False at the end of stdin;
    /// then [`Lines::rest`] is the last, unended line.
    fn read(&mut self, input: &mut dyn Read) -> std::io::Result<bool> {
        self.buffer.copy_within(self.whole..self.filled, 0);
        self.filled -= self.whole;
        self.whole = 0;
        if self.buffer.len() < self.filled + READ_BYTES {
            self.buffer.resize(self.filled + READ_BYTES, 0);
        }
        let read = loop {
            match input.read(&mut self.buffer[self.filled..self.filled + READ_BYTES]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        let fresh = &self.buffer[self.filled..self.filled + read];
        if let Some(last) = memchr::memrchr(b'\n', fresh) {
            self.whole = self.filled + last + 1;
        }
        self.filled += read;
        self.validator.begin(&self.buffer[..self.whole]);
        Ok(read > 0)
    }

    /// The line whose newline has not been read.
    fn rest(&self) -> &[u8] {
        &self.buffer[self.whole..self.filled]
    }
}
