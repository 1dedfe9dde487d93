//! What commands that record tool calls share: the flags of a call, the gates that it must pass,
//! its rows, and the child process.
//!
//! Not here: the commands (`log::exec`, `log::call`, `log::ask`).
//!
//! - `described`: the flags that describe a call, and the fields of its row
//! - `gates`: decide about a call by its contract and the policy · `begin`: append the decisions
//!   and the intent
//! - `policy`: the rules of the logbook · `contract`: the contract of a tool · `held`: runs on hold
//! - `approval`: ask a person, and wait
//! - `judge/`: evaluate the rules of files, within bounds
//! - `breach`: check the rows of other programs against contracts
//! - `command`: run a child process · `signals`: forward signals to it
//! - `capture`: copy its output · `tail`: the end of the output, redacted

pub mod approval;
pub mod begin;
pub mod breach;
pub mod capture;
pub mod command;
pub mod contract;
mod described;
pub mod gates;
pub mod held;
pub mod judge;
pub mod policy;
mod signals;
mod tail;

pub use described::{Arguments, Described, Keep};
