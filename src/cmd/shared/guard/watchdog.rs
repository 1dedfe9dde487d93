//! A thread that ends the process when a limit is reached. A jq program that runs forever,
//! allocates all memory or recurses without end can be stopped in no other way.
//!
//! Against recursion, programs run on a stack much larger than the part that they may use. The
//! watchdog measures that part, and ends the process long before the stack overflows. If it comes
//! too late, or a single allocation fails, the runtime prints its own message, and the exit code is
//! still 3.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::size::size_text;
use logbook_model::duration_text;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::Notes;

/// The polling period.
const PERIOD: Duration = Duration::from_millis(10);
/// The polling period between two turns, when nothing is evaluated.
const IDLE_PERIOD: Duration = Duration::from_millis(100);
/// Stack sizes to try, bytes. Only the used part of a stack takes memory.
const STACKS_BYTES: [usize; 4] = [4 << 30, 1 << 30, 256 << 20, 64 << 20];
/// Programs may use the stack divided by this.
const STACK_DIVISOR: usize = 8;

/// The limits that end the process.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Time since the start, and its wording.
    pub timeout: Option<(Duration, String)>,
    /// Memory; if `None`, half of the machine's once a jq program is about to run.
    pub memory_bytes: Option<u64>,
    /// Processor time of one turn ([`Watch::turn`]).
    pub turn_time: Option<Duration>,
    /// Called before the process ends with exit 3, instead of printing a message.
    pub on_end: Option<fn(&LimitReached)>,
}

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitReached {
    /// `--timeout`, as it was typed.
    Time(String),
    /// Memory, bytes.
    Memory(u64),
    /// Stack, bytes.
    Stack(u64),
    /// Processor time of one turn.
    Turn(Duration),
}

impl LimitReached {
    /// What a rule took too much of.
    pub fn of_rule(&self) -> String {
        match self {
            LimitReached::Time(word) => format!("it takes longer than {word}"),
            LimitReached::Memory(bytes) => format!("it takes more than {} of memory", size_text(*bytes)),
            LimitReached::Stack(bytes) => {
                format!("it recurses without end, or too deeply ({} of stack)", size_text(*bytes))
            }
            LimitReached::Turn(time) => {
                format!("it takes more than {} of processor time", duration_text(time.as_millis() as u64))
            }
        }
    }

    /// Prints on standard error that the command was stopped, and what to do.
    pub fn print(&self) {
        let (message, hint) = match self {
            LimitReached::Time(word) => {
                (format!("stopped after {word} (--timeout)"), "a longer --timeout, or --since to read less")
            }
            LimitReached::Memory(bytes) => {
                (format!("stopped at {} of memory (--max-memory)", size_text(*bytes)), "a larger --max-memory SIZE")
            }
            LimitReached::Stack(bytes) => (
                format!("stopped: a jq program recurses without end, or too deeply ({} of stack)", size_text(*bytes)),
                "reduce, foreach and tail calls need no stack",
            ),
            LimitReached::Turn(time) => (
                format!(
                    "stopped: the filter took more than {} of processor time on one row",
                    duration_text(time.as_millis() as u64)
                ),
                "logbook query --timeout 30s 'FILTER'   # finds out which row",
            ),
        };
        let error = Error::io(format!("{message}; the output is incomplete")).hint(hint);
        Notes::new(&mut std::io::stderr(), false).error(&error);
    }
}

/// A running watchdog; dropping it ends it.
pub struct Watch {
    shared: Arc<Shared>,
    /// The limits, until the thread is started.
    limits: Option<Limits>,
    thread: Option<JoinHandle<()>>,
    began: Instant,
}

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    /// A jq program may run.
    jq: AtomicBool,
    /// The number of begun plus ended turns, so odd during a turn.
    turns: AtomicU64,
    /// An address in each stack that jq programs run on.
    stacks: Mutex<Vec<usize>>,
    /// How much of each stack they may use, bytes; 0 if no program runs.
    stack_bytes_max: AtomicUsize,
}

impl Watch {
    /// Starts the thread if there is a limit.
    pub fn begin(limits: Limits) -> Result<Watch> {
        let is_limited = limits.timeout.is_some() || limits.memory_bytes.is_some() || limits.turn_time.is_some();
        let mut watch = Watch { shared: Arc::default(), limits: Some(limits), thread: None, began: Instant::now() };
        if is_limited {
            watch.start()?;
        }
        Ok(watch)
    }

