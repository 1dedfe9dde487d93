//! Rows in any format, streaming. jsonl, csv, tsv and Markdown hold nothing back; a table is drawn
//! in pieces, the first of which decides its columns.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Write};

use super::cell;
use super::columns::{ColumnOrder, HeldRows, VALUE};
use super::format::Format;
use super::safe;
use super::streams::Output;
use super::table::{Column, Cut, Layout, Look, rating, status};
use logbook_json as json;
use logbook_model::{Address, Instant, Status};

/// The number of rows in a piece of a table.
const PIECE_ROWS: usize = 1000;

/// The columns of rows in csv, tsv and Markdown if neither `select` nor `group_by` names any.
const ENVELOPE: &[&str] = logbook_model::names::ENVELOPE;

/// The columns of a table of steps: title, and whether it may be cut.
const STANDARD: [(&str, bool); 6] = [
    ("time", false),
    ("run#step", false),
    ("phase", false),
    ("status", false),
    ("action", true),
    ("next or blocked_on", true),
];
/// The fields that those columns are made of.
const STANDARD_FIELDS: [&str; 8] =
    ["timestamp", "run_id", "step", "phase", "status", "action", "next_intent", "blocked_on"];

/// Writes rows in one format.
pub struct Rows {
    format: Format,
    columns: Option<Vec<String>>,
    /// The columns of a table, if they do not follow from its cells.
    shapes: Option<Vec<Column>>,
    /// Rows held back until there are enough to choose columns by.
    undecided: Option<HeldRows>,
    /// The columns, if they were chosen by the first rows: later rows may have other fields.
    chosen: Option<HashSet<Vec<u8>>>,
    /// For each column, whether the query asks for it.
    asked: Vec<bool>,
    raw_csv: bool,
    raw_strings: bool,
    look: Look,
    written: u64,
    piece: Vec<Vec<String>>,
    layout: Option<Layout>,
    latest_instant: Option<Instant>,
    instants: Vec<bool>,
    numbers: Vec<bool>,
    /// The year that is left out of times.
    short_year: Option<String>,
    hidden: Hidden,
}

/// A note that fields were not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unshown {
    /// The names of the fields, and the flag that shows them.
    pub text: String,
    /// Whether the output is for programs, which then lacks data.
    pub is_data: bool,
}

/// The names of fields that were not shown.
#[derive(Debug, Default)]
struct Hidden {
    /// The first names.
    names: Vec<String>,
    known: HashSet<String>,
}

/// At most this many names are reported.
const NAMES_REPORTED: usize = 4;
/// At most this many names are counted: keys may be data, such as ids.
const HIDDEN_MAX: usize = 10_000;

impl Rows {
    /// A writer of rows with these `columns`, or of steps if `None`. `raw_csv`: formulas in csv and
    /// tsv are not guarded.
    pub fn new(format: Format, columns: Option<Vec<String>>, look: Look, raw_csv: bool) -> Rows {
        let width = columns.as_ref().map_or(STANDARD.len(), Vec::len);
        Rows {
            format,
            columns,
            shapes: None,
            undecided: None,
            chosen: None,
            asked: Vec::new(),
            raw_csv,
            raw_strings: false,
            look,
            written: 0,
            piece: Vec::new(),
            layout: None,
            latest_instant: None,
            instants: vec![false; width],
            numbers: vec![true; width],
            short_year: None,
            hidden: Hidden::default(),
        }
    }

    /// A writer of rows that a jq program made: their own keys are the columns, those of the first
    /// thousand rows.
    pub fn made(format: Format, look: Look, raw_csv: bool) -> Rows {
        Rows::held_by(ColumnOrder::Appearance, format, look, raw_csv)
    }

    /// A writer of stored rows: steps are shown as steps; other rows with their own fields as
    /// columns, the most frequent first, and in any case those that are `asked` for.
    pub fn plain(format: Format, asked: Vec<String>, look: Look, raw_csv: bool) -> Rows {
        Rows::held_by(ColumnOrder::Frequency { asked }, format, look, raw_csv)
    }

    fn held_by(order: ColumnOrder, format: Format, look: Look, raw_csv: bool) -> Rows {
        let keyed = !matches!(format, Format::Jsonl | Format::Json);
        Rows { undecided: keyed.then(|| HeldRows::new(order)), ..Rows::new(format, None, look, raw_csv) }
    }

    /// A writer of rows with these columns, whatever their cells are.
    pub fn shaped(format: Format, shapes: Vec<Column>, look: Look) -> Rows {
        let titles = shapes.iter().map(|shape| shape.title.clone()).collect();
        Rows { shapes: Some(shapes), ..Rows::new(format, Some(titles), look, false) }
    }

    /// The writer with `-r`: a row that is a string is written without quotes.
    pub fn raw_strings(self) -> Rows {
        Rows { raw_strings: true, ..self }
    }

