//! Which row says where a run stands: its newest row, by file order, that
//! carries a status and whose kind counts (`docs/format.md`, Standing).

use crate::model::Kind;

/// Whether a row with this `kind` and `status` (raw values) says where its run stands.
pub fn counts(kind: Option<&[u8]>, status: Option<&[u8]>) -> bool {
    Kind::of(kind).stands(status)
}
