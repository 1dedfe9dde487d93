//! What a run's rows said last of what it does, and of why it stopped (`docs/runs.md`, What now).
//!
//! Not here: which of it is told, which follows from where the run stands (`now`).

use std::borrow::Cow;

use super::run::Text;
use crate::json::{self, Leaves};
use crate::model::{Field, Kind, Status};
use crate::view::facts::Facts;

/// The newest of each. `None`: no row says anything of it; empty: a newer row took it back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last<'a> {
    /// What was done, by rows of the run's own work. The tool's own words do not count.
    pub action: Option<Text<'a>>,
    /// What was left behind. A call that was refused leaves nothing.
    pub artifact: Option<Text<'a>>,
    /// What went wrong, as long as no newer row says that the run goes on.
    pub error: Option<Text<'a>>,
    /// Why it stopped, by the newest row that blocked or ended it.
    pub stop: Option<Text<'a>>,
    /// Who holds it, and why.
    pub hold: Option<Text<'a>>,
}

impl<'a> Last<'a> {
    /// How many texts there are.
    pub const COUNT: usize = 5;

    /// All of them, in the order of [`Last::from`].
    pub fn each(&self) -> [&Option<Text<'a>>; Last::COUNT] {
        [&self.action, &self.artifact, &self.error, &self.stop, &self.hold]
    }

    /// Takes in the next row; `stands`: it says where the run stands.
    pub fn push(&mut self, facts: &impl Facts, stands: bool) {
        let kind = facts.kind();
        let action = facts.chars(Field::Action).filter(|action| !action.is_empty() && !is_own_word(kind, action));
        let is_work = match kind {
            Kind::Other => stands,
            // What is asked for is not done yet.
            Kind::ApprovalRequested => false,
            _ => kind.is_of_run() || kind == Kind::Handoff,
        };
        let is_request = kind == Kind::ApprovalRequested;
        // A hold and a release say nothing of how the run itself goes.
        let status = if stands && (is_work || is_request) { facts.status() } else { None };
        if is_work {
            if let Some(action) = &action {
                set(&mut self.action, action);
            }
            if stands && status != Some(Status::Failed) {
                set(&mut self.error, b"");
            }
            if let Some(error) = facts.raw(Field::Error) {
                set(&mut self.error, &text_of_error(error));
            }
        }
        let reason = || facts.chars(Field::Reason).filter(|reason| !reason.is_empty());
        let stop = match status {
            Some(Status::Failed) => facts.raw(Field::Error).map(text_of_error).or_else(reason),
            Some(Status::Done | Status::Blocked) => reason(),
            _ => None,
        };
        if matches!(status, Some(Status::Failed | Status::Done | Status::Blocked)) {
            // What is said of the end, or asked for, is why it stopped; a step that was done is what it did.
            let is_why = is_request || kind == Kind::RunEnd;
            let stop = stop.or_else(|| action.filter(|_| is_why));
            set(&mut self.stop, stop.as_deref().unwrap_or_default());
        }
        let artifact = facts.raw(Field::ArtifactRef).or_else(|| facts.raw(Field::OutputRefs));
        if let Some(artifact) = artifact.map(first).filter(|artifact| !artifact.is_empty())
            && (facts.is_of_made_call() || facts.call().is_none())
        {
            set(&mut self.artifact, &artifact);
        }
        self.hold(facts);
    }

    /// Takes in who holds the run, if the row says so. Nobody asks for it once the run is released.
    pub fn hold(&mut self, facts: &impl Facts) {
        if facts.kind() == Kind::Hold {
            let said = [Field::Approver, Field::Reason].map(|field| facts.text(field));
            let said: Vec<&str> = said.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
            set(&mut self.hold, said.join(": ").as_bytes());
        }
    }

    /// Takes in what rows say that stand behind these.
    pub fn join(&mut self, later: Last<'a>) {
        self.action = later.action.or_else(|| self.action.take());
        self.artifact = later.artifact.or_else(|| self.artifact.take());
        self.error = later.error.or_else(|| self.error.take());
        self.stop = later.stop.or_else(|| self.stop.take());
        self.hold = later.hold.or_else(|| self.hold.take());
    }

    /// The same, which borrows nothing.
    pub fn into_owned(self) -> Last<'static> {
        let own = |text: Option<Text<'a>>| text.map(|text| Cow::Owned(text.into_owned()));
        Last {
            action: own(self.action),
            artifact: own(self.artifact),
            error: own(self.error),
            stop: own(self.stop),
            hold: own(self.hold),
        }
    }
}

impl<'a> From<[Option<Text<'a>>; Last::COUNT]> for Last<'a> {
    fn from([action, artifact, error, stop, hold]: [Option<Text<'a>>; Last::COUNT]) -> Last<'a> {
        Last { action, artifact, error, stop, hold }
    }
}

/// Whether a command gives this action to each row of the kind: it says no more than the kind does.
fn is_own_word(kind: Kind, action: &[u8]) -> bool {
    match kind {
        Kind::RunStart => matches!(action, b"start" | b"resume"),
        Kind::RunEnd => action == b"end",
        _ => false,
    }
}

fn set(slot: &mut Option<Text<'_>>, text: &[u8]) {
    let known = slot.get_or_insert_default().to_mut();
    known.clear();
    known.push_str(&String::from_utf8_lossy(text));
}

/// An error in words: a string, the `message` of an object, else as it is written.
fn text_of_error(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut picked = Vec::new();
    if raw.starts_with(b"{")
        && json::pick(raw, &["message"], &mut picked).is_ok()
        && let Some(message) = picked[0].and_then(json::decode)
    {
        return message;
    }
    json::decode(raw).unwrap_or(Cow::Borrowed(raw))
}

/// The first of several, or the one that there is.
fn first(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = if raw.starts_with(b"[") { Leaves::new(raw).next().unwrap_or_default() } else { raw };
    json::decode(raw).unwrap_or(Cow::Borrowed(raw))
}
