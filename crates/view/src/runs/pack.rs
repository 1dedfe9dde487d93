//! Runs as the bytes of a cache file, and back. It is part of this room because it holds every
//! field of a [`Run`] and changes with it; the cache file around the bytes (identity, checksum) is
//! of `store`.
//!
//! The texts are together at the end, so that they are validated as UTF-8 at once and are borrowed
//! from the file: nothing is copied.
//!
//! Numbers have 64 bits, little-endian. The layout: number of runs, bytes of texts, runs, texts in
//! the order of their runs. A run: flags, rows, steps, retries, rows since its last turn, offsets
//! of the newest row and of the row that names the parent, the times and sums that the flags name,
//! lengths of its texts, open calls, requests.

use std::borrow::Cow;

use super::last::Last;
use super::run::{Run, STOOD, Standing};
use super::texts::{Text, Texts};
use crate::open_requests::{Decisions, OpenRequests, Pending, RequestState};
use crate::pairing::{OpenCalls, Unpaired};
use logbook_json::Sum;
use logbook_model::standing::Stood;
use logbook_model::{Instant, Stands, Weight};
use logbook_query::Place;

const WROTE: u64 = 1;
const DENIED: u64 = 1 << 1;
const RATED: u64 = 1 << 2;
const BEGAN: u64 = 1 << 3;
const LASTED: u64 = 1 << 4;
const HELD: u64 = 1 << 5;
const RELEASED: u64 = 1 << 6;
/// The first of three flags, one for each sum.
const SUMS: u64 = 1 << 7;
const CARRIED: u64 = 1 << 10;
const WELL: u64 = 1 << 11;
/// The first of [`Last::COUNT`] flags, one for each text of [`Last`].
const LAST: u64 = 1 << 12;

/// Encodes `runs`.
pub(crate) fn pack(runs: &[Run<'_>]) -> Vec<u8> {
    let mut texts = String::new();
    let mut bytes = Vec::with_capacity(runs.len() * 256 + 16);
    put(&mut bytes, runs.len() as u64);
    put(&mut bytes, 0);
    for run in runs {
        pack_run(run, &mut bytes, &mut texts);
    }
    bytes[8..16].copy_from_slice(&(texts.len() as u64).to_le_bytes());
    bytes.extend_from_slice(texts.as_bytes());
    bytes
}

fn put(bytes: &mut Vec<u8>, value: u64) {
    bytes.extend_from_slice(&value.to_le_bytes());
}

fn pack_run(run: &Run<'_>, bytes: &mut Vec<u8>, texts: &mut String) {
    let mut flags = 0;
    let mut flag = |on: bool, bit: u64| flags |= if on { bit } else { 0 };
    flag(run.wrote, WROTE);
    flag(run.denied, DENIED);
    flag(run.held == Some(true), HELD);
    flag(run.held == Some(false), RELEASED);
    flag(run.last.is_well, WELL);
    flag(run.carried.is_some(), CARRIED);
    flag(run.rating.is_some(), RATED);
    flag(run.first_at.is_some(), BEGAN);
    flag(run.last_at.is_some(), LASTED);
    run.last.each().iter().enumerate().for_each(|(at, said)| flag(said.is_some(), LAST << at));
    let mut sums = Vec::new();
    for (at, sum) in run.sums.iter().enumerate() {
        let (reach, total) = sum.parts();
        flag(reach.is_some(), SUMS << at);
        sums.extend(reach.map(|reach| (reach, total)));
    }
    for value in [flags, run.rows, run.steps, run.retries, run.since_turn, run.newest.offset, run.parent_said.offset] {
        put(bytes, value);
    }
    for at in [run.first_at, run.last_at].into_iter().flatten() {
        put(bytes, at.seconds as u64);
        put(bytes, at.attos);
    }
    for ((from, to), total) in sums {
        put(bytes, from as u64);
        put(bytes, to as u64);
        put(bytes, total.len() as u64);
        bytes.extend_from_slice(&total);
    }
    let mut text = |text: &str, bytes: &mut Vec<u8>| {
        put(bytes, text.len() as u64);
        texts.push_str(text);
    };
    text(&run.run_id, bytes);
    run.once.iter().for_each(|said| text(said, bytes));
    text(&run.ended, bytes);
    for stands in [Some(&run.stands), run.carried.as_deref()].into_iter().flatten() {
        put(bytes, stands.newest().map_or(0, |stood| stood.weight as u64 + 1));
        if let Some(stood) = stands.newest() {
            put(bytes, stood.holds.map_or(0, |holds| holds as u64 + 1));
            stood.row.iter().for_each(|said| text(said, bytes));
        }
    }
    if let Some((rating, why)) = &run.rating {
        text(rating, bytes);
        text(why, bytes);
    }
    run.last.each().into_iter().flatten().for_each(|said| text(said, bytes));
    put(bytes, run.calls.unnamed);
    put(bytes, run.calls.iter().len() as u64);
    for (id, unpaired) in run.calls.iter() {
        text(id, bytes);
        put(bytes, unpaired.results);
        put(bytes, unpaired.intents);
    }
    put(bytes, run.requests.iter().len() as u64);
    for (step, state) in run.requests.iter() {
        put(bytes, step);
        decisions(&state.before, bytes);
        put(bytes, state.request.is_some().into());
        if let Some(request) = &state.request {
            instant(request.expires_at, bytes);
            decisions(&request.decisions, bytes);
        }
    }
}

fn instant(at: Option<Instant>, bytes: &mut Vec<u8>) {
    put(bytes, at.is_some().into());
    if let Some(at) = at {
        put(bytes, at.seconds as u64);
        put(bytes, at.attos);
    }
}

fn decisions(decisions: &Decisions, bytes: &mut Vec<u8>) {
    put(bytes, decisions.is_untimed.into());
    instant(decisions.earliest, bytes);
}

/// Decodes runs and passes each to `each`. Their rows are in input number `input`. `None` if the
/// bytes are not valid.
pub(crate) fn unpack<'a>(bytes: &'a [u8], input: u32, mut each: impl FnMut(Run<'a>)) -> Option<()> {
    let mut rest = bytes;
    let count = number(&mut rest)?;
    let texts = usize::try_from(number(&mut rest)?).ok()?;
    let (records, texts) = rest.split_at_checked(rest.len().checked_sub(texts)?)?;
    let mut reader = Reader { records, texts: std::str::from_utf8(texts).ok()? };
    for _ in 0..count {
        each(reader.run(input)?);
    }
    (reader.records.is_empty() && reader.texts.is_empty()).then_some(())
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u64::from_le_bytes(*head))
}

