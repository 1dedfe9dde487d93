//! A `repair` row that tells of segments that are not here (`docs/format.md`, Lock): `.lock` knew
//! their numbers when the next segment was begun.

use logbook_json::{self as json, Object};
use logbook_model::{Kind, run_id};

/// Which numbers are missing, the first and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

impl Missing {
    /// What is drafted as the row.
    pub fn print(&self) -> String {
        let row = Object::new()
            .text("kind", Kind::Repair.word())
            .text("action", "went on behind segments that are not here")
            .number("missing_from", self.from)
            .number("missing_to", self.to)
            .end();
        String::from_utf8_lossy(&row).into_owned()
    }

    /// Reads the row `row`; `None` when it tells of nothing missing.
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

    #[test]
    fn a_row_is_read_as_it_was_printed() {
        let missing = Missing { from: 8, to: 9 };
        let row = missing.print().replacen('{', "{\"run_id\":\"_logbook\",\"step\":4,", 1);
        assert_eq!(Missing::read(row.as_bytes()), Some(missing));
        assert_eq!(Missing::read(row.replace("_logbook", "r").as_bytes()), None);
        assert_eq!(Missing::read(row.replace("repair", "note").as_bytes()), None);
        assert_eq!(Missing::read(row.replace(":8", ":\"8\"").as_bytes()), None);
    }
}
