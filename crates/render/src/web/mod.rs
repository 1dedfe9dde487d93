//! The pages of `logbook serve`: plain structs, and templates that are checked and escaped at
//! compile time.
//!
//! Not here: what a page shows (`cmd/live/web/pages`), serving it (`cmd/live/web`).
//!
//! - `text`: text of rows, made visible; links to our own pages
//! - `frame`: what is around every page · `pages`: one struct for each page, beside its template
//! - `table`: columns and cells · `plot`: bar charts as SVG
//! - `style.css`, `live.js`, `icon.svg`: what pages load, from the same server and nowhere else
//!
//! Invariant: a template is given `Text`, never a string of a row; addresses in a page are made
//! only from `Link`.

pub(crate) mod frame;
pub mod pages;
pub mod plot;
pub mod table;
pub(crate) mod text;

pub use frame::{Frame, Tab};
pub use plot::Plot;
pub use table::{Cell, Table};
pub use text::{Link, Text};

/// The style of every page.
pub const STYLE: &str = include_str!("style.css");
/// The script that keeps a page up to date.
pub const SCRIPT: &str = include_str!("live.js");
/// The icon of the pages.
pub const ICON: &str = include_str!("icon.svg");
