//! A head that was kept elsewhere: what it vouches for, and whether all of that is here, as it was
//! (`docs/evidence.md`).

use super::deleted::Deletions;
use super::look::Look;
use super::segments::{Begins, Walked};
use super::verdict::{Finding, HeadVerdict};
use logbook_format::digest::sha256_hex;
use logbook_format::manifest::Head;

/// What is said of `given`, before anything else that was found is held against it, and what is
/// found against it. `beginning`: how its segment begins; `None`: there is no such segment.
pub(crate) fn judge(
    given: &Head,
    beginning: Option<Begins>,
    look: &Look<'_>,
    walked: &Walked,
    deletions: &Deletions,
) -> (HeadVerdict, Vec<Finding>) {
    let number = given.segment.number;
    let broken = |what: String| (HeadVerdict::Broken, vec![Finding::new(number, given.segment.to_string(), 0, what)]);
    let prefix = match (prefix(given, beginning, walked), deletions.deleted.get(&number)) {
        (Ok(prefix), _) => prefix,
        (Err(_), Some(deleted)) if deleted.name == given.segment => {
            return (HeadVerdict::Unchecked(deleted.gone.clone()), Vec::new());
        }
        (Err(why), _) => return broken(format!("the head cannot be checked: {why}")),
    };
    // The last line then is one of those now, unless something was taken away.
    let known = look.chain.digests.iter().position(|last| Head::seal(last, &prefix) == given.sha256);
    let Some(lines) = known else {
        return broken(format!(
            "is not what the head says: its first {} bytes, or the lines of the manifest up to then, were changed or cut",
            given.bytes
        ));
    };
    // Whatever stands below it was covered when it was taken.
    let under = |link: Option<usize>| link.is_some_and(|link| link < lines);
    let strangers = walked
        .range(..number)
        .filter(|(_, (_, judged))| !judged.claims.covered.as_ref().is_some_and(|(_, link)| under(*link)));
    let findings: Vec<Finding> = strangers
        .map(|(other, (name, _))| {
            let what = "is none of those that the head vouches for, though its number is below: it was put in";
            Finding::new(*other, name.to_string(), 0, what)
        })
        .collect();
    // What was deleted before is gone as the head says.
    let vouched = |deleted: &&super::deleted::Deleted| deleted.name.number <= number && !under(deleted.link);
    let gone: Vec<_> = deletions.deleted.values().filter(vouched).map(|deleted| deleted.gone.clone()).collect();
    let verdict = match (findings.is_empty(), gone.is_empty()) {
        (false, _) => HeadVerdict::Broken,
        (true, true) => HeadVerdict::Holds,
        (true, false) => HeadVerdict::Gone(gone),
    };
    (verdict, findings)
}

/// SHA-256 of the first bytes of the head's segment, or why it cannot be told.
fn prefix(given: &Head, beginning: Option<Begins>, walked: &Walked) -> Result<String, String> {
    match beginning {
        _ if given.bytes == 0 => Ok(sha256_hex(b"")),
        Some(Begins::With(sha256)) => Ok(sha256),
        Some(Begins::Short(bytes)) => Err(format!("{} has {bytes} bytes, {} were there", given.segment, given.bytes)),
        // Of all of it, the chain knows the digest.
        None => match walked.get(&given.segment.number).and_then(|(_, judged)| judged.claims.covered.as_ref()) {
            Some((covered, Some(_))) if covered.bytes == given.bytes => Ok(covered.sha256.clone()),
            _ => Err("its segment is not here".to_owned()),
        },
    }
}
