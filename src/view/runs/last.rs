//! What a run's rows said last of what it does, and of why it stopped (`docs/runs.md`, What now).
//!
//! Not here: which of it is told, which follows from where the run stands (`now`).

use std::borrow::Cow;
use std::ops::Range;

use crate::json::{self, Leaves};
use crate::model::{Field, Kind, Says, Status};
use crate::view::facts::Facts;

/// What may be said of a run. The order is that in which the texts are kept: what changes most comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Action,
    Next,
    Artifact,
    Hold,
    Error,
}

use Piece::{Action, Artifact, Error, Hold, Next};

/// The newest of each, in one run of bytes, as rows have them: each part of the rows that are read
/// has its own of each run, and nothing is judged that nobody asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where each piece ends; it begins where the one before it ends.
    ends: [usize; Piece::COUNT],
    /// A bit for each piece that some row says something of. One that is said and empty was taken back by a newer row.
    said: u8,
}

impl Piece {
    const ALL: [Piece; 5] = [Action, Next, Artifact, Hold, Error];
    const COUNT: usize = Piece::ALL.len();
    /// Bytes that most runs need.
    const ROOM: usize = 64;
}

impl<'a> Last<'a> {
    /// What was done, by rows of the run's own work. The tool's own words do not count.
    pub fn action(&self) -> Cow<'_, str> {
        json::lossy(self.piece(Action))
    }

    /// What it is to do next, also where later rows do not say. The end of a run makes it void.
    pub fn next(&self) -> Cow<'_, str> {
        json::lossy(self.piece(Next))
    }

    /// What was left behind. A call that was refused leaves nothing.
    pub fn artifact(&self) -> Cow<'_, str> {
        json::lossy(self.piece(Artifact))
    }

    /// Who holds it, and why.
    pub fn hold(&self) -> Cow<'_, str> {
        json::lossy(self.piece(Hold))
    }

    /// What went wrong, as long as no newer row says that the run goes on.
    pub fn error(&self) -> Cow<'_, str> {
        json::lossy(self.piece(Error))
    }

    fn range(&self, piece: Piece) -> Range<usize> {
        let at = piece as usize;
        at.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[at]
    }

    fn piece(&self, piece: Piece) -> &[u8] {
        self.bytes.get(self.range(piece)).unwrap_or_default()
    }

    fn is_said(&self, piece: Piece) -> bool {
        self.said & 1 << piece as u8 != 0
    }

    fn set(&mut self, piece: Piece, new: &[u8]) {
        self.said |= 1 << piece as u8;
        let Range { start, end } = self.range(piece);
        if start == end && new.is_empty() {
            return;
        }
        let known = self.bytes.to_mut();
        if known.capacity() == 0 {
            known.reserve(new.len() + Piece::ROOM);
        }
        let (length, to) = (known.len(), start + new.len());
        known.resize(length.max(length - (end - start) + new.len()), 0);
        known.copy_within(end..length, to);
        known.truncate(length - (end - start) + new.len());
        known[start..to].copy_from_slice(new);
        for end_of in &mut self.ends[piece as usize..] {
            *end_of = *end_of - (end - start) + new.len();
        }
    }

    /// Takes in the next row, which says `says` of where the run stands.
    pub fn push(&mut self, facts: &impl Facts, says: Option<Says>) {
        let stands = says.is_some();
        let kind = facts.kind();
        let is_work = match kind {
            Kind::Other => stands,
            // What is asked for is not done yet.
            Kind::ApprovalRequested => false,
            _ => kind.is_of_run() || kind == Kind::Handoff,
        };
        if is_work {
            let action = facts.chars(Field::Action);
            if let Some(action) = action.filter(|action| !action.is_empty() && !is_own_word(kind, action)) {
                self.set(Action, &action);
            }
            let is_open = !self.is_said(Error) || !self.piece(Error).is_empty();
            if stands && is_open && facts.status() != Some(Status::Failed) {
                self.set(Error, b"");
            }
            if let Some(error) = facts.raw(Field::Error) {
                self.set(Error, &text_of_error(error));
            }
        }
        match facts.chars(Field::NextIntent).filter(|next| !next.is_empty()) {
            Some(next) => self.set(Next, &next),
            None if says.is_some_and(Says::ends) => self.set(Next, b""),
            None => {}
        }
        let artifact = facts.raw(Field::ArtifactRef).or_else(|| facts.raw(Field::OutputRefs));
        if let Some(artifact) = artifact.map(first).filter(|artifact| !artifact.is_empty())
            && (facts.is_of_made_call() || facts.call().is_none())
        {
            self.set(Artifact, &artifact);
        }
    }

    /// Takes in who holds the run: `row` is its hold. Nobody asks for it once the run is released.
    pub fn held_by(&mut self, row: &[u8]) {
        let mut values = Vec::new();
        // Of so few rows that they are not among the fields that are picked of all.
        if json::pick(row, &[Field::Approver.name(), Field::Reason.name()], &mut values).is_ok() {
            let said: Vec<Cow<'_, [u8]>> = values.into_iter().flatten().filter_map(json::decode).collect();
            let said: Vec<&[u8]> = said.iter().map(|text| &**text).filter(|text| !text.is_empty()).collect();
            self.set(Hold, &said.join(&b": "[..]));
        }
    }

    /// Takes in what rows say that stand behind these.
    pub fn join(&mut self, later: Last<'a>) {
        if self.said & later.said == self.said {
            *self = later;
            return;
        }
        for piece in Piece::ALL.into_iter().filter(|piece| later.is_said(*piece)) {
            self.set(piece, later.piece(piece));
        }
    }

    /// The same, which borrows nothing.
    pub fn into_owned(self) -> Last<'static> {
        Last { bytes: Cow::Owned(self.bytes.into_owned()), ..self }
    }

    /// Its bytes, and numbers that tell what is what in them: [`Last::of`] makes it of these.
    pub fn parts(&self) -> (&[u8], [u64; Piece::COUNT + 1]) {
        let [a, b, c, d, e] = self.ends.map(|end| end as u64);
        (&self.bytes, [self.said.into(), a, b, c, d, e])
    }

    /// That of [`Last::parts`], of which the last number says how many bytes there are; `None`: they are not.
    pub fn of(bytes: &'a [u8], [said, ends @ ..]: [u64; Piece::COUNT + 1]) -> Option<Last<'a>> {
        let said = u8::try_from(said).ok()?;
        let ends = ends.map(|end| usize::try_from(end).unwrap_or(usize::MAX));
        let is_whole = ends.is_sorted() && ends.last() == Some(&bytes.len());
        is_whole.then_some(Last { bytes: Cow::Borrowed(bytes), ends, said })
    }
}

