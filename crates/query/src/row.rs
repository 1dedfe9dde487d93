//! A row as the stages see it: its text, the fields that were picked from it, and its place.

use logbook_json as json;
use logbook_model::{FinalStatus, Kind, Says};

/// The place of a row. Places order rows as they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The number of the input (segment, file) in reading order.
    pub input: u32,
    /// The byte offset of the row in its input.
    pub offset: u64,
}

/// One row. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The whole row, without its newline.
    pub text: &'a [u8],
    /// The values of the picked fields as written, in the order of the stage's list of fields.
    pub fields: &'a [Option<&'a [u8]>],
    /// The place among all rows.
    pub place: Place,
    /// The text is part of the current block, and stays in memory until [`crate::Fold::block_ends`]
    /// is called.
    pub in_block: bool,
}

impl<'a> Row<'a> {
    /// The value in `slot`, if the row has one.
    #[inline]
    pub fn field(&self, slot: usize) -> Option<&'a [u8]> {
        self.fields.get(slot).copied().flatten()
    }

    /// What the row says about the standing of its run, given the slots of kind and status.
    #[inline]
    pub fn says(&self, kind: usize, status: usize) -> Option<Says> {
        Kind::of(self.field(kind)).says(self.field(status), || {
            let mut picked = Vec::new();
            json::pick(self.text, &["final_status"], &mut picked).ok()?;
            FinalStatus::of_value(picked[0])
        })
    }
}

/// Picks the fields `names` of the row `text`, which an earlier stage made or kept. A text that is
/// not an object has none of them.
pub(crate) fn pick_fields<'a, 'b>(
    text: &'a [u8],
    names: &[String],
    fields: &'b mut Vec<Option<&'a [u8]>>,
) -> &'b [Option<&'a [u8]>] {
    if json::pick(text, names, fields).is_err() {
        fields.clear();
        fields.resize(names.len(), None);
    }
    fields
}
