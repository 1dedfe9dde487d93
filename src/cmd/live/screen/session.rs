//! The main loop of the dashboard: it handles keys, new rows and the passing of time, and draws the
//! screen when something on it may have changed.

use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};

use super::content::{Content, Position};
use super::events::{Event, Events};
use super::filter::Filter;
use super::state::{Action, Prompt, State, Subject};
use super::terminal::Terminal;
use super::timeline::Timeline;
use super::window::Window;
use crate::cmd::Door;
use crate::cmd::decide::decision::{self, Wanted};
use crate::cmd::live::board::Board;
use crate::cmd::shared::reading::Reading;
use crate::cmd::shared::writing::{OpenLogbook, Writing};
use logbook_model::Verdict;
use logbook_model::error::Result;
use logbook_query::time::Clock;
use logbook_render::Look;
use logbook_render::dash::{self, Foot, Page, Screen};
use logbook_render::safe::{self, escape};
use logbook_store::Purpose;

/// Ages are updated this often.
const TICK: Duration = Duration::from_secs(1);
/// The pause between two reads of new rows is at least this, and at least this many times as long
/// as the last read.
const REST: Duration = Duration::from_millis(50);
const REST_TIMES: u32 = 4;
/// Conditions about the current time are evaluated again this often.
const RENEW: Duration = Duration::from_secs(10);

/// A running dashboard.
pub struct Session<'d, 'w> {
    door: &'d mut Door<'w>,
    board: Board,
    reading: Reading,
    by: Option<String>,
    title: String,
    filter: Filter,
    state: State,
    content: Content,
}

impl<'d, 'w> Session<'d, 'w> {
    /// Starts at the first run of `board`.
    pub fn new(
        board: Board,
        reading: Reading,
        by: Option<String>,
        all: bool,
        filter: Filter,
        door: &'d mut Door<'w>,
    ) -> Session<'d, 'w> {
        let title = board.location().path.display().to_string();
        Session { door, board, reading, by, title, filter, state: State::new(all), content: Content::default() }
    }

    /// Runs until the user or a signal ends it. Gives the signal.
    pub fn run(&mut self, events: &Events, terminal: &mut Terminal) -> Result<Option<i32>> {
        let (mut looked, mut rest, mut renewed) = (Instant::now(), REST, Instant::now());
        let mut rows_came = false;
        self.update_content()?;
        self.draw(terminal)?;
        let mut drawn = Instant::now();
        loop {
            let hurries = rows_came || self.filter.is_behind();
            let timeout = if hurries { rest.saturating_sub(looked.elapsed()) } else { TICK };
            let mut next = events.next(timeout);
            // The loop wakes more often than ages change.
            let mut is_changed = drawn.elapsed() >= TICK;
            while let Some(event) = next {
                match event {
                    Event::Rows => rows_came = true,
                    Event::Redraw => {
                        terminal.forget();
                        is_changed = true;
                    }
                    Event::Continued => {
                        terminal.take(self.door)?;
                        is_changed = true;
                    }
                    Event::Pasted(text) => {
                        self.state.paste(&text);
                        is_changed = true;
                    }
                    Event::End(signal) => return Ok(signal),
                    Event::Key(key) => {
                        for action in self.state.key(key, self.content.shown.len()) {
                            match action {
                                Action::Quit => return Ok(None),
                                Action::Stop => stop(terminal, self.door)?,
                                action => self.carry_out(&action)?,
                            }
                        }
                        // The next key refers to what this one shows.
                        self.draw(terminal)?;
                    }
                }
                next = events.pending();
            }
            if renewed.elapsed() >= RENEW {
                renewed = Instant::now();
                let clock = self.clock()?;
                self.filter.renew(&self.board, &clock);
                self.update_content()?;
                is_changed = true;
            }
            if (rows_came || self.filter.is_behind()) && looked.elapsed() >= rest {
                looked = Instant::now();
                let is_behind = self.filter.is_behind();
                is_changed |= self.refresh()?;
                if is_behind && self.filter.is_behind() {
                    self.update_content()?;
                }
                is_changed |= is_behind;
                rows_came = false;
                rest = REST.max(looked.elapsed() * REST_TIMES);
                looked = Instant::now();
            }
            if is_changed {
                self.draw(terminal)?;
                drawn = Instant::now();
            }
        }
    }

