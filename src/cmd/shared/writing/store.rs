//! Append rows under a check. The check may need only what the store knows, or a fold over the rows
//! on file.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::OpenLogbook;
use crate::cmd::Door;
use crate::cmd::shared::following::superseding;
use crate::cmd::shared::reading::{self, Corrections, test, wording};
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::{Drafts, Rules};
use logbook_json as json;
use logbook_model::error::{Error, Result, nearest};
use logbook_model::{Address, Kind, Zone};
use logbook_query::Query;
use logbook_query::ast::{Expr, Form, Op};
use logbook_query::time::Clock;
use logbook_render::Notes;
use logbook_scan::{self as scan, Pruning, Skipped};
use logbook_store::Place;
use logbook_store::append::{OnRefused, State};
use logbook_store::locate::Why;
use logbook_store::os_real::REAL;
use logbook_store::{Location, Stored, Writer, end_of};
use logbook_view::Course;
use logbook_view::past::{self, Past};

/// How often an append is retried because rows it depends on changed meanwhile.
const TRIES_MAX: usize = 16;
/// How many ended runs a warning names.
const ENDED_RUNS_NAMED_MAX: usize = 3;

/// Rows that were appended.
pub struct Appended {
    pub drafts: Drafts,
    /// Step and place of each draft that was stored.
    pub stored: Vec<Stored>,
}

