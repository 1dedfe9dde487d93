//! The terminal: taken over, drawn on, restored. Writes go through the door, except when a panic or
//! a limit ends the process: then there is no door, and the terminal is restored directly.

use std::io::{self, Write};

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::{Hide, MoveTo, Show};
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::crossterm::{queue, style};
use ratatui::layout::Rect;
use rustix::termios::tcgetwinsize;

use crate::cmd::Door;
use logbook_model::error::{Error, Result};
use logbook_render::dash::screen::{Drawn, Screen, draw};

/// At most this many columns and rows are drawn, to bound the memory for cells.
const CELLS_MAX: u16 = 1000;

/// A terminal that shows a screen.
pub struct Terminal {
    /// What it shows.
    shown: Buffer,
    /// The position of the cursor, if it is shown.
    cursor: Option<(u16, u16)>,
    /// The buffer for the next screen.
    next: Buffer,
}

impl Terminal {
    /// Takes the terminal over.
    pub fn enter(colour: bool, door: &mut Door<'_>) -> Result<Terminal> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |what| {
            restore_now();
            before(what);
        }));
        // The caller has decided about colours.
        style::force_color_output(colour);
        let mut terminal = Terminal { shown: Buffer::default(), cursor: None, next: Buffer::default() };
        terminal.take(door)?;
        Ok(terminal)
    }

    /// Takes it over again, whatever it shows.
    pub fn take(&mut self, door: &mut Door<'_>) -> Result<()> {
        enable_raw_mode().map_err(|error| Error::output(&error))?;
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, Hide).map_err(|error| Error::output(&error))?;
        self.forget();
        put(&bytes, door)
    }

    /// Forgets what it shows, for example after it was resized: the next screen is drawn in full.
    pub fn forget(&mut self) {
        self.shown = Buffer::default();
    }

    /// Restores it.
    pub fn leave(&mut self, door: &mut Door<'_>) -> Result<()> {
        restore(door.out.screen()).map_err(|error| Error::output(&error))
    }

    /// Draws a screen. Only cells that changed are written.
    pub fn draw(&mut self, screen: &Screen<'_>, door: &mut Door<'_>) -> Result<Drawn> {
        let mut bytes = Vec::new();
        let drawn = self.changes(screen, &mut bytes).map_err(|error| Error::output(&error))?;
        if !bytes.is_empty() {
            put(&bytes, door)?;
        }
        Ok(drawn)
    }

    fn changes(&mut self, screen: &Screen<'_>, bytes: &mut Vec<u8>) -> io::Result<Drawn> {
        // Fails if the terminal has hung up.
        let size = tcgetwinsize(io::stdout())?;
        let area = Rect::new(0, 0, size.ws_col.min(CELLS_MAX), size.ws_row.min(CELLS_MAX));
        if area != self.shown.area {
            queue!(bytes, Clear(ClearType::All))?;
            self.shown = Buffer::empty(area);
            self.next = Buffer::empty(area);
        }
        let drawn = draw(screen, &mut self.next);
        let mut changed = self.shown.diff_iter(&self.next).peekable();
        let is_same = changed.peek().is_none();
        if !is_same {
            queue!(bytes, Hide)?;
            CrosstermBackend::new(&mut *bytes).draw(changed)?;
        }
        if !is_same || drawn.cursor != self.cursor {
            match drawn.cursor {
                Some((x, y)) => queue!(bytes, MoveTo(x, y), Show)?,
                None => queue!(bytes, Hide)?,
            }
            self.cursor = drawn.cursor;
        }
        std::mem::swap(&mut self.shown, &mut self.next);
        Ok(drawn)
    }
}

fn put(bytes: &[u8], door: &mut Door<'_>) -> Result<()> {
    let out = door.out.screen();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| Error::output(&error))
}

/// Restores the terminal without the door, when the process is about to end.
pub fn restore_now() {
    let _ = restore(&mut io::stdout());
}

fn restore(out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    queue!(bytes, DisableBracketedPaste, LeaveAlternateScreen, Show)?;
    let written = out.write_all(&bytes).and_then(|()| out.flush());
    disable_raw_mode().and(written)
}
