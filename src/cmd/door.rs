//! What a command sees of the world: streams, surroundings, clock.

use std::io::{BufRead, Write};

use crate::model::Instant;
use crate::store::Environment;

/// The world of one command.
pub struct Door<'a> {
    /// Data goes here.
    pub out: &'a mut dyn Write,
    /// Everything else goes here.
    pub err: &'a mut dyn Write,
    /// Standard input.
    pub input: &'a mut dyn BufRead,
    /// Working directory, home, variables.
    pub env: Environment,
    /// Whether `out` is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether `err` is a terminal.
    pub stderr_is_terminal: bool,
    /// The clock.
    pub now: fn() -> Instant,
}