/// The rows that a fold reads.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The rows of this run.
    Run(&'a str),
    /// The rows of these kinds.
    Kinds(&'a [Kind]),
}

impl OpenLogbook {
    /// The row that `pairs` give, checked, redacted and laid out.
    pub fn draft(&self, pairs: &Pairs, door: &mut Door<'_>) -> Result<Drafts> {
        self.draft_text(&pairs.object(), door)
    }

    fn draft_text(&self, text: &[u8], door: &mut Door<'_>) -> Result<Drafts> {
        let mut drafts = Drafts::new();
        drafts.push(text, &self.rules(), &(door.clock)().to_utc_ms(), None)?;
        self.note_redactions(&mut door.err);
        Ok(drafts)
    }

    /// The row that `pairs` give, not redacted: rules are evaluated on what is really called.
    pub fn unredacted_row(&self, pairs: &Pairs, door: &Door<'_>) -> Result<Vec<u8>> {
        let mut drafts = Drafts::new();
        let agent = self.agent.as_deref().and(door.env.var("LOGBOOK_AGENT"));
        let rules = Rules { redactor: None, agent_id: agent, ..self.rules() };
        drafts.push(&pairs.object(), &rules, &(door.clock)().to_utc_ms(), None)?;
        let mut row = Vec::new();
        drafts.rows().iter().for_each(|draft| drafts.render(draft, 0, &mut row));
        Ok(row)
    }

    /// A writer, for a command that appends more than once.
    pub fn writer(&self, door: &mut Door<'_>) -> Result<Writer<'static>> {
        announce_new_logbook(&self.location, &mut door.err);
        Writer::open(&REAL, &self.location.path, self.settings.clone(), self.options)
    }

    /// Appends and syncs the rows if `check`, called under the lock, allows it.
    pub fn store(
        &self,
        drafts: &Drafts,
        door: &mut Door<'_>,
        mut check: impl FnMut(&mut State<'_, '_>) -> Result<()>,
    ) -> Result<Vec<Stored>> {
        let mut writer = self.writer(door)?;
        let stored = writer.append_if(drafts, OnRefused::Abort, &mut |state| check(state)).all()?;
        writer.sync()?;
        self.warn_of_ended_runs(writer.late(), door);
        Ok(stored)
    }

    /// Appends the rows if `run` exists. Errors: there is no such run.
    pub fn store_in_run(&self, drafts: &Drafts, run: &str, door: &mut Door<'_>) -> Result<Vec<Stored>> {
        let mut exists = true;
        let stored = self.store(drafts, door, |state| {
            exists = state.has_run(run)?;
            if exists { Ok(()) } else { Err(Error::usage("unknown run")) }
        });
        if exists { stored } else { Err(unknown_run(run, self, door)) }
    }

    /// Folds the rows in `scope`, and appends the row that `make` derives from the fold. Under the
    /// lock, new rows are folded in and `make` is asked again; if it gives another row, all of this
    /// is retried.
    pub fn store_from<P: Past>(
        &self,
        scope: Scope<'_>,
        door: &mut Door<'_>,
        begin: impl Fn() -> P,
        mut make: impl FnMut(&P) -> Result<Pairs>,
    ) -> Result<Appended> {
        let nothing = || Error::io("nothing was to be stored");
        self.store_from_if(scope, door, begin, |past| make(past).map(Some), |_| Ok(()))?.ok_or_else(nothing)
    }

    /// [`OpenLogbook::store_from`] with the fold of one run. Errors: there is no such run.
    pub fn store_from_run(
        &self,
        run: &str,
        door: &mut Door<'_>,
        mut make: impl FnMut(&Course) -> Result<Pairs>,
    ) -> Result<Appended> {
        let mut exists = true;
        let begin = || Course::of(run);
        let appended = self.store_from(Scope::Run(run), door, begin, |course| {
            exists = course.rows > 0;
            if exists { make(course) } else { Err(Error::usage(format!("there is no run {run:?}"))) }
        });
        if exists { appended } else { Err(unknown_run(run, self, door)) }
    }

    /// [`OpenLogbook::store_from`] if `check` allows it too; `None` if `make` gives no row.
    pub fn store_from_if<P: Past>(
        &self,
        scope: Scope<'_>,
        door: &mut Door<'_>,
        begin: impl Fn() -> P,
        mut make: impl FnMut(&P) -> Result<Option<Pairs>>,
        mut check: impl FnMut(&mut State<'_, '_>) -> Result<()>,
    ) -> Result<Option<Appended>> {
        for _ in 0..TRIES_MAX {
            let (mut past, seen) = self.fold(scope, door, &begin)?;
            let Some(pairs) = make(&past)? else { return Ok(None) };
            let text = pairs.object();
            let drafts = self.draft_text(&text, door)?;
            let mut changed = false;
            let stored = self.store(&drafts, door, |state| {
                state.rows_since(seen, &mut |place, row| changed |= !push_new_row(&mut past, place, row))?;
                changed = changed || make(&past)?.is_none_or(|pairs| pairs.object() != text);
                if changed { Err(Error::io("what the row depends on changed meanwhile")) } else { check(state) }
            });
            if !changed {
                return Ok(Some(Appended { drafts, stored: stored? }));
            }
        }
        Err(Error::io("what the row depends on keeps changing; nothing was stored"))
    }

    /// Folds the rows in `scope`, with corrections folded in unless `P` reads rows as written. Also
    /// gives the end of the rows that were read. Errors: `P` needs all rows, and a file cannot be
    /// read.
    pub fn fold<P: Past>(&self, scope: Scope<'_>, door: &mut Door<'_>, begin: impl Fn() -> P) -> Result<(P, Place)> {
        if !self.location.exists {
            return Ok((begin(), Place { segment: 0, offset: 0 }));
        }
        let mut tries = 0;
        loop {
            let mut past = begin();
            let (seen, skipped) = self.fold_once(scope, door, &mut past)?;
            tries += 1;
            match skipped.refuse_unread() {
                // A segment restored or deleted since the listing is found, or carried over, now.
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

    fn fold_once<P: Past>(&self, scope: Scope<'_>, door: &mut Door<'_>, past: &mut P) -> Result<(Place, Skipped)> {
        let clock = Clock { now: (door.clock)(), zone: Zone::UTC };
        let plan = wording::plain(&scope.query(), "", &clock)?;
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
            // These conditions hold no jq, so none of them can fail.
            if plan.filter().is_none_or(|filter| filter.matches(row, &mut eval).unwrap_or(false)) {
                let place = reading::address(&inputs, row.place);
                past::show(past, row.text, &place.unwrap_or(Address::Place { segment: 0, offset: row.place.offset }));
            }
            ControlFlow::Continue(())
        });
        Ok((seen, scanned.skipped))
    }

    /// Warns about those of `runs` that have ended: the row is stored, and the run stays ended.
    /// The store only suspects it; here corrections count.
    pub fn warn_of_ended_runs(&self, runs: &[String], door: &mut Door<'_>) {
        for (at, run) in runs.iter().enumerate() {
            if at == ENDED_RUNS_NAMED_MAX {
                door.note(format_args!("more rows are of runs that had ended"));
                return;
            }
            if let Some(end) = self.end_of_run(run, door) {
                let what = format!("run {run:?} ended with {end}: the row is stored, and the run stays ended");
                door.warn(
                    &Error::usage(what).hint(format!("logbook start --resume {}   # begins it again", shell_word(run))),
                );
            }
        }
    }

    /// The name of the row that ended `run`; `None` if the run has not ended, or cannot be read.
    pub fn end_of_run(&self, run: &str, door: &mut Door<'_>) -> Option<String> {
        let (course, _) = self.fold(Scope::Run(run), door, || Course::of(run)).ok()?;
        course.standing().filter(|_| course.stands.ended()).map(|end| end.name.clone())
    }
}

impl Scope<'_> {
    fn query(&self) -> Query {
        let kind = |kind: Kind| test("kind", Op::Equal, kind.word(), Form::Quoted);
        let mut any: Vec<Expr> = match self {
            Scope::Run(run) => vec![test("run_id", Op::Equal, run, Form::Quoted)],
            Scope::Kinds(kinds) => kinds.iter().map(|it| kind(*it)).collect(),
        };
        // What retention carried over counts as the rows that it deleted.
        any.push(kind(Kind::ArchiveCarried));
        let mut query = Query::default();
        reading::require(&mut query, Expr::Or(any));
        query
    }
}

/// Folds in a row appended since. False if the row changes how earlier rows read, so that the fold
/// must begin again.
pub fn push_new_row<P: Past>(past: &mut P, place: Place, row: &[u8]) -> bool {
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

/// Notes that the user's own logbook is about to be created, because nothing named another one.
pub fn announce_new_logbook(location: &Location, err: &mut Notes<'_>) {
    if location.why == Why::Fallback && !location.exists {
        err.note(format_args!(
            "no logbook here; the new one for this user is {} (logbook init makes one here)",
            location.path.display()
        ));
    }
}

/// The error for a run that does not exist, with the nearest name.
pub fn unknown_run(run: &str, logbook: &OpenLogbook, door: &mut Door<'_>) -> Error {
    let error = Error::usage(format!("there is no run {run:?}"));
    let mut runs = BTreeSet::new();
    if let Ok(found) = reading::logbook_at(&logbook.location, Corrections::AsWritten, None) {
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
