//! A row that somebody gives, checked and laid out: all but the step, which
//! only the lock can give (`docs/format.md`, The row, and What append refuses).
//!
//! One pass judges the text and finds the members; a second one copies slices
//! into place. Nothing is parsed into values, and every buffer is used again,
//! since a batch may hold millions of rows.

use std::collections::HashMap;

use memchr::memchr;

use super::draft_call;
use super::draft_fields::{self as fields, COUNT, ID, text_of, unknown_word};
use crate::error::{Error, Result};
use crate::json::validate::line_column;
use crate::json::{Kind, Limits, Scratch, kind, quote_into, validate_members};
use crate::model::names::{ENVELOPE, PAYLOAD, Type, from_camel_case};
use crate::model::vocabulary::{BESIDE_KINDS, GUARDED_KINDS};
use crate::model::{APPEND_ROW_BYTES_MAX, DEPTH_MAX, Vocabulary, instant, run_id};

const RUN_ID: usize = 0;
const STEP: usize = 1;
const TIMESTAMP: usize = 2;
const KIND: usize = 3;
const PHASE: usize = 4;
const STATUS: usize = 6;
const BLOCKED_ON: usize = 9;
const AGENT_ID: usize = ID + 1;
const TOOL_CALL: usize = ID + 16;
const _: () = assert!(ENVELOPE.len() == 10 && COUNT <= 128);
const _: () = assert!(matches!(PAYLOAD[TOOL_CALL - ID].of, Type::ToolCall));

/// Steps up to here are read exactly by every JSON reader (2^53 − 1).
pub const STEP_MAX: u64 = (1 << 53) - 1;

const LIMITS: Limits = Limits { depth_max: DEPTH_MAX, unique_keys: true, whole_surrogates: true };

/// What rows are checked against, and what fills in what they lack.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The words in force.
    pub vocabulary: &'a Vocabulary,
    /// The run of rows that name none.
    pub run_id: Option<&'a str>,
    /// The agent of rows that name none.
    pub agent_id: Option<&'a str>,
    /// The kinds of decisions and of the tool's own rows are allowed: only for
    /// commands that make their check under the lock.
    pub own: bool,
}

/// One row, laid out.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Index of its run in [`Drafts::runs`].
    pub run: u32,
    /// The step it asks for.
    pub step: Option<u64>,
    /// Its idempotency key.
    pub id: Option<String>,
    /// Whether its timestamp was filled in.
    pub filled_timestamp: bool,
    /// Whether it says where its run stands: a status, and a kind that counts.
    pub stands: bool,
    from: usize,
    split: usize,
    to: usize,
}

/// Rows on their way to the log.
#[derive(Debug, Default)]
pub struct Drafts {
    text: Vec<u8>,
    rows: Vec<Draft>,
    runs: Vec<String>,
    lookup: HashMap<String, u32>,
    scratch: Scratch,
    /// Value range of each standard field in the row at hand; its end 0: not given.
    given: Vec<(usize, usize)>,
    payload: Vec<Piece>,
}

/// A payload member in the order given: a standard name or a key of one's own.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Standard field, or `usize::MAX`.
    field: usize,
    key: (usize, usize),
    value: (usize, usize),
}

const FOREIGN: usize = usize::MAX;

impl Drafts {
    /// No rows.
    pub fn new() -> Self {
        Drafts::default()
    }

    /// Forgets the rows, keeps the buffers.
    pub fn clear(&mut self) {
        self.text.clear();
        self.rows.clear();
        if self.runs.len() > 4096 {
            self.runs.clear();
            self.lookup.clear();
        }
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[Draft] {
        &self.rows
    }

    /// The run ids that rows point to.
    pub fn runs(&self) -> &[String] {
        &self.runs
    }

    /// Bytes that the rows take, without their steps.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The row's run.
    pub fn run_of(&self, draft: &Draft) -> &str {
        self.runs.get(draft.run as usize).map_or("", String::as_str)
    }

    /// Writes the row with its step and a newline to `out`.
    pub fn render(&self, draft: &Draft, step: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text[draft.from..draft.split]);
        out.extend_from_slice(b",\"step\":");
        push_number(step, out);
        out.extend_from_slice(&self.text[draft.split..draft.to]);
        out.push(b'\n');
    }

    /// Checks the JSON object `text` and takes it in as the next row. `now` is
    /// the timestamp of rows that give none; `line` the input line, for
    /// messages (`None`: the text is an argument). On error nothing is taken in.
    pub fn push(&mut self, text: &[u8], rules: &Rules<'_>, now: &str, line: Option<u64>) -> Result<()> {
        let (rows, length) = (self.rows.len(), self.text.len());
        self.take(text, rules, now, line).map_err(|error| {
            self.rows.truncate(rows);
            self.text.truncate(length);
            match line {
                Some(line) if !error.message.starts_with("line ") => error.within(format_args!("line {line}")),
                _ => error,
            }
        })
    }

