//! A row of kind `archive.receipt`: which segments retention deleted, each with the digest of its
//! content (`docs/format.md`, Retention). Only this file reads such rows. Unknown members are
//! ignored.

use super::SegmentName;
use super::corrections::step_of;
use logbook_json::{self as json, Leaves, Limits, Object};
use logbook_model::{Address, Kind, run_id};

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The name of the row, `_logbook#7`, as in the manifest.
    pub name: String,
    /// Its step.
    pub step: u64,
    /// The deleted segments, and the SHA-256 of each.
    pub segments: Vec<(SegmentName, String)>,
}

impl Receipt {
    /// Reads the row `row`; `None` if it is not a receipt, or not valid.
    pub fn read(row: &[u8]) -> Option<Receipt> {
        let mut values = Vec::new();
        json::pick(row, &["kind", "run_id", "step", "segments"], &mut values).ok()?;
        let is_own = values[1].and_then(json::decode).is_some_and(|run| *run == *run_id::LOGBOOK.as_bytes());
        let is_one = is_own && Kind::of(values[0]) == Kind::ArchiveReceipt;
        if !is_one || json::validate(row, Limits::GRAMMAR).is_err() {
            return None;
        }
        let step = step_of(values[2])?;
        let name = Address::Step { run_id: run_id::LOGBOOK.to_owned(), step }.to_string();
        let list = values[3].filter(|value| json::kind(value) == Some(json::Kind::Array));
        let segments = list.into_iter().flat_map(Leaves::new).filter_map(segment).collect();
        Some(Receipt { name, step, segments })
    }

    /// Whether it records that `segment` was deleted, with this SHA-256.
    pub fn records(&self, segment: &SegmentName, sha256: &str) -> bool {
        self.segments.iter().any(|(name, digest)| name == segment && digest == sha256)
    }
}

/// An element of `segments`.
fn segment(entry: &[u8]) -> Option<(SegmentName, String)> {
    let mut values = Vec::new();
    json::pick(entry, &["segment", "sha256"], &mut values).ok()?;
    let name = SegmentName::parse(&values[0].and_then(json::decode)?)?;
    let digest = values[1].and_then(json::decode)?;
    Some((name, String::from_utf8(digest.into_owned()).ok()?))
}

/// The elements of `segments`, separated by commas.
pub fn print_entries<'s>(segments: impl Iterator<Item = (&'s SegmentName, &'s str)>) -> String {
    let entry = |(name, sha256): (&SegmentName, &str)| {
        Object::new().text("segment", &name.to_string()).text("sha256", sha256).end()
    };
    String::from_utf8_lossy(&segments.map(entry).collect::<Vec<_>>().join(&b',')).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_receipt_is_read_whatever_else_it_says() {
        let names = [7, 8].map(|number| SegmentName::new("2026-04-15", number).unwrap());
        let list = print_entries(names.iter().zip(["aa", "bb"]));
        let row = format!(
            "{{\"run_id\":\"_logbook\",\"step\":3,\"kind\":\"archive.receipt\",\"facts\":[{{\"segment\":\"2026-04-15.000009.jsonl\",\"sha256\":\"cc\"}}],\"segments\":[{list}],\"rows\":7}}"
        );
        let receipt = Receipt::read(row.as_bytes()).unwrap();
        assert_eq!((receipt.name.as_str(), receipt.step), ("_logbook#3", 3));
        assert_eq!(receipt.segments.len(), 2);
        assert!(receipt.records(&names[0], "aa") && receipt.records(&names[1], "bb"));
        assert!(!receipt.records(&names[0], "bb"));
        for (part, other) in [("_logbook", "r"), ("archive.receipt", "note"), ("\"step\":3", "\"step\":0"), ("7}", "7")]
        {
            assert_eq!(Receipt::read(row.replace(part, other).as_bytes()), None, "{part} → {other}");
        }
        // The list may be split among several rows, and a row may have none.
        let none = Receipt::read(row.replace("\"segments\"", "\"others\"").as_bytes()).unwrap();
        assert_eq!(none.segments, []);
    }
}
