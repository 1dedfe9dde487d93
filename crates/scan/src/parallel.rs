//! Pieces on all cores, their results in order.
//!
//! Each thread takes the next piece, reads it, and hands its results to the caller's thread, which
//! takes them in the order of the pieces: the same results come out whatever the number of threads.
//! Memory is bounded: no thread begins a piece that is far ahead of the one whose results are due,
//! and results that grow large wait for their turn and are then handed over bit by bit.
//!
//! Threads of the standard library, made for one scan: a pool would be made for one scan too, since
//! a process answers one query, and what is needed beside threads (order, bounds, an early end)
//! pools do not give.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

use super::damaged;
use super::pieces::{Piece, cut, piece_bytes};
use super::reader::{Met, Reader};
use super::scan::{Scanned, Wanted};
use super::source::Source;
use logbook_query::Row;

/// Inputs smaller than this are read by one thread: starting others costs as much.
const ALONE_BYTES: u64 = 1 << 20;
/// How many pieces each thread may be ahead of the one that is due.
const AHEAD: usize = 3;

/// What is done with rows.
pub trait Task: Sync {
    /// The results of some rows that stand together, while they are made.
    type Part;
    /// The same, to be handed to the caller's thread.
    type Done: Send;
    /// No results yet.
    fn begin(&self) -> Self::Part;
    /// Takes the next row. What grows too large to keep is handed to `more` at once, whose Break
    /// ends the scan. Break: no further row of this piece is needed.
    fn row(
        &self,
        part: &mut Self::Part,
        row: &Row<'_>,
        more: &mut dyn FnMut(Self::Done) -> ControlFlow<()>,
    ) -> ControlFlow<()>;
    /// The texts of rows that last are in `block`, and go now.
    fn block_ends(&self, _: &mut Self::Part, _block: &[u8]) {}
    /// Results that can be handed on while the part goes on, if there are any.
    fn so_far(&self, part: &mut Self::Part) -> Option<Self::Done>;
    /// No more rows are added to these.
    fn end(&self, part: Self::Part) -> Self::Done;
    /// Whether results are joined, at a cost for each part: then parts are larger.
    fn joins(&self) -> bool {
        false
    }
    /// Whether results may be taken in any order. Then those of a thread need not be parted by
    /// piece.
    fn is_order_free(&self) -> bool {
        false
    }
}

/// How many threads, and of what stack.
#[derive(Clone, Copy)]
pub struct Threads<'t> {
    /// At most so many.
    pub count: usize,
    /// Stack of each, where the usual one does not do.
    pub stack_bytes: Option<usize>,
    /// Called on each as it begins.
    pub begun: &'t (dyn Fn() + Sync),
}

/// Feeds all rows of `source` to `task`, and its results to `take`, in order. Break from `take`
/// ends the scan.
pub fn in_parallel<T: Task>(
    source: &Source,
    stdin: &mut dyn BufRead,
    wanted: Wanted<'_>,
    threads: Threads<'_>,
    task: &T,
    mut take: impl FnMut(T::Done) -> ControlFlow<()>,
) -> Scanned {
    let mut scanned = scan(source, stdin, wanted, threads, task, &mut take);
    damaged::settle(source, &mut scanned.skipped);
    scanned
}

fn scan<T: Task>(
    source: &Source,
    stdin: &mut dyn BufRead,
    wanted: Wanted<'_>,
    threads: Threads<'_>,
    task: &T,
    take: &mut impl FnMut(T::Done) -> ControlFlow<()>,
) -> Scanned {
    let read = (0u32..).zip(source.iter()).filter(|(input, _)| source.left_out(*input).is_none());
    let bytes = read.filter_map(|(at, input)| Some(input.bytes()?.saturating_sub(source.begins(at))));
    let bytes: u64 = bytes.sum();
    let pieces = cut(source, piece_bytes(bytes, threads.count.max(1), task.joins()));
    let is_once = source.iter().any(logbook_store::Input::is_once);
    let count = threads.count.min(pieces.len()).max(1);
    if count == 1 || bytes < ALONE_BYTES || is_once {
        return alone(source, stdin, wanted, task, &pieces, take);
    }
    let line = Line {
        pieces: &pieces,
        next: AtomicUsize::new(0),
        due: Mutex::new(0),
        moved: Condvar::new(),
        stop: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(count * 2);
        let mut started = 0;
        for _ in 0..count {
            let (line, sender) = (&line, sender.clone());
            let mut builder = std::thread::Builder::new();
            if let Some(bytes) = threads.stack_bytes {
                builder = builder.stack_size(bytes);
            }
            let work = move || {
                (threads.begun)();
                line.work(source, wanted, task, count, &sender);
            };
            started += usize::from(builder.spawn_scoped(scope, work).is_ok());
        }
        drop(sender);
        if started == 0 {
            return alone(source, stdin, wanted, task, &pieces, take);
        }
        let mut scanned = Scanned::default();
        let mut waiting: BTreeMap<usize, (Option<T::Done>, Scanned)> = BTreeMap::new();
        let mut due = 0;
        let mut flow = ControlFlow::Continue(());
        for message in receiver {
            if flow.is_break() {
                // Taken from the queue, so that no thread waits for room in it.
                continue;
            }
            match message {
                Message::More(part) => flow = take(part),
                Message::Done(piece, part, read) => {
                    waiting.insert(piece, (part, read));
                    while let Some((part, read)) = waiting.remove(&due).filter(|_| flow.is_continue()) {
                        scanned.join(read);
                        if let Some(part) = part {
                            flow = take(part);
                        }
                        due += 1;
                    }
                    line.set_due(due);
                }
            }
            if flow.is_break() {
                line.stop();
            }
        }
        scanned
    })
}

