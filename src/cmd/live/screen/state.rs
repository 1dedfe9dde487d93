//! Where the reader is, and what a key means there. No run is looked at here, and nothing is
//! stored.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::timeline::Timeline;
use super::window::{self, Window, Wish};
use logbook_model::Verdict;
use logbook_render::dash::Drawn;

/// What is said while nothing else is.
pub const KEYS_IN_LIST: &str = "↑↓ move  Enter timeline  / filter  Tab all  a request  d deny  ? keys  q quit";
/// The same where one run is shown.
pub const KEYS_IN_TIMELINE: &str = "↑↓ scroll  a request  d deny  Esc back  ? keys  q quit";
const KEYS_IN_KEYS: &str = "any key goes back";

/// Where the reader is.
pub struct State {
    /// The run that is selected.
    pub selected: Option<String>,
    /// Its place in the list.
    pub at: usize,
    /// The first line of the list on the screen.
    pub top: usize,
    /// How many lines of it there is room for.
    pub room: usize,
    /// All runs are shown, not only active ones.
    pub all: bool,
    /// The run that is shown instead of the list.
    pub timeline: Option<Timeline>,
    /// The request that is shown instead of either.
    pub window: Option<Window>,
    /// What each key does is shown instead.
    pub keys: bool,
    /// What is asked.
    pub asks: Option<Asks>,
    /// What is said, until the next key.
    pub says: String,
}

/// A question at the foot of the screen.
pub struct Asks {
    /// What is done with the answer.
    pub about: About,
    /// The question.
    pub question: String,
    /// What was typed.
    pub typed: String,
    /// What is said about it.
    pub says: String,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Which runs are shown.
    Filter,
    /// A request for approval: its name, and the digest of the arguments that it is for.
    Request {
        /// Yes or no.
        verdict: Verdict,
        /// Its name.
        request: String,
        /// The digest; empty: none.
        args_sha256: String,
    },
}

/// What a key asks for beyond moving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Nothing.
    Nothing,
    /// To end.
    Quit,
    /// To stop until `fg`.
    Stop,
    /// To show other runs.
    Show,
    /// To ask for a filter.
    AskFilter,
    /// To open the selected run.
    Open,
    /// To show the selected run's request; to deny it, if that was said.
    OpenRequest(Option<Verdict>),
    /// To ask for a reason to decide so about the request that is shown.
    AskReason(Verdict),
    /// To take what was typed.
    Take,
}

impl State {
    /// At the first run.
    pub fn new(all: bool) -> State {
        State {
            selected: None,
            at: 0,
            top: 0,
            room: 1,
            all,
            timeline: None,
            window: None,
            keys: false,
            asks: None,
            says: String::new(),
        }
    }

    /// What stands at the foot while nothing is said or asked.
    pub fn help(&self) -> &'static str {
        match (self.keys, &self.window, &self.timeline) {
            (true, ..) => KEYS_IN_KEYS,
            (_, Some(_), _) => window::KEYS,
            (_, _, Some(_)) => KEYS_IN_TIMELINE,
            _ => KEYS_IN_LIST,
        }
    }

    /// Takes in what came of drawing.
    pub fn drew(&mut self, drawn: Drawn) {
        if self.keys {
            return;
        }
        self.room = drawn.room.max(1);
        if let Some(window) = &mut self.window {
            return window.drew(drawn.top, drawn.room);
        }
        match &mut self.timeline {
            Some(timeline) => timeline.top = drawn.top,
            None => self.top = drawn.top,
        }
    }

    /// A key, of a list of `count` runs. Esc with a key right behind it comes as one.
    pub fn key(&mut self, key: KeyEvent, count: usize) -> Vec<Deed> {
        let alone = KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key };
        let mut deeds = Vec::new();
        if alone != key {
            deeds.push(self.one_key(KeyEvent { code: KeyCode::Esc, ..alone }, count));
        }
        deeds.push(self.one_key(alone, count));
        deeds
    }

    fn one_key(&mut self, key: KeyEvent, count: usize) -> Deed {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Deed::Quit,
            KeyCode::Char('z') if control => return Deed::Stop,
            _ => {}
        }
        self.says.clear();
        if let Some(asks) = &mut self.asks {
            return match key.code {
                KeyCode::Enter => Deed::Take,
                KeyCode::Esc => {
                    self.asks = None;
                    Deed::Nothing
                }
                KeyCode::Backspace => {
                    asks.typed.pop();
                    Deed::Nothing
                }
                KeyCode::Char('u') if control => {
                    asks.typed.clear();
                    Deed::Nothing
                }
                KeyCode::Char(character) if !control => {
                    asks.typed.push(character);
                    Deed::Nothing
                }
                _ => Deed::Nothing,
            };
        }
        if self.keys {
            self.keys = false;
            return if key.code == KeyCode::Char('q') { Deed::Quit } else { Deed::Nothing };
        }
        if let Some(window) = &mut self.window {
            match window.key(key.code) {
                _ if key.code == KeyCode::Char('q') => return Deed::Quit,
                Wish::Told(what) => what.clone_into(&mut self.says),
                Wish::Decide(verdict) => return Deed::AskReason(verdict),
                Wish::Close => self.window = None,
                Wish::Scroll => self.go(key.code, count),
            }
            return Deed::Nothing;
        }
        match key.code {
            KeyCode::Char('q') => Deed::Quit,
            KeyCode::Char('?') => {
                self.keys = true;
                Deed::Nothing
            }
            KeyCode::Char('a') => Deed::OpenRequest(None),
            KeyCode::Char('d') => Deed::OpenRequest(Some(Verdict::Denied)),
            KeyCode::Esc => {
                self.timeline = None;
                Deed::Nothing
            }
            KeyCode::Enter if self.timeline.is_none() => Deed::Open,
            KeyCode::Tab if self.timeline.is_none() => {
                self.all = !self.all;
                Deed::Show
            }
            KeyCode::Char('/') if self.timeline.is_none() => Deed::AskFilter,
            code => {
                self.go(code, count);
                Deed::Nothing
            }
        }
    }

    /// Text that was pasted: typed where something is asked, and nothing elsewhere.
    pub fn paste(&mut self, text: &str) {
        if let Some(asks) = &mut self.asks {
            asks.typed.extend(text.trim_end().chars().map(|it| if it.is_control() { ' ' } else { it }));
        }
    }

    fn go(&mut self, code: KeyCode, count: usize) {
        let page = self.room.max(2) - 1;
        let (at, last) = match (&mut self.window, &mut self.timeline) {
            (Some(window), _) => {
                let last = window.lines.len().saturating_sub(self.room);
                (&mut window.top, last)
            }
            (_, Some(timeline)) => {
                let last = timeline.lines.len().saturating_sub(self.room);
                (&mut timeline.top, last)
            }
            _ => (&mut self.at, count.saturating_sub(1)),
        };
        *at = match code {
            KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => *at + 1,
            KeyCode::PageUp => at.saturating_sub(page),
            KeyCode::PageDown => *at + page,
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => last,
            _ => return,
        }
        .min(last);
        if self.timeline.is_none() && self.window.is_none() {
            // Whoever draws the list says who it is.
            self.selected = None;
        }
    }
}
