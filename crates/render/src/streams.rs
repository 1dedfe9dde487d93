//! The only way to a terminal: what a command puts on standard output and on standard error.
//! Neither stream can be written to as it is, but by this room, so that no text of a row, of a file
//! or of an argument gets there unescaped.
//!
//! Not here: the streams themselves (`main` opens them), and what a command run by `exec` or
//! `trigger` writes, which is its own.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::safe;
use logbook_model::error::{Error, Result};

/// Standard output: data. In a pipe or a file it is what it is, byte for byte; on a terminal what
/// would be obeyed is escaped.
pub struct Output<'a> {
    writer: &'a mut (dyn Write + Send),
    is_terminal: bool,
    progress: Progress,
}

/// Text with colours that this room made, in which text of rows is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn(String);

impl Drawn {
    /// Only what draws can say that it escaped what it drew.
    pub(crate) fn new(text: String) -> Drawn {
        Drawn(text)
    }
}

impl<'a> Output<'a> {
    /// Onto `writer`.
    pub fn new(writer: &'a mut (dyn Write + Send), is_terminal: bool) -> Output<'a> {
        Output { writer, is_terminal, progress: Progress::default() }
    }

    /// With the line that stands on the same terminal.
    pub fn beside(self, progress: &Progress) -> Output<'a> {
        Output { progress: progress.clone(), ..self }
    }

    /// Data is about to be written: no line says any more how far the work is.
    fn begin(&mut self) -> io::Result<()> {
        if self.is_terminal && self.progress.end() { self.writer.write_all(ERASE.as_bytes()) } else { Ok(()) }
    }

    /// Whether a person is looking.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Puts out JSON. On a terminal it stays JSON that says the same.
    pub fn json(&mut self, text: &[u8]) -> Result<()> {
        self.begin().map_err(|error| Error::output(&error))?;
        let put = if self.is_terminal {
            self.writer.write_all(&safe::escape_json(text))
        } else {
            self.writer.write_all(text)
        };
        put.map_err(|error| Error::output(&error))
    }

    /// Puts out text of one or more lines.
    pub fn text(&mut self, text: &str) -> Result<()> {
        self.begin().map_err(|error| Error::output(&error))?;
        let put = if self.is_terminal {
            self.writer.write_all(safe::escape_lines(text).as_bytes())
        } else {
            self.writer.write_all(text.as_bytes())
        };
        put.map_err(|error| Error::output(&error))
    }

    /// Puts out one line: on a terminal also what breaks it is escaped.
    pub fn line(&mut self, text: &str) -> Result<()> {
        self.begin().map_err(|error| Error::output(&error))?;
        let text = if self.is_terminal { safe::escape(text) } else { text.into() };
        self.writer.write_all(format!("{text}\n").as_bytes()).map_err(|error| Error::output(&error))
    }

    /// Puts out what was drawn.
    pub fn drawn(&mut self, drawn: &Drawn) -> Result<()> {
        self.sink().write_all(drawn.0.as_bytes()).map_err(|error| Error::output(&error))
    }

    /// Hands on what was put out.
    pub fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(|error| Error::output(&error))
    }

    /// The whole terminal for a program that draws on all of it: its cells hold escaped text only
    /// (`render/dash/paint.rs`).
    pub fn screen(&mut self) -> &mut dyn Write {
        self.progress.end();
        &mut *self.writer
    }

    /// For what is drawn in pieces, each of them whole characters.
    pub(crate) fn sink(&mut self) -> Sink<'_, 'a> {
        Sink { out: self }
    }
}

/// Where this room puts what it draws.
pub(crate) struct Sink<'o, 'a> {
    out: &'o mut Output<'a>,
}

impl Write for Sink<'_, '_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.out.begin()?;
        if self.out.is_terminal {
            let text = String::from_utf8_lossy(piece);
            self.out.writer.write_all(safe::escape_drawn(&text).as_bytes())?;
        } else {
            self.out.writer.write_all(piece)?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.writer.flush()
    }
}

/// Standard error: what is said to the person. It is always escaped, wherever it goes. That nobody
/// listens there is no failure.
pub struct Notes<'a> {
    writer: &'a mut (dyn Write + Send),
    is_terminal: bool,
    progress: Progress,
}

impl<'a> Notes<'a> {
    /// Onto `writer`.
    pub fn new(writer: &'a mut (dyn Write + Send), is_terminal: bool) -> Notes<'a> {
        Notes { writer, is_terminal, progress: Progress::default() }
    }

    /// With the line that stands on the same terminal.
    pub fn beside(self, progress: &Progress) -> Notes<'a> {
        Notes { progress: progress.clone(), ..self }
    }

    /// Whether a person is looking.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Says one line.
    pub fn note(&mut self, text: impl Display) {
        self.put(&format!("logbook: {}\n", safe::escape(&text.to_string())));
    }

    /// Says what went wrong, and what to type next.
    pub fn error(&mut self, error: &Error) {
        self.put(&format!("logbook: {}\n", safe::error(error)));
    }

    /// Says what was drawn, to a person.
    pub fn drawn(&mut self, drawn: &Drawn) {
        self.put(&safe::escape_drawn(&drawn.0));
    }

    /// Asks; the answer is typed behind it.
    pub fn question(&mut self, text: &str) -> io::Result<()> {
        self.progress.end();
        self.writer.write_all(safe::escape(text).as_bytes()).and_then(|()| self.writer.flush())
    }

    /// Writes over the line that says how far the work is.
    fn progress(&mut self, text: &str) {
        let line = format!("{ERASE}{}", safe::escape(text));
        let _ = self.writer.write_all(line.as_bytes()).and_then(|()| self.writer.flush());
    }

    /// Takes that line away for good.
    pub fn end_progress(&mut self) {
        if self.progress.end() {
            self.put(ERASE);
        }
    }

    /// At once, so that the lines of two processes do not mix.
    fn put(&mut self, text: &str) {
        if self.progress.clear() {
            let _ = self.writer.write_all(ERASE.as_bytes());
        }
        let _ = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
    }
}

/// Writes over the line, and takes it away again.
const ERASE: &str = "\r\x1b[K";

/// The line, which those who write to the terminal share.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    what: String,
    shown: bool,
    ended: bool,
}

impl Progress {
    /// What is worked on now.
    pub fn on(&self, what: impl Into<String>) {
        self.state().what = what.into();
    }

    /// Shows it with `far`, how far the work is. False: it is over.
    pub fn show(&self, far: &str, notes: &mut Notes<'_>) -> bool {
        let mut state = self.state();
        if !state.ended {
            notes.progress(&format!("{}: {far}", state.what));
            state.shown = true;
        }
        !state.ended
    }

    /// Whether the line is shown, and must be removed: a note is about to be written.
    fn clear(&self) -> bool {
        std::mem::take(&mut self.state().shown)
    }

    /// The same, and it is not shown again.
    fn end(&self) -> bool {
        self.state().ended = true;
        self.clear()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
