//! Where all runs stand, kept up while rows come: what the dashboards show. At the beginning it is
//! what `runs` and `approve` would say; each row that comes is folded in as they would fold it; and
//! where a row changes how others read (a correction, a row that stands again elsewhere), or rows
//! went away, all of it is read anew.
//!
//! Not here: what a row means (`view`), waiting (`follow`).

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
use logbook_query::{Place as RowPlace, Query, Row};
use logbook_scan::{self as scan, Pruning, Skipped, rows::one_line};
use logbook_store::listing::archive_directory;
use logbook_store::{self as store, Environment, Location, Watch, config};
use logbook_view::approvals::{self, Request};
use logbook_view::facts::{Facts, Picked};
use logbook_view::runs::{Cards, FIELDS, KeptUp, Run, Tree};
use logbook_view::{Activity, Holds, Oversight, Past, holds};

/// Failures before that are not counted among the cards, in milliseconds.
const RECENT_MS: i64 = DAY_MS;
const DAY_MS: i64 = 24 * 3_600_000;

/// Where all runs stand.
pub struct Board {
    location: Location,
    zone: Zone,
    night: Night,
    days: u32,
    state: State,
    generation: u64,
    /// The one at which all was read anew.
    read_at: u64,
}

/// What rows came to, up to where the next one begins.
struct State {
    runs: KeptUp,
    oversight: Oversight,
    watch: Watch,
    /// The segments that it was read from, and those that came.
    segments: Vec<u64>,
    /// When what they stand in last changed.
    changed: Changed,
    /// When the day ends.
    tomorrow: Instant,
    superseding: Superseding,
    /// Everything must be read anew.
    is_stale: bool,
}

type Changed = [Option<SystemTime>; 2];

impl Board {
    /// Of the logbook at `location`, as of now, with what came and was spent on the last `days`.
    /// `env`: whose config holds beside the logbook's own.
    pub fn open(location: Location, env: &Environment, clock: &Clock, days: u32) -> Result<Board> {
        let night = config::for_reading(&location.path, env, &mut Vec::new()).night;
        let state = State::read(&location, clock, days, 1)?;
        Ok(Board { location, zone: clock.zone, night, days, state, generation: 1, read_at: 1 })
    }

    /// Takes in what came since; gives whether anything changed. Costs little while nothing comes.
    /// After an error it stands where it stood, and may be asked again.
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

    /// The generation at which all rows were read anew, as when one was corrected.
    pub fn read_at(&self) -> u64 {
        self.read_at
    }

    /// Grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The runs in the order in which `runs` shows them, each with its number, which it keeps until
    /// [`Board::generation`] at which all of them changed.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = (usize, &Run<'static>)> {
        self.state.runs.in_order()
    }

    /// The numbers of the runs that go on or are held, in their order.
    pub fn active(&self) -> impl Iterator<Item = usize> {
        self.state.runs.active()
    }

    /// The run of this name.
    pub fn run(&self, name: &str) -> Option<&Run<'static>> {
        self.state.runs.get(name)
    }

    /// The number of the run of this name.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.state.runs.number(name)
    }

    /// All runs by their numbers.
    pub fn by_number(&self) -> &[Run<'static>] {
        self.state.runs.by_number()
    }

    /// The generation at which the run with this number changed last.
    pub fn changed_at(&self, number: usize) -> u64 {
        self.state.runs.changed_at(number)
    }

    /// How the runs hang together, by their numbers.
    pub fn tree(&self) -> Tree {
        Tree::of(self.state.runs.by_number())
    }

    /// What a person asks first.
    pub fn cards(&self, now: Instant) -> Cards {
        let night = self.night.last(now, &self.zone);
        Cards::of(self.state.runs.by_number(), night, now.plus_ms(-RECENT_MS))
    }

    /// What the rows cost that were written today.
    pub fn cost_today(&self) -> Sum {
        self.state.oversight.activity.cost_today()
    }

    /// What came by the hour, and what it cost by the day.
    pub fn activity(&self) -> &Activity {
        &self.state.oversight.activity
    }

    /// Requests that somebody still may decide, the oldest first.
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

    /// A request with what its run says where it says nothing itself.
    pub fn in_full(&self, request: &Request) -> Request {
        match self.run(&request.run) {
            Some(run) => request.with_run(run.task(), run.agent()),
            None => request.clone(),
        }
    }

    /// Runs that are held.
    pub fn holds(&self) -> &Holds {
        &self.state.oversight.holds
    }

    /// The zone of its days.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The logbook.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl State {
    /// All of it from what is on file.
    fn read(location: &Location, clock: &Clock, count: u32, generation: u64) -> Result<State> {
        // Before it is listed: what changes meanwhile shows the next time.
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
            runs: KeptUp::new(parts.runs(), generation),
            oversight,
            watch: Watch::new(&location.path, found.snapshot.end()),
            segments: found.snapshot.segments.iter().map(|segment| segment.number).collect(),
            changed,
            tomorrow,
            superseding: Superseding::default(),
            is_stale: false,
        })
    }

    /// Takes in the rows that came, or finds that all is to be read anew.
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
                (line, place.offset, 0),
                |_| true,
                READ_ROW_BYTES_MAX,
                "",
                &mut skipped,
                &mut |text, offset, _| {
                    let mut fields = Vec::new();
                    if frame::pick(text, FIELDS.names(), &mut fields).is_err() {
                        return ControlFlow::Continue(());
                    }
                    let row = Row { text, fields: &fields, place: RowPlace { input, offset }, lasts: false };
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

    /// Whether no segment went away, and none came but behind the others.
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

/// When the names of segments and archives changed last.
fn changed(directory: &Path) -> Changed {
    [directory, &archive_directory(directory)].map(|path| path.metadata().and_then(|about| about.modified()).ok())
}

/// When each of the last `count` days began, the oldest first, and when the last one ends.
fn days(clock: &Clock, count: u32) -> (Vec<Instant>, Instant) {
    let day = |before: u32| {
        let now = clock.now.plus_ms(-DAY_MS * i64::from(before));
        match time::read("today", &Clock { now, zone: clock.zone }) {
            Some(Ok(day)) => (day.start, day.end),
            // A day before the calendar's first, or behind its last.
            _ => (now, now.plus_ms(DAY_MS)),
        }
    };
    ((0..count.max(1)).rev().map(|before| day(before).0).collect(), day(0).1)
}
