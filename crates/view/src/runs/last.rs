//! What the rows of a run said last about what it does and why it stopped (`docs/runs.md`, What
//! now).
//!
//! Not here: which of these is shown; that follows from the state of the run (`run::what_now`).

use std::borrow::Cow;

use super::texts::Text;
use crate::facts::Facts;
use logbook_format::rows::is_own_word;
use logbook_json::{self as json, Leaves};
use logbook_model::{Field, Kind, Says, Status};

/// The newest of each. `None` if no row says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last<'a> {
    /// The newest action in a row of the run's own work. Words that the tool itself wrote do not
    /// count.
    pub action: Option<Text<'a>>,
    /// The newest next intent, also if later rows have none. The end of a run clears it: it is then
    /// empty.
    pub next: Option<Text<'a>>,
    /// A row says that the run goes on, so that earlier errors are past.
    pub is_well: bool,
    /// Boxed, since few rows have these.
    rare: Option<Box<Rare<'a>>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rare<'a> {
    /// The newest artifact. A call that was refused leaves none.
    artifact: Option<Text<'a>>,
    /// The newest error since the run went on last.
    error: Option<Text<'a>>,
    /// Who holds the run, and why.
    hold: Option<Text<'a>>,
}

impl<'a> Last<'a> {
    /// The number of texts.
    pub(crate) const COUNT: usize = 5;

    /// The texts, in the order of [`Last::of`].
    pub(crate) fn each(&self) -> [Option<&Text<'a>>; Last::COUNT] {
        let [artifact, error, hold] = match &self.rare {
            Some(rare) => [rare.artifact.as_ref(), rare.error.as_ref(), rare.hold.as_ref()],
            None => [None; 3],
        };
        [self.action.as_ref(), self.next.as_ref(), artifact, error, hold]
    }

    /// From these texts.
    pub(crate) fn of(
        is_well: bool,
        [action, next, artifact, error, hold]: [Option<Text<'a>>; Last::COUNT],
    ) -> Last<'a> {
        let rare = Rare { artifact, error, hold };
        Last { action, next, is_well, rare: (rare != Rare::default()).then(|| Box::new(rare)) }
    }

    /// The newest artifact.
    pub(crate) fn artifact(&self) -> &str {
        self.rare.as_ref().and_then(|rare| rare.artifact.as_deref()).unwrap_or_default()
    }

    /// The newest error since the run went on last.
    pub(crate) fn error(&self) -> &str {
        self.rare.as_ref().and_then(|rare| rare.error.as_deref()).unwrap_or_default()
    }

    /// Who holds the run, and why.
    pub(crate) fn hold(&self) -> &str {
        self.rare.as_ref().and_then(|rare| rare.hold.as_deref()).unwrap_or_default()
    }

    fn rare(&mut self) -> &mut Rare<'a> {
        self.rare.get_or_insert_default()
    }

    /// Adds the next row. `says`: what the row says about the state of the run.
    pub(crate) fn push(&mut self, facts: &impl Facts, says: Option<Says>) {
        let stands = says.is_some();
        let kind = facts.kind();
        let action = facts.chars(Field::Action).filter(|action| !action.is_empty() && !is_own_word(kind, action));
        let is_work = match kind {
            Kind::Other => stands,
            // A request is not done yet.
            Kind::ApprovalRequested => false,
            _ => kind.is_of_run() || kind == Kind::Handoff,
        };
        if is_work {
            if let Some(action) = &action {
                set(&mut self.action, action);
            }
            if stands && facts.status() != Some(Status::Failed) {
                self.is_well = true;
                if let Some(rare) = &mut self.rare {
                    rare.error = None;
                }
            }
            if let Some(error) = facts.raw(Field::Error) {
                set(&mut self.rare().error, &text_of_error(error));
            }
        }
        match facts.chars(Field::NextIntent).filter(|next| !next.is_empty()) {
            Some(next) => set(&mut self.next, &next),
            None if says.is_some_and(Says::ends) => set(&mut self.next, b""),
            None => {}
        }
        let artifact = facts.raw(Field::ArtifactRef).or_else(|| facts.raw(Field::OutputRefs));
        if let Some(artifact) = artifact.map(first).filter(|artifact| !artifact.is_empty())
            && (facts.is_of_made_call() || facts.call().is_none())
        {
            set(&mut self.rare().artifact, &artifact);
        }
    }

    /// Adds the hold `row`. It is shown only while the run is held.
    pub(crate) fn held_by(&mut self, row: &[u8]) {
        let mut values = Vec::new();
        // Hold rows are rare, so that these fields are not picked of every row.
        if json::pick(row, &[Field::Approver.name(), Field::Reason.name()], &mut values).is_ok() {
            let said: Vec<Cow<'_, [u8]>> = values.into_iter().flatten().filter_map(json::decode).collect();
            let said: Vec<&[u8]> = said.iter().map(|text| &**text).filter(|text| !text.is_empty()).collect();
            set(&mut self.rare().hold, &said.join(&b": "[..]));
        }
    }

    /// Adds what later rows say.
    pub(crate) fn join(&mut self, later: Last<'a>) {
        self.action = later.action.or_else(|| self.action.take());
        self.next = later.next.or_else(|| self.next.take());
        self.is_well |= later.is_well;
        if let Some(rare) = self.rare.as_mut().filter(|_| later.is_well) {
            rare.error = None;
        }
        if let Some(later) = later.rare {
            let rare = self.rare();
            rare.artifact = later.artifact.or_else(|| rare.artifact.take());
            rare.error = later.error.or_else(|| rare.error.take());
            rare.hold = later.hold.or_else(|| rare.hold.take());
        }
    }

    /// An owned copy.
    pub(crate) fn into_owned(self) -> Last<'static> {
        let own = |text: Option<Text<'a>>| text.map(|text| Cow::Owned(text.into_owned()));
        let rare = self
            .rare
            .map(|rare| Box::new(Rare { artifact: own(rare.artifact), error: own(rare.error), hold: own(rare.hold) }));
        Last { action: own(self.action), next: own(self.next), is_well: self.is_well, rare }
    }
}

/// Why the run stopped with this row, if it is blocked or over: an error, or a reason. A hold and a
/// decision do not say.
pub(crate) fn why_stopped<'f>(facts: &'f impl Facts) -> Option<Cow<'f, [u8]>> {
    let kind = facts.kind();
    let is_request = kind == Kind::ApprovalRequested;
    let status = facts.status().filter(|status| *status != Status::InProgress)?;
    if !(is_request || kind == Kind::Other || kind.is_of_run() || kind == Kind::Handoff) {
        return None;
    }
    let says = |field: Field| facts.chars(field).filter(|text| !text.is_empty());
    let error = || facts.raw(Field::Error).map(text_of_error).filter(|_| status == Status::Failed);
    // The action of an end or a request says why the run stopped; that of a step says what was
    // done.
    let action = || says(Field::Action).filter(|text| (is_request || kind == Kind::RunEnd) && !is_own_word(kind, text));
    error().or_else(|| says(Field::Reason)).or_else(action)
}

fn set(slot: &mut Option<Text<'_>>, text: &[u8]) {
    let known = slot.get_or_insert_default().to_mut();
    known.clear();
    known.push_str(&json::lossy(text));
}

/// An error as text: a string, the `message` of an object, or the raw value.
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

/// The first element of an array, or the value itself, as text.
fn first(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = if raw.starts_with(b"[") { Leaves::new(raw).next().unwrap_or_default() } else { raw };
    json::decode(raw).unwrap_or(Cow::Borrowed(raw))
}
