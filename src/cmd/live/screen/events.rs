//! What can happen: a key, rows that came, a signal; each waited for on its own thread.

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

/// What happened.
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Pasted(String),
    /// The terminal has another size, or shows something else.
    Redraw,
    /// Rows came, maybe.
    Rows,
    /// This process was stopped, and goes on.
    Continued,
    /// It is to end, by this signal; `None`: the terminal is gone.
    End(Option<i32>),
}

/// What happens, in order.
pub struct Events {
    sender: Sender<Event>,
    events: Receiver<Event>,
    directory: PathBuf,
}

impl Events {
    /// Of a terminal and of the logbook at `location`. Signals wait from here on.
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

    /// Listens to keys and to the logbook from here on.
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

    /// The next one, if it comes in time.
    pub fn next(&self, timeout: Duration) -> Option<Event> {
        match self.events.recv_timeout(timeout) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::End(None)),
        }
    }

    /// The next one, if it is here.
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