    fn take(&mut self, text: &[u8], rules: &Rules<'_>, now: &str, line: Option<u64>) -> Result<()> {
        // The judge first: what it lets through is one well-formed value.
        if text.len() > APPEND_ROW_BYTES_MAX + (64 << 10) {
            return Err(too_long(text.len()));
        }
        if let Err(fault) = validate_members(text, LIMITS, &mut self.scratch) {
            return Err(not_json(text, line, fault.at, &fault.to_string()));
        }
        let start = crate::json::skip_white(text, 0);
        if kind(&text[start..]) != Some(Kind::Object) {
            return Err(not_object(&text[start..]));
        }
        let moved = self.sort_members(text)?;
        self.check_fields(text, rules)?;
        self.lay_out(text, rules, now, &moved)
    }

    /// Tells envelope, standard payload and the rest apart. Returns members of
    /// `tool_call` that were given beside it (`toolCallId`).
    fn sort_members<'t>(&mut self, text: &'t [u8]) -> Result<Vec<(String, &'t [u8])>> {
        self.given.clear();
        self.given.resize(COUNT, (0, 0));
        self.payload.clear();
        let mut moved = Vec::new();
        for span in &self.scratch.members {
            let raw = &text[span.key.0..span.key.1];
            let field = match fields::find(raw) {
                Some(field) => Some(field),
                None => match odd_spelling(raw) {
                    Some(name) => match name.strip_prefix("tool_call.") {
                        Some(member) => {
                            moved.push((member.to_owned(), &text[span.value.0..span.value.1]));
                            if self.given[TOOL_CALL].1 == 0
                                && !self.payload.iter().any(|piece| piece.field == TOOL_CALL)
                            {
                                self.payload.push(Piece { field: TOOL_CALL, key: (0, 0), value: (0, 0) });
                            }
                            continue;
                        }
                        None => fields::find(name.as_bytes()),
                    },
                    None => None,
                },
            };
            let Some(field) = field else {
                self.payload.push(Piece { field: FOREIGN, key: span.key, value: span.value });
                continue;
            };
            if self.given[field].1 != 0 {
                return Err(Error::usage(format!("{} is given twice (in two spellings)", fields::name(field))));
            }
            self.given[field] = span.value;
            if field >= ID {
                match self.payload.iter_mut().find(|piece| piece.field == TOOL_CALL && field == TOOL_CALL) {
                    Some(piece) => piece.value = span.value,
                    None => self.payload.push(Piece { field, key: span.key, value: span.value }),
                }
            }
        }
        // A null in the envelope says nothing; only the run must be said.
        for field in STEP..ID {
            let (from, to) = self.given[field];
            if to != 0 && text[from] == b'n' {
                self.given[field] = (0, 0);
            }
        }
        Ok(moved)
    }

    fn check_fields(&self, text: &[u8], rules: &Rules<'_>) -> Result<()> {
        let value = |field: usize| {
            let (from, to) = self.given[field];
            (to != 0).then(|| &text[from..to])
        };
        for field in 0..ID {
            if let Some(value) = value(field) {
                fields::check(fields::name(field), fields::type_of(field), value)?;
            }
        }
        for piece in &self.payload {
            if piece.field != FOREIGN && piece.value.1 != 0 {
                let value = &text[piece.value.0..piece.value.1];
                fields::check(fields::name(piece.field), fields::type_of(piece.field), value)?;
            }
        }
        if let Some(word) = value(KIND) {
            check_kind(&text_of(word), rules)?;
        }
        if let Some(word) = value(PHASE).map(text_of)
            && !rules.vocabulary.phases().any(|known| *known == *word)
        {
            return Err(unknown_word("phase", &word, rules.vocabulary.phases()));
        }
        if let Some(word) = value(STATUS).map(text_of) {
            if !rules.vocabulary.statuses().any(|known| *known == *word) {
                return Err(unknown_word("status", &word, rules.vocabulary.statuses()));
            }
            if word == "blocked" && value(BLOCKED_ON).is_none_or(|on| on == b"\"\"") {
                return Err(Error::usage("status=blocked needs blocked_on: what is needed to go on")
                    .hint("add --blocked-on 'who or what', or \"blocked_on\":\"…\" in the row"));
            }
        }
        if value(ID) == Some(b"\"\"") {
            return Err(Error::usage("id is empty"));
        }
        Ok(())
    }

    fn lay_out(&mut self, text: &[u8], rules: &Rules<'_>, now: &str, moved: &[(String, &[u8])]) -> Result<()> {
        let from = self.text.len();
        let run = self.run(text, rules)?;
        let split = self.text.len();
        let step = match self.value(text, STEP) {
            Some(value) => Some(step_of(value)?),
            None => None,
        };
        let filled_timestamp = self.timestamp(text, now)?;
        for field in KIND..ID {
            let (value_from, value_to) = self.given[field];
            if value_to != 0 {
                self.text.extend_from_slice(b",\"");
                self.text.extend_from_slice(fields::name(field).as_bytes());
                self.text.extend_from_slice(b"\":");
                self.text.extend_from_slice(&text[value_from..value_to]);
            }
        }
        if let Some(agent) = rules.agent_id
            && self.given[AGENT_ID].1 == 0
        {
            self.text.extend_from_slice(b",\"agent_id\":");
            quote_into(agent, &mut self.text);
        }
        for piece in &self.payload {
            let value = &text[piece.value.0..piece.value.1];
            let settled = match piece.field {
                TOOL_CALL if value.first() != Some(&b'n') || !moved.is_empty() => {
                    draft_call::settle((value.first() == Some(&b'{')).then_some(value), moved)?
                }
                _ => None,
            };
            self.text.extend_from_slice(b",\"");
            match piece.field {
                FOREIGN => self.text.extend_from_slice(&text[piece.key.0..piece.key.1]),
                field => self.text.extend_from_slice(fields::name(field).as_bytes()),
            }
            self.text.extend_from_slice(b"\":");
            self.text.extend_from_slice(settled.as_deref().unwrap_or(value));
        }
        self.text.push(b'}');
        // Line breaks can only stand between tokens here: a row is one line.
        if memchr(b'\n', text).is_some() || memchr(b'\r', text).is_some() {
            for byte in &mut self.text[from..] {
                if matches!(byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
        }
        let to = self.text.len();
        // The step and its key take at most 26 bytes.
        if to - from + 26 > APPEND_ROW_BYTES_MAX {
            return Err(too_long(to - from));
        }
        let id = self.value(text, ID).filter(|value| value[0] == b'"').map(|value| text_of(value).into_owned());
        let beside = self.value(text, KIND).is_some_and(|kind| BESIDE_KINDS.contains(&&*text_of(kind)));
        let stands = self.given[STATUS].1 != 0 && !beside;
        self.rows.push(Draft { run, step, id, filled_timestamp, stands, from, split, to });
        Ok(())
    }

    fn value<'t>(&self, text: &'t [u8], field: usize) -> Option<&'t [u8]> {
        let (from, to) = self.given[field];
        (to != 0).then(|| &text[from..to])
    }

    /// Writes `{"run_id":…` and gives the run's index.
    fn run(&mut self, text: &[u8], rules: &Rules<'_>) -> Result<u32> {
        self.text.extend_from_slice(b"{\"run_id\":");
        let name = match self.value(text, RUN_ID) {
            Some(b"null") => return Err(Error::usage("run_id is null; it must name the run")),
            Some(value) => {
                self.text.extend_from_slice(value);
                text_of(value)
            }
            None => {
                let Some(name) = rules.run_id else {
                    return Err(Error::usage("the row has no run_id")
                        .hint("name the run with -r RUN, LOGBOOK_RUN, or \"run_id\" in the row"));
                };
                quote_into(name, &mut self.text);
                name.into()
            }
        };
        // Rows of one run stand together: the last one's is the best guess.
        if let Some(last) = self.rows.last()
            && self.runs.get(last.run as usize).is_some_and(|run| **run == *name)
        {
            return Ok(last.run);
        }
        if let Some(index) = self.lookup.get(&*name) {
            return Ok(*index);
        }
        if let Some(fault) = run_id::fault(&name)
            && !(rules.own && run_id::is_reserved(&name))
        {
            return Err(Error::usage(fault));
        }
        let index = self.runs.len() as u32;
        self.lookup.insert(name.clone().into_owned(), index);
        self.runs.push(name.into_owned());
        Ok(index)
    }

    /// Writes the timestamp; gives whether it was filled in.
    fn timestamp(&mut self, text: &[u8], now: &str) -> Result<bool> {
        self.text.extend_from_slice(b",\"timestamp\":\"");
        let Some(value) = self.value(text, TIMESTAMP) else {
            self.text.extend_from_slice(now.as_bytes());
            self.text.push(b'"');
            return Ok(true);
        };
        let inner = &value[1..value.len() - 1];
        if is_utc_text(inner) {
            self.text.extend_from_slice(inner);
        } else {
            let given = text_of(value);
            let Some(utc) = instant::to_utc_text(&given) else {
                return Err(Error::usage(format!("timestamp {given:?} is not an RFC 3339 date and time"))
                    .hint("write it as 2026-04-15T09:30:00Z or with an offset: 2026-04-15T11:30:00+02:00"));
            };
            self.text.extend_from_slice(utc.as_bytes());
        }
        self.text.push(b'"');
        Ok(false)
    }
}

