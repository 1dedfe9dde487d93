//! One file per subcommand: its arguments, and what it does.

pub mod append;
mod append_batch;
pub mod door;
pub mod init;
pub mod where_;

pub use door::Door;
