//! Completion in shells: `logbook completions SHELL` prints the script, and the
//! script asks the hidden `logbook complete-words KIND` for words of the logbook.
//!
//! Not here: which flags there are (`table`).
//!
//! - `script`: the command that prints it
//! - `words`: the command that it asks
//!
//! Invariant: what is offered is taken by a shell as it stands, whatever rows say.

pub mod script;
pub mod words;

pub use script::{Completions, EXAMPLES, run};
