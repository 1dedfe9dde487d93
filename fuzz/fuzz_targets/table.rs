//! Rows as people read them: in every format, with any rows, columns and
//! widths, nothing panics; no control, bidirectional or invisible character
//! stands in a table or goes to a terminal; every line of a table keeps to the
//! width; and what programs read (jsonl, json, csv, tsv) says what the rows say.
//!
//! Input: eight bytes that say how it is to look, then lines: names of columns
//! first, if any, then rows.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use logbook_json::{self as json, Limits};
use logbook_model::{Address, Zone};
use logbook_render::record::{self, terminal};
use logbook_render::{Format, Look, Output, Rows, cell, pretty};
use logbook_view::Record;
use regex_syntax::hir::{Class, HirKind};
use serde_json::value::RawValue;
use unicode_width::UnicodeWidthStr;

const FORMATS: [Format; 6] = [Format::Table, Format::Jsonl, Format::Json, Format::Csv, Format::Tsv, Format::Markdown];
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "+05:45", "America/Caracas"];
/// Fields that a line which is no JSON becomes the value of, in turn.
const NAMES: [&str; 8] = ["action", "status", "run_id", "timestamp", "step", "next_intent", "blocked_on", "phase"];
/// In the last byte: so many rows that the table is drawn in pieces.
const PIECES: u8 = 0xEE;
const PIECE_ROWS: usize = 1000;

