//! The program as a function of its [`cmd::Door`]: what `main.rs` runs, and the tests in one
//! process.

pub mod cli;
pub mod cmd;
