//! A head that was kept elsewhere: what it covers, and whether all of that is here unchanged
//! (`docs/evidence.md`).

use super::catalog::Catalog;
use super::deleted::Deletions;
use super::segments::{SegmentPrefix, SegmentVerdicts};
use super::verdict::{Finding, HeadVerdict};
use logbook_format::digest::sha256_hex;
use logbook_format::manifest::Head;

/// The verdict on `given` alone, before other findings are considered, and the findings against it.
/// `beginning`: how its segment begins; `None` if there is no such segment.
pub(crate) fn judge(
    given: &Head,
    beginning: Option<SegmentPrefix>,
    catalog: &Catalog<'_>,
    segments: &SegmentVerdicts,
    deletions: &Deletions,
) -> (HeadVerdict, Vec<Finding>) {
    let number = given.segment.number;
    let broken = |what: String| (HeadVerdict::Broken, vec![Finding::new(number, given.segment.to_string(), 0, what)]);
    let prefix = match (prefix(given, beginning, segments), deletions.deleted.get(&number)) {
        (Ok(prefix), _) => prefix,
        (Err(_), Some(deleted)) if deleted.name == given.segment => {
            return (HeadVerdict::Unchecked(deleted.gone.clone()), Vec::new());
        }
        (Err(why), _) => return broken(format!("the head cannot be checked: {why}")),
    };
    // The last line at that time is among the lines now, unless something was removed.
    let known = catalog.chain.digests.iter().position(|last| Head::seal(last, &prefix) == given.sha256);
    let Some(lines) = known else {
        return broken(format!(
            "is not what the head says: its first {} bytes, or the lines of the manifest up to then, were changed or cut",
            given.bytes
        ));
    };
    // Every segment with a lower number was covered when the head was taken.
    let under = |link: Option<usize>| link.is_some_and(|link| link < lines);
    let inserted = segments
        .range(..number)
        .filter(|(_, (_, judged))| !judged.claims.covered.as_ref().is_some_and(|(_, link)| under(*link)));
    let findings: Vec<Finding> = inserted
        .map(|(other, (name, _))| {
            let what = "is not covered by the head, though its number is lower: it was inserted";
            Finding::new(*other, name.to_string(), 0, what)
        })
        .collect();
    // A segment that was deleted before the head was taken is gone as the head says.
    let vouched = |deleted: &&super::deleted::Deleted| deleted.name.number <= number && !under(deleted.link);
    let gone: Vec<_> = deletions.deleted.values().filter(vouched).map(|deleted| deleted.gone.clone()).collect();
    let verdict = match (findings.is_empty(), gone.is_empty()) {
        (false, _) => HeadVerdict::Broken,
        (true, true) => HeadVerdict::Holds,
        (true, false) => HeadVerdict::Gone(gone),
    };
    (verdict, findings)
}

/// The SHA-256 of the first bytes of the segment of the head, or why it is not known.
fn prefix(given: &Head, beginning: Option<SegmentPrefix>, segments: &SegmentVerdicts) -> Result<String, String> {
    match beginning {
        _ if given.bytes == 0 => Ok(sha256_hex(b"")),
        Some(SegmentPrefix::Digest(sha256)) => Ok(sha256),
        Some(SegmentPrefix::Short(bytes)) => {
            Err(format!("{} has {bytes} bytes, and had {}", given.segment, given.bytes))
        }
        // The chain has the digest of the whole segment.
        None => match segments.get(&given.segment.number).and_then(|(_, judged)| judged.claims.covered.as_ref()) {
            Some((covered, Some(_))) if covered.bytes == given.bytes => Ok(covered.sha256.clone()),
            _ => Err("its segment is not here".to_owned()),
        },
    }
}