    fn clock(&self) -> Result<Clock> {
        Ok(Clock { now: self.door.now()?, zone: self.board.zone() })
    }

    /// Reads new rows. Gives whether anything changed.
    fn refresh(&mut self) -> Result<bool> {
        let now = self.door.now()?;
        match self.board.refresh(now) {
            Ok(false) => Ok(false),
            Ok(true) => self.update_content().map(|()| true),
            Err(error) => {
                self.state.message = safe::error(&error);
                Ok(true)
            }
        }
    }

    /// Updates the content for the state.
    fn update_content(&mut self) -> Result<()> {
        let clock = self.clock()?;
        self.content = Content::of(&self.board, &mut self.filter, self.state.all, &clock);
        let number = self.state.selected.as_ref().and_then(|run| self.board.number(run));
        let place = number.and_then(|number| self.content.shown.iter().position(|it| *it == number));
        self.select(place.unwrap_or(self.state.at));
        self.close_decided(&clock);
        Ok(())
    }

    /// Closes the window of a request that was decided elsewhere or has expired.
    fn close_decided(&mut self, clock: &Clock) {
        let Some(window) = &self.state.window else { return };
        let known = self.board.request(&window.request.name);
        if known.is_some_and(|request| !request.is_open(clock.now)) {
            self.state.message = format!("{} is no longer open", escape(&window.request.name));
            self.state.window = None;
            self.state.prompt = None;
        }
    }

    fn select(&mut self, at: usize) {
        self.state.at = at.min(self.content.shown.len().saturating_sub(1));
        let run = self.content.shown.get(self.state.at).and_then(|number| self.board.by_number().get(*number));
        self.state.selected = run.map(|run| run.run_id.to_string());
    }

    fn carry_out(&mut self, action: &Action) -> Result<()> {
        if self.state.selected.is_none() {
            self.select(self.state.at);
        }
        match action {
            Action::Show => self.update_content()?,
            Action::AskFilter => {
                let typed = self.filter.text.clone();
                let question = "filter: ".to_owned();
                self.state.prompt = Some(Prompt { subject: Subject::Filter, question, typed, error: String::new() });
            }
            Action::Open => self.state.timeline = self.state.selected.as_deref().map(Timeline::of),
            Action::OpenRequest(verdict) => {
                self.open_request();
                verdict.iter().for_each(|verdict| self.ask_reason(*verdict));
            }
            Action::AskReason(verdict) => self.ask_reason(*verdict),
            Action::Submit => self.submit()?,
            Action::Nothing | Action::Quit | Action::Stop => {}
        }
        Ok(())
    }

    /// Opens the request of the run that is shown or selected.
    fn open_request(&mut self) {
        let run = match &self.state.timeline {
            Some(timeline) => Some(timeline.run.clone()),
            None => self.state.selected.clone(),
        };
        let Some(run) = run else { return };
        let Some(request) = self.content.request(&run, &self.board) else {
            self.state.message = format!("{run} asks for no approval");
            return;
        };
        self.state.window = Some(Window::of(self.board.in_full(request)));
    }

    /// Asks for the reason of a decision about the request that is shown.
    fn ask_reason(&mut self, verdict: Verdict) {
        let Some(Window { request, .. }) = &self.state.window else { return };
        let what = if verdict == Verdict::Approved { "approve, why (if you like): " } else { "deny, why: " };
        let prompt = Prompt {
            subject: Subject::Request {
                verdict,
                request: request.name.clone(),
                args_sha256: request.args_sha256.clone(),
            },
            question: what.to_owned(),
            typed: String::new(),
            error: String::new(),
        };
        self.state.prompt = Some(prompt);
    }

