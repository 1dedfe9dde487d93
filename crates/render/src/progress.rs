//! The line on a terminal that says how far long work is: shown, taken away before anything else is
//! written there, and never shown again once data is.
//!
//! Not here: when it is shown (`cmd/progress`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Notes;

/// Writes over the line, and takes it away again.
pub(crate) const ERASE: &str = "\r\x1b[K";

/// The line, which those who write to the terminal share.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    what: String,
    shown: bool,
    ended: bool,
}

impl Progress {
    /// What is worked on now.
    pub fn on(&self, what: impl Into<String>) {
        self.state().what = what.into();
    }

    /// Shows it with `far`, how far the work is. False: it is over.
    pub fn show(&self, far: &str, notes: &mut Notes<'_>) -> bool {
        let mut state = self.state();
        if !state.ended {
            notes.progress(&format!("{}: {far}", state.what));
            state.shown = true;
        }
        !state.ended
    }

    /// Whether the line is shown, and must be removed: a note is about to be written.
    pub(super) fn clear(&self) -> bool {
        std::mem::take(&mut self.state().shown)
    }

    /// The same, and it is not shown again.
    pub(crate) fn end(&self) -> bool {
        self.state().ended = true;
        self.clear()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
