//! What all pages are made from: the board, kept up by a thread of its own, and the world as
//! commands see it.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::cache::Cache;
use super::guard::Keys;
use super::run_rows::RunRows;
use crate::cmd::Door;
use crate::cmd::live::alarm::Alarm;
use crate::cmd::live::board::Board;
use logbook_model::error::{Error, Result};
use logbook_model::{Instant, Zone};
use logbook_query::time::Clock;
use logbook_render::web::{Frame, Link, Tab, Text};
use logbook_render::{Notes, Output, Progress};
use logbook_store::{Environment, Location};

/// Days that the board knows costs and rows of.
const DAYS: u32 = 14;
/// Between two looks at what came, while rows come all the time.
const PAUSE: Duration = Duration::from_millis(400);
/// After so many looks without a change it waits to be told again.
const STILL: u32 = 5;
/// Before it is tried again when the logbook cannot be read.
const AGAIN: Duration = Duration::from_secs(1);
/// Queries that are answered at a time, and pages that are made; each has threads of its own.
pub const QUERIES_MAX: usize = 4;
/// Those of them that may take long: one turn is always for quick ones.
const SLOW_QUERIES_MAX: usize = QUERIES_MAX - 1;
/// See there.
pub const PAGES_MAX: usize = 2;
/// Pages that are told of changes at a time.
pub const STREAMS_MAX: usize = 256;

/// One server.
pub struct Site {
    /// What opens it.
    pub keys: Keys,
    /// Grows with every change of the board.
    pub generation: watch::Sender<u64>,
    /// Pages that many look at.
    pub cache: Cache,
    /// Rows of the runs that are looked at.
    pub run_rows: RunRows,
    /// Who may run a query.
    pub queries: Arc<Semaphore>,
    /// Whose query may take long.
    pub slow_queries: Arc<Semaphore>,
    /// Who may make a page.
    pub pages: Arc<Semaphore>,
    /// Who may be told of changes.
    pub streams: Arc<Semaphore>,
    /// The logbook.
    pub location: Location,
    /// The surroundings of the server.
    pub env: Environment,
    /// The zone of its times.
    pub zone: Zone,
    /// The same as the flags of a command.
    pub zone_flags: Vec<String>,
    board: RwLock<Board>,
    clock: fn() -> Instant,
    now: Option<Instant>,
}

impl Site {
    /// Of the logbook at `location`.
    pub fn open(
        location: Location,
        (clock, zone_flags): (&Clock, Vec<String>),
        port: u16,
        door: &Door<'_>,
    ) -> Result<Arc<Site>> {
        let board = Board::open(location.clone(), &door.env, clock, DAYS)?;
        let site = Arc::new(Site {
            keys: Keys::new(port)?,
            generation: watch::Sender::new(board.generation()),
            cache: Cache::default(),
            run_rows: RunRows::default(),
            queries: Arc::new(Semaphore::new(QUERIES_MAX)),
            slow_queries: Arc::new(Semaphore::new(SLOW_QUERIES_MAX)),
            pages: Arc::new(Semaphore::new(PAGES_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            location,
            env: door.env.clone(),
            zone: clock.zone,
            zone_flags,
            board: RwLock::new(board),
            clock: door.clock,
            now: door.env.var("LOGBOOK_NOW").map(|_| clock.now),
        });
        let kept_up = Arc::clone(&site);
        std::thread::Builder::new()
            .name("board".to_owned())
            .spawn(move || kept_up.keep_up())
            .map_err(|error| Error::io(format!("no thread for the board: {error}")))?;
        Ok(site)
    }

    /// Takes in what comes, for ever. While much comes, it looks by itself: to be told of each row
    /// would cost whoever writes it.
    fn keep_up(&self) {
        let mut alarm = Some(Alarm::new(&self.location.path));
        let mut still = 0;
        loop {
            match &alarm {
                Some(alarm) => alarm.wait(),
                None => std::thread::sleep(PAUSE),
            }
            let changed = {
                let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
                board.refresh(self.now()).map(|changed| changed.then(|| board.generation()))
            };
            match changed {
                Ok(None) if alarm.is_some() => {}
                Ok(None) => {
                    still += 1;
                    if still == STILL {
                        alarm = Some(Alarm::new(&self.location.path));
                    }
                }
                Ok(Some(generation)) => {
                    self.generation.send_replace(generation);
                    (alarm, still) = (None, 0);
                }
                // It stands where it stood, and is asked again.
                Err(_) => std::thread::sleep(AGAIN),
            }
        }
    }

    /// Where all runs stand. Whoever holds it keeps it from changing.
    pub fn board(&self) -> RwLockReadGuard<'_, Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As of when a page is: of the run's, or of all. `None`: the board is changing just now.
    pub fn version(&self, run: Option<&str>) -> Option<u64> {
        let Some(run) = run else { return Some(*self.generation.borrow()) };
        self.board.try_read().ok().map(|board| self.version_of(&board, run))
    }

    /// When a run changed last.
    pub fn version_of(&self, board: &Board, run: &str) -> u64 {
        board.number(run).map_or(0, |number| board.changed_at(number))
    }

    /// The instant that is now.
    pub fn now(&self) -> Instant {
        self.now.unwrap_or_else(self.clock)
    }

    /// The same with the zone.
    pub fn clock(&self) -> Clock {
        Clock { now: self.now(), zone: self.zone }
    }

    /// What stands around a page.
    pub fn frame(&self, board: &Board, title: &str, tab: Tab) -> Frame {
        let now = self.now();
        Frame {
            title: Text::from(title),
            logbook: Text::from(self.location.path.display().to_string()),
            tab,
            open: board.open_requests(now).count(),
            events: None,
            generation: board.generation(),
            twin: None,
            zone: Text::from(self.zone.short_name(now)),
        }
    }

    /// The same for a page that changes by itself.
    pub fn live_frame(&self, board: &Board, title: &str, tab: Tab) -> Frame {
        Frame { events: Some(Link::to("/events")), ..self.frame(board, title, tab) }
    }

    /// Runs what a command would, without streams; what it prints is given back.
    pub fn command<T>(&self, work: impl FnOnce(&mut Door<'_>) -> Result<T>) -> Result<(T, Vec<u8>)> {
        let (mut out, mut err) = (Vec::new(), std::io::sink());
        let mut door = Door {
            out: Output::new(&mut out, false),
            err: Notes::new(&mut err, false),
            progress: Progress::default(),
            input: &mut std::io::empty(),
            env: self.env.clone(),
            input_is_terminal: false,
            columns: 80,
            clock: self.clock,
        };
        let done = work(&mut door)?;
        Ok((done, out))
    }
}
