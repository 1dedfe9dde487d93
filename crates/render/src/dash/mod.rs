//! The dashboard of all runs, drawn into a buffer of cells.
//!
//! Not here: what is shown (`view`), keys, and writing the buffer to the terminal
//! (`cmd/live/screen`).
//!
//! - `screen`: the whole screen: the page above, the foot below, and the page of keys
//! - `list`: counts, and one line for each run · `scrolled`: a run or a request, line by line
//! - `foot`: notes and questions below
//! - `paint`: text into cells
//!
//! Invariant: all text goes through `paint`, which escapes it; no buffer is too small.

pub(crate) mod foot;
pub(crate) mod list;
mod paint;
pub mod screen;
pub(crate) mod scrolled;

pub use foot::Foot;
pub use list::List;
pub use screen::{Drawn, Page, Screen};
pub use scrolled::{RequestView, Timeline};
