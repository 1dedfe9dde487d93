//! Checks given rows and lays them out, without their step, which only the lock can assign
//! (`docs/format.md`, The row, and What append refuses).
//!
//! One pass validates the text and finds the members; a second one copies slices into place.
//! Nothing is parsed into values, and all buffers are reused: a batch may have millions of rows.

use std::collections::HashMap;

use memchr::{memchr, memchr2};

use super::call;
use super::fields::{self, COUNT, FOREIGN_NAME, ID, field_surely_fits, odd_spelling, text_of};
use super::rules::{
    LIMITS, NewWord, NewWords, Rules, check_given, check_kind, not_json, not_object, step_of, too_long, undeclared_word,
};
use super::timestamp_cache::TimestampCache;
use super::verbatim::Verbatim;
use logbook_json::{self as json, Scratch, Span, Spans, key_hash_in, number_into, quote_into, validate_members};
use logbook_model::error::{Error, ErrorKind, Result};
use logbook_model::names::{ENVELOPE, PAYLOAD, Type};
use logbook_model::{APPEND_ROW_BYTES_MAX, Kind, Phase, Says, Status, Weight, instant, run_id};

const RUN_ID: usize = 0;
const STEP: usize = 1;
const TIMESTAMP: usize = 2;
const KIND: usize = 3;
const PHASE: usize = 4;
const STATUS: usize = 6;
const BLOCKED_ON: usize = 9;
const AGENT_ID: usize = ID + 1;
const PARENT_RUN_ID: usize = ID + 3;
const TOOL_CALL: usize = ID + 16;
/// The fields that record decisions, one bit each.
const OF_DECISIONS: u64 = {
    let (mut bits, mut field) = (0, 0);
    while field < COUNT {
        bits |= (fields::is_of_decisions(field) as u64) << field;
        field += 1;
    }
    bits
};
const _: () = assert!(ENVELOPE.len() == 10 && COUNT <= 64);
const _: () = assert!(matches!(PAYLOAD[TOOL_CALL - ID].of, Type::ToolCall));

/// The longest text of a row that is read. Blanks of it may be dropped.
const ROOM_BYTES_MAX: usize = APPEND_ROW_BYTES_MAX + (64 << 10);

/// Slots of the cache of runs.
const GUESSES: usize = 32;

/// Runs that are kept by [`Drafts::clear`], at most: a store keeps a little state for each.
const RUNS_KEPT: usize = 256;

/// One row, laid out.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Index of its run in [`Drafts::runs`].
    pub run: u32,
    /// The step that it asks for.
    pub step: Option<u64>,
    /// Its idempotency key.
    pub id: Option<String>,
    /// Whether its timestamp was filled in.
    pub filled_timestamp: bool,
    /// Whether the run itself wrote it.
    pub is_of_run: bool,
    /// Whether it starts its run (`Some(false)`) or ends it (`Some(true)`).
    pub turn: Option<bool>,
    /// Whether it changes how another row is read: a correction, or a repair, which may void a
    /// place.
    pub is_correction: bool,
    /// Whether it holds or releases its run.
    pub is_hold: bool,
    /// Whether it names a parent run.
    pub has_parent: bool,
    /// Whether it carries over facts of deleted rows.
    pub is_carried: bool,
    from: usize,
    split: usize,
    to: usize,
}

/// Where a row is laid out in the text of its batch, and what was found out on the way.
struct Laid {
    run: u32,
    step: Option<u64>,
    filled_timestamp: bool,
    from: usize,
    /// Where the step goes.
    split: usize,
    to: usize,
}

