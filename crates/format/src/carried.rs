//! Rows that carry over facts of deleted rows, as far as gates and writers still need them
//! (`docs/format.md`, Retention).
//!
//! Not here: which facts those are (`view::standing_facts`), when the row is written
//! (`store::archive`).

use logbook_json::{self as json, Array, Leaves, Object};
use logbook_model::{Kind, run_id};

/// The facts of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarriedRun {
    /// The run.
    pub run: String,
    /// Its highest step: no later row may have it.
    pub last_step: u64,
    /// Its parent runs, as its rows named them.
    pub parents: Vec<String>,
    /// The agents that worked in it.
    pub agents: Vec<String>,
}

impl CarriedRun {
    fn print(&self) -> Vec<u8> {
        let mut out = Object::new();
        out.text("run_id", &self.run).number("step", self.last_step);
        for (name, texts) in [("parent_run_id", &self.parents), ("agent_id", &self.agents)] {
            if !texts.is_empty() {
                out.texts(name, texts);
            }
        }
        out.end()
    }

    fn read(item: &[u8]) -> Option<CarriedRun> {
        let mut values = Vec::new();
        json::pick(item, &["run_id", "step", "parent_run_id", "agent_id"], &mut values).ok()?;
        let text = |raw: &[u8]| json::decode(raw).map(|text| String::from_utf8_lossy(&text).into_owned());
        let texts = |at: usize| values[at].into_iter().flat_map(Leaves::new).filter_map(text).collect();
        let last_step = std::str::from_utf8(values[1]?).ok()?.parse().ok()?;
        Some(CarriedRun { run: text(values[0]?)?, last_step, parents: texts(2), agents: texts(3) })
    }
}

/// The text of the row, without step and timestamp. `rows` are JSON objects, in their old order.
pub fn print(runs: &[CarriedRun], rows: &[&[u8]]) -> Vec<u8> {
    let mut out = Object::new();
    out.text("run_id", run_id::LOGBOOK)
        .text("kind", Kind::ArchiveCarried.word())
        .text("action", &format!("carried over {} runs and {} rows", runs.len(), rows.len()));
    let (mut run_list, mut row_list) = (Array::new(), Array::new());
    runs.iter().for_each(|run| _ = run_list.raw(&run.print()));
    rows.iter().for_each(|row| _ = row_list.raw(row));
    out.raw("runs", &run_list.end()).raw("rows", &row_list.end()).end()
}

/// Whether `row` is such a row. Only the program writes rows of the run `_logbook`.
fn is_one(row: &[u8]) -> bool {
    let mut values = Vec::new();
    let says =
        |value: Option<&[u8]>, word: &str| value.and_then(json::decode).is_some_and(|text| *text == *word.as_bytes());
    json::pick(row, &["kind", "run_id"], &mut values).is_ok()
        && Kind::of(values[0]) == Kind::ArchiveCarried
        && says(values[1], run_id::LOGBOOK)
}

fn items<'r>(row: &'r [u8], name: &str) -> impl Iterator<Item = &'r [u8]> + use<'r> {
    let mut values = Vec::new();
    let list = json::pick(row, &[name], &mut values).ok().and_then(|()| values[0]);
    list.into_iter().flat_map(Leaves::new)
}

/// The runs that `row` carries over; none if it is not such a row.
pub fn runs(row: &[u8]) -> Vec<CarriedRun> {
    if is_one(row) { items(row, "runs").filter_map(CarriedRun::read).collect() } else { Vec::new() }
}

/// The rows that `row` carries over; `None` if it is not such a row.
pub fn rows(row: &[u8]) -> Option<Vec<&[u8]>> {
    is_one(row).then(|| items(row, "rows").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_carried_is_read_as_it_was_printed() {
        let one = CarriedRun {
            run: "r-1".into(),
            last_step: 17,
            parents: vec!["r \"0\"".into(), "]".into()],
            agents: vec!["coder".into()],
        };
        let all = [one, CarriedRun { run: "\u{e9}#3".into(), last_step: 1, ..CarriedRun::default() }];
        let rows_given: [&[u8]; 2] = [br#"{"run_id":"r-1","step":3,"kind":"hold"}"#, br#"{"a":[{"b":"]"}]}"#];
        let text = print(&all, &rows_given);
        assert_eq!(runs(&text), all);
        assert_eq!(rows(&text).unwrap_or_default(), rows_given);
        for (part, other) in [("_logbook", "r-9"), (Kind::ArchiveCarried.word(), Kind::Note.word())] {
            let forged = String::from_utf8_lossy(&text).replacen(part, other, 1);
            assert_eq!((runs(forged.as_bytes()), rows(forged.as_bytes())), (Vec::new(), None), "{forged}");
        }
    }
}