fuzz_target!(init: oracle(), |data: &[u8]| -> Corpus {
    let Some((head, body)) = data.split_first_chunk::<8>() else {
        return Corpus::Reject;
    };
    let flag = |bit: u8| head[1] & (1 << bit) != 0;
    let format = FORMATS[usize::from(head[0]) % FORMATS.len()];
    let width = 1 + (u16::from(head[2]) | u16::from(head[3] & 1) << 8);
    let look = Look {
        width: flag(0).then_some(width),
        colour: flag(1),
        zone: Zone::parse(ZONES[usize::from(head[4]) % ZONES.len()]).unwrap_or(Zone::UTC),
        terminal: flag(2),
        wrap: flag(3),
    };
    let mut lines = body.split(|byte| *byte == b'\n');
    let columns = flag(4).then(|| {
        let mut names: Vec<String> = Vec::new();
        for name in lines.by_ref().take(1 + usize::from(head[5] % 8)) {
            let name = String::from_utf8_lossy(name).into_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    });
    let keyed = !matches!(format, Format::Jsonl | Format::Json);
    // Rows are judged before they are printed; a table is to be safe even from rows that were not.
    let unjudged = keyed && flag(6);
    let mut rows: Vec<Vec<u8>> = lines
        .enumerate()
        .map(|(at, line)| {
            let whole = json::validate(line, Limits::GRAMMAR).is_ok();
            if whole || unjudged { line.to_vec() } else { told(line, at, columns.as_deref()) }
        })
        .collect();
    rows.iter().for_each(|row| alone(row, &look));
    if format == Format::Table {
        tell(&rows, &look);
    }
    if head[7] == PIECES
        && let Some(first) = rows.first()
    {
        rows.splice(..0, vec![first.clone(); PIECE_ROWS]);
    }

    let made = flag(7);
    let raw_csv = flag(5);
    let mut writer = match &columns {
        None if made => Rows::made(format, look.clone(), raw_csv),
        columns => Rows::new(format, columns.clone(), look.clone(), raw_csv),
    };
    let mut out = Vec::new();
    // Rows are safe by themselves, and not only because their stream looks again.
    let mut stream = Output::new(&mut out, false);
    for (at, row) in (0u64..).zip(&rows) {
        let address = match head[6] % 3 {
            0 => None,
            1 => Some(Address::Place { segment: 41, offset: at }),
            _ => Some(Address::Step { run_id: "r\u{1b}".to_owned(), step: at + 1 }),
        };
        writer.push(row, address, &mut stream).expect("written to memory");
    }
    let note = writer.finish(&mut stream).expect("written to memory");
    safe(note.map_or(String::new(), |note| note.text).as_str(), "");

    // A row that is no UTF-8 goes into a pipe as it is.
    let text = String::from_utf8_lossy(&out);
    if format == Format::Table {
        let plain = without_colours(&text, look.colour);
        safe(&plain, "\n");
        fits(&plain, &look);
    } else if look.terminal || format == Format::Markdown {
        match format {
            Format::Csv => safe(&text.replace("\r\n", "\n"), "\n"),
            Format::Tsv => safe(&text, "\t\n"),
            _ => safe(&text, "\n"),
        }
    }
    says(format, &text, &rows, columns.as_deref(), raw_csv && !look.terminal, look.terminal);
    Corpus::Keep
});

/// A row that tells `line`, whatever it is.
fn told(line: &[u8], at: usize, columns: Option<&[String]>) -> Vec<u8> {
    let name = match columns {
        Some(names) => names[at % names.len()].as_str(),
        None => NAMES[at % NAMES.len()],
    };
    let (name, value) = (json::quote(name), json::quote(&String::from_utf8_lossy(line)));
    [b"{".as_slice(), &name, b":", &value, b"}"].concat()
}

/// One row in full.
fn alone(row: &[u8], look: &Look) {
    if json::validate(row, Limits::GRAMMAR).is_ok() {
        let drawn = pretty::draw(row);
        safe(&drawn, "\n");
        assert!(slow(&drawn), "{drawn}");
    }
    let shown = cell::shown(Some(row), &look.zone);
    let _ = logbook_render::safe::escape(&shown);
}

/// The rows as one run.
fn tell(rows: &[Vec<u8>], look: &Look) {
    let whole = rows.iter().filter(|row| json::validate(row, Limits::GRAMMAR).is_ok());
    let place = || Some(Address::Place { segment: 1, offset: 0 });
    let run = Record::of("r", whole.map(|row| (row.as_slice(), place(), Vec::new())), Vec::new());
    let facts = record::facts(&run, &look.zone);
    let drawn = terminal::draw_facts("r", &facts, look) + &terminal::draw_timeline(&run, look);
    let page = record::page(&run, &look.zone);
    safe(&record::html::draw(&page), "\n");
    safe(&record::markdown::draw(&page), "\n");
    safe(&drawn, "\n");
    if !look.wrap {
        fits(&drawn, look);
    }
}

/// What the output says to a program: the rows, as far as they can be told back.
fn says(format: Format, text: &str, rows: &[Vec<u8>], columns: Option<&[String]>, raw: bool, terminal: bool) {
    let trimmed = || rows.iter().map(|row| String::from_utf8_lossy(json::trim(row)));
    match format {
        Format::Jsonl => {
            assert!(text.lines().count() >= rows.len());
            if terminal {
                text.lines().for_each(|line| assert!(slow(line), "{line}"));
            } else {
                assert_eq!(text, trimmed().map(|row| row + "\n").collect::<String>());
            }
        }
        Format::Json => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).expect("a JSON array");
            assert_eq!(elements.len(), rows.len());
            if !terminal {
                elements.iter().zip(trimmed()).for_each(|(element, row)| assert_eq!(element.get(), row));
            }
        }
        Format::Csv | Format::Tsv => {
            let (Some(columns), true) = (columns, raw) else {
                return;
            };
            let records = if format == Format::Csv { csv(text) } else { tsv(text) };
            let mut expected = vec![columns.to_vec()];
            let mut values = Vec::new();
            for row in rows {
                let row = json::trim(row);
                if json::pick(row, columns, &mut values).is_err() {
                    values = columns.iter().map(|name| (name == "value").then_some(row)).collect();
                }
                expected.push(values.iter().map(|value| cell::plain(*value)).collect());
            }
            assert_eq!(records, expected);
        }
        Format::Markdown => {
            let bars = text.lines().next().map(bars);
            text.lines().for_each(|line| assert_eq!(Some(crate::bars(line)), bars, "{line}"));
        }
        Format::Table => {}
    }
}

