//! The pages of `logbook serve`: plain structs, and templates that are checked and escaped at
//! compile time.
//!
//! Not here: what a page shows (`cmd/live/web/pages`), how it reaches a browser (`cmd/live/web`).
//!
//! - `text`: text of anybody's, made visible; links to our own pages
//! - `frame`: what stands around every page · `pages`: one struct for each page, its template
//!   beside it
//! - `table`: columns and cells · `plot`: two plots as SVG
//! - `style.css`, `live.js`, `icon.svg`: what pages load, from the same place and from nowhere else
//!
//! Invariant: a template is given `Text` and never a string of a row; no address in a page is made
//! of anything but `Link`.

pub(crate) mod frame;
pub mod pages;
pub mod plot;
pub mod table;
pub(crate) mod text;

pub use frame::{Frame, Place};
pub use plot::Plot;
pub use table::{Cell, Table};
pub use text::{Link, Text};

/// What every page looks like.
pub const STYLE: &str = include_str!("style.css");
/// What keeps a page up to date.
pub const SCRIPT: &str = include_str!("live.js");
/// The sign in a browser's tab.
pub const ICON: &str = include_str!("icon.svg");
