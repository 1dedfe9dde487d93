//! A terminal with a command at work on it: typed into, read as a person would see it, made larger
//! and smaller.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::num::NonZero;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::{Book, read_terminal};

/// Longer than anything takes on a machine that works.
const DEADLINE: Duration = Duration::from_secs(60);

/// A command on a terminal of its own.
pub struct Terminal {
    pub child: Child,
    master: File,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    is_closed: bool,
}

impl Terminal {
    /// Runs a command of `book`.
    pub fn run(book: &Book, arguments: &[&str], columns: u16, lines: u16) -> Terminal {
        Terminal::run_in(book, &[&["logbook"], arguments].concat(), &[], columns, lines)
    }

    /// The same of any command, with these variables.
    pub fn run_in(book: &Book, words: &[&str], vars: &[(&str, &str)], columns: u16, lines: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, size(columns, lines)).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        // A session of its own, so that the terminal is its controlling one.
        let mut command = book.command("setsid");
        command.arg("--ctty").args(words).env("TERM", "xterm-256color").envs(vars.iter().copied());
        let child = command.stdin(slave()).stdout(slave()).stderr(slave()).spawn().unwrap();
        drop(command);
        let parser = vt100::Parser::new(some(lines), some(columns), 0);
        let seen = Arc::new((Mutex::new(Seen { parser, bytes: Vec::new(), is_closed: false }), Condvar::new()));
        let master = File::from(master);
        let (mut reader, to) = (master.try_clone().unwrap(), Arc::clone(&seen));
        thread::spawn(move || {
            let mut piece = [0; 4096];
            loop {
                let got = read_terminal(&mut reader, &mut piece);
                let mut seen = to.0.lock().unwrap();
                seen.parser.process(&piece[..got]);
                seen.bytes.extend_from_slice(&piece[..got]);
                seen.is_closed = got == 0;
                to.1.notify_all();
                if got == 0 {
                    return;
                }
            }
        });
        Terminal { child, master, seen }
    }

    /// Types these keys.
    pub fn types(&mut self, keys: &str) -> &mut Terminal {
        self.master.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Makes the terminal this large.
    pub fn resize(&mut self, columns: u16, lines: u16) -> &mut Terminal {
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(some(lines), some(columns));
        tcsetwinsize(&self.master, size(columns, lines)).unwrap();
        self
    }

    /// Waits until the screen is as it should be, and gives its text.
    #[track_caller]
    pub fn until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        self.until_screen(what, |screen| is_so(&screen.contents()))
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub fn shows(&mut self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// The same, by all that is known of a screen.
    #[track_caller]
    pub fn until_screen(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) -> String {
        let began = Instant::now();
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let text = seen.parser.screen().contents();
            if is_so(seen.parser.screen()) {
                return text;
            }
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero() && !seen.is_closed, "{what}: not on the screen:\n{text}");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// All that was written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().bytes.clone()
    }

    /// Waits until the command ended, and for all that it wrote; the terminal was given back.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let text = self.seen.0.lock().unwrap().parser.screen().contents();
            assert!(began.elapsed() < DEADLINE, "it does not end:\n{text}");
            thread::sleep(Duration::from_millis(2));
        };
        let mut seen = self.seen.0.lock().unwrap();
        while !seen.is_closed {
            seen = self.seen.1.wait_timeout(seen, DEADLINE).unwrap().0;
        }
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste(), "not given back");
        status
    }
}

fn some(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

fn size(columns: u16, lines: u16) -> Winsize {
    Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
