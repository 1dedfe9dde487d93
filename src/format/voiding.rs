//! A `repair` row that voids the place of another row, which stands again right
//! behind it (`docs/format.md`, Voided places).
//!
//! Not here: which inputs it is about (`scan`), when one is written (`store`).

use super::corrections::step_of;
use crate::json::{self, Limits};
use crate::model::{Address, run_id};

/// What such a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voiding {
    /// Number of the segment in which the voided row stands.
    pub segment: u64,
    /// Byte offset there.
    pub offset: u64,
    /// The row that stands again, by its name.
    pub by: Address,
}

impl Voiding {
    /// Reads the row `row`; `None` when it voids nothing, or is not whole.
    pub fn read(row: &[u8]) -> Option<Voiding> {
        let mut values = Vec::new();
        json::pick(row, &["kind", "run_id", "voids", "by"], &mut values).ok()?;
        let text =
            |at: usize| values[at].and_then(json::decode).map(|text| String::from_utf8_lossy(&text).into_owned());
        if text(0)? != "repair" || text(1)? != run_id::LOGBOOK {
            return None;
        }
        let Address::Place { segment, offset } = Address::parse(&text(2)?)? else { return None };
        let by = Address::parse(&text(3)?)?;
        json::validate(row, Limits::GRAMMAR).is_ok().then_some(Voiding { segment, offset, by })
    }

    /// Whether `row`, which stands right behind, is the one that it names. Without
    /// that the old place counts: whoever wrote this died before writing the row.
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
}
