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

/// One row of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `#3`, or the place of a row without a step.
    pub name: String,
    /// The timestamp.
    pub at: Option<Instant>,
    /// Milliseconds since the row before; `None` for the first row, and if a timestamp is missing.
    pub since_ms: Option<i64>,
    /// Its corrections.
    pub amended: Vec<Amended>,
    /// The index of the row that it is attached to: the one that began its call, or that it
    /// answers.
    pub head: Option<usize>,
    /// Whether it is the intent of a call without a result.
    pub open: bool,
    values: Vec<Option<Box<[u8]>>>,
}

impl Entry {
    /// Reads the row `text`; `place` names it if it has no step.
    pub fn read(text: &[u8], place: Option<&Address>, amended: Vec<Amended>) -> Entry {
        let mut picked = Vec::new();
        if json::pick(text, FIELDS.names(), &mut picked).is_err() {
            picked = vec![None; FIELDS.names().len()];
        }
        // A null value counts as missing.
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

    /// The raw value of a field; `None` if it is missing or null. `tool_call.x` is a member of the
    /// call.
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

    /// A field as text: the decoded string, or the raw value; empty if the row does not have it.
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

    /// Whether it is of this kind.
    pub fn is(&self, kind: Kind) -> bool {
        self.kind() == kind
    }

    /// Whether it is about a call.
    pub(crate) fn has_call(&self) -> bool {
        self.raw("tool_call").is_some_and(|raw| json::kind(raw) == Some(json::Kind::Object))
    }

    /// Whether it is about the progress of a call, and so not about the state of its run.
    pub fn tells_of_call(&self) -> bool {
        self.has_call() || self.kind().tells_of_call()
    }

    /// What it says about the state of its run, unless it was retracted.
    pub(crate) fn stands(&self) -> Option<Says> {
        Facts::stands(self).filter(|_| !self.is_retracted())
    }

    /// Whether it was retracted: it is shown, and counts for nothing.
    pub(crate) fn is_retracted(&self) -> bool {
        self.amended.iter().any(|amended| amended.retracted)
    }

    /// Whether it reports a failure: by its status, an error, or the exit code of its call.
    pub fn went_wrong(&self) -> bool {
        let exit = self.text("tool_call.exit_code");
        self.status() == Some(Status::Failed) || self.has("error") || !(exit.is_empty() || exit == "0")
    }

    /// The text of an answer.
    pub fn answer(&self) -> String {
        let (action, reason) = (self.text("action"), self.text("reason"));
        match (action.as_str(), reason.is_empty()) {
            ("", _) => reason,
            (action, _) if action == Kind::Answer.word() => reason,
            (_, true) => action,
            (_, false) => format!("{action} — {reason}"),
        }
    }

    /// The artifacts that it names: files, addresses and other references.
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

/// A value as text: the decoded string, or the raw value.
pub fn plain(raw: &[u8]) -> String {
    match json::decode(raw) {
        Some(text) => String::from_utf8_lossy(&text).into_owned(),
        None => String::from_utf8_lossy(raw).into_owned(),
    }
}
