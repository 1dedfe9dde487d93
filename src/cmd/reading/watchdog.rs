//! `--timeout` and `--max-memory`: a thread beside the work that ends the
//! process with a message when a limit is reached. A jq program can be stopped
//! in no other way: it may run for ever, ask for all memory, or call itself
//! without end.
//!
//! For the last of these, programs run on a stack much larger than the part of
//! it that they may use; the watchdog measures that part and ends the process
//! long before the stack does. Should it come too late, or a single allocation
//! be more than the machine can promise, the runtime's own message is printed
//! and the exit code is still 3.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::error::{Error, Exit, Result};
use crate::model::wait_ms;

/// How often memory is looked at.
const PERIOD: Duration = Duration::from_millis(10);
/// Stacks to ask for, bytes, until one is granted. Only what is used is ever backed by memory.
const STACKS_BYTES: [usize; 4] = [4 << 30, 1 << 30, 256 << 20, 64 << 20];
/// The part of the stack that programs may use is one of this many.
const STACK_PARTS: usize = 8;

/// Limits on one command.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Bounds {
    /// End with a message and exit 3 after this long: 30s, 5m, 1h30m
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
    /// End with a message and exit 3 at this much memory: 512M, 2G; with jq, half of the machine's if not given
    #[arg(long, value_name = "SIZE")]
    max_memory: Option<String>,
}

/// What ends the process.
#[derive(Debug, Clone, Default)]
struct Limits {
    timeout: Option<(Duration, String)>,
    memory_bytes: Option<u64>,
}

impl Bounds {
    /// Begins to watch. With `jq`, memory is limited even if nobody said so.
    pub fn watch(&self, jq: bool) -> Result<Watch> {
        let timeout = match &self.timeout {
            Some(word) => Some((Duration::from_millis(wait_ms("--timeout", word)?), word.clone())),
            None => None,
        };
        let memory_bytes = match &self.max_memory {
            Some(word) => Some(size_bytes(word).ok_or_else(|| {
                Error::usage(format!("--max-memory: {word:?} is no size")).hint("as --max-memory 512M, --max-memory 2G")
            })?),
            None if jq => machine_bytes().map(|bytes| bytes / 2),
            None => None,
        };
        Ok(Watch::begin(Limits { timeout, memory_bytes }, jq))
    }
}

/// A size as `512M`, `2G`, `100000`, `1.5GiB`: powers of 1024.
fn size_bytes(word: &str) -> Option<u64> {
    let digits = word.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    let bytes = number * (1u64 << shift) as f64;
    (bytes >= 1.0).then_some(bytes as u64)
}

/// A size in words: `512 MiB`.
fn size_text(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = units.iter().find(|(shift, _)| bytes >> shift > 0);
    match fits {
        None => format!("{bytes} bytes"),
        Some((shift, unit)) => {
            let text = format!("{:.1}", bytes as f64 / (1u64 << shift) as f64);
            format!("{} {unit}", text.trim_end_matches(".0"))
        }
    }
}

/// A watch under way; it ends when this is dropped.
pub struct Watch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    /// Addresses in the stacks that jq programs run on, one for each thread.
    stacks: Mutex<Vec<usize>>,
    /// How much of each they may use; 0: no program runs.
    stack_bytes_max: AtomicUsize,
}

impl Watch {
    fn begin(limits: Limits, jq: bool) -> Watch {
        let shared = Arc::new(Shared::default());
        let thread = (jq || limits.timeout.is_some() || limits.memory_bytes.is_some()).then(|| {
            let shared = Arc::clone(&shared);
            let began = Instant::now();
            thread::Builder::new().name("watchdog".to_owned()).spawn(move || watch(&limits, &shared, began))
        });
        Watch { shared, thread: thread.and_then(std::result::Result::ok) }
    }

