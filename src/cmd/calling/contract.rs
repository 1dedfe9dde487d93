//! The contract of a tool, ready to be asked about one call: which side broke it, and whether a person decides.

use std::ops::ControlFlow;
use std::path::Path;

use jsonschema::Validator;

use super::capture::Captured;
use super::command::{Ended, Outcome};
use super::{Described, policy};
use crate::error::{Error, Exit, Result, nearest};
use crate::format::draft::pairs::Pairs;
use crate::json;
use crate::model::names::{Type, type_of};
use crate::model::{Instant, Zone};
use crate::query::Plan;
use crate::query::jq::program::{Globals, Program, Session};
use crate::store::config::contracts::{self, Contract, ImpactScope, Rollback};
use crate::store::config::texts::{self, CONTRACTS};
use crate::view::rollback::next_placeholder;

/// A contract that holds for a call.
pub struct Terms {
    /// Its name.
    pub name: String,
    /// What it says.
    pub contract: Contract,
    args: Option<Validator>,
    returns: Option<Validator>,
    needs_approval: Option<Plan>,
    impact: Option<(Program, Globals)>,
}

/// The contract called `named`; else the one that is called as the tool, if there is one.
pub fn of(directory: &Path, named: Option<&str>, tool: &str, now: Instant) -> Result<Option<Terms>> {
    let name = named.unwrap_or(tool);
    match contracts::contract(directory, name)? {
        Some(contract) => Terms::of(directory, name, contract, now).map(Some),
        None if named.is_some() => Err(unknown(directory, name)),
        None => Ok(None),
    }
}

/// The contract called `name`, or that there is none.
pub fn named(directory: &Path, name: &str, now: Instant) -> Result<Terms> {
    of(directory, Some(name), name, now)?.ok_or_else(|| unknown(directory, name))
}

fn unknown(directory: &Path, name: &str) -> Error {
    let error = Error::usage(format!("there is no contract {name:?}"));
    let all = texts::names(directory, CONTRACTS).unwrap_or_default();
    match nearest(name, all.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint(format!("logbook contract   # lists them; {}", CONTRACTS.path(directory, "NAME").display())),
    }
}

impl Terms {
    /// Errors: what is wrong with it, each with its place, exit 2.
    fn of(directory: &Path, name: &str, contract: Contract, now: Instant) -> Result<Terms> {
        let path = CONTRACTS.path(directory, name);
        let mut faults = Vec::new();
        let mut take = |place: &str, fault: Option<String>| {
            faults.extend(fault.map(|fault| format!("{}: {place}: {fault}", path.display())));
        };
        let args = contract.args.as_ref().map(schema).transpose();
        let returns = contract.returns.as_ref().map(schema).transpose();
        let needs_approval = contract.needs_approval.as_deref().map(|when| policy::condition(when, now)).transpose();
        let impact = match &contract.impact_scope {
            Some(ImpactScope::Jq(code)) => program(code, now).map(Some),
            Some(ImpactScope::Count(count)) if *count < 0 => Err("must not be negative".to_owned()),
            _ => Ok(None),
        };
        take("args", args.as_ref().err().cloned());
        take("returns", returns.as_ref().err().cloned());
        take("needs_approval", needs_approval.as_ref().err().map(|error| error.message.clone()));
        take("impact_scope", impact.as_ref().err().cloned());
        if let (Some(class), Some(Type::OneOf(known))) = (&contract.side_effect, type_of("tool_call.side_effect"))
            && !known.contains(&class.as_str())
        {
            take("side_effect", Some(format!("{class:?} is none of {}", known.join(", "))));
        }
        take("rollback", contract.rollback.as_ref().and_then(rollback_fault));
        if contract.reversible == Some(false) && contract.rollback.is_some() {
            take("reversible", Some("it cannot be undone, and yet there is a rollback".to_owned()));
        }
        if !faults.is_empty() {
            return Err(
                Error::usage(faults.join("\n")).hint(format!("mend the file, then: logbook contract check {name}"))
            );
        }
        let impact = impact.ok().flatten();
        Ok(Terms {
            name: name.to_owned(),
            args: args.ok().flatten(),
            returns: returns.ok().flatten(),
            needs_approval: needs_approval.ok().flatten(),
            impact,
            contract,
        })
    }

    /// Says of a call with these arguments what nobody said of it.
    pub fn describe(&self, call: &mut Described, arguments: &str) -> Result<()> {
        let contract = &self.contract;
        call.side_effect = call.side_effect.take().or_else(|| contract.side_effect.clone());
        if !call.irreversible && !call.reversible {
            call.irreversible = contract.reversible == Some(false);
            call.reversible = contract.reversible == Some(true);
        }
        if call.impact.is_none() {
            call.impact = self.impact(arguments)?;
        }
        Ok(())
    }

    /// In what the arguments are not what it takes.
    pub fn refuses(&self, arguments: &str) -> Option<String> {
        fault(self.args.as_ref()?, arguments)
    }

