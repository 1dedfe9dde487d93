//! The files of a logbook: segments with the same number, the manifest, and incomplete last rows.

use std::path::Path;

use super::{Finding, Level};
use logbook_format::draft::pairs::shell_word;
use logbook_json::{self as json, Limits};
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_model::error::{Error, Result};
use logbook_store::archive::manifest;
use logbook_store::os::{How, Os, read_full};
use logbook_store::os_real::REAL;
use logbook_store::snapshot::Form;
use logbook_store::{self as store, Segment, listing};
use logbook_verify::chain;

/// How long a tail is watched. A live writer ends its row sooner.
const WRITING_US: u64 = 100_000;

/// Segments with the same number.
pub fn doubled(directory: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for names in listing::doubled(&REAL, directory)? {
        let Some((read, others)) = names.split_last() else { continue };
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        let what = format!("{} and {read} have the same number: only {read} is read", others.join(", "));
        findings.push(
            Finding::new(Level::Damage, "doubled_segment", what).count(names.len() as u64).next("logbook verify"),
        );
    }
    Ok(findings)
}

/// Lines of the manifest that contradict earlier lines.
pub fn manifest(directory: &Path) -> Result<Vec<Finding>> {
    let chain = chain::read(&manifest::read(&REAL, directory)?);
    let breaks = chain.breaks.into_iter().map(|(at, how)| {
        Finding::new(Level::Damage, "manifest", how).at(vec![("manifest.jsonl".to_owned(), at)]).next("logbook verify")
    });
    let unfinished = chain.unfinished.into_iter().map(|(at, how)| {
        Finding::new(Level::Note, "manifest", how).at(vec![("manifest.jsonl".to_owned(), at)]).next("logbook verify")
    });
    Ok(breaks.chain(unfinished).collect())
}

/// Incomplete rows behind the last newline of segments.
pub fn tails(directory: &Path) -> Result<Vec<Finding>> {
    let torn = |segments: Vec<Segment>| segments.into_iter().filter_map(tail).collect::<Vec<_>>();
    let mut tails = torn(store::snapshot(directory)?.segments);
    if !tails.is_empty() {
        // A writer may have been about to end its row.
        REAL.pause(WRITING_US);
        let after = torn(store::snapshot(directory)?.segments);
        tails.retain(|tail| after.contains(tail));
    }
    tails.iter().map(tail_finding).collect()
}

/// The segment and its length, if its last byte is not a newline.
fn tail(segment: Segment) -> Option<(Segment, u64)> {
    let bytes = REAL.stat_path(&segment.path).ok()?.bytes;
    (segment.form == Form::Plain && bytes > segment.bytes).then_some((segment, bytes))
}

fn tail_finding((segment, end): &(Segment, u64)) -> Result<Finding> {
    let name = segment.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", segment.path.display()));
    let bytes = end - segment.bytes;
    let mut text = vec![0; bytes.min(READ_ROW_BYTES_MAX as u64) as usize];
    let file = REAL.open(&segment.path, How::Read, 0).map_err(fail)?;
    let read = read_full(&REAL, &file, &mut text, segment.bytes).map_err(fail)?;
    text.truncate(read);
    let begin = text.iter().take_while(|byte| **byte == 0).count();
    let text = &text[begin..];
    let is_row = json::kind(text) == Some(json::Kind::Object) && json::validate(text, Limits::GRAMMAR).is_ok();
    let place = vec![(name, segment.bytes)];
    Ok(match is_row {
        true => {
            Finding::new(Level::Note, "unended", "a row lacks only its newline, which the next append adds").at(place)
        }
        false => {
            Finding::new(Level::Damage, "torn", format!("a row is torn ({bytes} bytes); the next append closes it"))
                .at(place)
        }
    }
    .next(format!("tail -c +{} {}", segment.bytes + 1, shell_word(&segment.path.display().to_string()))))
}
