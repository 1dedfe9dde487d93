//! What commands share that record tool calls: the flags that describe a call, its two rows, and
//! the command that is run between them.
//!
//! Not here: the commands themselves (`log::exec`, `log::call`), what may run (policy).
//!
//! - `described`: the flags, and the rows that they give
//! - `command`: a command as a child process that notices as little of it as can be · `signals`:
//!   what is passed on to it
//! - `jobs`: whether anybody continues a process that stops
//! - `judge/`: rules that files word, evaluated within bounds
//! - `policy`: what the rules of the logbook say of a call
//! - `contract`: what a tool promises, asked about a call · `breach`: rows about calls, held
//!   against it
//! - `asking`: a person is asked, and waited for · `held`: runs that a person stopped
//! - `intent`: the first row of a call, once all of them had their say
//! - `capture`: its output, copied on its way · `tail`: the end of it, without secrets

pub mod asking;
pub mod breach;
pub mod capture;
pub mod command;
pub mod contract;
mod described;
pub mod held;
pub mod intent;
mod jobs;
pub mod judge;
pub mod policy;
mod signals;
mod tail;

pub use described::{Arguments, Described, Keep};