/// A batch of rows to be stored.
#[derive(Debug, Default)]
pub struct Drafts {
    text: Vec<u8>,
    rows: Vec<Draft>,
    runs: Vec<String>,
    lookup: HashMap<String, u32>,
    /// For each hash, the last run with it: a cache, whose hits are checked.
    guesses: [u32; GUESSES],
    scratch: Scratch,
    /// The standard fields of the current row, one bit each.
    present: u64,
    /// The members of the standard fields, by field. Only those in `present` are valid.
    given: Vec<Span>,
    /// The other members in order, named by their field or [`FOREIGN_NAME`]. A member to be renamed
    /// has no key range; `tool_call`, if only its members were given, has no value range.
    payload: Vec<Span>,
    /// Whether all fields certainly have their types.
    all_fit: bool,
    /// The last valid timestamp.
    timestamps: TimestampCache,
    /// Undeclared words, with their fields.
    new_words: NewWords,
}

impl Drafts {
    /// An empty batch.
    pub fn new() -> Self {
        Drafts::default()
    }

    /// Removes the rows, and keeps the buffers.
    pub fn clear(&mut self) {
        self.text.clear();
        self.rows.clear();
        if self.runs.len() > RUNS_KEPT {
            self.runs.clear();
            self.lookup.clear();
        }
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[Draft] {
        &self.rows
    }

    /// Undeclared words, as far as [`Vocabulary::takes_new`](logbook_model::Vocabulary) allows
    /// them: field and word, each once, including those of removed rows.
    pub fn new_words(&self) -> &[NewWord] {
        &self.new_words
    }

    /// The runs that [`Draft::run`] is an index of.
    pub fn runs(&self) -> &[String] {
        &self.runs
    }

    /// The size of the rows without their steps, in bytes.
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
        number_into(step, out);
        out.extend_from_slice(&self.text[draft.split..draft.to]);
        out.push(b'\n');
    }

    /// Checks the JSON object `text` and adds it as the next row. `now` is the timestamp of rows
    /// without one. `line` is the input line, for messages; `None` if the text is an argument. On
    /// error nothing is added.
    pub fn push(&mut self, text: &[u8], rules: &Rules<'_>, now: &str, line: Option<u64>) -> Result<()> {
        self.push_judged(text, None, rules, now, line)
    }

    /// The same, for an object that is valid within [`LIMITS`] and has the members `spans`.
    #[inline]
    pub fn push_judged(
        &mut self,
        text: &[u8],
        spans: Option<&Spans>,
        rules: &Rules<'_>,
        now: &str,
        line: Option<u64>,
    ) -> Result<()> {
        if let Some(redactor) = rules.redactor
            && text.len() <= ROOM_BYTES_MAX
            && let Some(redacted) = redactor.redact(text)?
        {
            let rules = Rules { redactor: None, ..*rules };
            return self.push_judged(&redacted, None, &rules, now, line);
        }
        let (rows, length) = (self.rows.len(), self.text.len());
        let taken = match spans {
            _ if text.len() > ROOM_BYTES_MAX => Err(too_long(text.len())),
            Some(spans) => self.take(text, spans, rules, now, true),
            None => self.validate(text, rules, now, line),
        };
        taken.map_err(|error| {
            self.rows.truncate(rows);
            self.text.truncate(length);
            match line {
                Some(line) if !matches!(error.kind, ErrorKind::AtLine(_)) => error.within(format_args!("line {line}")),
                _ => error,
            }
        })
    }

    /// Validates the text first: what passes is one valid value.
    fn validate(&mut self, text: &[u8], rules: &Rules<'_>, now: &str, line: Option<u64>) -> Result<()> {
        if let Err(fault) = validate_members(text, LIMITS, &mut self.scratch) {
            return Err(not_json(text, line, fault.at, &fault.to_string()));
        }
        let start = logbook_json::skip_white(text, 0);
        if json::kind(&text[start..]) != Some(json::Kind::Object) {
            return Err(not_object(&text[start..]));
        }
        let spans = std::mem::take(&mut self.scratch.spans);
        let taken = self.take(text, &spans, rules, now, false);
        self.scratch.spans = spans;
        taken
    }

    /// Adds a valid object. With `one_line`, the text has no line breaks.
    fn take(&mut self, text: &[u8], spans: &Spans, rules: &Rules<'_>, now: &str, one_line: bool) -> Result<()> {
        let moved = self.sort_members(text, spans)?;
        self.check_fields(text, rules)?;
        self.lay_out(text, spans, rules, now, &moved, one_line)
    }

