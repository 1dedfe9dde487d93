//! A request for approval as whoever decides reads it: the same in a list, on a page, in a
//! dashboard.
//!
//! Not here: what a request says (`view::request`), what is decided about it (`cmd::decide`).
//!
//! - `sheet`: all that it says, as named lines · `arguments`: the exact arguments, with their line
//!   breaks
//! - `table`: sheets as a table of a page
//! - `terminal`: a sheet as lines of a terminal, in the width there is
//!
//! Invariant: every line is safe to show, and no line break in a text of the request makes a line
//! that looks like one of ours: what goes on stands behind a bar.

mod arguments;
mod sheet;
mod table;
mod terminal;

pub use arguments::Line;
pub use sheet::{Item, Sheet, asked_by, sheet};
pub use table::table;
pub(crate) use terminal::Ink;
pub use terminal::{Row, card, rows};