fn slow(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// The bars of a Markdown table's line that part cells: those with no backslash before them.
fn bars(line: &str) -> usize {
    let mut escaped = false;
    let mut count = 0;
    for character in line.chars() {
        count += usize::from(character == '|' && !escaped);
        escaped = character == '\\' && !escaped;
    }
    count
}

/// RFC 4180, slowly.
fn csv(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut record = Vec::new();
        loop {
            let mut cell = String::new();
            if let Some(quoted) = rest.strip_prefix('"') {
                rest = quoted;
                loop {
                    let (before, after) = rest.split_once('"').expect("a quote that closes");
                    cell.push_str(before);
                    rest = after;
                    let Some(after) = rest.strip_prefix('"') else { break };
                    cell.push('"');
                    rest = after;
                }
            } else {
                let end = rest.find([',', '\r', '\n', '"']).expect("an end of the record");
                cell.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            record.push(cell);
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = rest.strip_prefix("\r\n").expect("CRLF after a record");
        records.push(record);
    }
    records
}

fn tsv(text: &str) -> Vec<Vec<String>> {
    let unescape = |cell: &str| {
        let mut out = String::new();
        let mut characters = cell.chars();
        while let Some(character) = characters.next() {
            out.push(match character {
                '\\' => match characters.next() {
                    Some('t') => '\t',
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('\\') => '\\',
                    other => panic!("no such escape: {other:?}"),
                },
                other => other,
            });
        }
        out
    };
    let record = |line: &str| line.split('\t').map(unescape).collect();
    text.split_terminator('\n').map(record).collect()
}

/// Every line within the width.
fn fits(text: &str, look: &Look) {
    for line in text.lines() {
        if let Some(width) = look.width {
            assert!(line.width() <= usize::from(width), "{} columns, not {width}: {line:?}", line.width());
        }
    }
}

/// Nothing that a terminal obeys or does not show, but the `allowed`.
fn safe(text: &str, allowed: &str) {
    for character in text.chars() {
        if hidden(character) && !allowed.contains(character) {
            panic!("{character:?} in {text:?}");
        }
    }
}

/// What Unicode calls a control, a format character (but not the signs that
/// stand visibly before digits), a line separator, or ignorable by default.
fn hidden(character: char) -> bool {
    static RANGES: OnceLock<Vec<(char, char)>> = OnceLock::new();
    let ranges = RANGES.get_or_init(|| {
        let invisible = r"\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}";
        let class = format!(r"[[{invisible}]--\p{{Prepended_Concatenation_Mark}}]");
        match regex_syntax::parse(&class).expect("Unicode's classes").into_kind() {
            HirKind::Class(Class::Unicode(class)) => class.iter().map(|range| (range.start(), range.end())).collect(),
            other => panic!("a class of characters is {other:?}"),
        }
    });
    let after = ranges.partition_point(|(from, _)| *from <= character);
    after > 0 && character <= ranges[after - 1].1
}

/// The oracle itself, once: a class that is read otherwise would let all through.
fn oracle() {
    let wrong: Vec<char> = "\u{1b}\u{7f}\u{9b}\u{ad}\u{200b}\u{202e}\u{2066}\u{feff}\u{13430}\u{1bca0}\u{e0041}"
        .chars()
        .filter(|character| !hidden(*character))
        .chain("a é日…▶\u{600}\u{301}".chars().filter(|character| hidden(*character)))
        .collect();
    assert!(wrong.is_empty(), "judged wrongly: {wrong:?}");
}

/// The text without the colour sequences that the table itself writes.
fn without_colours(text: &str, colour: bool) -> String {
    if !colour {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|character: char| !character.is_ascii_digit() && character != ';');
        match end.filter(|end| after[*end..].starts_with('m')) {
            Some(end) => rest = &after[end + 1..],
            None => {
                out.push('\u{1b}');
                rest = after;
            }
        }
    }
    out + rest
}
