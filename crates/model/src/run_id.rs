//! Valid run ids.

/// Longest run id, in characters.
pub(crate) const CHARS_MAX: usize = 256;

/// The run of the rows that the program writes about the logbook itself.
pub const LOGBOOK: &str = "_logbook";

/// Whether `id` is reserved for the program (and hidden from `runs`).
pub fn is_reserved(id: &str) -> bool {
    id.starts_with('_')
}

/// Why `id` is not valid for a run that a user appends to; `None` if it is valid.
pub fn fault(id: &str) -> Option<&'static str> {
    if id.is_empty() {
        Some("run_id is empty")
    } else if id.chars().count() > CHARS_MAX {
        Some("run_id is longer than 256 characters")
    } else if id.chars().any(char::is_control) {
        Some("run_id contains a control character")
    } else if is_reserved(id) {
        Some("run ids that begin with '_' are reserved for logbook itself")
    } else {
        None
    }
}