    /// The number of rows written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes one row. In a table, `address` replaces `run#step` if the row has no step.
    pub fn push(&mut self, row: &[u8], address: Option<Address>, out: &mut Output<'_>) -> io::Result<()> {
        self.put(row, address, &mut out.sink())
    }

    fn put(&mut self, row: &[u8], address: Option<Address>, out: &mut dyn Write) -> io::Result<()> {
        let row = json::trim(row);
        if let Some(held) = &mut self.undecided {
            return if held.push(row, address) { self.decide(out) } else { Ok(()) };
        }
        self.written += 1;
        if let Some(chosen) = &self.chosen {
            self.hidden.note_other(row, chosen);
        }
        match self.format {
            Format::Jsonl => {
                out.write_all(&self.raw(row))?;
                out.write_all(b"\n")
            }
            Format::Json => {
                out.write_all(if self.written == 1 { b"[\n" } else { b",\n" })?;
                out.write_all(&self.raw(row))
            }
            Format::Csv | Format::Tsv | Format::Markdown => self.delimited(row, out),
            Format::Table => {
                let cells = self.cells(row, address);
                self.piece.push(cells);
                if self.piece.len() == PIECE_ROWS { self.draw(out) } else { Ok(()) }
            }
        }
    }

    /// Writes what is held back, so that it is seen before more comes.
    pub fn pause(&mut self, out: &mut Output<'_>) -> io::Result<()> {
        let out = &mut out.sink();
        self.decide(out)?;
        if self.format == Format::Table && !self.piece.is_empty() { self.draw(out) } else { Ok(()) }
    }

    /// Writes what is left. Returns a note about fields that were not shown.
    pub fn finish(&mut self, out: &mut Output<'_>) -> io::Result<Option<Unshown>> {
        let out = &mut out.sink();
        self.decide(out)?;
        match self.format {
            Format::Json => out.write_all(if self.written == 0 { b"[]\n" } else { b"\n]\n" })?,
            Format::Table if !self.piece.is_empty() => self.draw(out)?,
            Format::Csv | Format::Tsv if self.written == 0 && self.columns.is_some() => self.titles(out)?,
            _ => {}
        }
        if self.hidden.names.is_empty() {
            return Ok(None);
        }
        let some: Vec<_> = self.hidden.names.iter().map(|name| safe::escape(name)).collect();
        let count = self.hidden.known.len();
        let more = if count > NAMES_REPORTED { ", …" } else { "" };
        let s = if count == 1 { "" } else { "s" };
        let text =
            format!("{count} field{s} not shown ({}{more}); --select FIELD,… or -o jsonl shows them", some.join(", "));
        Ok(Some(Unshown { text, is_data: self.format != Format::Table }))
    }