fn alone<T: Task>(
    source: &Source,
    stdin: &mut dyn BufRead,
    wanted: Wanted<'_>,
    task: &T,
    pieces: &[Piece],
    take: &mut impl FnMut(T::Done) -> ControlFlow<()>,
) -> Scanned {
    let mut scanned = Scanned::default();
    let mut reader = Reader::new(source, wanted);
    for piece in pieces {
        let mut part = task.begin();
        let mut flow = ControlFlow::Continue(());
        // Of a stream that somebody still writes, rows go out as they come.
        let live = source.get(piece.input as usize).is_some_and(logbook_store::Input::is_once);
        let _ = reader.piece(*piece, Some(&mut *stdin), &mut scanned, &mut |met| {
            let row = match met {
                Met::Row(row, ..) => row,
                Met::BlockEnd(block) => {
                    task.block_ends(&mut part, block);
                    if live && let Some(done) = task.so_far(&mut part) {
                        flow = take(done);
                    }
                    return flow;
                }
            };
            let step = task.row(&mut part, row, &mut |done| {
                flow = take(done);
                flow
            });
            if flow.is_break() { flow } else { step }
        });
        if flow.is_break() || take(task.end(part)).is_break() {
            break;
        }
    }
    scanned
}

enum Message<P> {
    /// Results of the piece that is due, which goes on, or of all pieces of a thread, in any order.
    More(P),
    /// The last results of a piece, if they are not kept for those of the next one, and what was
    /// read of it.
    Done(usize, Option<P>, Scanned),
}

/// The pieces, and how far they are.
struct Line<'p> {
    pieces: &'p [Piece],
    next: AtomicUsize,
    /// The piece whose results are taken next.
    due: Mutex<usize>,
    moved: Condvar,
    stop: AtomicBool,
}

impl Line<'_> {
    fn set_due(&self, due: usize) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = due;
        self.moved.notify_all();
    }

    fn stop(&self) {
        // Under the lock, so that nobody who has just looked sleeps through it.
        let _due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        self.stop.store(true, Ordering::Relaxed);
        self.moved.notify_all();
    }

    /// Waits until the piece that is due is at most `ahead` before `piece`; false when all is to
    /// end.
    fn wait(&self, piece: usize, ahead: usize) -> bool {
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let far = |due: &mut usize| *due + ahead < piece && !self.stop.load(Ordering::Relaxed);
        drop(self.moved.wait_while(due, far).unwrap_or_else(PoisonError::into_inner));
        !self.stop.load(Ordering::Relaxed)
    }

    fn work<T: Task>(
        &self,
        source: &Source,
        wanted: Wanted<'_>,
        task: &T,
        threads: usize,
        sender: &SyncSender<Message<T::Done>>,
    ) {
        let mut reader = Reader::new(source, wanted);
        let mut kept = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = self.pieces.get(number) else { break };
            if !self.wait(number, threads * AHEAD) {
                return;
            }
            let mut part = kept.take().unwrap_or_else(|| task.begin());
            let mut scanned = Scanned::default();
            let _ = reader.piece(*piece, None, &mut scanned, &mut |met| {
                let row = match met {
                    Met::Row(row, ..) => row,
                    Met::BlockEnd(block) => {
                        task.block_ends(&mut part, block);
                        return ControlFlow::Continue(());
                    }
                };
                let step = task.row(&mut part, row, &mut |done| {
                    // In its turn; nobody listens any more when the scan has ended.
                    match self.wait(number, 0) && sender.send(Message::More(done)).is_ok() {
                        true => ControlFlow::Continue(()),
                        false => ControlFlow::Break(()),
                    }
                });
                if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { step }
            });
            let done = match task.is_order_free() {
                true => {
                    kept = Some(part);
                    None
                }
                false => Some(task.end(part)),
            };
            if sender.send(Message::Done(number, done, scanned)).is_err() {
                return;
            }
        }
        if let Some(part) = kept {
            // Nobody listens any more when the scan has ended.
            let _ = sender.send(Message::More(task.end(part)));
        }
    }
}
