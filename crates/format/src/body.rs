//! Whether two rows say the same, for storing a row exactly once (`docs/format.md`, id): the same
//! fields with the same bytes as values, in any order, ignoring `step`, and a `timestamp` that was
//! filled in.

use logbook_json::Members;

/// Whether `given` says the same as `stored`. With `ignore_timestamp`, that of `given` was filled
/// in.
pub fn same(stored: &[u8], given: &[u8], ignore_timestamp: bool) -> bool {
    let gather = |text| -> Option<Vec<(Vec<u8>, &[u8])>> {
        let mut members = Vec::new();
        for member in Members::new(text) {
            let member = member.ok()?;
            let key = member.name();
            if *key != *b"step" && !(ignore_timestamp && *key == *b"timestamp") {
                members.push((key.into_owned(), member.value));
            }
        }
        members.sort();
        Some(members)
    };
    match (gather(stored), gather(given)) {
        (Some(stored), Some(given)) => stored == given,
        _ => false,
    }
}
