//! Which row says where a run stands (`docs/format.md`, Standing): the one place for that rule.

use super::vocabulary::BESIDE_KINDS;

/// Whether a row of this `kind` (its characters) says where its run stands,
/// when it carries a status.
pub fn counts(kind: Option<&[u8]>, has_status: bool) -> bool {
    has_status && !kind.is_some_and(|kind| BESIDE_KINDS.iter().any(|beside| beside.as_bytes() == kind))
}
