//! All runs on a terminal, kept up: what a dashboard shows, drawn into a buffer of cells.
//!
//! Not here: what is shown (`view`), keys, and what becomes of the buffer (`cmd/live/screen`).
//!
//! - `screen`: all of it: what stands above, the page, what stands below
//! - `list`: cards, and one line for each run · `timeline`: one run · `window`: one request ·
//!   `keys`: what each key does
//! - `foot`: what is said and asked below
//! - `paint`: text into cells
//!
//! Invariant: all text goes through `paint`, which escapes it; no size of the buffer is too small.

pub(crate) mod foot;
pub(crate) mod keys;
pub(crate) mod list;
mod paint;
pub mod screen;
pub(crate) mod timeline;
pub(crate) mod window;

pub use foot::Foot;
pub use list::List;
pub use screen::{Drawn, Page, Screen};
pub use timeline::Timeline;
pub use window::Window;
