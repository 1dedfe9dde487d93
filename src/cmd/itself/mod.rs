//! Commands about the tool itself: where it works, its help, its schema, its completions.

pub mod completions;
pub mod config;
pub mod help;
pub mod init;
pub mod judge;
pub mod man;
pub mod schema;
pub mod where_;

pub use completions::words as complete_words;
