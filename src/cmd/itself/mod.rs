//! Commands about the program itself (`self` in the help): which logbook it uses, its config, help,
//! schema and completions. The hidden `judge` and `complete-words` are for the program's own use.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod help;
pub(crate) mod init;
pub(crate) mod judge;
pub mod man;
pub(crate) mod schema;
pub(crate) mod where_;

pub(crate) use completions::words as complete_words;