struct Reader<'a> {
    records: &'a [u8],
    texts: &'a str,
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        number(&mut self.records)
    }

    fn text(&mut self) -> Option<Text<'a>> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.texts.split_at_checked(length)?;
        self.texts = rest;
        Some(Cow::Borrowed(text))
    }

    fn texts<const N: usize>(&mut self) -> Option<[Text<'a>; N]> {
        let mut texts = [const { Cow::Borrowed("") }; N];
        for text in &mut texts {
            *text = self.text()?;
        }
        Some(texts)
    }

    fn last(&mut self, flags: u64) -> Option<Last<'a>> {
        let mut texts = [const { None }; Last::COUNT];
        for (at, text) in texts.iter_mut().enumerate() {
            if flags & (LAST << at) != 0 {
                *text = Some(self.text()?);
            }
        }
        Some(Last::of(flags & WELL != 0, texts))
    }

    fn instant(&mut self, given: bool) -> Option<Option<Instant>> {
        if !given {
            return Some(None);
        }
        Some(Some(Instant { seconds: self.number()? as i64, attos: self.number()? }))
    }

    fn sum(&mut self, given: bool) -> Option<Sum> {
        if !given {
            return Some(Sum::default());
        }
        let reach = (self.number()? as i64, self.number()? as i64);
        let length = usize::try_from(self.number()?).ok()?;
        let (total, rest) = self.records.split_at_checked(length)?;
        self.records = rest;
        Some(Sum::from_parts(Some(reach), total))
    }

    fn calls(&mut self) -> Option<OpenCalls<'a>> {
        let mut calls = OpenCalls::default();
        calls.unnamed = self.number()?;
        for _ in 0..self.number()? {
            let id = self.text()?;
            calls.join_one(id, Unpaired { results: self.number()?, intents: self.number()? });
        }
        Some(calls)
    }

    fn some_instant(&mut self) -> Option<Option<Instant>> {
        let given = self.number()? == 1;
        self.instant(given)
    }

    fn decisions(&mut self) -> Option<Decisions> {
        Some(Decisions { is_untimed: self.number()? == 1, earliest: self.some_instant()? })
    }

    fn requests(&mut self) -> Option<OpenRequests> {
        let mut requests = OpenRequests::default();
        for _ in 0..self.number()? {
            let (step, before) = (self.number()?, self.decisions()?);
            let request = match self.number()? {
                1 => Some(Pending { expires_at: self.some_instant()?, decisions: self.decisions()? }),
                _ => None,
            };
            requests.join_one(step, RequestState { before, request });
        }
        Some(requests)
    }

    fn weight(&mut self) -> Option<Option<Weight>> {
        match self.number()? {
            0 => Some(None),
            number => Weight::numbered(number - 1).map(Some),
        }
    }

    fn stands(&mut self) -> Option<Standing<'a>> {
        let Some(weight) = self.weight()? else { return Some(Stands::default()) };
        let holds = self.weight()?;
        Some(Stands::of(Some(Stood { weight, holds, row: self.stood()? })))
    }

    fn stood(&mut self) -> Option<Texts<'a, STOOD>> {
        let mut lengths = [0; STOOD];
        for length in &mut lengths {
            *length = usize::try_from(self.number()?).ok()?;
        }
        let total = lengths.iter().try_fold(0usize, |total, length| total.checked_add(*length))?;
        let (text, rest) = self.texts.split_at_checked(total)?;
        self.texts = rest;
        Texts::of(text, lengths)
    }

    fn run(&mut self, input: u32) -> Option<Run<'a>> {
        let flags = self.number()?;
        let has = |bit: u64| flags & bit != 0;
        let [rows, steps, retries, since_turn] = [self.number()?, self.number()?, self.number()?, self.number()?];
        let [newest, parent_said] = [self.number()?, self.number()?].map(|offset| Place { input, offset });
        Some(Run {
            rows,
            steps,
            retries,
            since_turn,
            newest,
            parent_said,
            wrote: has(WROTE),
            denied: has(DENIED),
            held: if has(HELD | RELEASED) { Some(has(HELD)) } else { None },
            first_at: self.instant(has(BEGAN))?,
            last_at: self.instant(has(LASTED))?,
            sums: [self.sum(has(SUMS))?, self.sum(has(SUMS << 1))?, self.sum(has(SUMS << 2))?],
            run_id: self.text()?,
            once: self.texts()?,
            ended: self.text()?,
            stands: self.stands()?,
            carried: if has(CARRIED) { Some(Box::new(self.stands()?)) } else { None },
            rating: if has(RATED) { Some((self.text()?, self.text()?)) } else { None },
            last: self.last(flags)?,
            calls: self.calls()?,
            requests: self.requests()?,
        })
    }
}
