//! What the gates of a logbook say about a call. The row of the call, the contract of its tool and
//! the policy meet in [`Intent::decide`] and nowhere else. Nothing is appended here: `begin`
//! appends what was decided.

use super::contract::{self, Terms};
use super::judge::Judge;
use super::{Arguments, Described, Keep, policy};
use crate::cmd::Door;
use crate::cmd::shared::writing::OpenLogbook;
use logbook_format::draft::pairs::Pairs;
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Side, SideEffect, Then, wait_ms};

/// Flags about the gates of a call.
#[derive(Debug, Default, clap::Args)]
pub struct Gate {
    /// The contract of the call [default: the one named as the tool]
    #[arg(long, value_name = "NAME")]
    pub contract: Option<String>,
    /// Ask a person first, and wait for the decision about exactly these arguments
    #[arg(long)]
    pub ask: bool,
    /// Expire the request to a person after this time, such as 2h or 1h30m; at most 3650d
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// Wait at most this long for a person; call again to go on waiting
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
}

/// `--expires` and `--timeout`, milliseconds.
pub struct Times {
    pub expires_ms: Option<u64>,
    pub timeout_ms: Option<u64>,
}

impl Gate {
    /// Errors: a time is not valid.
    pub fn times(&self) -> Result<Times> {
        let ms = |option: &str, text: &Option<String>| text.as_deref().map(|text| wait_ms(option, text)).transpose();
        Ok(Times { expires_ms: ms("--expires", &self.expires)?, timeout_ms: ms("--timeout", &self.timeout)? })
    }
}

/// A call that is about to be made.
pub struct Intent<'i> {
    pub run: &'i str,
    /// The id of the call.
    pub id: &'i str,
    pub tool: &'i str,
    /// What is done, for people.
    pub action: &'i str,
    /// As the flags describe it. The contract sets what they leave out.
    pub described: Described,
    /// The side effect if neither the flags nor the contract set one.
    pub default_side_effect: Option<SideEffect>,
    pub arguments: Option<&'i Arguments>,
    /// The name of the row that began the call which this one undoes.
    pub undoes: Option<&'i str>,
    pub gate: &'i Gate,
    /// Make the call even if its row cannot be stored. This skips no gate.
    pub best_effort: bool,
}

/// What the gates say about a call.
pub struct Decision {
    /// The fields of the call, completed by its contract.
    pub call: Pairs,
    /// The contract of the call.
    pub terms: Option<Terms>,
    /// What rules decided, in order. Each becomes a row.
    pub rulings: Vec<Ruling>,
    pub outcome: Outcome,
}

/// What one rule or contract decided.
pub struct Ruling {
    pub then: Then,
    /// Which rule decided, and why: fields of the row.
    pub fields: Pairs,
}

/// Whether the call may be made.
pub enum Outcome {
    Allowed,
    /// A person must approve it. The fields say what in the logbook asks for that; none: `--ask`.
    NeedsApproval(Pairs),
    /// The last ruling denies it. The error has exit 1.
    Denied(Error),
}

/// A gate that cannot be evaluated refuses: exit 1.
pub fn as_refusal(error: Error) -> Error {
    Error { exit: Exit::No, ..error }
}

