//! The contract of a tool, checked against a call: which side broke it, and whether the call needs
//! approval.

use std::path::Path;

use super::Described;
use super::capture::Captured;
use super::command::{Ended, Outcome};
use super::judge::{Judge, Rule};
use logbook_format::draft::pairs::Pairs;
use logbook_json as json;
use logbook_model::SideEffect;
use logbook_model::error::{Error, Result, nearest};
use logbook_query::text::gate::Arguments;
use logbook_store::config::contracts::{self, Contract, ImpactScope, Rollback};
use logbook_store::config::texts::{self, CONTRACTS};
use logbook_view::rollback::next_placeholder;

/// A contract, validated, with its rules ready to be evaluated.
pub struct Terms {
    pub name: String,
    pub contract: Contract,
    args: Option<Rule>,
    returns: Option<Rule>,
    condition: Option<Rule>,
}

/// The contract called `named`, else the one with the name of the tool, if there is one. Errors:
/// exit 2, the contract is not valid, or another one is named for a tool that has its own.
pub fn of(directory: &Path, named: Option<&str>, tool: &str, judge: &mut Judge) -> Result<Option<Terms>> {
    let name = named.unwrap_or(tool);
    match contracts::contract(directory, name)? {
        Some(contract) => {
            let terms = Terms::of(directory, name, contract, judge)?;
            if name != tool && contracts::contract(directory, tool)?.is_some() {
                return Err(Error::usage(format!("tool {tool:?} has a contract of its own, so no other can be named"))
                    .hint(format!("logbook contract show {tool}   # leave --contract out")));
            }
            Ok(Some(terms))
        }
        None if named.is_some() => Err(unknown(directory, name)),
        None => Ok(None),
    }
}

