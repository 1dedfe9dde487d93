//! A torn tail (`docs/format.md`, Torn tails): what a writer that was killed in the middle of a row
//! left behind the last newline. It is never truncated: it is adopted if it is a whole row, else
//! closed and reported by a `repair` row. Missing segments are reported by another one.

use super::base::Base;
use crate::layout::covered_number;
use crate::listing;
use crate::os::{error_at, read_full, write_full};
use crate::parts::Active;
use logbook_format::SegmentName;
use logbook_format::repair::Missing;
use logbook_json::{self as json, Limits, validate};
use logbook_model::error::{Error, Result};
use logbook_model::{Kind, READ_ROW_BYTES_MAX, run_id};

/// A longer fragment is not a row.
const FRAGMENT_BYTES_MAX: u64 = READ_ROW_BYTES_MAX as u64;

impl Base<'_> {
    /// Mends the active segment, whose bytes from `torn_at` have no newline.
    pub(super) fn mend(&mut self, active: &mut Active, torn_at: u64) -> Result<()> {
        let bytes = active.bytes - torn_at;
        let fail = error_at(&active.path);
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
            let step = self.last_step(run_id::LOGBOOK)? + 1;
            lines.extend_from_slice(&self.own_row(text.as_bytes(), step)?);
        }
        write_full(self.os, &active.file, &lines).map_err(|(_, error)| {
            Error::io(format!("{}: a torn row could not be closed: {error}", active.path.display()))
        })?;
        active.bytes += lines.len() as u64;
        self.index.catch_up(self.os, active)?;
        Ok(())
    }

    /// The numbers right below `number`, which the active segment has, of which there is no trace
    /// but in `.lock`.
    pub(super) fn missing_before(&self, number: u64) -> Result<Option<Missing>> {
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
        Ok((last + 1 < number).then(|| Missing { from: last + 1, to: number - 1 }))
    }
}

/// Whether a fragment is a complete row without its newline.
fn is_row(fragment: &[u8]) -> bool {
    let nuls = fragment.iter().take_while(|byte| **byte == 0).count();
    let text = &fragment[nuls..];
    json::kind(text) == Some(json::Kind::Object) && validate(text, Limits::GRAMMAR).is_ok()
}
