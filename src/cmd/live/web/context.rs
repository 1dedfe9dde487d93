//! The logbook that is served, and the surroundings that commands run for it see.

use crate::cmd::Door;
use logbook_model::error::Result;
use logbook_model::{Instant, Zone};
use logbook_query::time::Clock;
use logbook_render::{Notes, Output, Progress};
use logbook_store::{Environment, Location};

/// A logbook and the surroundings of its server.
pub struct Context {
    pub location: Location,
    pub env: Environment,
    /// The zone of all times on pages.
    pub zone: Zone,
    /// The flags that give a child process the same zone.
    pub zone_flags: Vec<String>,
    pub(super) clock: fn() -> Instant,
    /// The time of `LOGBOOK_NOW`, which stands still.
    pub(super) fixed_now: Option<Instant>,
}

impl Context {
    /// The current time.
    pub fn now(&self) -> Instant {
        self.fixed_now.unwrap_or_else(self.clock)
    }

    /// The current time and the zone.
    pub fn clock(&self) -> Clock {
        Clock { now: self.now(), zone: self.zone }
    }

    /// Runs `work` as a command without streams. Gives what it returned and what it printed.
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
