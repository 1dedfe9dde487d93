//! How far long work has come, on a terminal, once it takes over a second.

use std::time::{Duration, Instant};

use crate::cmd::Door;
use crate::render::Notes;

/// Work shorter than this says nothing; then it speaks this often.
const QUIET: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);

/// A line on standard error that is written over.
pub struct Progress<'d, 'w> {
    err: Option<&'d mut Notes<'w>>,
    next: Instant,
    shown: bool,
    what: String,
    done: u64,
    total: u64,
}

impl<'d, 'w> Progress<'d, 'w> {
    /// Of work on `total` bytes.
    pub fn new(door: &'d mut Door<'w>, total: u64) -> Progress<'d, 'w> {
        let err = if door.err.is_terminal() { Some(&mut door.err) } else { None };
        Progress { err, next: Instant::now() + QUIET, shown: false, what: String::new(), done: 0, total }
    }

    /// What is worked on now.
    pub fn on(&mut self, what: impl Into<String>) {
        self.what = what.into();
        self.add(0);
    }

    /// So many bytes more.
    pub fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + EVERY;
        if let Some(err) = &mut self.err {
            let percent = (self.done * 100).checked_div(self.total).map_or_else(String::new, |it| format!(" {it} %"));
            err.progress(Some(&format!("{}{percent}", self.what)));
            self.shown = true;
        }
    }
}

impl Drop for Progress<'_, '_> {
    fn drop(&mut self) {
        if let (true, Some(err)) = (self.shown, &mut self.err) {
            err.progress(None);
        }
    }
}
