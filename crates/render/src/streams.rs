//! The only way to a terminal: what a command writes to standard output and standard error. Only
//! this room can write to either stream, so that no text of a row, a file or an argument gets there
//! unescaped. The progress line is here too, since both streams must remove it before they write.
//!
//! Not here: opening the streams (`main`), when progress is shown (`cmd/progress`), and the output
//! of a command run by `exec` or `trigger`, which is passed through.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::safe;
use logbook_model::error::{Error, Result};

/// Standard output, for data. In a pipe or a file the data is written as it is; on a terminal,
/// characters that it would obey are escaped.
pub struct Output<'a> {
    writer: &'a mut (dyn Write + Send),
    is_terminal: bool,
    progress: Progress,
}

/// Text with colours made by this crate, in which the text of rows is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn(String);

impl Drawn {
    /// Only for drawing code, which must have escaped what it drew.
    pub(crate) fn new(text: String) -> Drawn {
        Drawn(text)
    }
}

impl<'a> Output<'a> {
    /// A stream that writes to `writer`.
    pub fn new(writer: &'a mut (dyn Write + Send), is_terminal: bool) -> Output<'a> {
        Output { writer, is_terminal, progress: Progress::default() }
    }

    /// The stream with the progress line of the same terminal.
    pub fn beside(self, progress: &Progress) -> Output<'a> {
        Output { progress: progress.clone(), ..self }
    }

    /// Call before data is written: removes the progress line for good.
    fn begin(&mut self) -> io::Result<()> {
        if self.is_terminal && self.progress.end() { self.writer.write_all(ERASE.as_bytes()) } else { Ok(()) }
    }

    /// Whether the stream is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes JSON. On a terminal, unsafe characters are written as JSON escapes, which mean the
    /// same.
    pub fn json(&mut self, text: &[u8]) -> Result<()> {
        self.begin().map_err(|error| Error::output(&error))?;
        let put = if self.is_terminal {
            self.writer.write_all(&safe::escape_json(text))
        } else {
            self.writer.write_all(text)
        };
        put.map_err(|error| Error::output(&error))
    }

    /// Writes text of one or more lines.
    pub fn text(&mut self, text: &str) -> Result<()> {
        self.begin().map_err(|error| Error::output(&error))?;
        let put = if self.is_terminal {
            self.writer.write_all(safe::escape_lines(text).as_bytes())
        } else {
            self.writer.write_all(text.as_bytes())
        };
        put.map_err(|error| Error::output(&error))
    }

    /// Writes one line. On a terminal, line breaks in it are escaped too.
    pub fn line(&mut self, text: &str) -> Result<()> {
        self.begin().map_err(|error| Error::output(&error))?;
        let text = if self.is_terminal { safe::escape(text) } else { text.into() };
        self.writer.write_all(format!("{text}\n").as_bytes()).map_err(|error| Error::output(&error))
    }

    /// Writes drawn text.
    pub fn drawn(&mut self, drawn: &Drawn) -> Result<()> {
        self.sink().write_all(drawn.0.as_bytes()).map_err(|error| Error::output(&error))
    }

    /// Flushes the stream.
    pub fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(|error| Error::output(&error))
    }

    /// The raw stream for the dashboard, which draws on the whole terminal. Its cells hold only
    /// escaped text (`render/dash/paint.rs`).
    pub fn screen(&mut self) -> &mut dyn Write {
        self.progress.end();
        &mut *self.writer
    }

    /// A writer for drawn text in pieces, each of them whole characters.
    pub(crate) fn sink(&mut self) -> Sink<'_, 'a> {
        Sink { out: self }
    }
}

/// A writer for drawn text.
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

/// Standard error, for notes to a person. Text is always escaped, wherever it goes. A failed write
/// is ignored.
pub struct Notes<'a> {
    writer: &'a mut (dyn Write + Send),
    is_terminal: bool,
    progress: Progress,
}

impl<'a> Notes<'a> {
    /// A stream that writes to `writer`.
    pub fn new(writer: &'a mut (dyn Write + Send), is_terminal: bool) -> Notes<'a> {
        Notes { writer, is_terminal, progress: Progress::default() }
    }

    /// The stream with the progress line of the same terminal.
    pub fn beside(self, progress: &Progress) -> Notes<'a> {
        Notes { progress: progress.clone(), ..self }
    }

    /// Whether the stream is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes one line.
    pub fn note(&mut self, text: impl Display) {
        self.put(&format!("logbook: {}\n", safe::escape(&text.to_string())));
    }

    /// Writes an error with its hint.
    pub fn error(&mut self, error: &Error) {
        self.put(&format!("logbook: {}\n", safe::error(error)));
    }

    /// Writes drawn text.
    pub fn drawn(&mut self, drawn: &Drawn) {
        self.put(&safe::escape_drawn(&drawn.0));
    }

    /// Writes a question; the answer is typed behind it.
    pub fn question(&mut self, text: &str) -> io::Result<()> {
        self.progress.end();
        self.writer.write_all(safe::escape(text).as_bytes()).and_then(|()| self.writer.flush())
    }

    /// Overwrites the progress line.
    fn progress(&mut self, text: &str) {
        let line = format!("{ERASE}{}", safe::escape(text));
        let _ = self.writer.write_all(line.as_bytes()).and_then(|()| self.writer.flush());
    }

    /// Removes the progress line for good.
    pub fn end_progress(&mut self) {
        if self.progress.end() {
            self.put(ERASE);
        }
    }

    /// In one write, so that the lines of two processes do not mix.
    fn put(&mut self, text: &str) {
        if self.progress.clear() {
            let _ = self.writer.write_all(ERASE.as_bytes());
        }
        let _ = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
    }
}

/// Moves to the beginning of the line and erases it.
const ERASE: &str = "\r\x1b[K";

/// The progress line: how far long work is. It is removed before anything else is written to the
/// terminal, and never shown again once data is. Both streams share it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<ProgressState>>);

#[derive(Debug, Default)]
struct ProgressState {
    what: String,
    shown: bool,
    ended: bool,
}

impl Progress {
    /// Sets what is being done.
    pub fn on(&self, what: impl Into<String>) {
        self.state().what = what.into();
    }

    /// Shows the line with `far`, how far the work is. Returns false once it has ended.
    pub fn show(&self, far: &str, notes: &mut Notes<'_>) -> bool {
        let mut state = self.state();
        if !state.ended {
            notes.progress(&format!("{}: {far}", state.what));
            state.shown = true;
        }
        !state.ended
    }

    /// Marks the line as removed; true if it was shown.
    fn clear(&self) -> bool {
        std::mem::take(&mut self.state().shown)
    }

    /// Like [`Progress::clear`], and it is never shown again.
    fn end(&self) -> bool {
        self.state().ended = true;
        self.clear()
    }

    fn state(&self) -> MutexGuard<'_, ProgressState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
