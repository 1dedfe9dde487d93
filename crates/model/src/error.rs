//! Errors as a person reads them, and the exit code of each. [`Exit`] is the table in the manual:
//! nothing else in the program chooses an exit code.
//!
//! Code never looks at the words of a message. What it needs to tell apart is an [`ErrorKind`].

use std::fmt;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is no (`-e` and nothing matched; denied; chain broken; runs differ).
    No,
    /// 2: usage or query syntax; nothing written.
    Usage,
    /// 3: input/output or environment; nothing stored.
    NotStored,
    /// 4: it is unknown whether the row was stored; retry with the same `--id`.
    Unknown,
    /// 5: damaged data (`--strict`, `verify`, `doctor`).
    Damaged,
    /// 6: not decided yet (`ask --wait --timeout`).
    Undecided,
    /// 130: Ctrl-C ended the reading; what was read until then is printed.
    Interrupted,
    /// 75: the lock was not free in time; nothing stored.
    LockTimeout,
    /// `exec`: the exit status of its command; 125 to 127 for its own failures and refusals, as
    /// `env` uses them.
    Exec(u8),
}

impl Exit {
    /// Whether a row was not stored, or possibly not: the only failures that `--best-effort`
    /// forgives in a gate.
    pub fn is_of_storing(self) -> bool {
        matches!(self, Exit::NotStored | Exit::Unknown | Exit::LockTimeout)
    }

    /// The process exit status.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::NotStored => 3,
            Exit::Unknown => 4,
            Exit::Damaged => 5,
            Exit::Undecided => 6,
            Exit::LockTimeout => 75,
            Exit::Interrupted => 130,
            Exit::Exec(code) => code,
        }
    }
}

/// What other code needs to tell apart about an error, beside its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorKind {
    /// Nothing branches on it.
    #[default]
    Other,
    /// The reader of standard output has gone away.
    BrokenPipe,
    /// The message already names the line of the input; the reason begins at this byte of it.
    AtLine(usize),
}

/// A failure as a person reads it: a lowercase fragment that fits after
/// `logbook: `, an exit, and where possible the next command to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Which exit code it ends in.
    pub exit: Exit,
    /// What is wrong and where: file and byte offset, or line. It is shown as one line, whatever it
    /// quotes.
    pub message: String,
    /// Further lines: a query with a caret, other errors. Each is shown as one line too.
    pub lines: Vec<String>,
    /// The next thing to type; printed as `hint: …`.
    pub hint: Option<String>,
    /// What other code branches on.
    pub kind: ErrorKind,
}

/// The result of whatever can fail with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that ends in `exit`.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Error { exit, message: message.into(), lines: Vec::new(), hint: None, kind: ErrorKind::Other }
    }

    /// Bad arguments, bad input, bad query: exit 2, nothing written.
    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(Exit::Usage, message)
    }

    /// Input, output or the environment failed: exit 3, nothing stored.
    pub fn io(message: impl Into<String>) -> Self {
        Error::new(Exit::NotStored, message)
    }

    /// A failed write to standard output. A broken pipe ends the program with 0.
    pub fn output(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Error::new(Exit::Done, "broken pipe").of_kind(ErrorKind::BrokenPipe)
        } else {
            Error::io(format!("standard output: {error}"))
        }
    }

    /// Whether the reader of standard output has gone away.
    pub fn is_broken_pipe(&self) -> bool {
        self.kind == ErrorKind::BrokenPipe
    }

    /// The same error with this kind.
    pub fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// The message and the lines below it, not escaped for a terminal.
    pub fn text(&self) -> String {
        self.lines.iter().fold(self.message.clone(), |text, line| text + "\n" + line)
    }

    /// The same error with further lines below its message.
    pub fn beneath(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.lines.extend(lines);
        self
    }

    /// The same error with a hint: the next command to type.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with `context: ` in front of its message.
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        let context = format!("{context}: ");
        if let ErrorKind::AtLine(reason) = &mut self.kind {
            *reason += context.len();
        }
        self.message.insert_str(0, &context);
        self
    }
}

/// Not escaped for a terminal: `render::safe::error` is.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The word of `known` nearest to `word`, if it is near enough to be a typing error. A word that
/// continues `word`, as `cost_usd` continues `cost`, counts as one typing error.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let reach = (word.chars().count() / 3).clamp(1, 3);
    let ranked = |candidate: &'a str| {
        let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
        let rest = candidate.strip_prefix(&lower).filter(|_| lower.len() >= 3);
        let goes_on = rest.is_some_and(|rest| rest.starts_with('_'));
        let rank = (if goes_on { distance.min(1) } else { distance }, !goes_on, candidate);
        (distance <= reach || rest.is_some()).then_some(rank)
    };
    known.into_iter().filter_map(ranked).min().map(|(.., candidate)| candidate)
}
