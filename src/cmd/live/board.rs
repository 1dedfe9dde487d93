//! The state of all runs, kept up to date: what `dash` and `serve` show. It starts as what `runs`
//! and `approve` print. Each new row is folded in as they would fold it. If a row supersedes an
//! earlier one, or rows were archived, everything is read anew.
//!
//! Not here: what a row means (`view`), waiting for rows (`cmd/shared/following`).

use std::ops::ControlFlow;
use std::path::Path;
use std::time::SystemTime;

use crate::cmd::shared::following::superseding::Superseding;
use crate::cmd::shared::reading::{self, Corrections, Reading, require, runs, test, wording};
use logbook_format::carried;
use logbook_json::{Sum, frame};
use logbook_model::error::Result;
use logbook_model::{Address, Instant, Kind, Night, READ_ROW_BYTES_MAX, Zone};
use logbook_query::ast::{Expr, Form, Op};
use logbook_query::time::{self, Clock};
use logbook_query::{Query, Row};
use logbook_scan::{
    self as scan, Pruning, Skipped,
    rows::{RawLine, one_line},
};
use logbook_store::listing::archive_directory;
use logbook_store::{self as store, Environment, Location, Watch, config};
use logbook_view::approvals::{self, Request};
use logbook_view::facts::{Facts, Picked};
use logbook_view::runs::{Cards, FIELDS, LiveRuns, Run, Tree};
use logbook_view::{Activity, Holds, Oversight, Past, holds};

/// The cards count only failures within this time.
const RECENT_MS: i64 = DAY_MS;
const DAY_MS: i64 = 24 * 3_600_000;

/// The state of all runs of a logbook.
pub struct Board {
    location: Location,
    zone: Zone,
    night: Night,
    days: u32,
    state: State,
    generation: u64,
    /// The generation at which everything was read anew.
    read_at: u64,
}

/// What the rows that were read add up to.
struct State {
    runs: LiveRuns,
    oversight: Oversight,
    watch: Watch,
    /// The numbers of the segments that were read, and of those that came since.
    segments: Vec<u64>,
    /// When the directories of segments and archives last changed.
    changed: Changed,
    /// When the current day ends.
    tomorrow: Instant,
    superseding: Superseding,
    /// Everything must be read anew.
    is_stale: bool,
}

type Changed = [Option<SystemTime>; 2];

impl Board {
    /// Reads the logbook at `location`, with activity and cost of the last `days`. `env` names the
    /// user's config, which applies beside the logbook's.
    pub fn open(location: Location, env: &Environment, clock: &Clock, days: u32) -> Result<Board> {
        let night = config::for_reading(&location.path, env, &mut Vec::new()).night;
        let state = State::read(&location, clock, days, 1)?;
        Ok(Board { location, zone: clock.zone, night, days, state, generation: 1, read_at: 1 })
    }

    /// Reads new rows; gives whether anything changed. Cheap if nothing did. After an error the
    /// board keeps its state, and can be refreshed again.
    pub fn refresh(&mut self, now: Instant) -> Result<bool> {
        let generation = self.generation + 1;
        let at = self.state.watch.at();
        if now < self.state.tomorrow && !self.state.is_stale {
            self.state.catch_up(&self.location.path, generation)?;
        }
        if now >= self.state.tomorrow || self.state.is_stale {
            // The last row may void a place, so that the next one supersedes a row.
            let superseding = std::mem::take(&mut self.state.superseding);
            self.state = State::read(&self.location, &Clock { now, zone: self.zone }, self.days, generation)?;
            self.read_at = generation;
            self.state.superseding = superseding;
        } else if self.state.watch.at() == at {
            return Ok(false);
        }
        self.generation = generation;
        Ok(true)
    }

    /// The generation at which everything was last read anew, for example after a correction.
    pub fn read_at(&self) -> u64 {
        self.read_at
    }