impl Intent<'_> {
    /// Asks the contract, then the policy. Appends nothing. Errors: the call is not described
    /// validly, or the contract cannot be read (exit 1).
    pub fn decide(&self, logbook: &OpenLogbook, door: &Door<'_>) -> Result<Decision> {
        let directory = &logbook.location.path;
        let mut judge = Judge::new(directory, (door.clock)());
        let terms = contract::of(directory, self.gate.contract.as_deref(), self.tool, &mut judge);
        let terms = terms.map_err(as_refusal)?;
        let arguments = self.arguments.map_or("null", |arguments| &arguments.json);
        let mut described = self.described.clone();
        let completed = terms.as_ref().map_or(Ok(()), |terms| terms.complete(&mut described, arguments, &mut judge));
        let call = self.fields(described)?;
        let mut decision = Decision { call, terms: None, rulings: Vec::new(), outcome: Outcome::Allowed };
        if let Err(error) = completed {
            return decision.refuse(error);
        }
        if let Some(terms) = &terms {
            decision.call.text("tool_call.contract", &terms.name)?;
            match terms.arguments_fault(arguments, &mut judge) {
                Err(error) => return decision.refuse(error),
                Ok(Some(fault)) => {
                    let mut fields = Pairs::new();
                    rows::blame(&mut fields, &terms.name, Side::Caller, &fault)?;
                    let message = format!("contract {:?} takes no such arguments: {fault}", terms.name);
                    let hint = format!("logbook contract show {}", terms.name);
                    let denial = Ruling { then: Then::Deny, fields };
                    return Ok(decision.deny(denial, Error::new(Exit::No, message).hint(hint)));
                }
                Ok(None) => {}
            }
        }
        decision.terms = terms;
        let row = self.row(&decision.call, logbook, door)?;
        self.apply_rules(decision, &row, &mut judge, logbook)
    }

    /// The fields of the call, but for the name of its contract.
    fn fields(&self, mut described: Described) -> Result<Pairs> {
        described.side_effect =
            described.side_effect.or_else(|| self.default_side_effect.map(|class| class.word().to_owned()));
        let mut call = Pairs::new();
        described.describe(&mut call, self.id, self.tool, self.arguments)?;
        if let Some(undoes) = self.undoes {
            call.text("undoes", undoes)?;
        }
        Ok(call)
    }

    /// The row that rules are evaluated on: what is really called, however much of it is kept, in
    /// the spelling that its row will have.
    fn row(&self, call: &Pairs, logbook: &OpenLogbook, door: &Door<'_>) -> Result<Vec<u8>> {
        let mut pairs = rows::intent(self.run, self.action, call)?;
        if let (Keep::Digest, Some(arguments)) = (self.described.keep(), self.arguments) {
            pairs.json("tool_call.args", &arguments.json)?;
        }
        logbook.unredacted_row(&pairs, door)
    }

    /// What the policy and the contract's `needs_approval` say about the call whose row is `row`.
    fn apply_rules(
        &self,
        mut decision: Decision,
        row: &[u8],
        judge: &mut Judge,
        logbook: &OpenLogbook,
    ) -> Result<Decision> {
        let mut request = self.gate.ask.then(Pairs::new);
        match policy::first_match(&logbook.settings.policy, row, judge) {
            Err(error) => return decision.refuse(error),
            Ok(None) => {}
            Ok(Some(matched)) => {
                let ruling = Ruling { then: matched.rule.then, fields: matched.fields()? };
                match ruling.then {
                    Then::Deny => {
                        let error = Error::new(Exit::No, matched.message()).hint("logbook policy");
                        return Ok(decision.deny(ruling, error));
                    }
                    Then::Ask => request = Some(ruling.fields.clone()),
                    _ => {}
                }
                decision.rulings.push(ruling);
            }
        }
        let needs_approval = decision.terms.as_ref().map_or(Ok(false), |terms| terms.needs_approval(row, judge));
        match (needs_approval, &decision.terms) {
            (Err(error), _) => return decision.refuse(error),
            (Ok(true), Some(terms)) => {
                let fields = terms.approval_fields()?;
                match &mut request {
                    Some(request) if !request.is_empty() => request.text("policy.contract", &terms.name)?,
                    _ => request = Some(fields.clone()),
                }
                decision.rulings.push(Ruling { then: Then::Ask, fields });
            }
            _ => {}
        }
        decision.outcome = request.map_or(Outcome::Allowed, Outcome::NeedsApproval);
        Ok(decision)
    }
}

impl Decision {
    fn deny(mut self, denial: Ruling, error: Error) -> Decision {
        self.rulings.push(denial);
        Decision { outcome: Outcome::Denied(error), ..self }
    }

    /// Denies the call because a rule could not be evaluated on it.
    fn refuse(self, error: Error) -> Result<Decision> {
        let denial = Ruling::denial(&error)?;
        Ok(self.deny(denial, as_refusal(error)))
    }
}

impl Ruling {
    /// The denial of a call, with `error` as the reason.
    pub fn denial(error: &Error) -> Result<Ruling> {
        let mut fields = Pairs::new();
        fields.text("reason", &error.message)?;
        Ok(Ruling { then: Then::Deny, fields })
    }
}
