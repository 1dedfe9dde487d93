//! Rows of kind `repair`: those that void the place of another row, which is stored again right
//! after (`docs/format.md`, Voided places), and those that report missing segments (Lock).
//!
//! Not here: which inputs they are about (`scan`), when they are written (`store`).

use super::body;
use super::corrections::step_of;
use logbook_json::{self as json, Limits, Object};
use logbook_model::{Address, Kind, run_id};

/// A row that voids a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voiding {
    /// The segment of the voided row.
    pub segment: u64,
    /// Its offset in the segment.
    pub offset: u64,
    /// The name of the row that is stored again.
    pub by: Address,
}

impl Voiding {
    /// Reads the row `row`; `None` if it voids nothing, or is not valid.
    pub fn read(row: &[u8]) -> Option<Voiding> {
        let mut values = Vec::new();
        json::pick(row, &["kind", "run_id", "voids", "by"], &mut values).ok()?;
        let text =
            |at: usize| values[at].and_then(json::decode).map(|text| String::from_utf8_lossy(&text).into_owned());
        if Kind::of(values[0]) != Kind::Repair || text(1)? != run_id::LOGBOOK {
            return None;
        }
        let Address::Place { segment, offset } = Address::parse(&text(2)?)? else { return None };
        let by = Address::parse(&text(3)?)?;
        json::validate(row, Limits::GRAMMAR).is_ok().then_some(Voiding { segment, offset, by })
    }

    /// Whether `row`, the next one, is the row that it names. If not, the old place counts: the
    /// writer died before it stored the row again.
    pub fn is_kept_by(&self, row: &[u8]) -> bool {
        let mut values = Vec::new();
        if json::pick(row, &["run_id", "step"], &mut values).is_err() {
            return false;
        }
        let (Some(run), Some(step)) = (values[0].and_then(json::decode), step_of(values[1])) else { return false };
        let name = Address::Step { run_id: String::from_utf8_lossy(&run).into_owned(), step };
        name == self.by && json::validate(row, Limits::GRAMMAR).is_ok()
    }
}

/// Whether `again` is the row `voided`, stored again: with the same id, step and fields. Only the
/// timestamp may differ, which `append` fills in. If `voided` is not a row, as after a power cut,
/// there is nothing to compare.
pub fn is_same_row(voided: &[u8], again: &[u8]) -> bool {
    if json::validate(voided, Limits::GRAMMAR).is_err() {
        return true;
    }
    let (mut old, mut new) = (Vec::new(), Vec::new());
    if json::pick(voided, &["id", "step"], &mut old).is_err() || json::pick(again, &["id", "step"], &mut new).is_err() {
        return false;
    }
    let has_id = old[0].and_then(json::decode).is_some_and(|id| !id.is_empty());
    let step = old[1].is_none() || step_of(old[1]) == step_of(new[1]);
    has_id && step && body::same(voided, again, true)
}

/// Segments that are missing: `.lock` had their numbers when the next segment was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
}

impl Missing {
    /// The row, without run, step and timestamp.
    pub fn print(&self) -> String {
        let row = Object::new()
            .text("kind", Kind::Repair.word())
            .text("action", "went on behind segments that are not here")
            .number("missing_from", self.from)
            .number("missing_to", self.to)
            .end();
        String::from_utf8_lossy(&row).into_owned()
    }

    /// Reads the row `row`; `None` if it does not report missing segments.
    pub fn read(row: &[u8]) -> Option<Missing> {
        let mut values = Vec::new();
        json::pick(row, &["kind", "run_id", "missing_from", "missing_to"], &mut values).ok()?;
        let is_own = values[1].and_then(json::decode).is_some_and(|run| *run == *run_id::LOGBOOK.as_bytes());
        let number = |at: usize| values[at].and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let missing = Missing { from: number(2)?, to: number(3)? };
        (Kind::of(values[0]) == Kind::Repair && is_own).then_some(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"run_id":"_logbook","step":1,"kind":"repair","voids":"@000001:12","by":"r#2"}"#;

    #[test]
    fn only_the_tools_own_whole_row_voids() {
        let read = |row: &str| Voiding::read(row.as_bytes());
        let by = Address::Step { run_id: "r".into(), step: 2 };
        assert_eq!(read(ROW), Some(Voiding { segment: 1, offset: 12, by }));
        for (part, other) in [("_logbook", "r"), ("repair", "note"), ("@000001:12", "r#1"), ("voids", "x"), ("by", "x")]
        {
            assert_eq!(read(&ROW.replacen(part, other, 1)), None, "{part} → {other}");
        }
        assert_eq!(read(&ROW.replace("}", ",}")), None);
    }

    #[test]
    fn the_row_behind_it_must_be_the_one_it_names() {
        let keeps = |row: &str| Voiding::read(ROW.as_bytes()).is_some_and(|voiding| voiding.is_kept_by(row.as_bytes()));
        assert!(keeps(r#"{"run_id":"r","step":2,"action":"x"}"#));
        for other in
            [r#"{"run_id":"r","step":3}"#, r#"{"run_id":"s","step":2}"#, r#"{"run_id":"r","step":2,"action":"#, ""]
        {
            assert!(!keeps(other), "{other}");
        }
    }

    #[test]
    fn the_row_that_stands_again_must_say_the_same() {
        const OLD: &str = r#"{"run_id":"r","step":2,"timestamp":"2026-04-15T01:00:00Z","action":"x","n":1.0,"id":"k"}"#;
        let same = |new: &str| is_same_row(OLD.as_bytes(), new.as_bytes());
        assert!(same(OLD));
        assert!(same(&OLD.replace("01:00", "02:00")), "append fills the time in");
        assert!(same(r#"{"id":"k","run_id":"r","step":2,"n":1.0,"action":"x"}"#));
        for (part, other) in [
            ("\"x\"", "\"y\""),
            ("1.0", "1.00"),
            ("\"k\"", "\"l\""),
            (":2,", ":3,"),
            ("\"r\"", "\"s\""),
            (",\"n\":1.0", ""),
        ] {
            assert!(!same(&OLD.replacen(part, other, 1)), "{part} → {other}");
        }
        // Rows without an id are never stored again.
        let without = OLD.replace(",\"id\":\"k\"", "");
        assert!(!is_same_row(without.as_bytes(), without.as_bytes()));
        assert!(is_same_row(b"{\"run_id\":\"r\",\"ste", OLD.as_bytes()), "nothing stands there");
    }

    #[test]
    fn a_row_about_missing_segments_is_read_as_it_was_printed() {
        let missing = Missing { from: 8, to: 9 };
        let row = missing.print().replacen('{', "{\"run_id\":\"_logbook\",\"step\":4,", 1);
        assert_eq!(Missing::read(row.as_bytes()), Some(missing));
        assert_eq!(Missing::read(row.replace("_logbook", "r").as_bytes()), None);
        assert_eq!(Missing::read(row.replace("repair", "note").as_bytes()), None);
        assert_eq!(Missing::read(row.replace(":8", ":\"8\"").as_bytes()), None);
    }
}
