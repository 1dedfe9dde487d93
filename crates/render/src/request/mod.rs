//! A request for approval as the person who decides reads it: the same in a list, on a page, and in
//! the dashboard.
//!
//! Not here: what a request says (`view::request`), deciding it (`cmd::decide`).
//!
//! - `sheet`: everything it says, as named lines · `arguments`: the exact arguments, with their
//!   line breaks
//! - `terminal`: a sheet as lines of a terminal, in its width
//!
//! Invariant: every line is safe to show, and no line break in the text of a request makes a line
//! that looks like one of ours: continued lines are behind a bar.

mod arguments;
mod sheet;
mod terminal;

pub use arguments::Line;
pub use sheet::{Item, Sheet, asked_by, sheet, table};
#[cfg(feature = "dash")]
pub(crate) use terminal::Emphasis;
pub use terminal::{Row, card, rows};