/// The standard name that an escaped or camelCase key means.
fn odd_spelling(raw: &[u8]) -> Option<String> {
    let escaped = memchr(b'\\', raw).is_some();
    if !escaped && !raw.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let key = String::from_utf8_lossy(&crate::json::decode_raw(raw)).into_owned();
    if escaped && fields::find(key.as_bytes()).is_some() {
        return Some(key);
    }
    from_camel_case(&key)
}

fn check_kind(word: &str, rules: &Rules<'_>) -> Result<()> {
    if GUARDED_KINDS.contains(&word) && !rules.own {
        let command = match word {
            "approval.approved" => "logbook approve RUN STEP",
            "approval.denied" => "logbook deny RUN STEP",
            "answer" => "logbook answer RUN STEP",
            "policy.decision" => "logbook policy",
            "correction" => "logbook amend RUN STEP",
            "review" => "logbook review RUN",
            "archive.receipt" => "logbook archive",
            "repair" => "logbook append (by itself, after a torn row)",
            _ => "logbook exec",
        };
        return Err(Error::usage(format!("rows of kind {word:?} are not appended by hand"))
            .hint(format!("they are written by: {command}")));
    }
    if rules.vocabulary.kinds().any(|known| known == word) {
        return Ok(());
    }
    Err(unknown_word("kind", word, rules.vocabulary.kinds().filter(|kind| !GUARDED_KINDS.contains(kind))))
}

