//! Rows of a command, stored under a check: one that rests on what the store knows,
//! or on a fold over the rows before it.

use std::ops::ControlFlow;

use super::{Desk, announce_fallback};
use crate::cmd::Door;
use crate::cmd::shared::following::superseding;
use crate::cmd::shared::reading::{self, Corrections, test, wording};
use logbook_format::draft::pairs::Pairs;
use logbook_format::{Drafts, Rules};
use logbook_json as json;
use logbook_model::error::{Error, Result, nearest};
use logbook_model::{Address, Kind};
use logbook_query::Query;
use logbook_query::ast::{Expr, Form, Op};
use logbook_scan::{self as scan, Pruning, Skipped};
use logbook_store::append::{OnRefused, State};
use logbook_store::index::Place;
use logbook_store::os_real::REAL;
use logbook_store::{Stored, Writer, end_of};
use logbook_view::Course;
use logbook_view::past::{self, Past};

/// Rows that were stored, and what they say.
pub struct Done {
    /// What was to be stored.
    pub drafts: Drafts,
    /// Where it stands.
    pub stored: Vec<Stored>,
}

/// How often it is tried anew when what a decision rests on changes meanwhile.
const TRIES_MAX: usize = 16;

impl Desk {
    /// The row that `pairs` give, checked and laid out.
    pub fn draft(&self, pairs: &Pairs, door: &mut Door<'_>) -> Result<Drafts> {
        self.draft_text(&pairs.object(), door)
    }

    /// The row that `pairs` would give, with its secrets: what a rule is asked about.
    pub fn row(&self, pairs: &Pairs, door: &Door<'_>) -> Result<Vec<u8>> {
        let mut drafts = Drafts::new();
        let agent = self.agent.as_deref().and(door.env.var("LOGBOOK_AGENT"));
        let rules = Rules { redactor: None, agent_id: agent, ..self.rules() };
        drafts.push(&pairs.object(), &rules, &(door.clock)().to_utc_ms(), None)?;
        let mut row = Vec::new();
        drafts.rows().iter().for_each(|draft| drafts.render(draft, 0, &mut row));
        Ok(row)
    }

    fn draft_text(&self, text: &[u8], door: &mut Door<'_>) -> Result<Drafts> {
        let mut drafts = Drafts::new();
        drafts.push(text, &self.rules(), &(door.clock)().to_utc_ms(), None)?;
        self.note_redactions(&mut door.err);
        Ok(drafts)
    }

    /// Stores the rows if `check` lets them, as durably as was asked for.
    pub fn store(
        &self,
        drafts: &Drafts,
        door: &mut Door<'_>,
        mut check: impl FnMut(&mut State<'_, '_>) -> Result<()>,
    ) -> Result<Vec<Stored>> {
        let mut writer = self.writer(door)?;
        let stored = writer.append_if(drafts, OnRefused::Abort, &mut |state| check(state)).all()?;
        writer.sync()?;
        self.tell_late(writer.late(), door);
        Ok(stored)
    }

