//! Completion in shells: `logbook completions SHELL` prints a script, and the script runs the
//! hidden `logbook complete-words KIND` for words of the logbook.
//!
//! Not here: which flags there are (`table`).
//!
//! - `script`: `completions` · `words`: `complete-words`
//!
//! Invariant: no offered word has a meaning to a shell, whatever rows say.

pub mod script;
pub mod words;

pub use script::{Completions, EXAMPLES, run};
