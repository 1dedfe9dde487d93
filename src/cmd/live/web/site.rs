//! The state of the server that all pages are made from: the board, kept up to date by its own
//! thread, the caches, and the limits on concurrent work.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::cache::Cache;
use super::context::Context;
use super::guard::Keys;
use super::run_rows::RunRows;
use crate::cmd::Door;
use crate::cmd::live::board::Board;
use crate::cmd::shared::following::Alarm;
use logbook_model::error::{Error, Result};
use logbook_query::time::Clock;
use logbook_render::web::{Frame, Link, Tab, Text};
use logbook_store::Location;

/// The number of days for which the board has costs and rows.
const DAYS: u32 = 14;
/// The pause between two refreshes while rows come all the time.
const PAUSE: Duration = Duration::from_millis(400);
/// After this many refreshes without a change, the thread waits for file events again.
const STILL: u32 = 5;
/// The pause before the next try if the logbook cannot be read.
const AGAIN: Duration = Duration::from_secs(1);
/// At most this many queries run at a time.
pub const QUERIES_MAX: usize = 4;
/// At most this many of them may be slow, so that a quick one always gets a turn.
const SLOW_QUERIES_MAX: usize = QUERIES_MAX - 1;
/// At most this many pages are made at a time.
pub const PAGES_MAX: usize = 2;
/// At most this many pages receive events at a time.
pub const STREAMS_MAX: usize = 256;

/// The state of one server.
pub struct Site {
    pub keys: Keys,
    /// The generation of the board: it grows with every change.
    pub generation: watch::Sender<u64>,
    pub cache: Cache,
    pub run_rows: RunRows,
    /// Permits to run a query, …
    pub queries: Arc<Semaphore>,
    /// … to let it take long, …
    pub slow_queries: Arc<Semaphore>,
    /// … to make a page from the board, …
    pub pages: Arc<Semaphore>,
    /// … and to receive events.
    pub streams: Arc<Semaphore>,
    pub context: Context,
    board: RwLock<Board>,
}

impl Site {
    /// Reads the logbook at `location`, and starts the thread that keeps the board up to date.
    pub fn open(
        location: Location,
        clock: &Clock,
        zone_flags: Vec<String>,
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
            context: Context {
                location,
                env: door.env.clone(),
                zone: clock.zone,
                zone_flags,
                clock: door.clock,
                fixed_now: door.env.var("LOGBOOK_NOW").map(|_| clock.now),
            },
            board: RwLock::new(board),
        });
        let refreshed = Arc::clone(&site);
        std::thread::Builder::new()
            .name("board".to_owned())
            .spawn(move || refreshed.refresh_forever())
            .map_err(|error| Error::io(format!("no thread for the board: {error}")))?;
        Ok(site)
    }

    /// Keeps the board up to date. While many rows come it polls: an event for each row would cost
    /// its writer time.
    fn refresh_forever(&self) {
        let mut alarm = Some(Alarm::new(&self.context.location.path));
        let mut still = 0;
        loop {
            match &alarm {
                Some(alarm) => alarm.wait(),
                None => std::thread::sleep(PAUSE),
            }
            let changed = {
                let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
                board.refresh(self.context.now()).map(|changed| changed.then(|| board.generation()))
            };
            match changed {
                Ok(None) if alarm.is_some() => {}
                Ok(None) => {
                    still += 1;
                    if still == STILL {
                        alarm = Some(Alarm::new(&self.context.location.path));
                    }
                }
                Ok(Some(generation)) => {
                    self.generation.send_replace(generation);
                    (alarm, still) = (None, 0);
                }
                // The board keeps its state, and is refreshed again.
                Err(_) => std::thread::sleep(AGAIN),
            }
        }
    }

    /// The board, which does not change while the guard is held.
    pub fn board(&self) -> RwLockReadGuard<'_, Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version of a run's page, or of all other pages. `None` while the board is changing.
    pub fn version(&self, run: Option<&str>) -> Option<u64> {
        let Some(run) = run else { return Some(*self.generation.borrow()) };
        self.board.try_read().ok().map(|board| self.version_of(&board, run))
    }

    /// The generation at which a run changed last.
    pub fn version_of(&self, board: &Board, run: &str) -> u64 {
        board.number(run).map_or(0, |number| board.changed_at(number))
    }

    /// The frame around a page: its title, the logbook, the number of open requests.
    pub fn frame(&self, board: &Board, title: &str, tab: Tab) -> Frame {
        let now = self.context.now();
        Frame {
            title: Text::from(title),
            logbook: Text::from(self.context.location.path.display().to_string()),
            tab,
            open: board.open_requests(now).count(),
            events: None,
            generation: board.generation(),
            twin: None,
            zone: Text::from(self.context.zone.short_name(now)),
        }
    }

    /// The same for a page that updates itself.
    pub fn live_frame(&self, board: &Board, title: &str, tab: Tab) -> Frame {
        Frame { events: Some(Link::to("/events")), ..self.frame(board, title, tab) }
    }
}
