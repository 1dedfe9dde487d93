//! Rows that stand again in place of others (`docs/format.md`, Voided places): whether each is the
//! row that it voids. One that is not replaces an older row by another, which no writer does.

use std::path::Path;

use super::rows::Again;
use super::verdict::Finding;
use logbook_format::{body, repair};
use logbook_model::Address;
use logbook_store::index::Place;
use logbook_store::os::Os;
use logbook_store::row;

/// Findings and notes about rows that stand again.
pub(crate) fn judge(
    os: &dyn Os,
    directory: &Path,
    all: &[Again],
    name: &dyn Fn(u64) -> String,
) -> (Vec<Finding>, Vec<Finding>) {
    let (mut findings, mut notes) = (Vec::new(), Vec::new());
    for again in all {
        let old = Place { segment: again.voiding.segment, offset: again.voiding.offset };
        let about = |place: Place| Address::Place { segment: place.segment, offset: place.offset }.to_string();
        let (Ok(Some(before)), Ok(Some(now))) = (row(os, directory, old), row(os, directory, again.place)) else {
            // Nothing stands there any more, and so nothing is replaced.
            continue;
        };
        let here =
            |what: String| Finding::new(again.repair.segment, name(again.repair.segment), again.repair.offset, what);
        if old >= again.repair {
            continue;
        }
        if !repair::is_same_row(&before, &now) {
            findings.push(here(format!(
                "a repair row voids {} and puts another row in its place, {}: no writer does that, and readers pass over it",
                about(old),
                again.voiding.by
            )));
        } else if !body::same(&before, &now, false) {
            notes.push(here(format!(
                "{} was stored again by a retry; it stood at {}, with another timestamp",
                again.voiding.by,
                about(old)
            )));
        }
    }
    (findings, notes)
}
