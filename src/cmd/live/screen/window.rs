//! A request in full, before it is decided: it is read to its end first, and what cannot be undone
//! needs a second key.

use ratatui::crossterm::event::KeyCode;

use logbook_model::Instant;
use logbook_model::Verdict;
use logbook_model::Zone;
use logbook_render::request::{Row, rows, sheet};
use logbook_view::approvals::Request;

/// What is said while nothing else is.
pub const KEYS: &str = "y approve  n deny  ↑↓ scroll  Esc back  q quit";

/// A request that is shown.
pub struct Window {
    /// The request.
    pub request: Request,
    /// Its lines.
    pub lines: Vec<Row>,
    /// The first that is shown.
    pub top: usize,
    /// Its last line was on the screen.
    is_read: bool,
    /// A yes was said to what cannot be undone, and waits for the second one.
    is_armed: bool,
}

/// What a key in it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Nothing, or to be told this.
    Told(&'static str),
    /// To decide so, once a reason was asked for.
    Decide(Verdict),
    /// To go back.
    Close,
    /// To scroll.
    Scroll,
}

impl Window {
    /// Of a request, at its first line.
    pub fn of(request: Request) -> Window {
        Window { request, lines: Vec::new(), top: 0, is_read: false, is_armed: false }
    }

    /// Its lines, at most this wide.
    pub fn update(&mut self, now: Instant, zone: &Zone, columns: u16) {
        self.lines = rows(&sheet(&self.request, now, zone, usize::MAX), Some(columns));
    }

    /// Takes in which of its lines were on the screen.
    pub fn drew(&mut self, top: usize, room: usize) {
        self.top = top;
        self.is_read |= room > 0 && top + room >= self.lines.len();
    }

    /// A key.
    pub fn key(&mut self, code: KeyCode) -> Wish {
        let was_armed = std::mem::take(&mut self.is_armed);
        match code {
            KeyCode::Esc => Wish::Close,
            KeyCode::Char('n' | 'd') => Wish::Decide(Verdict::Denied),
            KeyCode::Char('y' | 'Y') if !self.is_read => Wish::Told("read it to its end first: End, or ↓"),
            KeyCode::Char('Y') if was_armed => Wish::Decide(Verdict::Approved),
            KeyCode::Char('y' | 'Y') if self.request.reversible == Some(false) => {
                self.is_armed = true;
                Wish::Told("this cannot be undone: Y (the capital letter) approves it, any other key does not")
            }
            KeyCode::Char('y' | 'Y') => Wish::Decide(Verdict::Approved),
            _ => Wish::Scroll,
        }
    }
}
