//! One command as a whole process: its seconds, its peak memory, the bytes it
//! read. A small process of our own starts it, because Linux counts the memory
//! of the one that starts a process as its first peak.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4;

/// What a command took.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// From before it was started until it was over.
    pub seconds: f64,
    /// What the command itself says its query took, if it does.
    pub inside_seconds: Option<f64>,
    /// Peak memory of the process; of the largest one in a pipeline.
    pub peak_bytes: u64,
    /// Bytes of all reads, wherever they came from; not what was mapped.
    pub read_bytes: u64,
    /// Bytes that the disk had to give.
    pub disk_bytes: u64,
    /// Whether it ended well; searches may find nothing.
    pub success: bool,
}

/// The word that makes this program the small process.
pub const WORD: &str = "--measure";

/// Runs `words` in `directory`, standard output to `answer`.
pub fn measure(words: &[String], directory: &Path, answer: &Path) -> Measured {
    let errors = PathBuf::from(format!("{}.errors", answer.display()));
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(WORD).arg(answer).arg(&errors).args(words).current_dir(directory);
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let figures: Vec<f64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let [seconds, peak, read, disk, code] = figures[..] else { panic!("{words:?}: {text}") };
    let said = fs::read(&errors).unwrap();
    let said = String::from_utf8_lossy(&said);
    let inside = said.lines().last().and_then(|line| line.strip_prefix("inside ")).map(|word| word.parse().unwrap());
    if code > 1.0 {
        eprintln!("{words:?} ended with {code}: {}", said.lines().last().unwrap_or_default());
    }
    Measured {
        seconds,
        inside_seconds: inside,
        peak_bytes: peak as u64,
        read_bytes: read as u64,
        disk_bytes: disk as u64,
        success: code <= 1.0,
    }
}

/// The small process: answer, errors, and the command.
pub fn small_process(arguments: &[String]) {
    let [answer, errors, program, words @ ..] = arguments else { panic!("{arguments:?}") };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null());
    command.stdout(File::create(answer).unwrap()).stderr(File::create(errors).unwrap());
    let (read_before, disk_before) = bytes_read();
    let begin = Instant::now();
    let ended = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}")).wait4().unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    let (read, disk) = bytes_read();
    let code = ended.status.code().unwrap_or(128);
    println!("{seconds} {} {} {} {code}", ended.rusage.maxrss, read - read_before, disk - disk_before);
}

/// `rchar` and `read_bytes` of this process and of all children that have ended.
fn bytes_read() -> (u64, u64) {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let figure = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    };
    (figure("rchar:"), figure("read_bytes:"))
}
