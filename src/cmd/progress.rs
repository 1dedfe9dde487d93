//! How far long work is, on a terminal, once it takes over a second: a thread looks at how much was
//! read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::cmd::Door;
use logbook_render::{Notes, Progress};
use logbook_store::meter;

/// Work shorter than this says nothing; then it speaks this often.
const QUIET: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);

/// A line that is kept up until this is dropped.
pub struct Watching {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watching {
    /// Begins to watch the work of the command `name`, if a person is looking.
    pub fn begin(name: &str, door: &Door<'_>) -> Watching {
        let over = Arc::new(AtomicBool::new(false));
        let thread = door.err.is_terminal().then(|| {
            door.progress.on(name);
            let (over, progress) = (Arc::clone(&over), door.progress.clone());
            // Without it the work is done all the same.
            thread::Builder::new().name("progress".to_owned()).spawn(move || watch(&over, &progress)).ok()
        });
        Watching { over, thread: thread.flatten() }
    }
}

impl Drop for Watching {
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
    let (mut wait, mut told) = (QUIET, 0);
    loop {
        thread::park_timeout(wait);
        wait = EVERY;
        if over.load(Ordering::Relaxed) {
            return;
        }
        let read = meter::read_bytes();
        if read != told {
            told = read;
            let far = match read >> 20 {
                0 => format!("{} KiB read", read.div_ceil(1 << 10)),
                mib => format!("{mib} MiB read"),
            };
            if !progress.show(&far, &mut notes) {
                return;
            }
        }
    }
}
