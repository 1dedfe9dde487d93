//! A torn tail (`docs/format.md`, Torn tails): what a writer that died in the
//! middle of a row left behind the last newline. Never truncated: adopted when
//! it is a whole row, else closed and told by a `repair` row. And segments that
//! are not here, which another `repair` row tells of.

use super::append::{Active, Writer};
use super::layout::covered_number;
use super::listing;
use super::os::{read_full, write_full};
use logbook_format::repair::Missing;
use logbook_format::{Drafts, Rules, SegmentName};
use logbook_json::{self as json, Limits, validate};
use logbook_model::error::{Error, Result};
use logbook_model::{Kind, Vocabulary, run_id};

/// Longest fragment that may turn out to be a whole row.
const FRAGMENT_BYTES_MAX: u64 = logbook_model::READ_ROW_BYTES_MAX as u64;

impl Writer<'_> {
    /// Mends the active segment, whose bytes from `torn_at` have no newline.
    pub(super) fn mend(&mut self, active: &mut Active, torn_at: u64) -> Result<()> {
        let bytes = active.bytes - torn_at;
        let fail = |error: std::io::Error| Error::io(format!("{}: {error}", active.path.display()));
        let mut fragment = vec![0; bytes.min(FRAGMENT_BYTES_MAX) as usize];
        let read = read_full(self.os, &active.file, &mut fragment, torn_at).map_err(fail)?;
        fragment.truncate(read);
        let mut lines = b"\n".to_vec();
        if bytes > FRAGMENT_BYTES_MAX || !is_row(&fragment) {
            let text = format!(
                "{{\"kind\":\"{}\",\"action\":\"closed a torn row\",\"segment\":{},\"offset\":{torn_at},\"bytes\":{bytes}}}",
                Kind::Repair.word(),
                active.name.number
            );
            let step = self.index.last_step(self.os, &self.directory, run_id::LOGBOOK)? + 1;
            lines.extend_from_slice(&own_row(&text, step, &self.now_text())?);
        }
        write_full(self.os, &active.file, &lines).map_err(|(_, error)| {
            Error::io(format!("{}: a torn row could not be closed: {error}", active.path.display()))
        })?;
        active.bytes += lines.len() as u64;
        self.index.catch_up(self.os, active)?;
        Ok(())
    }
}

impl Writer<'_> {
    /// The numbers right below `number`, the active segment's, of which there is neither a segment
    /// nor a trace: `.lock` knew them. First and last.
    pub(super) fn missing_before(&self, number: u64) -> Result<Option<(u64, u64)>> {
        let below = |names: &[SegmentName]| {
            names.iter().rev().map(|name| name.number).find(|other| *other < number).unwrap_or(0)
        };
        let mut last = below(&self.raw);
        if last + 1 < number {
            last = last.max(below(&listing::archived(self.os, &self.directory)?));
        }
        if last + 1 < number {
            last = last.max(covered_number(self.os, &self.directory)?);
        }
        Ok((last + 1 < number).then(|| (last + 1, number - 1)))
    }

    /// Writes the `repair` row with this step that tells of segments that are not here.
    pub(super) fn tell_missing(&self, (from, to): (u64, u64), step: u64, out: &mut Vec<u8>) -> Result<()> {
        let text = Missing { from, to }.print();
        out.extend_from_slice(&own_row(&text, step, &self.now_text())?);
        Ok(())
    }
}

/// A row about the logbook itself, with its newline.
pub(super) fn own_row(text: &str, step: u64, now: &str) -> Result<Vec<u8>> {
    let mut drafts = Drafts::new();
    let vocabulary = Vocabulary::default();
    let rules =
        Rules { vocabulary: &vocabulary, run_id: Some(run_id::LOGBOOK), agent_id: None, own: true, redactor: None };
    drafts.push(text.as_bytes(), &rules, now, None)?;
    let mut out = Vec::new();
    if let Some(draft) = drafts.rows().first() {
        drafts.render(draft, step, &mut out);
    }
    Ok(out)
}

/// Whether a fragment is a complete row: only its newline is missing.
fn is_row(fragment: &[u8]) -> bool {
    let nuls = fragment.iter().take_while(|byte| **byte == 0).count();
    let text = &fragment[nuls..];
    json::kind(text) == Some(json::Kind::Object) && validate(text, Limits::GRAMMAR).is_ok()
}
