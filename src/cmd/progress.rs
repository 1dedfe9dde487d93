//! The progress of work that takes over a second, on a terminal: a thread shows how much was read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::cmd::Door;
use logbook_render::{Notes, Progress};
use logbook_store::meter;

/// Shorter work shows nothing; longer work is shown this often.
const QUIET: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);

/// Shows progress until it is dropped.
pub struct ProgressLine {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressLine {
    /// Begins to show the progress of the command `name`, if standard error is a terminal.
    pub fn begin(name: &str, door: &Door<'_>) -> ProgressLine {
        let over = Arc::new(AtomicBool::new(false));
        let thread = door.err.is_terminal().then(|| {
            door.progress.on(name);
            let (over, progress) = (Arc::clone(&over), door.progress.clone());
            // Without a thread the work is still done.
            thread::Builder::new().name("progress".to_owned()).spawn(move || watch(&over, &progress)).ok()
        });
        ProgressLine { over, thread: thread.flatten() }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn watch(over: &AtomicBool, progress: &Progress) {
    let mut err = std::io::stderr();
    let mut notes = Notes::new(&mut err, true);
    let (mut wait, mut shown) = (QUIET, 0);
    loop {
        thread::park_timeout(wait);
        wait = EVERY;
        if over.load(Ordering::Relaxed) {
            return;
        }
        let read = meter::read_bytes();
        if read != shown {
            shown = read;
            let text = match read >> 20 {
                0 => format!("{} KiB read", read.div_ceil(1 << 10)),
                mib => format!("{mib} MiB read"),
            };
            if !progress.show(&text, &mut notes) {
                return;
            }
        }
    }
}
