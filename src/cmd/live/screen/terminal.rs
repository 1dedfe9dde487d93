//! The terminal: taken over, drawn on, given back. What is written goes through the door; only a
//! panic and a limit that was reached, behind which there is no door, give the terminal back by
//! themselves.

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

/// A screen larger than that is not filled: nobody has one, and cells take memory.
const CELLS_MAX: u16 = 1000;

/// A terminal that shows a screen.
pub struct Terminal {
    /// What it shows.
    shown: Buffer,
    /// Where its cursor is shown.
    cursor: Option<(u16, u16)>,
    /// What is drawn next.
    next: Buffer,
}

impl Terminal {
    /// Takes the terminal over.
    pub fn enter(colour: bool, door: &mut Door<'_>) -> Result<Terminal> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |what| {
            give_back_at_once();
            before(what);
        }));
        // Whether there are colours was decided.
        style::force_color_output(colour);
        let mut terminal = Terminal { shown: Buffer::default(), cursor: None, next: Buffer::default() };
        terminal.take(door)?;
        Ok(terminal)
    }

    /// Takes it over anew, whatever it shows.
    pub fn take(&mut self, door: &mut Door<'_>) -> Result<()> {
        enable_raw_mode().map_err(|error| Error::output(&error))?;
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, Hide).map_err(|error| Error::output(&error))?;
        self.forget();
        put(&bytes, door)
    }

    /// What it shows is no longer known: one that was made smaller and larger again is not what it
    /// was.
    pub fn forget(&mut self) {
        self.shown = Buffer::default();
    }

    /// Gives it back as it was.
    pub fn leave(&mut self, door: &mut Door<'_>) -> Result<()> {
        give_back(door.out.screen()).map_err(|error| Error::output(&error))
    }

    /// Draws the screen that `make` gives; what is shown already is not written again.
    pub fn draw(&mut self, screen: &Screen<'_>, door: &mut Door<'_>) -> Result<Drawn> {
        let mut bytes = Vec::new();
        let drawn = self.changes(screen, &mut bytes).map_err(|error| Error::output(&error))?;
        if !bytes.is_empty() {
            put(&bytes, door)?;
        }
        Ok(drawn)
    }

    fn changes(&mut self, screen: &Screen<'_>, bytes: &mut Vec<u8>) -> io::Result<Drawn> {
        // One that hung up has no size.
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

/// Gives the terminal back where there is no door: this process is about to end.
pub fn give_back_at_once() {
    let _ = give_back(&mut io::stdout());
}

fn give_back(out: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    queue!(bytes, DisableBracketedPaste, LeaveAlternateScreen, Show)?;
    let written = out.write_all(&bytes).and_then(|()| out.flush());
    disable_raw_mode().and(written)
}
