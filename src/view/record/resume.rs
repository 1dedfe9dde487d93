//! What an agent reads when it comes back to a run: where it stood, what was decided meanwhile, what is open, what went
//! wrong, what was done last. Cut to a number of tokens by leaving out the least useful first.
//!
//! Not here: how it is written out (`render::record::resume`); the sizes of lines come from there.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::{Approval, Entry, Record};
use crate::model::Kind;
use crate::view::facts::Facts;

/// Longest text of what may be left out, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// The newest steps and failures that stay longer than what was decided before them.
const NEWEST: usize = 3;

/// A part of what is read, in the order in which it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// That a person holds the run.
    Held,
    /// What was answered or decided since the run went on last.
    Answered,
    /// What the run is and where it stands.
    Stands,
    /// Requests that nobody has decided on.
    OpenApprovals,
    /// Calls without a result: nobody knows whether they took place.
    OpenCalls,
    /// What was decided before, and why.
    Decisions,
    /// What it left behind.
    Artifacts,
    /// What went wrong, newest last.
    Failures,
    /// What it did, newest last.
    Steps,
}

/// One thing to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where it belongs.
    pub section: Section,
    /// Its parts by name, as the rows have them; none is empty.
    pub parts: Vec<(&'static str, String)>,
    /// What is left out last has the lowest; 0 is never left out.
    rank: u32,
    /// Its row: of one rank the newest stays longest.
    row: usize,
}

/// What is to be read of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The run.
    pub run_id: String,
    /// What is read, in order.
    pub items: Vec<Item>,
    /// How many of each section were left out.
    pub left_out: Vec<(Section, usize)>,
}

impl Resume {
    /// All that there is to be read.
    pub fn of(record: &Record) -> Resume {
        let mut items = Items { record, items: Vec::new() };
        items.hold();
        items.state();
        items.approvals();
        items.open_calls();
        items.artifacts();
        items.rows(Section::Failures, |_, row| row.went_wrong());
        // What is told elsewhere is no step: decisions, requests, and intents, which their results tell again.
        let intents: HashSet<usize> = record.calls.iter().filter_map(|call| call.intent).collect();
        items.rows(Section::Steps, |at, row| {
            let told = decides(row) || row.is(Kind::ApprovalRequested) || intents.contains(&at);
            (row.stands().is_some() || row.is(Kind::Handoff)) && !row.went_wrong() && !told
        });
        let mut items = items.items;
        items.sort_by_key(|item| (item.section, item.row));
        Resume { run_id: record.run_id.clone(), items, left_out: Vec::new() }
    }

    /// The same in at most `bytes`: `bare` is what stands around the items, `size` what one takes, and what its section
    /// takes when it is the first of it. What may not be left out stays even if it does not fit.
    pub fn cut(mut self, bytes: usize, bare: usize, size: impl Fn(&Item, bool) -> usize) -> Resume {
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by_key(|at| (self.items[*at].rank, Reverse(self.items[*at].row)));
        let mut keeps = vec![false; self.items.len()];
        let mut begun: Vec<Section> = Vec::new();
        let mut used = bare;
        let mut full = false;
        for at in order {
            let item = &self.items[at];
            let more = size(item, !begun.contains(&item.section));
            full |= item.rank > 0 && used + more > bytes;
            if !full || item.rank == 0 {
                keeps[at] = true;
                used += more;
                begun.push(item.section);
            }
        }
        for (item, _) in self.items.iter().zip(&keeps).filter(|(_, keeps)| !**keeps) {
            match self.left_out.last_mut() {
                Some((section, count)) if *section == item.section => *count += 1,
                _ => self.left_out.push((item.section, 1)),
            }
        }
        let mut keeps = keeps.into_iter();
        self.items.retain(|_| keeps.next().unwrap_or(true));
        self
    }
}

struct Items<'r> {
    record: &'r Record,
    items: Vec<Item>,
}

