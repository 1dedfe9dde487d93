//! All rows of a source on all cores, with results in order.
//!
//! Each thread takes the next piece, reads it, and sends its results to the thread of the caller,
//! which takes them in the order of the pieces: the results are the same whatever the number of
//! threads. Memory is bounded: a thread does not begin a piece that is far ahead of the one whose
//! results are due, and results that grow large are held until it is their turn and then sent in
//! portions.
//!
//! The threads are those of the standard library, started for one scan. A thread pool would be
//! started for one scan too, since a process answers one query, and pools lack what is needed
//! beside threads: order, bounds, an early end.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

use super::damaged;
use super::pieces::{Piece, cut, piece_bytes};
use super::reader::{Event, Reader};
use super::scan::{Scanned, Wanted};
use super::source::Source;
use logbook_query::Row;

/// Smaller inputs are read by one thread: starting others would cost as much.
const ALONE_BYTES: u64 = 1 << 20;
/// The number of pieces that each thread may be ahead of the one that is due.
const AHEAD: usize = 3;

/// What a scan does with rows.
pub trait Task: Sync {
    /// The results of consecutive rows, while they are made.
    type Part;
    /// Finished results, sent to the thread of the caller.
    type Done: Send;
    /// No results yet.
    fn begin(&self) -> Self::Part;
    /// Takes the next row. Results that grow too large to hold are passed to `more`, whose Break
    /// ends the scan. Break: no further row of this piece is needed.
    fn row(
        &self,
        part: &mut Self::Part,
        row: &Row<'_>,
        more: &mut dyn FnMut(Self::Done) -> ControlFlow<()>,
    ) -> ControlFlow<()>;
    /// Called at the end of `block`, which begins at byte `offset` of its input: the texts of its
    /// rows are about to become invalid.
    fn block_ends(&self, _: &mut Self::Part, _block: &[u8], _offset: u64) {}
    /// Results that can be sent before the part is finished, if there are any.
    fn so_far(&self, part: &mut Self::Part) -> Option<Self::Done>;
    /// Finishes a part.
    fn end(&self, part: Self::Part) -> Self::Done;
    /// Whether joining results has a cost for each part. Then parts are larger.
    fn joins(&self) -> bool {
        false
    }
    /// Whether results may be taken in any order. Then a thread makes one part of all its pieces.
    fn is_order_free(&self) -> bool {
        false
    }
}

/// The threads of a scan.
#[derive(Clone, Copy)]
pub struct Threads<'t> {
    /// The largest number of threads.
    pub count: usize,
    /// The stack size of each, if not the default.
    pub stack_bytes: Option<usize>,
    /// Called on each thread when it begins.
    pub begun: &'t (dyn Fn() + Sync),
}

/// Feeds all rows of `source` to `task`, and passes its results to `take` in order. Break from
/// `take` ends the scan.
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
        return scan_alone(source, stdin, wanted, task, &pieces, take);
    }
    let queue = Queue {
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
            let (queue, sender) = (&queue, sender.clone());
            let mut builder = std::thread::Builder::new();
            if let Some(bytes) = threads.stack_bytes {
                builder = builder.stack_size(bytes);
            }
            let work = move || {
                (threads.begun)();
                queue.work(source, wanted, task, count, &sender);
            };
            started += usize::from(builder.spawn_scoped(scope, work).is_ok());
        }
        drop(sender);
        if started == 0 {
            return scan_alone(source, stdin, wanted, task, &pieces, take);
        }
        queue.collect(receiver, take)
    })
}

fn scan_alone<T: Task>(
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
        // Rows of a stream are sent as they come: its writer may still be at work.
        let live = source.get(piece.input as usize).is_some_and(logbook_store::Input::is_once);
        let _ = reader.piece(*piece, Some(&mut *stdin), &mut scanned, &mut |event| {
            let row = match event {
                Event::Row(row, ..) => row,
                Event::BlockEnd(block, offset) => {
                    task.block_ends(&mut part, block, offset);
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
    /// Results of the piece that is due, which is not finished, or of all pieces of a thread, in
    /// any order.
    More(P),
    /// The last results of a piece, unless they are kept for the next one, and what was read of it.
    Done(usize, Option<P>, Scanned),
}

/// The pieces that threads take in turn.
struct Queue<'p> {
    pieces: &'p [Piece],
    next: AtomicUsize,
    /// The piece whose results are taken next.
    due: Mutex<usize>,
    moved: Condvar,
    stop: AtomicBool,
}

impl Queue<'_> {
    /// Takes the results of all threads in the order of the pieces.
    fn collect<P>(&self, receiver: Receiver<Message<P>>, take: &mut impl FnMut(P) -> ControlFlow<()>) -> Scanned {
        let mut scanned = Scanned::default();
        let mut waiting: BTreeMap<usize, (Option<P>, Scanned)> = BTreeMap::new();
        let mut due = 0;
        let mut flow = ControlFlow::Continue(());
        for message in receiver {
            if flow.is_break() {
                // Received and dropped, so that no thread blocks on a full channel.
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
                    self.set_due(due);
                }
            }
            if flow.is_break() {
                self.stop();
            }
        }
        scanned
    }

    fn set_due(&self, due: usize) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = due;
        self.moved.notify_all();
    }

    fn stop(&self) {
        // Under the lock, so that a thread that has just checked cannot miss the notification.
        let _due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        self.stop.store(true, Ordering::Relaxed);
        self.moved.notify_all();
    }

    /// Waits until the piece that is due is at most `ahead` pieces before `piece`; false if the
    /// scan ends.
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
        let mut open_part = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = self.pieces.get(number) else { break };
            if !self.wait(number, threads * AHEAD) {
                return;
            }
            let mut part = open_part.take().unwrap_or_else(|| task.begin());
            let mut scanned = Scanned::default();
            let _ = reader.piece(*piece, None, &mut scanned, &mut |event| {
                let row = match event {
                    Event::Row(row, ..) => row,
                    Event::BlockEnd(block, offset) => {
                        task.block_ends(&mut part, block, offset);
                        return ControlFlow::Continue(());
                    }
                };
                let step = task.row(&mut part, row, &mut |done| {
                    // Waits for its turn. The receiver is gone if the scan has ended.
                    match self.wait(number, 0) && sender.send(Message::More(done)).is_ok() {
                        true => ControlFlow::Continue(()),
                        false => ControlFlow::Break(()),
                    }
                });
                if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { step }
            });
            let done = match task.is_order_free() {
                true => {
                    open_part = Some(part);
                    None
                }
                false => Some(task.end(part)),
            };
            if sender.send(Message::Done(number, done, scanned)).is_err() {
                return;
            }
        }
        if let Some(part) = open_part {
            // The receiver is gone if the scan has ended.
            let _ = sender.send(Message::More(task.end(part)));
        }
    }
}