/// The contract called `name`. Errors: there is none.
pub fn named(directory: &Path, name: &str, judge: &mut Judge) -> Result<Terms> {
    of(directory, Some(name), name, judge)?.ok_or_else(|| unknown(directory, name))
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
    /// Errors: exit 2, all that is not valid in the contract, each with its key.
    fn of(directory: &Path, name: &str, contract: Contract, judge: &mut Judge) -> Result<Terms> {
        let path = CONTRACTS.path(directory, name);
        let mut faults = Vec::new();
        let mut take = |place: &str, fault: Option<Error>| {
            if let Some(fault) = fault {
                faults.push(format!("{}: {place}: {}", path.display(), fault.message));
                faults.extend(fault.lines);
                faults.extend(fault.hint.map(|hint| format!("  {hint}")));
            }
        };
        let usage = |fault: Option<String>| fault.map(Error::usage);
        let args = contract.args.as_ref().map(schema).transpose()?;
        let returns = contract.returns.as_ref().map(schema).transpose()?;
        let condition = contract
            .needs_approval
            .clone()
            .map(|when| Rule::Condition { when, arguments: contract.args.as_ref().and_then(declared) });
        let impact = match &contract.impact_scope {
            Some(ImpactScope::Jq(code)) => Some(Rule::Program(code.clone())),
            Some(ImpactScope::Count(count)) => {
                take("impact_scope", usage((*count < 0).then(|| "must not be negative".to_owned())));
                None
            }
            None => None,
        };
        let rules = [("args", &args), ("returns", &returns), ("needs_approval", &condition), ("impact_scope", &impact)];
        for (place, rule) in rules {
            take(place, rule.as_ref().and_then(|rule| judge.check(rule).err()));
        }
        if let Some(class) = contract.side_effect.as_ref().filter(|class| SideEffect::of(class).is_none()) {
            take("side_effect", usage(Some(format!("{class:?} is not one of {}", SideEffect::WORDS.join(", ")))));
        }
        take("rollback", usage(contract.rollback.as_ref().and_then(rollback_fault)));
        if contract.reversible == Some(false) && contract.rollback.is_some() {
            take("reversible", usage(Some("it is false, but there is a rollback".to_owned())));
        }
        if !faults.is_empty() {
            let mut faults = faults.into_iter();
            return Err(Error::usage(faults.next().unwrap_or_default())
                .beneath(faults)
                .hint(format!("correct the file, then: logbook contract check {name}")));
        }
        Ok(Terms { name: name.to_owned(), args, returns, condition, contract })
    }

    /// Sets what `call` leaves out. Errors: `call` contradicts the contract, or the impact cannot
    /// be computed from the arguments.
    pub fn complete(&self, call: &mut Described, arguments: &str, judge: &mut Judge) -> Result<()> {
        let contract = &self.contract;
        self.settle("side_effect", &mut call.side_effect, contract.side_effect.clone())?;
        if let Some(reversible) = contract.reversible {
            let mut given = (call.reversible || call.irreversible).then(|| call.reversible.to_string());
            self.settle("reversible", &mut given, Some(reversible.to_string()))?;
            (call.reversible, call.irreversible) = (reversible, !reversible);
        }
        let impact = self.impact(arguments, judge)?;
        self.settle("impact_scope", &mut call.impact, impact)
    }

    /// Sets `given` to what is `promised`. A call must not contradict its contract, since rules and
    /// approvers rely on it.
    fn settle(&self, name: &str, given: &mut Option<String>, promised: Option<String>) -> Result<()> {
        match (given.as_deref(), &promised) {
            (Some(given), Some(promised)) if given != promised => {
                let what = format!("{name} is {promised}, and the call says {given}");
                Err(self.within("the call", Error::usage(what)))
            }
            (None, _) => {
                *given = promised;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Why the arguments do not fit the contract, if they do not.
    pub fn arguments_fault(&self, arguments: &str, judge: &mut Judge) -> Result<Option<String>> {
        self.fault("args", self.args.as_ref(), arguments, judge)
    }

    fn fault(&self, place: &str, schema: Option<&Rule>, value: &str, judge: &mut Judge) -> Result<Option<String>> {
        let fault = schema.map(|schema| judge.fault(schema, value)).transpose();
        fault.map(Option::flatten).map_err(|error| self.within(place, error))
    }

    fn within(&self, place: &str, error: Error) -> Error {
        let error = error.within(format_args!("contract {:?}: {place}", self.name));
        if error.hint.is_some() { error } else { error.hint(format!("logbook contract show {}", self.name)) }
    }

    /// How the tool broke the contract, if it did: by how it ended, else by what it returned.
    pub fn outcome_fault(&self, outcome: &Outcome, judge: &mut Judge) -> Result<Option<String>> {
        let returned = outcome.captured.as_ref().map(|captured: &Captured| captured.json(None)).transpose()?;
        match outcome.ended {
            Ended::Exit(code) => self.result_fault(Some(code.into()), "", returned.as_deref(), judge),
            ended => match ended.signal_name() {
                Some(signal) => self.result_fault(None, &signal, returned.as_deref(), judge),
                None => Ok(None),
            },
        }
    }

    /// As [`Terms::outcome_fault`]: `code` and `signal` (may be empty) say how the tool ended, as
    /// far as known, and `returned` is its output as JSON.
    pub fn result_fault(
        &self,
        code: Option<i64>,
        signal: &str,
        returned: Option<&str>,
        judge: &mut Judge,
    ) -> Result<Option<String>> {
        let (end, mode) = match code {
            _ if !signal.is_empty() => (signal.to_owned(), signal.to_owned()),
            None | Some(0) => {
                return returned.map_or(Ok(None), |it| self.fault("returns", self.returns.as_ref(), it, judge));
            }
            Some(code) => (format!("exit {code}"), code.to_string()),
        };
        let known = self.contract.failure_modes.get(&mode);
        Ok(Some(known.map_or(end.clone(), |mode| format!("{end}: {mode}"))))
    }

    /// The fields of a row that say that this contract asks for approval.
    pub fn approval_fields(&self) -> Result<Pairs> {
        let mut pairs = Pairs::new();
        pairs.text("policy.contract", &self.name)?;
        pairs.text("policy.when", self.contract.needs_approval.as_deref().unwrap_or_default())?;
        Ok(pairs)
    }

    /// Whether the call whose intent is `row` needs approval.
    pub fn needs_approval(&self, row: &[u8], judge: &mut Judge) -> Result<bool> {
        let met = self.condition.as_ref().map(|rule| judge.is_met(rule, row)).transpose();
        met.map(|met| met.unwrap_or(false)).map_err(|error| self.within("needs_approval", error))
    }

    /// `impact_scope` for a call with these arguments. Errors: its jq program fails on them.
    fn impact(&self, arguments: &str, judge: &mut Judge) -> Result<Option<String>> {
        let code = match &self.contract.impact_scope {
            Some(ImpactScope::Jq(code)) => code,
            Some(ImpactScope::Count(count)) => return Ok(Some(count.to_string())),
            None => return Ok(None),
        };
        let value = judge.value(code, arguments).map_err(|error| self.within("impact_scope", error))?;
        let Some(value) = value else { return Ok(None) };
        match json::kind(value.as_bytes()) {
            Some(json::Kind::Number) => Ok(Some(value)),
            Some(json::Kind::String) => {
                Ok(json::decode(value.as_bytes()).map(|text| String::from_utf8_lossy(&text).into_owned()))
            }
            Some(json::Kind::Null) => Ok(None),
            _ => {
                let why = format!("gives {value}, which is neither a number nor a word");
                Err(self.within("impact_scope", Error::usage(why)))
            }
        }
    }
}

/// A schema as JSON text. Every TOML value used here has a JSON form.
fn schema(value: &toml::Value) -> Result<Rule> {
    serde_json::to_string(value).map(Rule::Schema).map_err(|error| Error::usage(error.to_string()))
}

/// The arguments that the schema of an object declares.
fn declared(schema: &toml::Value) -> Option<Arguments> {
    let names = schema.get("properties")?.as_table()?.keys().cloned().collect();
    let closed = schema.get("additionalProperties").and_then(toml::Value::as_bool) == Some(false);
    Some(Arguments { names, closed })
}

fn rollback_fault(rollback: &Rollback) -> Option<String> {
    match rollback {
        Rollback::Procedure(text) if text.trim().is_empty() => Some("it is empty".to_owned()),
        Rollback::Command(words) if words.first().is_none_or(String::is_empty) => {
            Some("there is no command".to_owned())
        }
        Rollback::Command(words) if next_placeholder(&words[0]).is_some() => {
            Some("the name of the command must not have a placeholder".to_owned())
        }
        _ => None,
    }
}
