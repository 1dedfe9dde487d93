//! What the trials lie in: a logbook in a directory that goes away, the real
//! binary, rows that carry their own proof, and what became of a process.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program under test.
pub const LOGBOOK: &str = env!("CARGO_BIN_EXE_logbook");

/// A logbook in a directory that goes away.
pub struct Bed {
    directory: tempfile::TempDir,
}

impl Bed {
    pub fn new() -> Bed {
        let directory = tempfile::Builder::new().prefix("logbook-torture-").tempdir().unwrap();
        Bed { directory }
    }

    /// A logbook with this `config.toml`.
    pub fn with_config(config: &str) -> Bed {
        let bed = Bed::new();
        make(&bed.book(), config);
        bed
    }

    /// The directory for the trial's other files.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The logbook.
    pub fn book(&self) -> PathBuf {
        self.directory.path().join("book")
    }
}

/// Makes the logbook's directory, with this `config.toml`.
pub fn make(book: &Path, config: &str) {
    fs::create_dir_all(book).unwrap();
    fs::write(book.join("config.toml"), config).unwrap();
}

/// `logbook ARGUMENTS` on the logbook at `book`, in an empty environment.
pub fn logbook(book: &Path, arguments: &[&str]) -> Command {
    wrapped(&[], book, arguments)
}

/// As [`logbook`], run by another program: `prlimit --fsize=4096 logbook …`.
pub fn wrapped(wrapper: &[&str], book: &Path, arguments: &[&str]) -> Command {
    let mut words = wrapper.to_vec();
    words.push(LOGBOOK);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(arguments);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LOGBOOK_DIR", book);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stderr: String,
}

impl Ended {
    pub fn is_done(&self) -> bool {
        self.code == Some(0)
    }

    /// What the caller may conclude of the row it gave.
    pub fn fate(&self) -> Fate {
        match self.code {
            Some(0) => Fate::Stored,
            // Unknown, or killed.
            Some(4) | None => Fate::Either,
            // 2, 3, 75; 126 and 127 when the program did not even start.
            Some(_) => Fate::Absent,
        }
    }

    pub fn told(&self) -> String {
        match (self.code, self.signal) {
            (Some(code), _) => format!("exit {code}: {}", self.stderr.trim()),
            (_, signal) => format!("signal {}: {}", signal.unwrap_or(0), self.stderr.trim()),
        }
    }
}

impl From<std::process::Output> for Ended {
    fn from(output: std::process::Output) -> Ended {
        Ended {
            code: output.status.code(),
            signal: output.status.signal(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs it to its end.
pub fn end(mut command: Command) -> Ended {
    match command.output() {
        Ok(output) => output.into(),
        Err(error) => panic!("{command:?}: {error}"),
    }
}

/// What is known of a row that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Stored,
    Absent,
    Either,
}

/// The letter that fills the row `number` of `writer`: neighbours differ.
pub fn letter(writer: u64, number: u64) -> u8 {
    b'a' + ((writer * 7 + number) % 26) as u8
}

/// The row `number` of `writer`, about `bytes` long. It can prove by itself that
/// it is whole: `length` letters, all of them its own.
pub fn row(writer: u64, number: u64, bytes: u64) -> String {
    let length = bytes.saturating_sub(110).max(1) as usize;
    let pad = String::from_utf8(vec![letter(writer, number); length]).unwrap();
    format!(
        "{{\"run_id\":\"w-{writer}\",\"status\":\"in-progress\",\"action\":\"{writer}.{number}\",\"length\":{length},\"pad\":\"{pad}\"}}"
    )
}

/// The same with an id.
pub fn row_with_id(writer: u64, number: u64, bytes: u64) -> String {
    let row = row(writer, number, bytes);
    format!("{},\"id\":\"id-{writer}-{number}\"}}", row.trim_end_matches('}'))
}

/// A size between 300 B and 100 KB, small ones as likely as large ones.
pub fn row_bytes(dice: &mut crate::trial::Dice) -> u64 {
    match dice.between(0, 2) {
        0 => dice.between(300, 1000),
        1 => dice.between(1000, 10_000),
        _ => dice.between(10_000, 100_000),
    }
}

/// A file that serves as stdin: no thread has to feed it.
pub fn input(path: &Path, text: &[u8]) -> Stdio {
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap();
    file.write_all(text).unwrap();
    file.rewind().unwrap();
    Stdio::from(file)
}

/// Whether a program is there.
pub fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|output| output.status.success())
}