    /// The text of a row; on a terminal with unsafe characters as JSON escapes.
    fn raw<'a>(&self, row: &'a [u8]) -> Cow<'a, [u8]> {
        if self.raw_strings
            && let Some(text) = json::decode(row)
        {
            let shown = |text: &[u8]| safe::escape(&String::from_utf8_lossy(text)).into_owned().into_bytes();
            return if self.look.terminal { Cow::Owned(shown(&text)) } else { text };
        }
        if self.look.terminal { safe::escape_json(row) } else { Cow::Borrowed(row) }
    }

    /// Chooses columns by the rows held back, and writes those rows.
    fn decide(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Some(held) = self.undecided.take() else {
            return Ok(());
        };
        if let Some(columns) = held.columns() {
            self.instants = vec![false; columns.len()];
            self.numbers = vec![true; columns.len()];
            self.asked = columns.iter().map(|name| held.is_asked(name)).collect();
            self.chosen = Some(columns.iter().map(|name| name.clone().into_bytes()).collect());
            self.columns = Some(columns);
        }
        held.into_rows().into_iter().try_for_each(|(row, address)| self.put(&row, address, out))
    }

    /// The values of the fields `names`. A row that is not an object is a value of [`VALUE`].
    fn values<'a>(row: &'a [u8], names: &[&str]) -> Vec<Option<&'a [u8]>> {
        let mut values = Vec::new();
        if json::pick(row, names, &mut values).is_err() {
            values = names.iter().map(|name| (*name == VALUE).then_some(row)).collect();
        }
        values
    }

    fn names(&self) -> Vec<&str> {
        self.columns.as_ref().map_or_else(|| ENVELOPE.to_vec(), |columns| columns.iter().map(String::as_str).collect())
    }

    fn titles(&self, out: &mut dyn Write) -> io::Result<()> {
        let names = self.names();
        let guard = |text: String, is_text: bool| guarded(text, is_text && !self.raw_csv);
        let shown = |name: &&str| if self.look.terminal { safe::escape(name).into_owned() } else { (*name).to_owned() };
        match self.format {
            Format::Csv => {
                let titles = names.iter().map(|name| csv(&guard(shown(name), true), names.len()));
                writeln_joined(out, titles, ",", "\r\n")
            }
            Format::Tsv => writeln_joined(out, names.iter().map(|name| tsv(&guard(shown(name), true))), "\t", "\n"),
            _ => {
                writeln_joined(out, names.iter().map(|name| format!("| {} ", markdown(name))), "", "|\n")?;
                writeln_joined(out, names.iter().map(|_| "| --- ".to_owned()), "", "|\n")
            }
        }
    }

    fn delimited(&mut self, row: &[u8], out: &mut dyn Write) -> io::Result<()> {
        if self.written == 1 {
            self.titles(out)?;
        }
        let names = self.names();
        let guard = |text: String, is_text: bool| guarded(text, is_text && !self.raw_csv);
        let values = Rows::values(row, &names);
        let texts = values.iter().map(|value| {
            let text = cell::plain(*value);
            let text = if self.look.terminal { safe::escape(&text).into_owned() } else { text };
            let is_text = value.is_some_and(|raw| raw.starts_with(b"\""));
            match self.format {
                Format::Csv => csv(&guard(text, is_text), names.len()),
                Format::Tsv => tsv(&guard(text, is_text)),
                _ => format!("| {} ", markdown(&cell::shown(*value, &self.look.zone))),
            }
        });
        match self.format {
            Format::Csv => writeln_joined(out, texts, ",", "\r\n"),
            Format::Tsv => writeln_joined(out, texts, "\t", "\n"),
            _ => writeln_joined(out, texts, "", "|\n"),
        }
    }

    /// The cells of one row of a table, safe to show.
    fn cells(&mut self, row: &[u8], address: Option<Address>) -> Vec<String> {
        let Some(columns) = &self.columns else {
            let values = Rows::values(row, &STANDARD_FIELDS);
            self.hidden.note(row, &STANDARD_FIELDS);
            self.instants[0] = true;
            self.numbers.fill(false);
            self.latest_instant = Instant::parse(&cell::plain(values[0])).or(self.latest_instant);
            let zone = &self.look.zone;
            let shown = |at: usize| safe::escape(&cell::shown(values[at], zone)).into_owned();
            let name = match (values[2], address) {
                (Some(step), _) => format!("{}#{}", cell::plain(values[1]), cell::plain(Some(step))),
                (None, Some(address)) => format!("{} {address}", cell::plain(values[1])).trim_start().to_owned(),
                (None, None) => cell::plain(values[1]),
            };
            let is_blocked = Status::of_value(values[4]) == Some(Status::Blocked);
            let next = if is_blocked && values[7].is_some() { shown(7) } else { shown(6) };
            return vec![
                shown(0),
                safe::escape(&name).into_owned(),
                shown(3),
                status(&cell::plain(values[4])),
                shown(5),
                next,
            ];
        };
        let values = Rows::values(row, &self.names());
        let mut cells = Vec::with_capacity(columns.len());
        for (at, value) in values.iter().enumerate() {
            if let Some(raw) = value.filter(|raw| *raw != b"null") {
                self.numbers[at] &= cell::is_number(raw);
                if let Some(instant) = cell::instant(raw) {
                    self.instants[at] = true;
                    self.latest_instant = Some(instant);
                }
            }
            cells.push(match columns[at].as_str() {
                // In rows that logbook did not write, `status` may be any word or number.
                "status" if self.chosen.is_none() => status(&cell::plain(*value)),
                "rating" => rating(&cell::plain(*value)),
                _ => safe::escape(&cell::shown(*value, &self.look.zone)).into_owned(),
            });
        }
        cells
    }

    fn draw(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let first = self.layout.is_none();
        let layout = match self.layout.take() {
            Some(layout) => layout,
            None => self.fit(),
        };
        if self.short_year.is_some() {
            self.piece.iter_mut().for_each(|row| shorten(row, &self.instants, self.short_year.as_deref()));
        }
        for title in layout.dropped(&self.piece) {
            self.hidden.add(&title);
        }
        out.write_all(layout.draw(&self.piece, first, &self.look).as_bytes())?;
        self.layout = Some(layout);
        self.piece.clear();
        Ok(())
    }

    /// The layout, decided by the first piece. If space is short and all times are in one year, the
    /// year moves into the title and the seconds are dropped.
    fn fit(&mut self) -> Layout {
        let layout = Layout::fit(self.table_columns(), &self.piece, self.look.width);
        let times = self
            .piece
            .iter()
            .flat_map(|row| row.iter().zip(&self.instants))
            .filter(|(text, instant)| **instant && !text.is_empty());
        let mut years: Vec<&str> = times.filter_map(|(text, _)| text.get(..4)).collect();
        years.dedup();
        let [year] = years[..] else {
            return layout;
        };
        if !layout.is_tight() {
            return layout;
        }
        let year = year.to_owned();
        let mut piece = self.piece.clone();
        piece.iter_mut().for_each(|row| shorten(row, &self.instants, Some(&year)));
        let mut columns = self.table_columns();
        for (column, instant) in columns.iter_mut().zip(&self.instants) {
            if *instant {
                let title = &column.title;
                let rest = title.strip_prefix("timestamp").or_else(|| title.strip_prefix("time"));
                column.title = rest.map_or_else(|| title.clone(), |rest| format!("{year}{rest}"));
            }
        }
        self.short_year = Some(year);
        Layout::fit(columns, &piece, self.look.width)
    }

    /// The columns of the table; columns of times have the zone in their title.
    fn table_columns(&self) -> Vec<Column> {
        if let Some(shapes) = &self.shapes {
            return shapes.clone();
        }
        let zone = self.look.zone.short_name(self.latest_instant.unwrap_or(Instant { seconds: 0, attos: 0 }));
        let titles: Vec<(String, bool)> = match &self.columns {
            None => STANDARD.iter().map(|(title, flexible)| ((*title).to_owned(), *flexible)).collect(),
            Some(columns) => columns.iter().map(|name| (name.clone(), true)).collect(),
        };
        let mut columns = Vec::new();
        for (at, (title, flexible)) in titles.into_iter().enumerate() {
            let instant = self.instants[at];
            let title = safe::escape(&title).into_owned();
            columns.push(Column {
                status: title == "status" || title == "rating",
                title: if instant { format!("{title} ({zone})") } else { title },
                right: self.numbers[at],
                cut: if flexible && !instant && !self.numbers[at] { Cut::PLAIN } else { Cut::Never },
                rank: self.asked.get(at).map_or(0, |asked| u8::from(*asked)),
            });
        }
        columns
    }
}

