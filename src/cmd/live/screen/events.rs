//! The events of the dashboard: keys, new rows, signals. A thread waits for each kind.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use ratatui::crossterm::event::{self, KeyEvent, KeyEventKind};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::cmd::shared::following::Alarm;
use logbook_model::error::{Error, Result};
use logbook_store::Location;

/// An event.
pub enum Event {
    Key(KeyEvent),
    Pasted(String),
    /// The terminal was resized or overwritten.
    Redraw,
    /// There may be new rows.
    Rows,
    /// The process continues after a stop.
    Continued,
    /// The process must end, by this signal; `None` if the terminal is gone.
    End(Option<i32>),
}

/// A queue of events.
pub struct Events {
    sender: Sender<Event>,
    events: Receiver<Event>,
    directory: PathBuf,
}

impl Events {
    /// Starts to catch signals. `location` is the logbook whose rows will be awaited.
    pub fn new(location: &Location) -> Result<Events> {
        let (sender, events) = channel();
        let signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT]);
        let mut signals = signals.map_err(|error| Error::io(format!("signals: {error}")))?;
        let send = sender.clone();
        thread::spawn(move || {
            for signal in signals.forever() {
                let event = if signal == SIGCONT { Event::Continued } else { Event::End(Some(signal)) };
                if send.send(event).is_err() {
                    return;
                }
            }
        });
        Ok(Events { sender, events, directory: location.path.clone() })
    }

    /// Starts to wait for keys and for new rows.
    pub fn listen(&self) {
        let send = self.sender.clone();
        thread::spawn(move || while send.send(read_key()).is_ok() {});
        let (send, directory) = (self.sender.clone(), self.directory.clone());
        thread::spawn(move || {
            let alarm = Alarm::new(&directory);
            while send.send(Event::Rows).is_ok() {
                alarm.wait();
            }
        });
    }

    /// The next event, if it comes within `timeout`.
    pub fn next(&self, timeout: Duration) -> Option<Event> {
        match self.events.recv_timeout(timeout) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::End(None)),
        }
    }

    /// The next event, if there is one.
    pub fn pending(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }
}

fn read_key() -> Event {
    loop {
        match event::read() {
            Ok(event::Event::Key(key)) if key.kind != KeyEventKind::Release => return Event::Key(key),
            Ok(event::Event::Paste(text)) => return Event::Pasted(text),
            Ok(event::Event::Resize(..)) => return Event::Redraw,
            Ok(_) => {}
            Err(_) => return Event::End(None),
        }
    }
}
