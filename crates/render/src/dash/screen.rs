//! A whole screen: a page, and below it what is said and asked.

use ratatui::buffer::Buffer;

use super::foot::{self, Foot};
use super::paint::Paint;
use super::{List, Timeline, Window, keys, list, timeline, window};

/// What is to be drawn.
pub struct Screen<'s> {
    /// What stands above.
    pub page: Page<'s>,
    /// What stands below.
    pub foot: Foot<'s>,
    /// In colours.
    pub colour: bool,
}

/// What most of the screen shows.
pub enum Page<'s> {
    /// All runs.
    List(List<'s>),
    /// One run.
    Timeline(Timeline<'s>),
    /// One request.
    Request(Window<'s>),
    /// What each key does.
    Keys,
}

/// What came of drawing, for the next key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The first line of the page's list that was drawn.
    pub top: usize,
    /// How many lines of it there is room for.
    pub room: usize,
    /// Where what is typed goes.
    pub cursor: Option<(u16, u16)>,
}

/// Draws all of it.
pub fn draw(screen: &Screen<'_>, buffer: &mut Buffer) -> Drawn {
    let mut paint = Paint::new(buffer, screen.colour);
    let (_, lines) = paint.size();
    let foot = foot::height(&screen.foot, paint.size());
    let end = lines.saturating_sub(foot);
    let (top, room) = match &screen.page {
        Page::List(list) => list::draw(list, end, &mut paint),
        Page::Timeline(timeline) => timeline::draw(timeline, end, &mut paint),
        Page::Request(window) => window::draw(window, end, &mut paint),
        Page::Keys => keys::draw(end, &mut paint),
    };
    let cursor = foot::draw(&screen.foot, end, &mut paint);
    Drawn { top, room, cursor }
}
