//! Commands about the tool itself: where it works, its help, its schema, its completions.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod help;
pub(crate) mod init;
pub(crate) mod judge;
pub mod man;
pub(crate) mod schema;
pub(crate) mod where_;

pub(crate) use completions::words as complete_words;
