//! Rows by the numbers within their runs: what a changed segment lacks, or has twice, or in another
//! order.

use std::collections::HashMap;

/// The numbers met so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    last: HashMap<Vec<u8>, u64>,
}

impl Steps {
    /// Rows of `run` up to `last` were deleted, as a row says that carries over what they said.
    pub(crate) fn carry(&mut self, run: &str, last: u64) {
        let known = self.last.entry(run.as_bytes().to_vec()).or_default();
        *known = last.max(*known);
    }

    /// Takes the next row of `run`; gives what is odd about its number. `again`: it is a row that
    /// stands again, by intent.
    pub(crate) fn take(&mut self, run: &[u8], step: u64, again: bool) -> Option<String> {
        let last = self.last.get(run).copied().unwrap_or(0);
        if again && step <= last {
            return None;
        }
        if step > last {
            self.last.insert(run.to_vec(), step);
        }
        let name = String::from_utf8_lossy(run);
        if step == last {
            Some(format!("{name}#{step} stands here once more"))
        } else if step < last {
            Some(format!("{name}#{step} stands behind #{last}: moved, or doubled"))
        } else if step > last + 1 {
            Some(format!("{name}#{step} stands behind #{last}: the rows between are missing"))
        } else {
            None
        }
    }
}