impl Items<'_> {
    fn push(&mut self, section: Section, rank: u32, row: usize, parts: Vec<(&'static str, String)>) {
        let mut parts: Vec<_> = parts.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        if rank > 0 {
            parts.iter_mut().for_each(|(_, text)| shorten(text));
        }
        if !parts.is_empty() {
            self.items.push(Item { section, parts, rank, row });
        }
    }

    /// What is never left out: the task, where it stands, what comes next; and its inputs, which may be.
    fn state(&mut self) {
        let record = self.record;
        let standing = record.standing.and_then(|at| record.rows.get(at));
        let row = standing.map_or_else(String::new, |row| row.name.clone());
        let facts = [
            ("task", record.first("task")),
            ("status", record.stands("status")),
            ("final_status", record.newest("final_status").map_or_else(String::new, |row| row.text("final_status"))),
            ("row", row),
            ("phase", record.stands("phase")),
            ("action", record.stands("action")),
            ("blocked_on", record.blocked_on()),
            ("next_intent", record.next_intent()),
        ];
        for (at, (name, text)) in facts.into_iter().enumerate() {
            self.push(Section::Stands, 0, at, vec![(name, text)]);
        }
        for (at, name) in ["inputs", "input_refs", "permissions"].into_iter().enumerate() {
            self.push(Section::Stands, 5, 100 + at, vec![(name, record.first(name))]);
        }
    }

    /// Who holds the run, if it was not released since.
    fn hold(&mut self) {
        let newest = self.record.valid().filter(|(_, row)| row.is(Kind::Hold) || row.is(Kind::Release)).last();
        if let Some((at, row)) = newest.filter(|(_, row)| row.is(Kind::Hold)) {
            let mut parts = vec![("row", row.name.clone())];
            parts.extend(self.decision(at));
            self.push(Section::Held, 0, at, parts);
        }
    }

    fn approvals(&mut self) {
        let record = self.record;
        // The newest row by which the run went on; decisions behind it are news.
        let went_on =
            record.valid().filter(|(_, row)| row.stands().is_some() && !decides(row)).last().map(|(at, _)| at);
        let is_news = |at: usize| went_on.is_none_or(|went_on| at > went_on);
        for approval in &record.approvals {
            let Some(told) = approval.told_by() else { continue };
            let Some(decided) = approval.decision else {
                let parts = self.asked(told, approval);
                self.push(Section::OpenApprovals, 0, told, parts);
                continue;
            };
            let mut parts = self.asked(told, approval);
            parts.extend(self.decision(decided));
            let (section, rank) = if is_news(decided) { (Section::Answered, 0) } else { (Section::Decisions, 4) };
            self.push(section, rank, decided, parts);
        }
        for answer in &record.answers {
            let question = answer.question.and_then(|at| record.rows.get(at));
            let text = |of: fn(&Entry) -> String| record.rows.get(answer.answer).map_or_else(String::new, of);
            let parts = vec![
                ("row", self.name(answer.answer)),
                ("question", question.map_or_else(String::new, |row| row.text("blocked_on"))),
                ("answer", text(Entry::answer)),
                ("approver", text(|row| row.text("approver"))),
            ];
            let (section, rank) = if is_news(answer.answer) { (Section::Answered, 0) } else { (Section::Decisions, 4) };
            self.push(section, rank, answer.answer, parts);
        }
        for (at, row) in record.valid().filter(|(_, row)| row.has("policy") && !decides(row)) {
            let parts = vec![
                ("row", row.name.clone()),
                ("action", row.text("action")),
                ("outcome", row.text("approval_state")),
                ("reason", row.text("reason")),
            ];
            self.push(Section::Decisions, 4, at, parts);
        }
    }

    fn asked(&self, row: usize, approval: &Approval) -> Vec<(&'static str, String)> {
        let text = |field: &str| self.record.rows.get(row).map_or_else(String::new, |row| row.text(field));
        vec![
            ("row", self.name(row)),
            ("action", text("action")),
            ("outcome", approval.outcome(&self.record.rows)),
            ("blocked_on", if approval.decision.is_none() { text("blocked_on") } else { String::new() }),
        ]
    }

    fn decision(&self, row: usize) -> Vec<(&'static str, String)> {
        let text = |field: &str| self.record.rows.get(row).map_or_else(String::new, |row| row.text(field));
        vec![("approver", text("approver")), ("reason", text("reason"))]
    }

    fn open_calls(&mut self) {
        for call in self.record.calls.iter().filter(|call| call.is_open()) {
            let Some(intent) = call.intent else { continue };
            let row = self.record.rows.get(intent);
            let text = |member: &str| call.text(&self.record.rows, member);
            let parts = vec![
                ("row", self.name(intent)),
                ("time", row.and_then(|row| row.at).map_or_else(String::new, |at| at.to_string())),
                ("tool", text("tool")),
                ("side_effect", text("side_effect")),
                ("action", row.map_or_else(String::new, |row| row.text("action"))),
                ("args", text("args")),
            ];
            self.push(Section::OpenCalls, 1, intent, parts);
        }
    }

    fn artifacts(&mut self) {
        for (artifact, row) in self.record.artifacts() {
            let parts = vec![("row", self.name(row)), ("artifact", artifact)];
            self.push(Section::Artifacts, 5, row, parts);
        }
    }

    fn rows(&mut self, section: Section, holds: impl Fn(usize, &Entry) -> bool) {
        let record = self.record;
        let found: Vec<(usize, &Entry)> = record.valid().filter(|(at, row)| holds(*at, row)).collect();
        let newest = found.len().saturating_sub(NEWEST);
        for (nth, (at, row)) in found.into_iter().enumerate() {
            let exit = row.text("tool_call.exit_code");
            let parts = vec![
                ("row", row.name.clone()),
                ("time", row.at.map_or_else(String::new, |at| at.to_string())),
                ("status", if row.text("status") == "in-progress" { String::new() } else { row.text("status") }),
                ("kind", row.text("kind")),
                ("phase", row.text("phase")),
                ("action", row.text("action")),
                ("tool", row.text("tool_call.tool")),
                ("exit_code", if exit == "0" { String::new() } else { exit }),
                ("error", row.text("error")),
                ("handed_to", row.text("handoff_to")),
                ("rationale", row.text("rationale")),
            ];
            let rank = match (nth >= newest, section) {
                (true, Section::Steps) => 2,
                (true, _) => 3,
                (false, Section::Steps) => 7,
                (false, _) => 6,
            };
            self.push(section, rank, at, parts);
        }
    }

    fn name(&self, row: usize) -> String {
        self.record.rows.get(row).map_or_else(String::new, |row| row.name.clone())
    }
}

/// Whether a row is somebody's word on what the run asked.
fn decides(row: &Entry) -> bool {
    let kind = row.kind();
    kind.verdict().is_some() || kind.is_hold() || kind == Kind::Answer
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
}
