//! A thread beside the work that ends the process when a limit is reached. A jq program can be
//! stopped in no other way: it may run for ever, ask for all memory, or call itself without end.
//!
//! For the last of these, programs run on a stack much larger than the part of
//! it that they may use; the watchdog measures that part and ends the process
//! long before the stack does. Should it come too late, or a single allocation
//! be more than the machine can promise, the runtime's own message is printed
//! and the exit code is still 3.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::bounds::size_text;
use logbook_model::duration_text;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::Notes;

/// How often memory is looked at, and how often whether a turn has begun.
const PERIOD: Duration = Duration::from_millis(10);
const IDLE: Duration = Duration::from_millis(100);
/// Stacks to ask for, bytes, until one is granted. Only what is used is ever backed by memory.
const STACKS_BYTES: [usize; 4] = [4 << 30, 1 << 30, 256 << 20, 64 << 20];
/// The part of the stack that programs may use is one of this many.
const STACK_PARTS: usize = 8;

/// What ends the process.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// How long after its beginning, and how that was worded.
    pub timeout: Option<(Duration, String)>,
    /// At so much memory; `None`: once a jq program is to run, at half of the machine's.
    pub memory_bytes: Option<u64>,
    /// When one turn ([`Watch::turn`]) takes so much processor time.
    pub turn: Option<Duration>,
    /// What is done before the process ends with exit 3; else a message is printed.
    pub end: Option<fn(&Reached)>,
}

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// `--timeout`, as it was worded.
    Time(String),
    /// How much memory, in bytes.
    Memory(u64),
    /// How much stack, in bytes.
    Stack(u64),
    /// So much processor time in one turn.
    Turn(Duration),
}

impl Reached {
    /// What was taken too much, of a rule.
    pub fn what(&self) -> String {
        match self {
            Reached::Time(word) => format!("it takes longer than {word}"),
            Reached::Memory(bytes) => format!("it takes more than {} of memory", size_text(*bytes)),
            Reached::Stack(bytes) => {
                format!("it calls itself without end, or too deeply ({} of stack)", size_text(*bytes))
            }
            Reached::Turn(time) => {
                format!("it takes more than {} of processor time", duration_text(time.as_millis() as u64))
            }
        }
    }

    /// Says on standard error that the command was stopped, and what to do.
    pub fn tell(&self) {
        let (message, hint) = match self {
            Reached::Time(word) => {
                (format!("stopped after {word} (--timeout)"), "a longer --timeout, or --since to read less")
            }
            Reached::Memory(bytes) => {
                (format!("stopped at {} of memory (--max-memory)", size_text(*bytes)), "a larger --max-memory SIZE")
            }
            Reached::Stack(bytes) => (
                format!(
                    "stopped: a jq program calls itself without end, or too deeply ({} of stack)",
                    size_text(*bytes)
                ),
                "reduce, foreach, or a call that is the last thing its function does, need no stack",
            ),
            Reached::Turn(time) => (
                format!(
                    "stopped: the filter took more than {} of processor time on one row",
                    duration_text(time.as_millis() as u64)
                ),
                "logbook query --timeout 30s 'FILTER'   # finds out which row",
            ),
        };
        let error = Error::io(format!("{message}; the output is not whole")).hint(hint);
        Notes::new(&mut std::io::stderr(), false).error(&error);
    }
}

/// A watch under way; it ends when this is dropped.
pub struct Watch {
    shared: Arc<Shared>,
    /// Until there is something to watch.
    waits: Option<Limits>,
    thread: Option<JoinHandle<()>>,
    began: Instant,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    /// A jq program is to run.
    jq: AtomicBool,
    /// Turns begun and turns ended: odd while one is under way.
    turns: AtomicU64,
    /// Addresses in the stacks that jq programs run on, one for each thread.
    stacks: Mutex<Vec<usize>>,
    /// How much of each they may use; 0: no program runs.
    stack_bytes_max: AtomicUsize,
}

impl Watch {
    /// Begins to watch.
    pub fn begin(limits: Limits) -> Result<Watch> {
        let is_limited = limits.timeout.is_some() || limits.memory_bytes.is_some() || limits.turn.is_some();
        let mut watch = Watch { shared: Arc::default(), waits: Some(limits), thread: None, began: Instant::now() };
        if is_limited {
            watch.start()?;
        }
        Ok(watch)
    }

    fn start(&mut self) -> Result<()> {
        let Some(limits) = self.waits.take() else { return Ok(()) };
        let (shared, began) = (Arc::clone(&self.shared), self.began);
        let thread = thread::Builder::new().name("watchdog".to_owned()).spawn(move || watch(limits, &shared, began));
        self.thread = Some(thread.map_err(|error| Error::io(format!("no thread to watch with: {error}")))?);
        Ok(())
    }

    /// From now on jq programs may run: memory is limited even if nobody said so.
    pub fn expect_jq(&mut self) -> Result<()> {
        self.shared.jq.store(true, Ordering::Relaxed);
        self.start()
    }

    /// Does `work` as one turn.
    pub fn turn<T>(&self, work: impl FnOnce() -> T) -> T {
        self.shared.turns.fetch_add(1, Ordering::Relaxed);
        let done = work();
        self.shared.turns.fetch_add(1, Ordering::Relaxed);
        done
    }

    /// Does `work` on a stack that is large enough for jq programs, and tells it how large that is.
    /// Threads that it starts must each call [`Watch::here`].
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

fn watch(limits: Limits, shared: &Shared, began: Instant) {
    let Limits { timeout, mut memory_bytes, turn, end } = limits;
    let stop = |reached: &Reached| -> ! {
        end.unwrap_or(Reached::tell)(reached);
        // Nothing that others hold is waited for.
        std::process::exit(i32::from(Exit::NotStored.code()))
    };
    let (mut turns, mut turned) = (0, Duration::ZERO);
    loop {
        // Between two turns nothing is evaluated.
        let is_idle = turn.is_some() && timeout.is_none() && turns % 2 == 0;
        thread::park_timeout(if is_idle { IDLE } else { PERIOD });
        if shared.over.load(Ordering::Relaxed) {
            return;
        }
        if let Some((timeout, word)) = &timeout
            && began.elapsed() >= *timeout
        {
            stop(&Reached::Time(word.clone()));
        }
        if let Some(turn) = turn {
            let (now, count) = (processor_time(), shared.turns.load(Ordering::Relaxed));
            if count != turns || count % 2 == 0 {
                (turns, turned) = (count, now);
            } else if now.saturating_sub(turned) >= turn {
                stop(&Reached::Turn(turn));
            }
        }
        if memory_bytes.is_none() && shared.jq.load(Ordering::Relaxed) {
            memory_bytes = Some(default_memory_bytes());
        }
        let Some(used) = own_bytes() else {
            continue;
        };
        if let Some(most) = memory_bytes.filter(|most| used >= *most) {
            stop(&Reached::Memory(most));
        }
        let most = shared.stack_bytes_max.load(Ordering::Relaxed) as u64;
        if most > 0 && used >= most && shared.stacks().iter().any(|address| stack_bytes(*address) >= most) {
            stop(&Reached::Stack(most));
        }
    }
}

/// Processor time that this process took: a busy machine takes nothing of it away.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Memory of this process that is its own, bytes; `None` where the system does not say.
fn own_bytes() -> Option<u64> {
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

/// What programs may take where nobody says how much: half of the machine's memory.
pub(super) fn default_memory_bytes() -> u64 {
    machine_bytes().map_or(u64::MAX, |bytes| bytes / 2)
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
