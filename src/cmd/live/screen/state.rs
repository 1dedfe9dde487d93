//! Where the user is on the dashboard, and what a key means there. Neither reads runs nor stores
//! anything.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::timeline::Timeline;
use super::window::{self, Window, WindowAction};
use logbook_model::Verdict;
use logbook_render::dash::Drawn;

/// The bottom line of the list, while there is no message.
pub const KEYS_IN_LIST: &str = "↑↓ move  Enter timeline  / filter  Tab all  a request  d deny  ? keys  q quit";
/// The same of one run.
pub const KEYS_IN_TIMELINE: &str = "↑↓ scroll  a request  d deny  Esc back  ? keys  q quit";
const KEYS_IN_KEYS: &str = "any key goes back";

/// Where the user is.
pub struct State {
    /// The selected run.
    pub selected: Option<String>,
    /// Its position in the list.
    pub at: usize,
    /// The first line of the list on the screen.
    pub top: usize,
    /// The number of lines that fit on the screen.
    pub room: usize,
    /// Show all runs, not only active ones.
    pub all: bool,
    /// The run that is shown in place of the list.
    pub timeline: Option<Timeline>,
    /// The request that is shown in place of either.
    pub window: Option<Window>,
    /// Show the help on keys.
    pub keys: bool,
    /// The open question.
    pub prompt: Option<Prompt>,
    /// The message, until the next key.
    pub message: String,
}

/// A question at the bottom of the screen.
pub struct Prompt {
    /// What the answer is for.
    pub subject: Subject,
    /// The question.
    pub question: String,
    /// The answer so far.
    pub typed: String,
    /// What was wrong with the last answer.
    pub error: String,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The filter on the list.
    Filter,
    /// A request for approval: its name, and the digest of the arguments that it is for.
    Request {
        verdict: Verdict,
        request: String,
        /// Empty if the request has no digest.
        args_sha256: String,
    },
}

/// What a key asks for, beyond moving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Nothing,
    Quit,
    /// Stop until `fg`.
    Stop,
    /// Show the list with the new settings.
    Show,
    /// Ask for a filter.
    AskFilter,
    /// Open the selected run.
    Open,
    /// Show the selected run's request, and with a verdict ask for the reason at once.
    OpenRequest(Option<Verdict>),
    /// Ask for the reason of a decision about the request that is shown.
    AskReason(Verdict),
    /// Use the answer to the open question.
    Submit,
}

impl State {
    /// At the first run of the list.
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
            prompt: None,
            message: String::new(),
        }
    }

    /// The bottom line while there is neither a message nor a question.
    pub fn help(&self) -> &'static str {
        match (self.keys, &self.window, &self.timeline) {
            (true, ..) => KEYS_IN_KEYS,
            (_, Some(_), _) => window::KEYS,
            (_, _, Some(_)) => KEYS_IN_TIMELINE,
            _ => KEYS_IN_LIST,
        }
    }

    /// Notes what was drawn.
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

    /// Handles a key while the list has `count` runs. Esc and a key right after it arrive as one.
    pub fn key(&mut self, key: KeyEvent, count: usize) -> Vec<Action> {
        let alone = KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key };
        let mut actions = Vec::new();
        if alone != key {
            actions.push(self.one_key(KeyEvent { code: KeyCode::Esc, ..alone }, count));
        }
        actions.push(self.one_key(alone, count));
        actions
    }

    fn one_key(&mut self, key: KeyEvent, count: usize) -> Action {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Action::Quit,
            KeyCode::Char('z') if control => return Action::Stop,
            _ => {}
        }
        self.message.clear();
        if let Some(prompt) = &mut self.prompt {
            return match key.code {
                KeyCode::Enter => Action::Submit,
                KeyCode::Esc => {
                    self.prompt = None;
                    Action::Nothing
                }
                KeyCode::Backspace => {
                    prompt.typed.pop();
                    Action::Nothing
                }
                KeyCode::Char('u') if control => {
                    prompt.typed.clear();
                    Action::Nothing
                }
                KeyCode::Char(character) if !control => {
                    prompt.typed.push(character);
                    Action::Nothing
                }
                _ => Action::Nothing,
            };
        }
        if self.keys {
            self.keys = false;
            return if key.code == KeyCode::Char('q') { Action::Quit } else { Action::Nothing };
        }
        if let Some(window) = &mut self.window {
            match window.key(key.code) {
                _ if key.code == KeyCode::Char('q') => return Action::Quit,
                WindowAction::Message(what) => what.clone_into(&mut self.message),
                WindowAction::Decide(verdict) => return Action::AskReason(verdict),
                WindowAction::Close => self.window = None,
                WindowAction::Scroll => self.go(key.code, count),
            }
            return Action::Nothing;
        }
        match key.code {
            KeyCode::Char('q') => Action::Quit,
            KeyCode::Char('?') => {
                self.keys = true;
                Action::Nothing
            }
            KeyCode::Char('a') => Action::OpenRequest(None),
            KeyCode::Char('d') => Action::OpenRequest(Some(Verdict::Denied)),
            KeyCode::Esc => {
                self.timeline = None;
                Action::Nothing
            }
            KeyCode::Enter if self.timeline.is_none() => Action::Open,
            KeyCode::Tab if self.timeline.is_none() => {
                self.all = !self.all;
                Action::Show
            }
            KeyCode::Char('/') if self.timeline.is_none() => Action::AskFilter,
            code => {
                self.go(code, count);
                Action::Nothing
            }
        }
    }

    /// Handles pasted text: it is an answer if a question is open, and ignored otherwise.
    pub fn paste(&mut self, text: &str) {
        if let Some(prompt) = &mut self.prompt {
            prompt.typed.extend(text.trim_end().chars().map(|it| if it.is_control() { ' ' } else { it }));
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
            // Drawing the list finds the run at this position.
            self.selected = None;
        }
    }
}
