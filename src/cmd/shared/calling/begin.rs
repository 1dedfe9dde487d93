//! Begin a call: append what the gates decided, ask a person if they say so, and append the intent
//! of the call, which must be on file before the call is made.

use super::approval::{self, Question};
use super::contract::Terms;
use super::gates::{Decision, Intent, Outcome, Ruling, Times, as_refusal};
use super::held;
use crate::cmd::Door;
use crate::cmd::shared::writing::{OpenLogbook, print_rows};
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Then, Verdict};
use logbook_store::Writer;
use logbook_store::append::{OnRefused, State};

/// A call that may be made.
pub struct Begun {
    /// The writer that appended the intent; `None` if best effort let the call pass without a row.
    pub writer: Option<Writer<'static>>,
    /// The contract of the call.
    pub terms: Option<Terms>,
}

/// The last check, under the lock: holds, and duplicate ids.
pub type MayBegin<'m> = &'m mut dyn FnMut(&mut State<'_, '_>) -> Result<()>;

/// Decides about the call, appends the decisions, asks a person if need be, and appends and syncs
/// the intent. Errors: the call must not be made; exit 1 if a gate or a person says no, or a gate
/// cannot be evaluated.
pub fn begin(
    intent: &Intent<'_>,
    logbook: &OpenLogbook,
    door: &mut Door<'_>,
    may_begin: MayBegin<'_>,
) -> Result<Begun> {
    // Validated before anything is stored, even if nobody is asked in the end.
    let times = intent.gate.times()?;
    let Decision { call, terms, rulings, outcome } = intent.decide(logbook, door)?;
    let beginning = Beginning { intent, call: &call, logbook };
    for ruling in &rulings {
        match ruling.then {
            Then::Deny => beginning.record_denial(ruling, door),
            _ => beginning.record(ruling, door)?,
        }
    }
    let writer = match outcome {
        Outcome::Denied(error) => return Err(error),
        Outcome::NeedsApproval(rule) => Some(beginning.ask(&rule, times, door, may_begin)?),
        Outcome::Allowed => beginning.append(door, may_begin)?,
    };
    Ok(Begun { writer, terms })
}

/// A call whose gates have decided.
struct Beginning<'b> {
    intent: &'b Intent<'b>,
    /// The fields of the call.
    call: &'b Pairs,
    logbook: &'b OpenLogbook,
}

impl Beginning<'_> {
    /// Appends the row of a ruling; with best effort, a row that cannot be stored is a warning.
    fn record(&self, ruling: &Ruling, door: &mut Door<'_>) -> Result<()> {
        match self.append_ruling(ruling, door) {
            Err(error) if self.intent.best_effort && error.exit.is_of_storing() => {
                door.note(format_args!("warning: not stored: {}", error.message));
                Ok(())
            }
            other => other,
        }
    }

    /// Appends the row of a denial. One that cannot be stored is a denial all the same.
    fn record_denial(&self, denial: &Ruling, door: &mut Door<'_>) {
        if let Err(error) = self.record(denial, door) {
            door.note(format_args!("warning: the denial was not stored: {}", error.message));
        }
    }

    fn append_ruling(&self, ruling: &Ruling, door: &mut Door<'_>) -> Result<()> {
        let mut pairs = rows::policy_decision(self.intent.run, ruling.then, self.intent.action)?;
        pairs.join(&ruling.fields)?;
        pairs.join(self.call)?;
        let drafts = self.logbook.draft(&pairs, door)?;
        self.logbook.store(&drafts, door, |_| Ok(())).map(drop)
    }

    /// Appends a row about a refusal under the lock, such as a hold, and hands the error on.
    fn record_refusal(&self, error: Error, door: &mut Door<'_>) -> Error {
        if error.exit == Exit::No
            && let Ok(denial) = Ruling::denial(&error)
        {
            self.record_denial(&denial, door);
        }
        error
    }

    /// Appends the intent of a call that needs no approval. `None`: best effort lets the call pass
    /// without a row, and no hold stops it.
    fn append(&self, door: &mut Door<'_>, may_begin: MayBegin<'_>) -> Result<Option<Writer<'static>>> {
        let mut refused = false;
        let mut check = |state: &mut State<'_, '_>| may_begin(state).inspect_err(|_| refused = true);
        match self.append_intent(door, &mut check) {
            Ok(writer) => Ok(Some(writer)),
            Err(error) if refused => Err(self.record_refusal(error, door)),
            Err(error) if self.intent.best_effort && error.exit.is_of_storing() => {
                // The lock or the disk cannot be had, but the rows of a hold can still be read.
                held::refuse_without_lock(self.logbook, self.intent.run, door)
                    .map_err(|error| self.record_refusal(as_refusal(error), door))?;
                door.note(format_args!("warning: not stored: {}", error.message));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn append_intent(&self, door: &mut Door<'_>, check: MayBegin<'_>) -> Result<Writer<'static>> {
        let row = rows::intent(self.intent.run, self.intent.action, self.call)?;
        let drafts = self.logbook.draft(&row, door)?;
        let mut writer = self.logbook.writer(door)?;
        let stored = writer.append_if(&drafts, OnRefused::Abort, check).all()?;
        writer.sync()?;
        self.logbook.warn_of_ended_runs(writer.late(), door);
        print_rows(self.logbook.print, &drafts, &stored, door)?;
        Ok(writer)
    }

    /// Asks a person, waits, and appends the intent, or that the call was not made (exit 1). An
    /// approval is recorded as used by the intent, so if the intent cannot be stored the call is
    /// not made: the approval would count again.
    fn ask(&self, rule: &Pairs, times: Times, door: &mut Door<'_>, may_begin: MayBegin<'_>) -> Result<Writer<'static>> {
        let Intent { run, action, .. } = *self.intent;
        let question = Question { run, action, call: self.call, rule, expires_ms: times.expires_ms };
        let (name, _) = question.store_or_join(self.logbook, door)?;
        let Some(request) = approval::wait(self.logbook, run, &name, times.timeout_ms, door)? else {
            return Err(Error::new(Exit::No, format!("{name} is not decided yet")).hint(format!(
                "run it again to go on waiting; a person decides with: logbook approve {}",
                approval::shell_name(&name)
            )));
        };
        let approved = request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Approved);
        let row = || match approved {
            true => rows::intent(run, action, self.call),
            false => rows::not_made(run, action, self.call),
        };
        let mut refused = false;
        let check = |state: &mut State<'_, '_>| match approved {
            true => may_begin(state).inspect_err(|_| refused = true),
            false => Ok(()),
        };
        let appended = approval::act_on_decision(self.logbook, &request, door, row, check);
        let appended = appended.map_err(|error| if refused { self.record_refusal(error, door) } else { error })?;
        if !approved {
            return Err(
                Error::new(Exit::No, approval::summary(&request)).hint(format!("logbook show {}", shell_word(&name)))
            );
        }
        print_rows(self.logbook.print, &appended.drafts, &appended.stored, door)?;
        self.logbook.writer(door)
    }
}