    /// A number that grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The runs in the order of `runs`, each with its number, which it keeps until everything is
    /// read anew ([`Board::read_at`]).
    pub fn runs(&self) -> impl ExactSizeIterator<Item = (usize, &Run<'static>)> {
        self.state.runs.in_order()
    }

    /// The numbers of the active and held runs, in their order.
    pub fn active(&self) -> impl Iterator<Item = usize> {
        self.state.runs.active()
    }

    /// The run with this name.
    pub fn run(&self, name: &str) -> Option<&Run<'static>> {
        self.state.runs.get(name)
    }

    /// The number of the run with this name.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.state.runs.number(name)
    }

    /// All runs by their numbers.
    pub fn by_number(&self) -> &[Run<'static>] {
        self.state.runs.by_number()
    }

    /// The generation at which the run with this number last changed.
    pub fn changed_at(&self, number: usize) -> u64 {
        self.state.runs.changed_at(number)
    }

    /// The tree of parents and children, by number.
    pub fn tree(&self) -> Tree {
        Tree::of(self.state.runs.by_number())
    }

    /// The counts that a person looks at first.
    pub fn cards(&self, now: Instant) -> Cards {
        let night = self.night.last(now, &self.zone);
        Cards::of(self.state.runs.by_number(), night, now.plus_ms(-RECENT_MS))
    }

    /// The cost of the rows that were written today.
    pub fn cost_today(&self) -> Sum {
        self.state.oversight.activity.cost_today()
    }

    /// Rows by the hour, and cost by the day.
    pub fn activity(&self) -> &Activity {
        &self.state.oversight.activity
    }

    /// Requests that can still be decided, oldest first.
    pub fn open_requests(&self, now: Instant) -> impl Iterator<Item = &Request> {
        self.state.oversight.approvals.open(now).into_iter()
    }

    /// The request called `name`.
    pub fn request(&self, name: &str) -> Option<&Request> {
        self.state.oversight.approvals.find(name)
    }

    /// All requests and decisions, in order.
    pub fn requests(&self) -> &[Request] {
        &self.state.oversight.approvals.all
    }

    /// A request, completed with the task and agent of its run.
    pub fn in_full(&self, request: &Request) -> Request {
        match self.run(&request.run) {
            Some(run) => request.with_run(run.task(), run.agent()),
            None => request.clone(),
        }
    }

    /// The runs that are held.
    pub fn holds(&self) -> &Holds {
        &self.state.oversight.holds
    }

    /// The zone in which days are counted.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The location of the logbook.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl State {
    /// Reads everything from the files.
    fn read(location: &Location, clock: &Clock, count: u32, generation: u64) -> Result<State> {
        // Before segments are listed, so that a change in between is noticed next time.
        let changed = changed(&location.path);
        let mut wanted = Query::default();
        let kinds = approvals::KINDS.into_iter().chain(holds::KINDS).chain([Kind::ArchiveCarried]);
        let mut any: Vec<Expr> = kinds.map(|kind| test("kind", Op::Equal, kind.word(), Form::Quoted)).collect();
        let (days, tomorrow) = days(clock, count);
        if let Some(first) = days.first() {
            any.push(test("timestamp", Op::GreaterEqual, &first.to_string(), Form::Bare));
        }
        require(&mut wanted, Expr::Or(any));
        let plan = wording::plain(&wanted, "", clock)?;
        let mut pruning = Pruning::new(plan.requirement());
        let found = reading::logbook_at(location, Corrections::Folded, pruning.as_mut())?;

        let few = match pruning {
            Some(pruning) => pruning.apply(found.inputs.clone(), &found.path, reading::cores()),
            None => found.inputs.clone(),
        };
        let mut oversight = Oversight::new(Activity::new(days, tomorrow));
        let names = Oversight::FIELDS.to_names();
        scan::feed(&few, &mut std::io::empty(), &names, false, |row, _, _| {
            if let Some(place) = reading::address(&few, row.place) {
                if carried::rows(row.text).is_some() {
                    oversight.carried(row.text, &place);
                }
                oversight.push(&Picked::new(&Oversight::FIELDS, row.fields), &place);
            }
            ControlFlow::Continue(())
        });
        let reading = Reading::default();
        let (mut parts, _) = runs::read_from(found.inputs, &found.path, &reading, &mut std::io::empty());
        Ok(State {
            runs: LiveRuns::new(parts.runs(), generation),
            oversight,
            watch: Watch::new(&location.path, found.snapshot.end()),
            segments: found.snapshot.segments.iter().map(|segment| segment.number).collect(),
            changed,
            tomorrow,
            superseding: Superseding::default(),
            is_stale: false,
        })
    }

    /// Reads new rows, or finds that everything must be read anew.
    fn catch_up(&mut self, directory: &Path, generation: u64) -> Result<()> {
        self.is_stale = !self.is_all_there(directory)?;
        if self.is_stale {
            return Ok(());
        }
        let State { runs, oversight, watch, segments, superseding, is_stale, .. } = self;
        let mut skipped = Skipped::default();
        let read = watch.new_rows(&mut |place, line| {
            if segments.last().is_none_or(|last| *last < place.segment) {
                segments.push(place.segment);
            }
            let input = u32::try_from(segments.len() - 1).unwrap_or(u32::MAX);
            let _ = one_line(
                RawLine { text: line, offset: place.offset, nuls: 0 },
                |_| true,
                READ_ROW_BYTES_MAX,
                "",
                &mut skipped,
                &mut |text, offset, _| {
                    let mut fields = Vec::new();
                    if frame::pick(text, FIELDS.names(), &mut fields).is_err() {
                        return ControlFlow::Continue(());
                    }
                    let row =
                        Row { text, fields: &fields, place: logbook_query::Place { input, offset }, in_block: false };
                    let kind = Picked::new(&FIELDS, &fields).kind();
                    *is_stale |= superseding.next(kind, text).supersedes();
                    if !*is_stale {
                        runs.push(&row);
                        let place = Address::Place { segment: place.segment, offset };
                        if carried::rows(text).is_some() {
                            oversight.carried(text, &place);
                        }
                        let mut fields = Vec::new();
                        if frame::pick(text, Oversight::FIELDS.names(), &mut fields).is_ok() {
                            oversight.push(&Picked::new(&Oversight::FIELDS, &fields), &place);
                        }
                    }
                    ControlFlow::Continue(())
                },
            );
        });
        runs.settle(generation);
        read
    }

    /// Whether all known segments still exist and new ones come after them.
    fn is_all_there(&mut self, directory: &Path) -> Result<bool> {
        let now = changed(directory);
        if now == self.changed {
            return Ok(true);
        }
        let there = store::snapshot(directory)?;
        let last = self.segments.last().copied().unwrap_or(0);
        let known = there.segments.iter().map(|segment| segment.number).take_while(|number| *number <= last);
        if !known.eq(self.segments.iter().copied()) {
            return Ok(false);
        }
        self.changed = now;
        Ok(true)
    }
}

/// When the directories of segments and archives last changed.
fn changed(directory: &Path) -> Changed {
    [directory, &archive_directory(directory)].map(|path| path.metadata().and_then(|about| about.modified()).ok())
}

/// The starts of the last `count` days, oldest first, and the end of the last one.
fn days(clock: &Clock, count: u32) -> (Vec<Instant>, Instant) {
    let day = |before: u32| {
        let now = clock.now.plus_ms(-DAY_MS * i64::from(before));
        match time::read("today", &Clock { now, zone: clock.zone }) {
            Some(Ok(day)) => (day.start, day.end),
            // Outside of the calendar.
            _ => (now, now.plus_ms(DAY_MS)),
        }
    };
    ((0..count.max(1)).rev().map(|before| day(before).0).collect(), day(0).1)
}
