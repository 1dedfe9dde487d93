//! What must hold of a logbook, told from its files alone: rows that were
//! acknowledged are there, once; nothing is there that nobody wrote; steps are
//! unique. Rows carry a serial number and a filling that follows from it, so that
//! a row that is torn, glued or half NUL is known from every whole one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use logbook_format::lines::Lines;
use logbook_json::{self as json, Kind, Limits};
use logbook_model::Address;
use logbook_store::os::Os;
use logbook_store::snapshot::{self, Form};

/// A row to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub run: &'static str,
    pub serial: u64,
    pub id: Option<String>,
    /// Bytes of filling.
    pub fill: usize,
}

impl Row {
    /// A row without an id.
    pub fn new(run: &'static str, serial: u64, fill: usize) -> Row {
        Row { run, serial, id: None, fill }
    }

    /// The same with an id.
    pub fn id(self) -> Row {
        Row { id: Some(format!("id-{}", self.serial)), ..self }
    }

    /// What is given to `append`.
    pub fn text(&self) -> String {
        let id = self.id.as_ref().map_or(String::new(), |id| format!("\"id\":\"{id}\","));
        let filling = filling(self.serial, self.fill);
        format!("{{\"run_id\":\"{}\",{id}\"n\":{},\"fill\":\"{filling}\"}}", self.run, self.serial)
    }
}

fn letter(serial: u64) -> u8 {
    b'a' + (serial % 26) as u8
}

fn filling(serial: u64, bytes: usize) -> String {
    // It holds its own length, so that a shorter one is known to be cut.
    let mut text = format!("{bytes}:");
    text.extend(std::iter::repeat_n(char::from(letter(serial)), bytes));
    text
}

fn is_filling(text: &[u8], serial: u64) -> bool {
    let Some(colon) = text.iter().position(|byte| *byte == b':') else { return false };
    let bytes = std::str::from_utf8(&text[..colon]).ok().and_then(|digits| digits.parse::<usize>().ok());
    bytes == Some(text.len() - colon - 1) && text[colon + 1..].iter().all(|byte| *byte == letter(serial))
}

/// What a reader sees of one row.
#[derive(Debug, Clone)]
pub struct Seen {
    pub place: (u64, u64),
    pub run: String,
    pub step: Option<u64>,
    /// Absent in rows about the logbook itself.
    pub serial: Option<u64>,
}

/// What a reader sees: rows that count, in order, and what is wrong with others.
#[derive(Debug, Default)]
pub struct Sight {
    pub rows: Vec<Seen>,
    /// Rows in whose place others were stored: their steps are taken.
    pub voided: Vec<Seen>,
    pub wrong: Vec<String>,
}

impl Sight {
    /// Serial numbers, in order.
    pub fn serials(&self) -> Vec<u64> {
        self.rows.iter().filter_map(|row| row.serial).collect()
    }
}

/// Reads the logbook as a snapshot reader does.
pub fn look(os: &dyn Os, logbook: &Path) -> Sight {
    let mut sight = Sight::default();
    let taken = match snapshot::take(os, logbook) {
        Ok(taken) => taken,
        Err(error) => {
            sight.wrong.push(format!("cannot be read: {error}"));
            return sight;
        }
    };
    let mut voided = BTreeSet::new();
    for segment in &taken.segments {
        let bytes = std::fs::read(&segment.path).unwrap();
        let bytes = match segment.form {
            Form::Plain => bytes[..segment.bytes as usize].to_vec(),
            _ => zstd::decode_all(&bytes[..]).unwrap_or_else(|error| {
                sight.wrong.push(format!("segment {}: {error}", segment.number));
                Vec::new()
            }),
        };
        let bytes = &bytes[..];
        if !bytes.is_empty() && bytes.last() != Some(&b'\n') {
            sight.wrong.push(format!("segment {}: a torn row is to be seen", segment.number));
        }
        let mut announced = None;
        for line in Lines::new(bytes) {
            // It counts only for the line right behind it.
            let before = announced.take();
            let is_row =
                json::kind(line.text) == Some(Kind::Object) && json::validate(line.text, Limits::GRAMMAR).is_ok();
            if is_row {
                let row = take(line.text, (segment.number, line.at as u64), &mut sight);
                if let Some((place, by)) = before
                    && row.as_ref().is_some_and(|(name, _)| *name == by)
                {
                    voided.insert(place);
                }
                announced = row.and_then(|(_, announced)| announced);
            }
        }
    }
    let (gone, rows) = std::mem::take(&mut sight.rows).into_iter().partition(|row| voided.contains(&row.place));
    (sight.voided, sight.rows) = (gone, rows);
    sight
}

/// Takes in a row; gives its name, and which place it voids in favour of the row of which name.
#[allow(clippy::type_complexity)]
fn take(text: &[u8], place: (u64, u64), sight: &mut Sight) -> Option<(String, Option<((u64, u64), String)>)> {
    let mut values = Vec::new();
    if json::pick(text, &["run_id", "step", "n", "fill", "voids", "by"], &mut values).is_err() {
        return None;
    }
    let number = |at: usize| values[at].and_then(|value| std::str::from_utf8(value).ok()?.parse::<u64>().ok());
    let words = |at: usize| values[at].and_then(json::decode).map(|text| text.into_owned());
    let run = words(0).map(|run| String::from_utf8_lossy(&run).into_owned()).unwrap_or_default();
    let announced = match words(4).and_then(|voids| Address::parse(&String::from_utf8_lossy(&voids))) {
        Some(Address::Place { segment, offset }) => {
            words(5).map(|by| ((segment, offset), String::from_utf8_lossy(&by).into_owned()))
        }
        _ => None,
    };
    let name = format!("{run}#{}", number(1).unwrap_or(0));
    let serial = number(2);
    let whole = serial.is_some_and(|serial| words(3).is_some_and(|fill| is_filling(&fill, serial)));
    if run != "_logbook" && !whole {
        sight.wrong.push(format!("at {place:?}: a row that nobody wrote: {}", String::from_utf8_lossy(text)));
    }
    sight.rows.push(Seen { place, run, step: number(1), serial });
    Some((name, announced))
}

/// What is wrong with what is seen, when `acknowledged` must be there. `dense`:
/// nothing was lost, so that steps have no gaps.
pub fn judge(sight: &Sight, acknowledged: &[u64], dense: bool) -> Vec<String> {
    let mut wrong = sight.wrong.clone();
    let mut count: BTreeMap<u64, u32> = BTreeMap::new();
    for serial in sight.serials() {
        *count.entry(serial).or_default() += 1;
    }
    for serial in acknowledged.iter().filter(|serial| !count.contains_key(serial)) {
        wrong.push(format!("row {serial} was acknowledged and is not there"));
    }
    for (serial, count) in count.iter().filter(|(_, count)| **count > 1) {
        wrong.push(format!("row {serial} is there {count} times"));
    }
    let mut steps: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for row in &sight.rows {
        match row.step {
            None => wrong.push(format!("at {:?}: a row without a step", row.place)),
            Some(step) if steps.entry(&row.run).or_default().insert(step) => {}
            Some(step) => wrong.push(format!("step {}#{step} is there more than once", row.run)),
        }
    }
    for row in &sight.voided {
        steps.entry(&row.run).or_default().extend(row.step);
    }
    for (run, steps) in steps.iter().filter(|_| dense) {
        if steps.last() != Some(&(steps.len() as u64)) {
            wrong.push(format!("the steps of {run} have gaps: {steps:?}"));
        }
    }
    wrong
}