    /// A writer for rows that do not come all at once.
    pub fn writer(&self, door: &mut Door<'_>) -> Result<Writer<'static>> {
        announce_fallback(&self.location, &mut door.err);
        Writer::open(&REAL, &self.location.path, self.settings.clone(), self.options)
    }

    /// Stores the row that `make` gives, which knows what the rows before it say: `begin` is shown
    /// all of them that `about` lets pass, and those that came meanwhile under the lock. `make`
    /// refuses, or is asked again when what came makes it say something else.
    pub fn decide<P: Past>(
        &self,
        about: About<'_>,
        door: &mut Door<'_>,
        begin: impl Fn() -> P,
        mut make: impl FnMut(&P) -> Result<Pairs>,
    ) -> Result<Done> {
        let nothing = || Error::io("nothing was to be stored");
        self.decide_whether(about, door, begin, |past| make(past).map(Some), |_| Ok(()))?.ok_or_else(nothing)
    }

    /// The same about a run, of which `make` knows the course. Errors: there is no such run.
    pub fn decide_of_run(
        &self,
        run: &str,
        door: &mut Door<'_>,
        mut make: impl FnMut(&Course) -> Result<Pairs>,
    ) -> Result<Done> {
        let mut is_known = true;
        let begin = || Course::of(run);
        let done = self.decide(About::Run(run), door, begin, |course| {
            is_known = course.rows > 0;
            if is_known { make(course) } else { Err(Error::usage(format!("there is no run {run:?}"))) }
        });
        if is_known { done } else { Err(unknown_run(run, self, door)) }
    }

    /// The same, if `check` lets it too; `None`: `make` found that nothing is to be stored.
    pub fn decide_whether<P: Past>(
        &self,
        about: About<'_>,
        door: &mut Door<'_>,
        begin: impl Fn() -> P,
        mut make: impl FnMut(&P) -> Result<Option<Pairs>>,
        mut check: impl FnMut(&mut State<'_, '_>) -> Result<()>,
    ) -> Result<Option<Done>> {
        for _ in 0..TRIES_MAX {
            let (mut past, seen) = self.look(about, door, &begin)?;
            let Some(pairs) = make(&past)? else { return Ok(None) };
            let text = pairs.object();
            let drafts = self.draft_text(&text, door)?;
            let mut changed = false;
            let stored = self.store(&drafts, door, |state| {
                state.rows_since(seen, &mut |place, row| changed |= !catch_up(&mut past, place, row))?;
                changed = changed || make(&past)?.is_none_or(|pairs| pairs.object() != text);
                if changed { Err(Error::io("what the row rests on changed meanwhile")) } else { check(state) }
            });
            if !changed {
                return Ok(Some(Done { drafts, stored: stored? }));
            }
        }
        Err(Error::io("what the row rests on changes all the time; nothing was stored"))
    }

    /// Shows what `begin` gives the rows on file, corrections folded in unless it reads them as
    /// written; says too where they end. Errors: it needs all rows, and a file cannot be read.
    pub fn look<P: Past>(&self, about: About<'_>, door: &mut Door<'_>, begin: impl Fn() -> P) -> Result<(P, Place)> {
        if !self.location.exists {
            return Ok((begin(), Place { segment: 0, offset: 0 }));
        }
        let mut tries = 0;
        loop {
            let mut past = begin();
            let (seen, skipped) = self.look_once(about, door, &mut past)?;
            tries += 1;
            match skipped.refuse_unread() {
                // A segment that was restored or deleted since it was listed is listed elsewhere
                // now, or carried over.
                Err(_) if P::NEEDS_ALL && tries < TRIES_MAX => {}
                Err(error) if P::NEEDS_ALL => return Err(error),
                Err(error) => {
                    door.note(format_args!("warning: {}", error.message));
                    return Ok((past, seen));
                }
                Ok(()) => return Ok((past, seen)),
            }
        }
    }

    fn look_once<P: Past>(&self, about: About<'_>, door: &mut Door<'_>, past: &mut P) -> Result<(Place, Skipped)> {
        let query = about.query()?;
        let clock = logbook_query::time::Clock { now: (door.clock)(), zone: logbook_model::Zone::UTC };
        let plan = wording::plain(&query, "", &clock)?;
        let mut pruning = Pruning::new(plan.requirement());
        let corrections = if P::AS_WRITTEN { Corrections::AsWritten } else { Corrections::Folded };
        let found = reading::logbook_at(&self.location, corrections, pruning.as_mut())?;
        let seen = end_of(&found.inputs);
        let inputs = match pruning {
            Some(pruning) => pruning.apply(found.inputs, &found.path, reading::cores()),
            None => found.inputs,
        };
        let mut eval = plan.eval();
        let scanned = scan::feed(&inputs, door.input, plan.fields(), false, |row, _, _| {
            // No jq stands in these conditions, so that none fails.
            if plan.filter().is_none_or(|filter| filter.matches(row, &mut eval).unwrap_or(false)) {
                let place = reading::address(&inputs, row.place);
                past::show(past, row.text, &place.unwrap_or(Address::Place { segment: 0, offset: row.place.offset }));
            }
            ControlFlow::Continue(())
        });
        Ok((seen, scanned.skipped))
    }
}

/// Shows `past` a row that came meanwhile. False: it changes how rows before it read.
pub fn catch_up<P: Past>(past: &mut P, place: Place, row: &[u8]) -> bool {
    let mut values = Vec::new();
    if json::pick(row, &["kind"], &mut values).is_err() {
        return true;
    }
    if !P::AS_WRITTEN && superseding::supersedes(Kind::of(values[0]), row) {
        return false;
    }
    past::show(past, row, &Address::Place { segment: place.segment, offset: place.offset });
    true
}

/// Which rows a decision rests on.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// Those of a run.
    Run(&'a str),
    /// Those of these kinds.
    Kinds(&'a [Kind]),
}

impl About<'_> {
    fn query(&self) -> Result<Query> {
        let kind = |kind: Kind| test("kind", Op::Equal, kind.word(), Form::Quoted);
        let mut any: Vec<Expr> = match self {
            About::Run(run) => vec![test("run_id", Op::Equal, run, Form::Quoted)],
            About::Kinds(kinds) => kinds.iter().map(|it| kind(*it)).collect(),
        };
        // What retention carried over counts as the rows that it deleted.
        any.push(kind(Kind::ArchiveCarried));
        let mut query = Query::default();
        reading::require(&mut query, Expr::Or(any));
        Ok(query)
    }
}

/// There is no such run: the nearest that there is.
pub fn unknown_run(run: &str, desk: &Desk, door: &mut Door<'_>) -> Error {
    let error = Error::usage(format!("there is no run {run:?}"));
    let mut runs = std::collections::BTreeSet::new();
    if let Ok(found) = reading::logbook_at(&desk.location, Corrections::AsWritten, None) {
        scan::feed(&found.inputs, door.input, &["run_id".to_owned()], false, |row, _, _| {
            if let Some(id) = row.field(0).and_then(json::decode) {
                runs.insert(String::from_utf8_lossy(&id).into_owned());
            }
            ControlFlow::Continue(())
        });
    }
    match nearest(run, runs.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("logbook runs --all"),
    }
}
