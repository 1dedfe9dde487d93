//! One run in full, on a terminal and as a page.
//!
//! Not here: what a record is (`view::record`).
//!
//! - `facts`: the run in a few named lines, the same in every form
//! - `terminal`: those and the timeline, in the width of the terminal
//! - `tree`: what a run started and handed on
//! - `page`: the whole run as titles, facts and tables · `markdown`, `html`: a page as text
//! - `resume`: what an agent reads when it comes back
//!
//! Invariant: no text of a row reaches a terminal or a page unescaped.

pub(crate) mod facts;
pub mod html;
pub mod markdown;
pub mod page;
pub mod resume;
pub mod terminal;
pub mod tree;

pub use facts::{Fact, facts};
pub use page::{Page, page};
