//! The intent of a call, put on file when nothing stands against it: the contract of the tool, the
//! policy, a person who is asked, a hold. What is decided on the way is a row each.

use super::asking::{self, Question};
use super::contract::{self, Terms};
use super::judge::Judge;
use super::{Arguments, Described, Keep, held, policy};
use crate::cmd::Door;
use crate::cmd::shared::writing::{Desk, print_rows};
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Side, SideEffect, Then, Verdict, wait_ms};
use logbook_store::Writer;
use logbook_store::append::{OnRefused, State};

/// Flags that say what a call must pass.
#[derive(Debug, Default, clap::Args)]
pub struct Gate {
    /// The contract that the call goes by [default: the one that is called as the tool]
    #[arg(long, value_name = "NAME")]
    pub contract: Option<String>,
    /// Ask a person first, and wait: approve or deny decides about exactly these arguments
    #[arg(long)]
    pub ask: bool,
    /// When a person is asked: no decision counts after this time, such as 2h or 1h30m; at most
    /// 3650d
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// When a person is asked: wait at most this long; the same again goes on waiting
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
}

impl Gate {
    /// `--expires` and `--timeout` in milliseconds.
    fn times(&self) -> Result<(Option<u64>, Option<u64>)> {
        let of = |option: &str, text: &Option<String>| text.as_deref().map(|text| wait_ms(option, text)).transpose();
        Ok((of("--expires", &self.expires)?, of("--timeout", &self.timeout)?))
    }
}

/// A call that is to be made.
pub struct Intent<'i> {
    /// Its run.
    pub run: &'i str,
    /// Its own id.
    pub id: &'i str,
    /// What is called.
    pub tool: &'i str,
    /// What is done, in words.
    pub action: &'i str,
    /// As the flags describe it; what they leave out its contract says.
    pub described: Described,
    /// Its side effect when neither of them says so.
    pub other_side_effect: Option<SideEffect>,
    /// What it is called with.
    pub arguments: Option<&'i Arguments>,
    /// The name of the row that began the call which this one undoes.
    pub undoes: Option<&'i str>,
    /// What it must pass.
    pub gate: &'i Gate,
    /// The call is made even if its row cannot be stored. No gate is skipped for that.
    pub best_effort: bool,
}

/// A call that may be made.
pub struct Begun {
    /// The writer that put its intent on file; `None`: it could not be stored, and need not be.
    pub writer: Option<Writer<'static>>,
    /// The contract that holds for it.
    pub terms: Option<Terms>,
}

/// What may still be said against it under the lock.
pub type MayBegin<'m> = &'m mut dyn FnMut(&mut State<'_, '_>) -> Result<()>;

/// What cannot be asked is a no.
fn refusal(error: Error) -> Error {
    Error { exit: Exit::No, ..error }
}

