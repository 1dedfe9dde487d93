//! Rows about calls that other programs made, checked against the contracts of their tools:
//! `append` stores what happened, and behind it a row about the broken contract.

use std::collections::HashMap;
use std::path::Path;

use super::contract::{self, Terms};
use super::judge::Judge;
use crate::cmd::shared::writing::OpenLogbook;
use logbook_format::draft::pairs::Pairs;
use logbook_format::once_id::{BREACH, once_id};
use logbook_format::{Drafts, Rules, rows};
use logbook_json as json;
use logbook_model::error::Result;
use logbook_model::{Instant, Kind, Side};
use logbook_render::Notes;
use logbook_store::config::texts::{self, CONTRACTS};

/// The contracts of a logbook, each read when a call needs it.
pub struct Contracts<'d> {
    directory: &'d Path,
    judge: Judge,
    /// By name. An error is kept too, so that a broken contract is not tried on every row.
    loaded: HashMap<String, Result<Option<Terms>>>,
}

/// A broken contract.
pub struct Breach {
    /// The contract, the side and the fault, for people.
    pub message: String,
    /// The row about it.
    pub row: Pairs,
}

/// The contracts of the logbook, if it has any. A failure to list them is a warning, since it must
/// not keep a row from being stored.
pub fn contracts_of<'d>(logbook: &'d OpenLogbook, now: Instant, err: &mut Notes<'_>) -> Option<Contracts<'d>> {
    Contracts::of(&logbook.location.path, now).unwrap_or_else(|error| {
        err.note(format_args!("warning: {}", error.message));
        None
    })
}

/// Adds to `drafts`, behind the last draft, which was made of `row`, the row about the contract
/// that it breaks. Gives the message for people.
pub fn push(
    contracts: &mut Option<Contracts<'_>>,
    row: &[u8],
    drafts: &mut Drafts,
    rules: &Rules<'_>,
    now: &str,
) -> Option<String> {
    let contracts = contracts.as_mut()?;
    let run = drafts.rows().last().map(|draft| drafts.run_of(draft).to_owned())?;
    let pushed = contracts.broken(row, &run).and_then(|breach| {
        let Some(Breach { message, row }) = breach else { return Ok(None) };
        drafts.push(&row.object(), &Rules { own: true, ..*rules }, now, None)?;
        Ok(Some(message))
    });
    // A contract that cannot be evaluated is no reason to lose the row.
    pushed.unwrap_or_else(|error| Some(format!("could not be checked against a contract: {}", error.message)))
}

impl Contracts<'_> {
    /// The contracts of the logbook at `directory`; `None` if it has none. Errors: they cannot be
    /// listed.
    pub fn of(directory: &Path, now: Instant) -> Result<Option<Contracts<'_>>> {
        let none = texts::names(directory, CONTRACTS)?.is_empty();
        Ok((!none).then(|| Contracts { directory, judge: Judge::new(directory, now), loaded: HashMap::new() }))
    }

    /// The contract that the call in `row`, a row of `run`, breaks. Errors: the contract is not
    /// valid, or cannot be evaluated on this row.
    pub fn broken(&mut self, row: &[u8], run: &str) -> Result<Option<Breach>> {
        let mut outer = Vec::new();
        let mut call = Vec::new();
        let names = ["contract", "tool", "args", "result", "exit_code", "signal", "id"];
        // Text that is not a valid row is refused elsewhere.
        if json::pick(row, &["tool_call", "kind", "id"], &mut outer).is_err()
            || outer[0].is_none_or(|of| json::pick(of, &names, &mut call).is_err())
            || Kind::of(outer[1]) == Kind::PolicyDecision
        {
            return Ok(None);
        }
        let text = |at: usize| call.get(at).copied().flatten().and_then(json::decode);
        let word = |at: usize| text(at).map_or_else(String::new, |text| String::from_utf8_lossy(&text).into_owned());
        let json_text = |at: usize| call.get(at).copied().flatten().and_then(|raw| std::str::from_utf8(raw).ok());
        let name = if word(0).is_empty() { word(1) } else { word(0) };
        if !self.loaded.contains_key(&name) {
            let terms = contract::of(self.directory, None, &name, &mut self.judge);
            self.loaded.insert(name.clone(), terms);
        }
        let Contracts { judge, loaded, .. } = self;
        let terms = match loaded.get(&name) {
            Some(Ok(Some(terms))) => terms,
            Some(Err(error)) => return Err(error.clone()),
            _ => return Ok(None),
        };
        let code = json_text(4).and_then(|code| code.parse().ok());
        let mut broken = || -> Result<Option<(Side, String)>> {
            let caller = json_text(2).map(|args| terms.arguments_fault(args, judge)).transpose()?.flatten();
            match caller {
                Some(fault) => Ok(Some((Side::Caller, fault))),
                None => Ok(terms.result_fault(code, &word(5), json_text(3), judge)?.map(|fault| (Side::Tool, fault))),
            }
        };
        let breach = match broken() {
            Ok(breach) => breach,
            Err(error) => {
                self.loaded.insert(name, Err(error.clone()));
                return Err(error);
            }
        };
        let Some((side, fault)) = breach else { return Ok(None) };
        let mut pairs = rows::breach(run, &terms.name, side, &fault)?;
        for (name, at) in [("tool_call.id", 6), ("tool_call.tool", 1)] {
            if text(at).is_some() {
                pairs.text(name, &word(at))?;
            }
        }
        // A retried row with an id gets the same breach row, by its id.
        if let Some(id) = outer[2] {
            pairs.text("id", &once_id(BREACH, id))?;
        }
        let message = format!("contract {:?}: the {} broke it: {fault}", terms.name, side.word());
        Ok(Some(Breach { message, row: pairs }))
    }
}