    /// Uses the answer to the open question. If it is not valid, the question stays open and shows
    /// why.
    fn submit(&mut self) -> Result<()> {
        let Some(mut prompt) = self.state.prompt.take() else { return Ok(()) };
        let result = match &prompt.subject {
            Subject::Filter => Filter::parse(&prompt.typed, &self.clock()?).map(|filter| {
                self.filter = filter;
                String::new()
            }),
            Subject::Request { verdict, request, args_sha256 } => {
                self.decide(*verdict, request, args_sha256, &prompt.typed)
            }
        };
        match result {
            Ok(message) => {
                self.state.message = message;
                self.state.window = None;
                self.refresh()?;
                self.update_content()?;
            }
            Err(error) => {
                prompt.error = safe::error(&error);
                self.state.prompt = Some(prompt);
            }
        }
        Ok(())
    }

    /// Stores a decision as the commands do.
    fn decide(&mut self, verdict: Verdict, request: &str, args_sha256: &str, why: &str) -> Result<String> {
        let writing = Writing { dir: self.reading.dir.clone(), ..Writing::default() };
        // A note on standard error would overwrite the screen.
        let desk = OpenLogbook { notes_redactions: false, ..writing.open(self.door, Purpose::Read)? };
        let args_sha256 = Some(args_sha256).filter(|digest| !digest.is_empty());
        let wanted = Wanted {
            what: request,
            verdict,
            by: self.by.as_deref(),
            why: Some(why),
            args_sha256,
            takes_irreversible: true,
        };
        let decided = decision::decide(&desk, &wanted, self.door)?;
        let new = desk.take_redacted().map_or_else(String::new, |new| format!("; redacted: {new}"));
        Ok(format!("{} is {}: {}{new}", escape(request), verdict.word(), escape(&decided.request.action)))
    }

    fn draw(&mut self, terminal: &mut Terminal) -> Result<()> {
        let clock = self.clock()?;
        let look = self.reading.look(self.door, self.board.zone());
        let columns = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(80, |size| size.ws_col);
        if let Some(timeline) = &mut self.state.timeline {
            let plain = Look { width: Some(columns), colour: false, ..look.clone() };
            timeline.update(&self.board, &self.reading, &plain, self.state.room, self.door)?;
        }
        if let Some(window) = &mut self.state.window {
            window.update(clock.now, &clock.zone, columns);
        }
        if self.state.selected.is_none() {
            self.select(self.state.at);
        }
        let (content, board) = (&self.content, &self.board);
        let request = |run: &str| content.request(run, board);
        let page = match &self.state.timeline {
            _ if self.state.keys => Page::Keys,
            _ if let Some(window) = &self.state.window => {
                Page::Request(dash::RequestView { lines: &window.lines, top: window.top })
            }
            Some(timeline) => Page::Timeline(dash::Timeline {
                run: &timeline.run,
                status: self.board.run(&timeline.run).map_or("", |run| run.status()),
                lines: &timeline.lines,
                top: timeline.top,
            }),
            None => {
                let position = Position { all: self.state.all, at: self.state.at, top: self.state.top };
                Page::List(content.list(board, &self.title, &self.filter, position, &request, &clock))
            }
        };
        let foot = match &self.state.prompt {
            Some(prompt) => Foot::Asks { question: &prompt.question, typed: &prompt.typed, says: &prompt.error },
            None if self.state.message.is_empty() => Foot::Says(self.state.help()),
            None => Foot::Says(&self.state.message),
        };
        let drawn = terminal.draw(&Screen { page, foot, colour: look.colour }, self.door)?;
        self.state.drew(drawn);
        Ok(())
    }
}

/// Restores the terminal and stops the process until `fg`.
fn stop(terminal: &mut Terminal, door: &mut Door<'_>) -> Result<()> {
    terminal.leave(door)?;
    // The system does not stop a process that nothing could continue.
    let _ = kill_process(getpid(), Signal::TSTP);
    terminal.take(door)
}