    /// Sorts the members into envelope, standard payload and the rest. Returns members of
    /// `tool_call` that were given beside it (`toolCallId`).
    fn sort_members<'t>(&mut self, text: &'t [u8], spans: &Spans) -> Result<Vec<(String, &'t [u8])>> {
        self.given.resize(COUNT, named(0, (0, 0), (0, 0)));
        self.present = 0;
        self.payload.clear();
        let mut moved = Vec::new();
        let mut nulls = 0;
        self.all_fit = true;
        for span in &spans.members {
            let (mut key, value) = (span.key(), span.value());
            let raw = &text[key.0..key.1];
            let field = match span.name {
                Span::UNNAMED => fields::find_hashed(raw, span.hash),
                FOREIGN_NAME => None,
                name => Some(usize::from(name)),
            };
            let field = match field {
                None if span.name == Span::UNNAMED => match odd_spelling(raw) {
                    Some(name) => {
                        if let Some(member) = name.strip_prefix("tool_call.") {
                            moved.push((member.to_owned(), &text[value.0..value.1]));
                            self.expect_call();
                            continue;
                        }
                        fields::find(name.as_bytes()).inspect(|_| key = (0, 0))
                    }
                    None => None,
                },
                field => field,
            };
            let Some(field) = field else {
                self.payload.push(span.named(FOREIGN_NAME));
                continue;
            };
            if self.present & (1 << field) != 0 {
                return Err(Error::usage(format!("{} is given twice (in two spellings)", fields::name(field))));
            }
            // A null in the envelope is ignored, except for the run.
            if (STEP..ID).contains(&field) && text[value.0] == b'n' {
                nulls |= 1 << field;
            }
            self.all_fit &= field_surely_fits(field, &text[value.0..value.1]);
            self.present |= 1 << field;
            let piece = named(field, key, value);
            self.given[field] = piece;
            if field >= ID {
                let waiting = match field {
                    TOOL_CALL if !moved.is_empty() => self.payload.iter_mut().find(|piece| is_call(piece)),
                    _ => None,
                };
                match waiting {
                    Some(waiting) => *waiting = piece,
                    None => self.payload.push(piece),
                }
            }
        }
        self.present &= !nulls;
        Ok(moved)
    }

    /// Reserves the position of a `tool_call` of which only members are given.
    fn expect_call(&mut self) {
        if self.present & (1 << TOOL_CALL) == 0 && !self.payload.iter().any(is_call) {
            self.payload.push(named(TOOL_CALL, (0, 0), (0, 0)));
        }
    }

    fn check_fields(&mut self, text: &[u8], rules: &Rules<'_>) -> Result<()> {
        if !self.all_fit {
            self.check_types(text)?;
        }
        let word = self.value(text, KIND);
        let kind = Kind::of(word);
        if let Some(word) = word
            && (kind == Kind::Other || kind.is_guarded() || word == b"\"\"")
        {
            check_kind(&text_of(word), rules)?;
        }
        if let Some(value) = self.value(text, PHASE)
            && Phase::of_value(Some(value)).is_none()
        {
            let word = text_of(value);
            if !rules.vocabulary.phases().any(|known| *known == *word) {
                undeclared_word(&mut self.new_words, "phase", &word, rules.vocabulary)?;
            }
        }
        if let Some(value) = self.value(text, STATUS) {
            let status = Status::of_value(Some(value));
            if status.is_none() {
                let word = text_of(value);
                if !rules.vocabulary.statuses().any(|known| *known == *word) {
                    undeclared_word(&mut self.new_words, "status", &word, rules.vocabulary)?;
                }
            }
            if status == Some(Status::Blocked) && self.value(text, BLOCKED_ON).is_none_or(|on| on == b"\"\"") {
                return Err(Error::usage("status=blocked needs blocked_on: what is needed to go on")
                    .hint("add --blocked-on 'who or what', or \"blocked_on\":\"…\" in the row"));
            }
        }
        if let Some(id) = self.value(text, ID) {
            if id == b"\"\"" {
                return Err(Error::usage("id is empty"));
            }
            if !rules.own {
                check_given(fields::name(ID), id)?;
            }
        }
        if !rules.own && self.present & OF_DECISIONS != 0 {
            let given = (ID..COUNT).filter(|field| OF_DECISIONS & (1 << field) != 0);
            given
                .filter_map(|field| Some((fields::name(field), self.value(text, field)?)))
                .try_for_each(|(name, value)| check_given(name, value))?;
        }
        Ok(())
    }

    fn check_types(&self, text: &[u8]) -> Result<()> {
        let envelope = self.given[..ID].iter().enumerate().filter(|(field, _)| self.present & (1 << field) != 0);
        let payload = self.payload.iter().filter(|piece| piece.name != FOREIGN_NAME && piece.value().1 != 0);
        for piece in envelope.map(|(_, piece)| piece).chain(payload) {
            let value = &text[piece.value().0..piece.value().1];
            let field = usize::from(piece.name);
            fields::check(fields::name(field), fields::type_of(field), value)?;
        }
        Ok(())
    }

    fn lay_out(
        &mut self,
        text: &[u8],
        spans: &Spans,
        rules: &Rules<'_>,
        now: &str,
        moved: &[(String, &[u8])],
        one_line: bool,
    ) -> Result<()> {
        let from = self.text.len();
        let run = self.run(text, rules)?;
        let split = self.text.len();
        let step = match self.value(text, STEP) {
            Some(value) => Some(step_of(value)?),
            None => None,
        };
        // Adjacent members are copied in one piece.
        let mut verbatim = Verbatim::default();
        let filled_timestamp = self.timestamp(text, now, &mut verbatim)?;
        let mut envelope = self.present & ((1 << ID) - (1 << KIND));
        while envelope != 0 {
            verbatim.member(text, &self.given[envelope.trailing_zeros() as usize], &mut self.text);
            envelope &= envelope - 1;
        }
        if let Some(agent) = rules.agent_id
            && self.present & (1 << AGENT_ID) == 0
        {
            verbatim.flush(text, &mut self.text);
            self.text.extend_from_slice(b",\"agent_id\":");
            quote_into(agent, &mut self.text);
        }
        self.lay_out_payload(text, spans, moved, &mut verbatim)?;
        verbatim.flush(text, &mut self.text);
        self.text.push(b'}');
        // Line breaks can only be between tokens here, and a row is one line.
        if !one_line && memchr2(b'\n', b'\r', text).is_some() {
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
        self.rows.push(self.draft(text, Laid { run, step, filled_timestamp, from, split, to }));
        Ok(())
    }

    /// Writes the payload.
    #[inline]
    fn lay_out_payload(
        &mut self,
        text: &[u8],
        spans: &Spans,
        moved: &[(String, &[u8])],
        verbatim: &mut Verbatim,
    ) -> Result<()> {
        for piece in &self.payload {
            if is_call(piece) {
                let value = &text[piece.value().0..piece.value().1];
                let object = (value.first() == Some(&b'{')).then_some(value);
                let normalized = match object {
                    None if moved.is_empty() => None,
                    object => call::normalize(object, text, spans.within(piece.value()), moved)?,
                };
                if let Some(normalized) = normalized {
                    verbatim.flush(text, &mut self.text);
                    self.text.extend_from_slice(b",\"tool_call\":");
                    self.text.extend_from_slice(&normalized);
                    continue;
                }
            }
            verbatim.member(text, piece, &mut self.text);
        }
        Ok(())
    }

    /// The draft of a row that is laid out.
    #[inline]
    fn draft(&self, text: &[u8], laid: Laid) -> Draft {
        let Laid { run, step, filled_timestamp, from, split, to } = laid;
        let id = self.value(text, ID).filter(|value| value[0] == b'"').map(|value| text_of(value).into_owned());
        let kind = Kind::of(self.value(text, KIND));
        // The final status of an end that leaves its run blocked makes no difference here.
        let says = kind.says(self.value(text, STATUS), || None);
        Draft {
            run,
            step,
            id,
            filled_timestamp,
            is_of_run: kind.is_of_run(),
            turn: says.filter(|says| says.weight == Weight::Turn).map(Says::ends),
            is_correction: matches!(kind, Kind::Correction | Kind::Repair),
            is_hold: kind.is_hold(),
            has_parent: self.present & (1 << PARENT_RUN_ID) != 0,
            is_carried: kind == Kind::ArchiveCarried,
            from,
            split,
            to,
        }
    }

    fn value<'t>(&self, text: &'t [u8], field: usize) -> Option<&'t [u8]> {
        let (from, to) = self.given.get(field).filter(|_| self.present & (1 << field) != 0)?.value();
        text.get(from..to)
    }

    /// Writes `{"run_id":…` and returns the index of the run.
    fn run(&mut self, text: &[u8], rules: &Rules<'_>) -> Result<u32> {
        self.text.extend_from_slice(b"{\"run_id\":");
        let mut guess = 0;
        let name = match self.value(text, RUN_ID) {
            Some(b"null") => return Err(Error::usage("run_id is null; it must name the run")),
            Some(value) => {
                self.text.extend_from_slice(value);
                // Without an escape, the last run with this hash is the best guess.
                let inner = &value[1..value.len() - 1];
                let (from, to) = self.given[RUN_ID].value();
                guess = usize::from(key_hash_in(text, from + 1, to - 1)) % GUESSES;
                let guessed = self.guesses[guess];
                if self.runs.get(guessed as usize).is_some_and(|run| run.as_bytes() == inner)
                    && memchr(b'\\', inner).is_none()
                {
                    return Ok(guessed);
                }
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
        if let Some(index) = self.lookup.get(&*name) {
            self.guesses[guess] = *index;
            return Ok(*index);
        }
        if let Some(fault) = run_id::fault(&name)
            && !(rules.own && run_id::is_reserved(&name) && self.is_of_tool(text))
        {
            return Err(Error::usage(fault));
        }
        let index = self.runs.len() as u32;
        self.guesses[guess] = index;
        self.lookup.insert(name.clone().into_owned(), index);
        self.runs.push(name.into_owned());
        Ok(index)
    }

    /// Whether the program writes such rows about the logbook itself.
    fn is_of_tool(&self, text: &[u8]) -> bool {
        matches!(Kind::of(self.value(text, KIND)), Kind::Repair | Kind::ArchiveReceipt | Kind::ArchiveCarried)
    }

    /// Writes the timestamp. Returns whether it was filled in.
    fn timestamp(&mut self, text: &[u8], now: &str, verbatim: &mut Verbatim) -> Result<bool> {
        let Some(value) = self.value(text, TIMESTAMP) else {
            self.text.extend_from_slice(b",\"timestamp\":\"");
            self.text.extend_from_slice(now.as_bytes());
            self.text.push(b'"');
            return Ok(true);
        };
        if self.timestamps.accepts(&value[1..value.len() - 1]) {
            verbatim.member(text, &self.given[TIMESTAMP], &mut self.text);
            return Ok(false);
        }
        let given = text_of(value);
        let Some(utc) = instant::to_utc_text(&given) else {
            return Err(Error::usage(format!("timestamp {given:?} is not an RFC 3339 date and time"))
                .hint("write it as 2026-04-15T09:30:00Z or with an offset: 2026-04-15T11:30:00+02:00"));
        };
        self.text.extend_from_slice(b",\"timestamp\":\"");
        self.text.extend_from_slice(utc.as_bytes());
        self.text.push(b'"');
        Ok(false)
    }
}

/// A member of a standard field.
#[inline(always)]
fn named(field: usize, key: (usize, usize), value: (usize, usize)) -> Span {
    Span::new(key, 0, value).named(field as u8)
}

fn is_call(piece: &Span) -> bool {
    usize::from(piece.name) == TOOL_CALL
}
