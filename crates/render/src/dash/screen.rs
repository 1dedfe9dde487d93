//! The whole screen: a page, and the foot below it.

use ratatui::buffer::Buffer;

use super::foot::{self, Foot};
use super::paint::{Ink, Paint};
use super::{List, RequestView, Timeline, list, scrolled};

/// What to draw.
pub struct Screen<'s> {
    /// The page above.
    pub page: Page<'s>,
    /// The foot below.
    pub foot: Foot<'s>,
    /// Whether to use colours.
    pub colour: bool,
}

/// The page of the screen.
pub enum Page<'s> {
    /// All runs.
    List(List<'s>),
    /// One run.
    Timeline(Timeline<'s>),
    /// One request.
    Request(RequestView<'s>),
    /// What each key does.
    Keys,
}

/// The result of drawing, for the next key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The first item of the page that was drawn.
    pub top: usize,
    /// The number of items that there is room for.
    pub room: usize,
    /// The position of the cursor, if something is typed.
    pub cursor: Option<(u16, u16)>,
}

/// Draws the screen into `buffer`.
pub fn draw(screen: &Screen<'_>, buffer: &mut Buffer) -> Drawn {
    let mut paint = Paint::new(buffer, screen.colour);
    let (_, lines) = paint.size();
    let foot = foot::height(&screen.foot, lines);
    let end = lines.saturating_sub(foot);
    let (top, room) = match &screen.page {
        Page::List(list) => list::draw(list, end, &mut paint),
        Page::Timeline(timeline) => scrolled::draw_timeline(timeline, end, &mut paint),
        Page::Request(request) => scrolled::draw_request(request, end, &mut paint),
        Page::Keys => draw_keys(end, &mut paint),
    };
    let cursor = foot::draw(&screen.foot, end, &mut paint);
    Drawn { top, room, cursor }
}

/// The keys and what they do.
const KEYS: [(&str, &str); 13] = [
    ("↑ ↓  k j", "the run above, below"),
    ("PgUp PgDn", "a page up, down"),
    ("Home End  g G", "the first, the last"),
    ("Enter", "the run's timeline; Esc goes back"),
    ("Tab", "active runs, or all"),
    ("/", "a filter: status=blocked and age>1h; empty: none"),
    ("a", "show what the run asks for, to approve it (y) or deny it (n)"),
    ("d", "the same, to deny it with a reason"),
    ("? before a run", "it asks for approval"),
    ("▶ ■ ✗ ✓", "in progress, blocked, failed, done"),
    ("← →", "what a run waits for; what it does next"),
    ("Ctrl-Z", "to the shell; fg comes back"),
    ("q  Ctrl-C", "quit"),
];

/// Draws the keys on the lines up to `end`.
fn draw_keys(end: u16, paint: &mut Paint<'_>) -> (usize, usize) {
    let (columns, _) = paint.size();
    let title = u16::from(end > 1);
    if title == 1 {
        paint.text((0, 0), columns, "keys", Ink::Strong);
    }
    for (y, (key, what)) in (title..end).zip(KEYS) {
        paint.text((2, y), 15, key, Ink::Strong);
        paint.text((18, y), columns, what, Ink::Plain);
    }
    (0, 0)
}
