//! A request in full, before it is decided. It must be read to its end first, and an irreversible
//! one needs a second key.

use ratatui::crossterm::event::KeyCode;

use logbook_model::Instant;
use logbook_model::Verdict;
use logbook_model::Zone;
use logbook_render::request::{Row, rows, sheet};
use logbook_view::approvals::Request;

/// The bottom line, while there is no message.
pub const KEYS: &str = "y approve  n deny  ↑↓ scroll  Esc back  q quit";

/// A request that is shown.
pub struct Window {
    pub request: Request,
    pub lines: Vec<Row>,
    /// The first line that is shown.
    pub top: usize,
    /// Its last line has been on the screen.
    is_read: bool,
    /// An irreversible request was approved once, and waits for the second key.
    is_armed: bool,
}

/// What a key in it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowAction {
    /// Show this message.
    Message(&'static str),
    /// Ask for the reason of this decision.
    Decide(Verdict),
    Close,
    Scroll,
}

impl Window {
    /// Shows a request from its first line.
    pub fn of(request: Request) -> Window {
        Window { request, lines: Vec::new(), top: 0, is_read: false, is_armed: false }
    }

    /// Lays the request out for this width.
    pub fn update(&mut self, now: Instant, zone: &Zone, columns: u16) {
        self.lines = rows(&sheet(&self.request, now, zone, usize::MAX), Some(columns));
    }

    /// Notes which lines were drawn.
    pub fn drew(&mut self, top: usize, room: usize) {
        self.top = top;
        self.is_read |= room > 0 && top + room >= self.lines.len();
    }

    pub fn key(&mut self, code: KeyCode) -> WindowAction {
        let was_armed = std::mem::take(&mut self.is_armed);
        match code {
            KeyCode::Esc => WindowAction::Close,
            KeyCode::Char('n' | 'd') => WindowAction::Decide(Verdict::Denied),
            KeyCode::Char('y' | 'Y') if !self.is_read => WindowAction::Message("read it to its end first: End, or ↓"),
            KeyCode::Char('Y') if was_armed => WindowAction::Decide(Verdict::Approved),
            KeyCode::Char('y' | 'Y') if self.request.reversible == Some(false) => {
                self.is_armed = true;
                WindowAction::Message(
                    "this cannot be undone: Y (the capital letter) approves it, any other key does not",
                )
            }
            KeyCode::Char('y' | 'Y') => WindowAction::Decide(Verdict::Approved),
            _ => WindowAction::Scroll,
        }
    }
}