/// Shortens `2026-04-15 18:00:04` to `04-15 18:00` if it is in `year`.
fn shorten(row: &mut [String], instants: &[bool], year: Option<&str>) {
    for (text, _) in row.iter_mut().zip(instants).filter(|(_, instant)| **instant) {
        if text.len() == 19 && text.get(..4) == year && text.as_bytes().get(13) == Some(&b':') {
            // Another text of that length need not be a time.
            if let Some(short) = text.get(5..16) {
                *text = short.to_owned();
            }
        }
    }
}

impl Hidden {
    fn note(&mut self, row: &[u8], shown: &[&str]) {
        for member in json::Members::new(row).flatten() {
            if !shown.iter().any(|name| member.is(name.as_bytes())) {
                self.add(&String::from_utf8_lossy(&member.name()));
            }
        }
    }

    /// Like [`Hidden::note`] for columns that were chosen.
    fn note_other(&mut self, row: &[u8], shown: &HashSet<Vec<u8>>) {
        for member in json::Members::new(row).flatten() {
            let name = member.name();
            if !shown.contains(&*name) {
                self.add(&String::from_utf8_lossy(&name));
            }
        }
    }

    fn add(&mut self, name: &str) {
        if self.known.len() < HIDDEN_MAX && !self.known.contains(name) {
            self.known.insert(name.to_owned());
            if self.names.len() < NAMES_REPORTED {
                self.names.push(name.to_owned());
            }
        }
    }
}

fn writeln_joined(
    out: &mut dyn Write,
    cells: impl Iterator<Item = String>,
    between: &str,
    end: &str,
) -> io::Result<()> {
    for (at, text) in cells.enumerate() {
        if at > 0 {
            out.write_all(between.as_bytes())?;
        }
        out.write_all(text.as_bytes())?;
    }
    out.write_all(end.as_bytes())
}

/// Characters that begin a formula in a spreadsheet, in any spelling that one accepts.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Puts an apostrophe before a text that a spreadsheet would run as a formula.
fn guarded(text: String, is_text: bool) -> String {
    if is_text && text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

/// A CSV cell in a row of `columns` cells. An empty cell alone in its row is quoted, since many
/// readers skip empty lines.
fn csv(text: &str, columns: usize) -> String {
    if text.is_empty() && columns == 1 {
        return "\"\"".to_owned();
    }
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn tsv(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn markdown(text: &str) -> String {
    let mut out = String::new();
    for (at, piece) in safe::escape(text).split('|').enumerate() {
        if at > 0 {
            // Backslashes just before the bar would cancel its escape.
            let run = out.len() - out.trim_end_matches('\\').len();
            out.push_str(&"\\".repeat(run));
            out.push_str("\\|");
        }
        out.push_str(piece);
    }
    out.replace('<', "&lt;")
}
