//! One row of a run, its fields by name.

use crate::Amended;
use crate::facts::{Facts, FieldSet};
use logbook_json as json;
use logbook_model::{Address, Field, Instant, Kind, Says, Status};

/// The fields that a record reads.
const FIELDS: FieldSet = FieldSet::of(&[
    Field::RunId,
    Field::Step,
    Field::Timestamp,
    Field::Kind,
    Field::Phase,
    Field::Action,
    Field::Status,
    Field::ArtifactRef,
    Field::NextIntent,
    Field::BlockedOn,
    Field::AgentId,
    Field::AgentVersion,
    Field::ParentRunId,
    Field::TurnId,
    Field::HandoffTo,
    Field::Model,
    Field::PromptVersion,
    Field::ToolsAvailable,
    Field::Permissions,
    Field::Task,
    Field::Requester,
    Field::Owner,
    Field::Inputs,
    Field::InputRefs,
    Field::OutputRefs,
    Field::ToolCall,
    Field::ApprovalState,
    Field::Approver,
    Field::Policy,
    Field::Reason,
    Field::Rationale,
    Field::Attempt,
    Field::RetryOf,
    Field::RetryOwner,
    Field::FallbackOf,
    Field::EscalatedTo,
    Field::StateVersion,
    Field::Client,
    Field::Error,
    Field::DurationMs,
    Field::WaitMs,
    Field::TokensIn,
    Field::TokensOut,
    Field::CostUsd,
    Field::FinalStatus,
    Field::Rating,
    Field::Answers,
    Field::Undoes,
    Field::Evidence,
    Field::Host,
    Field::ExpiresAt,
]);

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `#3`, or the row's place when it has no step.
    pub name: String,
    /// When, as it says.
    pub at: Option<Instant>,
    /// Milliseconds since the row before; `None` for the first and where a time is missing.
    pub since_ms: Option<i64>,
    /// What was corrected in it.
    pub amended: Vec<Amended>,
    /// The row that it hangs on: the one that began its call, or that it answers.
    pub head: Option<usize>,
    /// It is the intent of a call that has no result.
    pub open: bool,
    values: Vec<Option<Box<[u8]>>>,
}

impl Entry {
    /// Reads the row `text`; `place` names it when it has no step.
    pub fn read(text: &[u8], place: Option<&Address>, amended: Vec<Amended>) -> Entry {
        let mut picked = Vec::new();
        if json::pick(text, FIELDS.names(), &mut picked).is_err() {
            picked = vec![None; FIELDS.names().len()];
        }
        // What is null is not there.
        let values = picked.into_iter().map(|value| value.filter(|raw| *raw != b"null").map(Box::from)).collect();
        let mut entry =
            Entry { name: String::new(), at: None, since_ms: None, amended, head: None, open: false, values };
        let step = entry.text("step");
        entry.name = match (step.is_empty(), place) {
            (false, _) => format!("#{step}"),
            (true, Some(place)) => place.to_string(),
            (true, None) => String::new(),
        };
        entry.at = Instant::parse(&entry.text("timestamp"));
        entry
    }

    /// The value of a field as written; null is none. `tool_call.x` are the members of the call.
    pub(crate) fn raw(&self, field: &str) -> Option<&[u8]> {
        if let Some(member) = field.strip_prefix("tool_call.") {
            let call = self.raw("tool_call")?;
            let mut picked = Vec::new();
            json::pick(call, &[member], &mut picked).ok()?;
            return picked[0].filter(|raw| *raw != b"null");
        }
        let at = FIELDS.names().iter().position(|known| *known == field);
        debug_assert!(at.is_some(), "{field} is not read");
        self.values.get(at?)?.as_deref()
    }

    /// A string's characters, anything else as it is written; empty when the row has not the field.
    pub fn text(&self, field: &str) -> String {
        self.raw(field).map_or_else(String::new, plain)
    }

    /// The elements of an array, or the value itself, as texts.
    pub fn list(&self, field: &str) -> Vec<String> {
        self.raw(field).map_or_else(Vec::new, items)
    }

    /// Whether the row has the field.
    pub fn has(&self, field: &str) -> bool {
        self.raw(field).is_some()
    }

    /// Whether its kind is this one.
    pub fn is(&self, kind: Kind) -> bool {
        self.kind() == kind
    }

    /// Whether it is about a call.
    pub(crate) fn has_call(&self) -> bool {
        self.raw("tool_call").is_some_and(|raw| json::kind(raw) == Some(json::Kind::Object))
    }

    /// Whether it tells how a call goes, and so not what becomes of its run.
    pub fn tells_of_call(&self) -> bool {
        self.has_call() || self.kind().tells_of_call()
    }

    /// What it says of where its run stands, if it was not taken back.
    pub(crate) fn stands(&self) -> Option<Says> {
        Facts::stands(self).filter(|_| !self.is_retracted())
    }

    /// Whether it was taken back: it is shown, and counts for nothing.
    pub(crate) fn is_retracted(&self) -> bool {
        self.amended.iter().any(|amended| amended.retracted)
    }

    /// Whether something went wrong in it: it says so, it is an error, or its call ended so.
    pub fn went_wrong(&self) -> bool {
        let exit = self.text("tool_call.exit_code");
        self.status() == Some(Status::Failed) || self.has("error") || !(exit.is_empty() || exit == "0")
    }

    /// What it answers, in the words of whoever did.
    pub fn answer(&self) -> String {
        let (action, reason) = (self.text("action"), self.text("reason"));
        match (action.as_str(), reason.is_empty()) {
            ("", _) => reason,
            (action, _) if action == Kind::Answer.word() => reason,
            (_, true) => action,
            (_, false) => format!("{action} — {reason}"),
        }
    }

    /// Files, addresses and other things that it left behind.
    pub fn artifacts(&self) -> Vec<String> {
        let mut refs = self.list("artifact_ref");
        refs.extend(self.list("output_refs"));
        refs
    }
}

impl Facts for Entry {
    fn raw(&self, field: Field) -> Option<&[u8]> {
        self.values.get(FIELDS.slot(field)?)?.as_deref()
    }
}

/// The elements of an array, or the value itself, as texts.
pub fn items(raw: &[u8]) -> Vec<String> {
    match json::kind(raw) {
        Some(json::Kind::Array) => json::Leaves::new(raw).map(plain).collect(),
        _ => vec![plain(raw)],
    }
}

/// A string's characters, anything else as it is written.
pub fn plain(raw: &[u8]) -> String {
    match json::decode(raw) {
        Some(text) => String::from_utf8_lossy(&text).into_owned(),
        None => String::from_utf8_lossy(raw).into_owned(),
    }
}
