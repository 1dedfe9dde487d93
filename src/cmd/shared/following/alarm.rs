//! Wakes a follower when files change. With the feature `watch` the system reports changes;
//! without it, or where the system cannot, the files are polled.

use std::path::Path;
#[cfg(feature = "watch")]
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

#[cfg(feature = "watch")]
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// How often the files are looked at although no change was reported: events can be lost.
#[cfg(feature = "watch")]
const NET: Duration = Duration::from_millis(500);
/// How often they are looked at where nothing reports changes.
const POLL: Duration = Duration::from_millis(50);
/// Events of one burst are taken together.
#[cfg(feature = "watch")]
const BURST: Duration = Duration::from_millis(1);

/// Wakes when a file of a directory changes.
pub struct Alarm {
    /// The watcher, which ends when it is dropped, and its events.
    #[cfg(feature = "watch")]
    watcher: Option<(RecommendedWatcher, Receiver<()>)>,
}

impl Alarm {
    /// Watches the logbook at `directory`.
    pub fn new(directory: &Path) -> Alarm {
        Alarm::of(&[directory])
    }

    /// Watches several directories.
    #[cfg(feature = "watch")]
    pub fn of(directories: &[&Path]) -> Alarm {
        let (send, events) = channel();
        let report = move |event: notify::Result<notify::Event>| {
            // Reading a file is not a change.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                let _ = send.send(());
            }
        };
        let watcher = notify::recommended_watcher(report).and_then(|mut watcher| {
            directories.iter().try_for_each(|path| watcher.watch(path, RecursiveMode::NonRecursive))?;
            Ok(watcher)
        });
        Alarm { watcher: watcher.ok().map(|watcher| (watcher, events)) }
    }

    /// Watches several directories.
    #[cfg(not(feature = "watch"))]
    pub fn of(_: &[&Path]) -> Alarm {
        Alarm {}
    }

    /// Sleeps until something changed, or until it is time to look without a report.
    pub fn wait(&self) {
        #[cfg(feature = "watch")]
        if let Some((_, events)) = &self.watcher {
            match events.recv_timeout(NET) {
                Ok(()) => {
                    std::thread::sleep(BURST);
                    while events.try_recv().is_ok() {}
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(NET),
            }
            return;
        }
        std::thread::sleep(POLL);
    }
}