    fn start(&mut self) -> Result<()> {
        let Some(limits) = self.limits.take() else { return Ok(()) };
        let (shared, began) = (Arc::clone(&self.shared), self.began);
        let thread = thread::Builder::new().name("watchdog".to_owned()).spawn(move || watch(limits, &shared, began));
        self.thread = Some(thread.map_err(|error| Error::io(format!("the watchdog did not start: {error}")))?);
        Ok(())
    }

    /// From now on jq programs may run, so memory is limited even without `--max-memory`.
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

    /// Does `work` on a stack large enough for jq programs, and passes its size, bytes. Threads
    /// that `work` starts must each call [`Watch::register_stack`].
    pub fn on_large_stack<T: Send>(&self, work: impl FnOnce(usize) -> T + Send) -> Result<T> {
        // On a stack overflow the runtime prints a message and raises SIGABRT.
        let always = Arc::new(AtomicBool::new(true));
        let code = i32::from(Exit::NotStored.code());
        let _ = signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGABRT, code, always);
        let mut work = Some(work);
        for bytes in STACKS_BYTES {
            let ended = thread::scope(|scope| {
                let (shared, work) = (&self.shared, &mut work);
                let job = move || {
                    shared.stack_bytes_max.store(bytes / STACK_DIVISOR, Ordering::Relaxed);
                    shared.register_stack();
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
                Ok(_) => return Err(Error::io("the jq engine failed; the output is incomplete")),
                Err(_) => {}
            }
        }
        Err(Error::io("no memory for a stack that jq programs can run on"))
    }

    /// From now on, also measures the stack of this thread.
    pub fn register_stack(&self) {
        self.shared.register_stack();
    }
}

impl Shared {
    fn register_stack(&self) {
        let on_stack = 0u8;
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).push(std::ptr::from_ref(&on_stack).addr());
    }

    fn stacks(&self) -> Vec<usize> {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            Thread::unpark(thread.thread());
            let _ = thread.join();
        }
    }
}

fn watch(limits: Limits, shared: &Shared, began: Instant) {
    let Limits { timeout, mut memory_bytes, turn_time, on_end } = limits;
    let stop = |reached: &LimitReached| -> ! {
        on_end.unwrap_or(LimitReached::print)(reached);
        // Without waiting for other threads.
        std::process::exit(i32::from(Exit::NotStored.code()))
    };
    let (mut turns, mut turn_began) = (0, Duration::ZERO);
    loop {
        let is_idle = turn_time.is_some() && timeout.is_none() && turns % 2 == 0;
        thread::park_timeout(if is_idle { IDLE_PERIOD } else { PERIOD });
        if shared.ended.load(Ordering::Relaxed) {
            return;
        }
        if let Some((timeout, word)) = &timeout
            && began.elapsed() >= *timeout
        {
            stop(&LimitReached::Time(word.clone()));
        }
        if let Some(turn_time) = turn_time {
            let (now, count) = (processor_time(), shared.turns.load(Ordering::Relaxed));
            if count != turns || count % 2 == 0 {
                (turns, turn_began) = (count, now);
            } else if now.saturating_sub(turn_began) >= turn_time {
                stop(&LimitReached::Turn(turn_time));
            }
        }
        if memory_bytes.is_none() && shared.jq.load(Ordering::Relaxed) {
            memory_bytes = Some(default_memory_bytes());
        }
        let Some(used) = own_bytes() else {
            continue;
        };
        if let Some(most) = memory_bytes.filter(|most| used >= *most) {
            stop(&LimitReached::Memory(most));
        }
        let most = shared.stack_bytes_max.load(Ordering::Relaxed) as u64;
        if most > 0 && used >= most && shared.stacks().iter().any(|address| stack_bytes(*address) >= most) {
            stop(&LimitReached::Stack(most));
        }
    }
}

/// Processor time of this process. Unlike elapsed time it does not depend on other processes.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Private memory of this process, bytes; `None` where the system does not say.
fn own_bytes() -> Option<u64> {
    kilobytes(&std::fs::read_to_string("/proc/self/status").ok()?, "RssAnon:")
}

/// Bytes of the stack around `address` that take memory.
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

/// The memory limit of jq programs without `--max-memory`: half of the machine's memory.
pub(super) fn default_memory_bytes() -> u64 {
    machine_bytes().map_or(u64::MAX, |bytes| bytes / 2)
}

/// Memory of the machine or of the control group of this process, bytes.
fn machine_bytes() -> Option<u64> {
    let machine = kilobytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    let share = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    Some(share.map_or(machine, |share: u64| share.min(machine)))
}

/// The value of a line such as `RssAnon:  1234 kB`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