    /// In what the tool did not do what it promises: how it ended, else what it returned.
    pub fn broken_by(&self, outcome: &Outcome) -> Option<String> {
        let returned = outcome.captured.as_ref().and_then(|captured: &Captured| captured.json(None).ok());
        match outcome.ended {
            Ended::Exit(code) => self.not_kept(Some(code.into()), "", returned.as_deref()),
            ended => self.not_kept(None, &ended.signal_name()?, returned.as_deref()),
        }
    }

    /// The same of a tool that ended with this status or signal, as far as it is known, and returned this, as JSON.
    pub fn not_kept(&self, code: Option<i64>, signal: &str, returned: Option<&str>) -> Option<String> {
        let (how, mode) = match code {
            _ if !signal.is_empty() => (signal.to_owned(), signal.to_owned()),
            None | Some(0) => return fault(self.returns.as_ref()?, returned?),
            Some(code) => (format!("exit {code}"), code.to_string()),
        };
        Some(self.contract.failure_modes.get(&mode).map_or(how.clone(), |mode| format!("{how}: {mode}")))
    }

    /// Says in `pairs` that a side broke it, and in what.
    pub fn blame(&self, pairs: &mut Pairs, side: &str, fault: &str) -> Result<()> {
        let texts = [("policy.contract", self.name.as_str()), ("policy.side", side), ("reason", fault)];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))
    }

    /// Says in `pairs` that a person decides.
    pub fn say(&self, pairs: &mut Pairs) -> Result<()> {
        pairs.text("policy.contract", &self.name)?;
        pairs.text("policy.when", self.contract.needs_approval.as_deref().unwrap_or_default())
    }

    /// Whether a person decides about the call whose intent would be `row`.
    pub fn needs_approval(&self, row: &[u8]) -> Result<bool> {
        let of = |error: Error| error.within(format_args!("contract {:?}: needs_approval", self.name));
        self.needs_approval.as_ref().map_or(Ok(false), |plan| policy::meets(plan, row).map_err(of))
    }

    /// How much a call with these arguments touches. Errors: its program fails on them.
    fn impact(&self, arguments: &str) -> Result<Option<String>> {
        let Some((program, globals)) = &self.impact else {
            return Ok(match &self.contract.impact_scope {
                Some(ImpactScope::Count(count)) => Some(count.to_string()),
                _ => None,
            });
        };
        let fail = |why: String| Error::new(Exit::No, format!("contract {:?}: impact_scope: {why}", self.name));
        let mut found = None;
        let mut session = Session::new(globals);
        session
            .run(program, arguments.as_bytes(), &mut |value| {
                found = Some(String::from_utf8_lossy(value).into_owned());
                ControlFlow::Break(())
            })
            .map_err(fail)?;
        let Some(found) = found else { return Ok(None) };
        match json::kind(found.as_bytes()) {
            Some(json::Kind::Number) => Ok(Some(found)),
            Some(json::Kind::String) => {
                Ok(json::decode(found.as_bytes()).map(|text| String::from_utf8_lossy(&text).into_owned()))
            }
            Some(json::Kind::Null) => Ok(None),
            _ => Err(fail(format!("gives {found}, neither a number nor a word"))),
        }
    }
}

/// A JSON Schema. Errors: what is wrong with it, and where.
fn schema(value: &toml::Value) -> std::result::Result<Validator, String> {
    let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    jsonschema::draft202012::new(&value).map_err(|error| {
        let place = error.instance_path().to_string();
        if place.is_empty() { error.to_string() } else { format!("{place}: {error}") }
    })
}

/// What is wrong first; its values are not told.
fn fault(validator: &Validator, text: &str) -> Option<String> {
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Some(error.to_string()),
    };
    let error = validator.iter_errors(&value).next()?;
    let place = error.instance_path().to_string();
    Some(if place.is_empty() { error.masked().to_string() } else { format!("{place}: {}", error.masked()) })
}

fn program(code: &str, now: Instant) -> std::result::Result<(Program, Globals), String> {
    let now_s = now.seconds as f64;
    let globals = Globals::new(now_s, Zone::UTC, []);
    let told = |flaws: Vec<crate::query::jq::flaws::Flaw>| {
        flaws.first().map_or_else(String::new, |flaw| format!("column {}: {}", flaw.from + 1, flaw.message))
    };
    Program::compile(code, &globals).map(|program| (program, globals.clone())).map_err(told)
}

fn rollback_fault(rollback: &Rollback) -> Option<String> {
    match rollback {
        Rollback::Procedure(text) if text.trim().is_empty() => Some("it is empty".to_owned()),
        Rollback::Command(words) if words.first().is_none_or(String::is_empty) => {
            Some("there is no command".to_owned())
        }
        Rollback::Command(words) if next_placeholder(&words[0]).is_some() => {
            Some("the command itself must not be filled in".to_owned())
        }
        _ => None,
    }
}
