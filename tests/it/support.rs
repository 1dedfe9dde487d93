//! Builders for tests through the public door, the binary: a logbook in a
//! directory that goes away, a command with what it must print, a terminal.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// The binary under test.
pub const LOGBOOK: &str = env!("CARGO_BIN_EXE_logbook");

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A place to work: an empty directory with a home beside it, and a clean environment.
pub struct Book {
    root: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

/// What a command ended in.
#[derive(Debug)]
pub struct Ended {
    what: String,
    /// Exit status; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// What a terminal was sent, byte for byte.
    pub bytes: Vec<u8>,
}

impl Book {
    /// An empty directory without a logbook.
    pub fn empty() -> Book {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("home")).unwrap();
        fs::create_dir(root.path().join("work")).unwrap();
        let home = root.path().join("home").display().to_string();
        let variables = [
            ("PATH", path_with_logbook()),
            ("HOME", home),
            ("TZ", "UTC".to_owned()),
            ("LOGBOOK_NOW", "2026-04-16T08:00:00Z".to_owned()),
        ];
        Book { root, variables: variables.map(|(name, value)| (name.to_owned(), value)).into() }
    }

    /// The same with an empty logbook in it.
    pub fn new() -> Book {
        let book = Book::empty();
        book.run(&["init"]).exit(0);
        book
    }

    /// A logbook that holds `rows` as they are given, in one segment.
    pub fn with_rows(rows: &[&str]) -> Book {
        let book = Book::new();
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        book.write(".logbook/2026-04-15.000001.jsonl", text.as_bytes());
        book
    }

    /// A copy of one of the logbooks in `samples/`.
    pub fn sample(name: &str) -> Book {
        let book = Book::new();
        for entry in fs::read_dir(repository().join("samples").join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                book.write(&format!(".logbook/{}", path.file_name().unwrap().display()), &fs::read(&path).unwrap());
            }
        }
        book
    }

    /// The working directory of its commands.
    pub fn path(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Writes a file below the working directory.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Sets a variable for its commands.
    pub fn var(mut self, name: &str, value: &str) -> Book {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A command in its directory, with its variables.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear().envs(&self.variables);
        command
    }

    /// Runs `logbook` with these arguments and nothing on standard input.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, b"")
    }

    /// Runs `logbook` with these arguments and `input` on standard input.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut command = self.command(&program().to_string_lossy());
        command.args(arguments);
        finish(command, input, format!("logbook {}", arguments.join(" ")))
    }

    /// Runs a line of shell; `logbook` is on its path.
    pub fn shell(&self, line: &str) -> Ended {
        let mut command = self.command("sh");
        command.args(["-c", line]);
        finish(command, b"", line.to_owned())
    }

    /// Runs a line of shell on a terminal of this size; what it shows is in `out`.
    pub fn terminal(&self, line: &str, columns: u16, lines: u16) -> Ended {
        self.typing("", line, columns, lines)
    }

    /// The same, with `keys` typed beforehand.
    pub fn typing(&self, keys: &str, line: &str, columns: u16, lines: u16) -> Ended {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let slave = || fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = self.command("sh");
        command.args(["-c", line]).stdin(slave()).stdout(slave()).stderr(slave());
        let mut child = command.spawn().unwrap();
        // The command holds copies of the terminal too; reading ends when all are closed.
        drop(command);
        let mut shown = Vec::new();
        let mut master = fs::File::from(master);
        master.write_all(keys.as_bytes()).unwrap();
        let mut piece = [0; 4096];
        while let got @ 1.. = read_terminal(&mut master, &mut piece) {
            shown.extend_from_slice(&piece[..got]);
        }
        let code = child.wait().unwrap().code().unwrap_or(-1);
        let out = String::from_utf8_lossy(&shown).replace("\r\n", "\n");
        Ended { what: line.to_owned(), code, out, err: String::new(), bytes: shown }
    }
}

/// Reads what was written to a terminal; 0 when it is closed and all was read. A closed terminal
/// reads as an error on Linux, which may come before what was written while the reader was about to
/// sleep; a second reading gives that.
pub fn read_terminal(master: &mut fs::File, piece: &mut [u8]) -> usize {
    master.read(piece).or_else(|_| master.read(piece)).unwrap_or(0)
}

fn finish(mut command: Command, input: &[u8], what: String) -> Ended {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A command that does not read its input closes the pipe: no failure of the test.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ended {
        what,
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        bytes: Vec::new(),
    }
}

/// The program that is tested: the environment can name another build of it, called `logbook`.
fn program() -> PathBuf {
    let named = std::env::var_os("LOGBOOK_UNDER_TEST").map(PathBuf::from);
    named.filter(|path| path.ends_with("logbook")).unwrap_or_else(|| PathBuf::from(LOGBOOK))
}

fn path_with_logbook() -> String {
    let own = program().parent().unwrap().display().to_string();
    format!("{own}:{}", std::env::var("PATH").unwrap_or_default())
}

impl Ended {
    /// It ended with this code.
    #[track_caller]
    pub fn exit(&self, code: i32) -> &Ended {
        assert_eq!(self.code, code, "exit code of {self}");
        self
    }

    /// Standard output is exactly this.
    #[track_caller]
    pub fn stdout(&self, expected: &str) -> &Ended {
        assert_eq!(self.out, expected, "standard output of {self}");
        self
    }

    /// Standard output contains this.
    #[track_caller]
    pub fn shows(&self, part: &str) -> &Ended {
        assert!(self.out.contains(part), "{part:?} is not in the output of {self}");
        self
    }

    /// Standard error contains this.
    #[track_caller]
    pub fn says(&self, part: &str) -> &Ended {
        assert!(self.err.contains(part), "{part:?} is not in the errors of {self}");
        self
    }

    /// Nothing on standard error.
    #[track_caller]
    pub fn quiet(&self) -> &Ended {
        assert_eq!(self.err, "", "standard error of {self}");
        self
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` (exit {})\n--- out\n{}--- err\n{}", self.what, self.code, self.out, self.err)
    }
}