impl Intent<'_> {
    /// Asks everybody who has a say, and stores the intent, synced. Errors: the call must not be
    /// made; exit 1, when somebody says no, or a gate cannot be asked.
    pub fn put(&self, desk: &Desk, door: &mut Door<'_>, may_begin: MayBegin<'_>) -> Result<Begun> {
        // Refused before anything is stored, also where nobody is asked in the end.
        let times = self.gate.times()?;
        let mut judge = Judge::new(&desk.location.path, (door.clock)());
        let terms = contract::of(&desk.location.path, self.gate.contract.as_deref(), self.tool, &mut judge);
        let terms = terms.map_err(refusal)?;
        let arguments_json = self.arguments.map_or("null", |arguments| &arguments.json);
        let mut described = self.described.clone();
        let told = terms.as_ref().map(|terms| terms.describe(&mut described, arguments_json, &mut judge));
        described.side_effect =
            described.side_effect.or_else(|| self.other_side_effect.map(|class| class.word().to_owned()));
        let mut call = Pairs::new();
        described.describe(&mut call, self.id, self.tool, self.arguments)?;
        if let Some(undoes) = self.undoes {
            call.text("undoes", undoes)?;
        }
        self.evaluated(told.transpose(), &call, desk, door)?;
        if let Some(terms) = &terms {
            call.text("tool_call.contract", &terms.name)?;
            let fault = terms.refuses(arguments_json, &mut judge);
            if let Some(fault) = self.evaluated(fault, &call, desk, door)? {
                self.tell_denied(&|pairs| rows::blame(pairs, &terms.name, Side::Caller, &fault), &call, desk, door);
                return Err(Error::new(
                    Exit::No,
                    format!("contract {:?} takes no such arguments: {fault}", terms.name),
                )
                .hint(format!("logbook contract show {}", terms.name)));
            }
        }
        let asks = self.asks(terms.as_ref(), &call, &mut judge, desk, door)?;
        // It is not kept running while a person thinks.
        drop(judge);
        match asks {
            Some(rule) => {
                let writer = self.ask(times, (&call, &rule), desk, door, may_begin).map(Some)?;
                Ok(Begun { writer, terms })
            }
            None => Ok(Begun { writer: self.store(&call, desk, door, may_begin)?, terms }),
        }
    }

    /// Stores the intent of a call that nobody is asked about. `None`: it could not be stored,
    /// which is no reason not to make the call, and no run that matters is held.
    fn store(
        &self,
        call: &Pairs,
        desk: &Desk,
        door: &mut Door<'_>,
        may_begin: MayBegin<'_>,
    ) -> Result<Option<Writer<'static>>> {
        let mut refused = false;
        let mut check = |state: &mut State<'_, '_>| may_begin(state).inspect_err(|_| refused = true);
        let stored =
            rows::intent(self.run, self.action, call).and_then(|row| desk.draft(&row, door)).and_then(|drafts| {
                let mut writer = desk.writer(door)?;
                let stored = writer.append_if(&drafts, OnRefused::Abort, &mut check).all()?;
                writer.sync()?;
                desk.tell_late(writer.late(), door);
                print_rows(desk.print, &drafts, &stored, door)?;
                Ok(writer)
            });
        match stored {
            Ok(writer) => Ok(Some(writer)),
            Err(error) if refused => Err(self.refused(error, call, desk, door)),
            Err(error) if self.best_effort && error.exit.is_of_storing() => {
                // The lock or the disk cannot be had, but whoever holds the run has said so in a
                // row that can be read.
                held::refuse_without_lock(desk, self.run, door)
                    .map_err(|error| self.refused(refusal(error), call, desk, door))?;
                door.note(format_args!("warning: not stored: {}", error.message));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Tells in a row that a hold refused the call.
    fn refused(&self, error: Error, call: &Pairs, desk: &Desk, door: &mut Door<'_>) -> Error {
        if error.exit == Exit::No {
            self.tell_denied(&|pairs| pairs.text("reason", &error.message), call, desk, door);
        }
        error
    }

    /// What asks for a person's decision, as fields of the request; `None`: nothing does. Errors:
    /// exit 1 when a rule denies the call, or cannot be asked. A row tells of each decision.
    fn asks(
        &self,
        terms: Option<&Terms>,
        call: &Pairs,
        judge: &mut Judge,
        desk: &Desk,
        door: &mut Door<'_>,
    ) -> Result<Option<Pairs>> {
        let mut whole = rows::intent(self.run, self.action, call)?;
        // Rules see what is called, however much of it is kept.
        if let (Keep::Digest, Some(arguments)) = (self.described.keep(), self.arguments) {
            whole.json("tool_call.args", &arguments.json)?;
        }
        // As its row will read, in whatever spelling the fields were given.
        let whole = desk.row(&whole, door)?;
        let mut rule = self.gate.ask.then(Pairs::new);
        let ruling = policy::ask(&desk.settings.policy, &whole, judge);
        if let Some(ruling) = self.evaluated(ruling, call, desk, door)? {
            let say = |pairs: &mut Pairs| ruling.say(pairs);
            match ruling.rule.then {
                Then::Deny => {
                    self.tell_denied(&say, call, desk, door);
                    return Err(Error::new(Exit::No, ruling.told()).hint("logbook policy show"));
                }
                then => self.decided(then, &say, call, desk, door)?,
            }
            if ruling.rule.then == Then::Ask {
                let mut asks = Pairs::new();
                ruling.say(&mut asks)?;
                rule = Some(asks);
            }
        }
        if let Some(terms) = terms
            && self.evaluated(terms.needs_approval(&whole, judge), call, desk, door)?
        {
            self.decided(Then::Ask, &|pairs| terms.say(pairs), call, desk, door)?;
            match &mut rule {
                Some(rule) if !rule.is_empty() => rule.text("policy.contract", &terms.name)?,
                _ => {
                    let mut asks = Pairs::new();
                    terms.say(&mut asks)?;
                    rule = Some(asks);
                }
            }
        }
        Ok(rule)
    }

    /// What a rule says of the call. One that cannot be evaluated is a no, and a row tells of that
    /// too.
    fn evaluated<T>(&self, said: Result<T>, call: &Pairs, desk: &Desk, door: &mut Door<'_>) -> Result<T> {
        said.map_err(|error| {
            self.tell_denied(&|pairs| pairs.text("reason", &error.message), call, desk, door);
            refusal(error)
        })
    }

    /// Stores the row that says what was decided without a person. With best effort it need not be
    /// stored.
    fn decided(
        &self,
        then: Then,
        say: &dyn Fn(&mut Pairs) -> Result<()>,
        call: &Pairs,
        desk: &Desk,
        door: &mut Door<'_>,
    ) -> Result<()> {
        let mut pairs = rows::policy_decision(self.run, then, self.action)?;
        say(&mut pairs)?;
        pairs.join(call)?;
        let stored = desk.draft(&pairs, door).and_then(|drafts| desk.store(&drafts, door, |_| Ok(())).map(drop));
        match stored {
            Err(error) if self.best_effort && error.exit.is_of_storing() => {
                door.note(format_args!("warning: not stored: {}", error.message));
                Ok(())
            }
            other => other,
        }
    }

    /// Stores the row that says that the call was denied. Where it cannot be stored the call is
    /// denied all the same.
    fn tell_denied(&self, say: &dyn Fn(&mut Pairs) -> Result<()>, call: &Pairs, desk: &Desk, door: &mut Door<'_>) {
        if let Err(error) = self.decided(Then::Deny, say, call, desk, door) {
            door.note(format_args!("warning: the denial was not stored: {}", error.message));
        }
    }

    /// Asks a person, waits, and stores the intent; or that the call was not made, exit 1. A yes
    /// that cannot be stored as used is none: it would count again.
    fn ask(
        &self,
        (expires_ms, timeout_ms): (Option<u64>, Option<u64>),
        (call, rule): (&Pairs, &Pairs),
        desk: &Desk,
        door: &mut Door<'_>,
        may_begin: MayBegin<'_>,
    ) -> Result<Writer<'static>> {
        let question = Question { run: self.run, action: self.action, call, rule, expires_ms };
        let (name, _) = question.put(desk, door)?;
        let Some(request) = asking::wait(desk, self.run, &name, timeout_ms, door)? else {
            return Err(Error::new(Exit::No, format!("{name} is not decided yet")).hint(format!(
                "the same again goes on waiting; a person decides with: logbook approve {}",
                asking::word(&name)
            )));
        };
        let approved = request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Approved);
        let row = || match approved {
            true => rows::intent(self.run, self.action, call),
            false => rows::not_made(self.run, self.action, call),
        };
        let mut refused = false;
        let may_begin = |state: &mut State<'_, '_>| match approved {
            true => may_begin(state).inspect_err(|_| refused = true),
            false => Ok(()),
        };
        let done = asking::take(desk, &request, door, row, may_begin);
        let done = done.map_err(|error| if refused { self.refused(error, call, desk, door) } else { error })?;
        if !approved {
            return Err(
                Error::new(Exit::No, asking::told(&request)).hint(format!("logbook show {}", shell_word(&name)))
            );
        }
        print_rows(desk.print, &done.drafts, &done.stored, door)?;
        desk.writer(door)
    }
}