fn step_of(value: &[u8]) -> Result<u64> {
    std::str::from_utf8(value)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .filter(|step| (1..=STEP_MAX).contains(step))
        .ok_or_else(|| {
            Error::usage(format!("step must be a whole number from 1 to {STEP_MAX}, not {}", fields::shown(value)))
        })
}

fn not_json(text: &[u8], line: Option<u64>, at: usize, reason: &str) -> Error {
    let (row, column) = line_column(text, at);
    let line = line.map_or(row as u64, |line| line + row as u64 - 1);
    let error = Error::usage(format!("line {line}, column {column}: {reason}"));
    match text.first() {
        Some(b'\'') => {
            error.hint("in cmd.exe and PowerShell, single quotes do not quote: pass the row with `logbook append -`")
        }
        _ => error,
    }
}

fn not_object(text: &[u8]) -> Error {
    match kind(text) {
        Some(Kind::Array) => Error::usage("a row is a JSON object, not an array")
            .hint("give the rows one a line: jq -c '.[]' FILE | logbook append -"),
        _ => Error::usage(format!("a row is a JSON object, not {}", fields::shown(text))),
    }
}

fn too_long(bytes: usize) -> Error {
    Error::usage(format!("the row has {bytes} bytes; more than 1 MiB ({APPEND_ROW_BYTES_MAX}) are not taken"))
        .hint("store the payload in a file and name it in artifact_ref")
}

/// Whether `text` is RFC 3339 in UTC as it is written to the log, so that it
/// can be copied: the common case, told without a calendar.
fn is_utc_text(text: &[u8]) -> bool {
    let Some((b'Z', body)) = text.split_last() else { return false };
    if body.len() < 19 {
        return false;
    }
    let two = |at: usize| -> u32 {
        let (high, low) = (body[at].wrapping_sub(b'0'), body[at + 1].wrapping_sub(b'0'));
        if high > 9 || low > 9 { 100 } else { u32::from(high * 10 + low) }
    };
    let separators = body[4] == b'-' && body[7] == b'-' && body[10] == b'T' && body[13] == b':' && body[16] == b':';
    // Days up to 28 are in every month; later ones ask the calendar.
    let dated = two(0) < 100 && two(2) < 100 && (1..=12).contains(&two(5)) && (1..=28).contains(&two(8));
    let timed = two(11) < 24 && two(14) < 60 && two(17) < 60;
    let fraction = &body[19..];
    separators
        && dated
        && timed
        && (fraction.is_empty()
            || (fraction[0] == b'.' && fraction.len() > 1 && fraction[1..].iter().all(u8::is_ascii_digit)))
}

/// Decimal digits of `number`.
pub fn push_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
