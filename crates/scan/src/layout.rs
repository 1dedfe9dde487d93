//! How the rows of inputs are laid out, where logbook did not write them.

use logbook_model::READ_ROW_BYTES_MAX;

/// The field that says which input a row came from.
pub(crate) const SOURCE_FIELD: &str = "@file";

/// How inputs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Whole JSON documents, arrays of rows and values one after the other, instead of a row on
    /// each line.
    pub documents: bool,
    /// What stands before the object on a line is passed over.
    pub prefix: bool,
    /// Each row has the field [`SOURCE_FIELD`].
    pub with_source: bool,
    /// The longest row that is read, bytes.
    pub row_bytes_max: usize,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { documents: false, prefix: false, with_source: false, row_bytes_max: READ_ROW_BYTES_MAX }
    }
}