/// Why a run stopped with this row, if it is blocked or over then: an error, or a reason. A hold
/// and a decision say nothing of that.
pub fn why_stopped<'f>(facts: &'f impl Facts) -> Option<Cow<'f, [u8]>> {
    let kind = facts.kind();
    let is_request = kind == Kind::ApprovalRequested;
    let status = facts.status().filter(|status| *status != Status::InProgress)?;
    if !(is_request || kind == Kind::Other || kind.is_of_run() || kind == Kind::Handoff) {
        return None;
    }
    let says = |field: Field| facts.chars(field).filter(|text| !text.is_empty());
    let error = || facts.raw(Field::Error).map(text_of_error).filter(|_| status == Status::Failed);
    // What is said of the end, or asked for, is why it stopped; a step that was done is what it did.
    let action = || says(Field::Action).filter(|text| (is_request || kind == Kind::RunEnd) && !is_own_word(kind, text));
    error().or_else(|| says(Field::Reason)).or_else(action)
}

/// Whether a command gives this action to each row of the kind: it says no more than the kind does.
fn is_own_word(kind: Kind, action: &[u8]) -> bool {
    match kind {
        Kind::RunStart => matches!(action, b"start" | b"resume"),
        Kind::RunEnd => action == b"end",
        _ => false,
    }
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
