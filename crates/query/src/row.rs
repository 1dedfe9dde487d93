//! A row as the query sees it: its text, the fields that were asked for, and
//! where it stands among all rows.

use logbook_json as json;
use logbook_model::{FinalStatus, Kind, Says};

/// Where a row stands: places order rows as they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Number of the input (segment, file) in reading order.
    pub input: u32,
    /// Byte offset of the row in it.
    pub offset: u64,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The whole row, without its newline.
    pub text: &'a [u8],
    /// Values as written, in the order of the fields that the stage asked for.
    pub fields: &'a [Option<&'a [u8]>],
    /// Where it stands.
    pub place: Place,
    /// The text stays where it is in memory until [`crate::Fold::block_ends`] is told of the block
    /// around it.
    pub in_block: bool,
}

impl<'a> Row<'a> {
    /// The value in `slot`, when the row has it.
    #[inline]
    pub fn field(&self, slot: usize) -> Option<&'a [u8]> {
        self.fields.get(slot).copied().flatten()
    }

    /// What it says of where its run stands, by its kind and status in these slots.
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