    /// Does `work` on a stack that is large enough for jq programs, and tells it how large that is. Threads that it starts
    /// must each call [`Watch::here`].
    pub fn on_large_stack<T: Send>(&self, work: impl FnOnce(usize) -> T + Send) -> Result<T> {
        // A runtime that gives up ends the process by SIGABRT, after a message of its own.
        let always = Arc::new(AtomicBool::new(true));
        let code = i32::from(Exit::NotStored.code());
        let _ = signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGABRT, code, always);
        let mut work = Some(work);
        for bytes in STACKS_BYTES {
            let ended = thread::scope(|scope| {
                let (shared, work) = (&self.shared, &mut work);
                let job = move || {
                    shared.stack_bytes_max.store(bytes / STACK_PARTS, Ordering::Relaxed);
                    shared.here();
                    let done = work.take().map(|work| work(bytes));
                    shared.stack_bytes_max.store(0, Ordering::Relaxed);
                    done
                };
                thread::Builder::new()
                    .name("jq".to_owned())
                    .stack_size(bytes)
                    .spawn_scoped(scope, job)
                    .map(|job| job.join())
            });
            match ended {
                Ok(Ok(Some(done))) => return Ok(done),
                Ok(_) => return Err(Error::io("the jq engine failed; the output is not whole")),
                Err(_) => {}
            }
        }
        Err(Error::io("no memory for a stack that jq programs can run on"))
    }
}

impl Watch {
    /// From now on jq programs run on the stack of this thread too.
    pub fn here(&self) {
        self.shared.here();
    }
}

impl Shared {
    fn here(&self) {
        let here = 0u8;
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).push(std::ptr::from_ref(&here).addr());
    }

    fn stacks(&self) -> Vec<usize> {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            Thread::unpark(thread.thread());
            let _ = thread.join();
        }
    }
}

fn watch(limits: &Limits, shared: &Shared, began: Instant) {
    loop {
        thread::park_timeout(PERIOD);
        if shared.over.load(Ordering::Relaxed) {
            return;
        }
        if let Some((timeout, word)) = &limits.timeout
            && began.elapsed() >= *timeout
        {
            stop(&format!("stopped after {word} (--timeout)"), "a longer --timeout, or --since to read less");
        }
        let Some(used) = memory_bytes() else {
            continue;
        };
        if let Some(most) = limits.memory_bytes.filter(|most| used >= *most) {
            stop(&format!("stopped at {} of memory (--max-memory)", size_text(most)), "a larger --max-memory SIZE");
        }
        let most = shared.stack_bytes_max.load(Ordering::Relaxed) as u64;
        if most > 0 && used >= most && shared.stacks().iter().any(|address| stack_bytes(*address) >= most) {
            let most = size_text(most);
            stop(
                &format!("stopped: a jq program calls itself without end, or too deeply ({most} of stack)"),
                "reduce, foreach, or a call that is the last thing its function does, need no stack",
            );
        }
    }
}

/// Ends the process. Nothing that others hold is waited for.
fn stop(message: &str, hint: &str) -> ! {
    let text = format!("logbook: {message}; the output is not whole\nhint: {hint}\n");
    let _ = std::io::stderr().write_all(text.as_bytes());
    std::process::exit(i32::from(Exit::NotStored.code()));
}

/// Memory of this process that is its own, bytes; `None` where the system does not say.
fn memory_bytes() -> Option<u64> {
    kilobytes(&std::fs::read_to_string("/proc/self/status").ok()?, "RssAnon:")
}

/// Bytes of the stack around `address` that are backed by memory.
fn stack_bytes(address: usize) -> u64 {
    let Ok(maps) = std::fs::read_to_string("/proc/self/smaps") else {
        return 0;
    };
    let mut inside = false;
    for line in maps.lines() {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let parse = |text| usize::from_str_radix(text, 16).ok();
        if let Some((Some(from), Some(to))) = range.map(|(from, to)| (parse(from), parse(to))) {
            inside = (from..to).contains(&address);
        } else if inside && line.starts_with("Rss:") {
            return kilobytes(line, "Rss:").unwrap_or(0);
        }
    }
    0
}

/// Memory of the machine, or of the part of it that this process may use, bytes.
fn machine_bytes() -> Option<u64> {
    let machine = kilobytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    let share = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    Some(share.map_or(machine, |share: u64| share.min(machine)))
}

/// The number of a line as `RssAnon:  1234 kB`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_told() {
        let read = |word| size_bytes(word);
        assert_eq!(read("100000"), Some(100_000));
        assert_eq!(read("512M"), Some(512 << 20));
        assert_eq!(read("1.5GiB"), Some(3 << 29));
        assert_eq!(read("2 kb"), Some(2048));
        assert_eq!([read(""), read("M"), read("5X"), read("0"), read("-1G")], [None; 5]);
        assert_eq!(size_text(512 << 20), "512 MiB");
        assert_eq!(size_text(3 << 29), "1.5 GiB");
        assert_eq!(size_text(12), "12 bytes");
    }
}
