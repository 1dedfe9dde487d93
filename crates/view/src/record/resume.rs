//! What an agent reads when it comes back to a run: what the run waits for, its state, what was
//! decided meanwhile, what is open, what went wrong, what was done last. It is cut to a number of
//! tokens by leaving out the least useful items.
//!
//! Not here: how it is written (`render::record::resume`), which also supplies the sizes of lines.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::json::Object;
use super::{Approval, Entry, Record};
use crate::facts::Facts;
use logbook_format::draft::pairs::shell_word;
use logbook_format::rows::what_was_judged;
use logbook_model::{Field, Kind, Status, Verdict};

/// The longest text in an item that may be left out, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// This many of the newest steps and failures stay longer than earlier decisions.
const NEWEST: usize = 3;

/// A section, in reading order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// That a person holds the run.
    Held,
    /// What a blocked run waits for, and what lets it go on.
    Waits,
    /// What was answered or decided since the run went on last.
    Answered,
    /// The task and the state of the run.
    Stands,
    /// Requests without a decision.
    OpenApprovals,
    /// Calls without a result: it is not known whether they took place.
    OpenCalls,
    /// Earlier decisions, and why.
    Decisions,
    /// Artifacts.
    Artifacts,
    /// What went wrong, newest last.
    Failures,
    /// What it did, newest last.
    Steps,
}

/// One item of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its section.
    pub section: Section,
    /// Its named texts, as the rows have them; none is empty.
    pub parts: Vec<(&'static str, String)>,
    /// Items with a high rank are left out first; those with 0 never.
    rank: u32,
    /// The index of its row: of equal rank, the newest stay longest.
    row: usize,
}

/// What to read about one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The id of the run.
    pub run_id: String,
    /// The items, in reading order.
    pub items: Vec<Item>,
    /// The number of items left out of each section.
    pub left_out: Vec<(Section, usize)>,
}

impl Resume {
    /// All items of a run.
    pub fn of(record: &Record) -> Resume {
        let mut items = Items { record, items: Vec::new() };
        items.hold();
        items.waits();
        items.state();
        items.approvals();
        items.open_calls();
        items.artifacts();
        items.rows(Section::Failures, |_, row| row.went_wrong());
        // Decisions, requests and intents have their own sections or are covered by their results.
        let intents: HashSet<usize> = record.calls.iter().filter_map(|call| call.intent).collect();
        items.rows(Section::Steps, |at, row| {
            let is_elsewhere = decides(row) || row.is(Kind::ApprovalRequested) || intents.contains(&at);
            (row.stands().is_some() || row.is(Kind::Handoff)) && !row.went_wrong() && !is_elsewhere
        });
        let mut items = items.items;
        items.sort_by_key(|item| (item.section, item.row));
        Resume { run_id: record.run_id.clone(), items, left_out: Vec::new() }
    }

    /// Leaves out items until at most `bytes` remain. `bare`: the size of what is around the items.
    /// `size`: the size of an item, with its heading if it is the first of its section (true).
    /// Items of rank 0 stay even if they do not fit.
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

    /// The task, the state and the next intent, which are never left out; and the inputs, which may
    /// be.
    fn state(&mut self) {
        let record = self.record;
        let standing = record.standing.and_then(|at| record.rows.get(at));
        let of_standing = |field: &str| standing.map_or_else(String::new, |row| row.text(field));
        let facts = [
            vec![("task", record.first("task"))],
            vec![("status", of_standing("status"))],
            vec![("final_status", of_standing("final_status"))],
            vec![("row", standing.map_or_else(String::new, |row| row.name.clone()))],
            vec![("phase", of_standing("phase"))],
            vec![("action", of_standing("action")), ("kind", of_standing("kind"))],
            record.next_row().map_or_else(Vec::new, |at| self.next(at)),
        ];
        for (at, parts) in facts.into_iter().enumerate() {
            self.push(Section::Stands, 0, at, parts);
        }
        for (at, name) in ["inputs", "input_refs", "permissions"].into_iter().enumerate() {
            self.push(Section::Stands, 5, 100 + at, vec![(name, record.first(name))]);
        }
    }

    /// The next intent in the row at `at`, and what happened since.
    fn next(&self, at: usize) -> Vec<(&'static str, String)> {
        let mut since = Object::default();
        for (what, count) in self.record.counts(Some(at)).into_iter().filter(|(_, count)| *count > 0) {
            since.raw(&what.replace(' ', "_"), count.to_string().as_bytes());
        }
        vec![
            ("next_intent", self.text(at, "next_intent")),
            ("next_intent_row", self.name(at)),
            ("next_intent_time", self.time(at)),
            ("since_then", String::from_utf8_lossy(&since.end()).into_owned()),
        ]
    }

    /// What a blocked run waits for, since when, and the command with which a person lets it go on.
    fn waits(&mut self) {
        let record = self.record;
        let Some(standing) = record.standing.filter(|_| record.stands("status") == Status::Blocked.word()) else {
            return;
        };
        let what = record.blocked_on();
        let same = |row: &Entry| row.status() == Some(Status::Blocked) && row.text("blocked_on") == what;
        let open = record.approvals.iter().filter(|approval| approval.decision.is_none());
        let mut asked = open.filter_map(|approval| approval.request);
        let asked = asked.rfind(|at| *at == standing || record.rows.get(*at).is_some_and(same));
        let said = record.valid().filter(|(at, row)| *at <= standing && row.stands().is_some());
        // Calls in between do not change what it waits for.
        let said: Vec<(usize, &Entry)> = said.filter(|(_, row)| same(row) || !row.tells_of_call()).collect();
        let first = said.iter().rev().take_while(|(_, row)| same(row)).last().map_or(standing, |(at, _)| *at);
        let row = asked.unwrap_or(first);
        let run = shell_word(&record.run_id);
        let go_on = match (asked, record.rows.get(standing).map(Facts::kind)) {
            (Some(at), _) => {
                let request = shell_word(&format!("{}{}", record.run_id, self.name(at)));
                format!("logbook approve {request}, or logbook deny {request} --why '…'")
            }
            (None, Some(Kind::Hold)) => format!("logbook release {run} --why '…'"),
            (None, _) => format!("logbook answer {run} '…'"),
        };
        let parts = vec![
            ("blocked_on", what),
            ("escalated_to", record.stands("escalated_to")),
            ("blocked_row", self.name(row)),
            ("blocked_since", self.time(row)),
            ("expires_at", self.text(row, "expires_at")),
            ("go_on", go_on),
        ];
        self.push(Section::Waits, 0, row, parts);
    }

    /// Who holds the run, unless it was released since.
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
        // The newest row by which the run went on; later decisions are news.
        let went_on =
            record.valid().filter(|(_, row)| row.stands().is_some() && !decides(row)).last().map(|(at, _)| at);
        let is_news = |at: usize| went_on.is_none_or(|went_on| at > went_on);
        for approval in &record.approvals {
            let Some(told) = approval.main_row() else { continue };
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
            let row = record.rows.get(answer.answer);
            let parts = vec![
                ("row", self.name(answer.answer)),
                ("question", answer.question.map_or_else(String::new, |at| self.text(at, "blocked_on"))),
                ("answer", row.map_or_else(String::new, Entry::answer)),
                ("approver", self.text(answer.answer, "approver")),
                ("question_row", answer.question.map_or_else(String::new, |at| self.name(at))),
            ];
            let (section, rank) = if is_news(answer.answer) { (Section::Answered, 0) } else { (Section::Decisions, 4) };
            self.push(section, rank, answer.answer, parts);
        }
        let judged = |row: &Entry| row.has("policy") && !decides(row) && !row.is(Kind::ApprovalRequested);
        for (at, row) in record.valid().filter(|(_, row)| judged(row)) {
            let outcome = row.text("approval_state");
            let outcome = match (outcome.is_empty(), row.denies()) {
                (false, _) => outcome,
                (true, true) => Verdict::Denied.word().to_owned(),
                (true, false) => member(row, "then").unwrap_or_default(),
            };
            let mut parts = vec![
                ("row", row.name.clone()),
                ("action", what_was_judged(&row.text("action")).to_owned()),
                ("outcome", outcome),
            ];
            parts.extend(self.decision(at));
            parts.push(("by", judge(row)));
            self.push(Section::Decisions, 4, at, parts);
        }
    }

    fn asked(&self, row: usize, approval: &Approval) -> Vec<(&'static str, String)> {
        vec![
            ("row", self.name(row)),
            ("action", self.text(row, "action")),
            ("outcome", approval.outcome(&self.record.rows)),
            ("blocked_on", if approval.decision.is_none() { self.text(row, "blocked_on") } else { String::new() }),
            ("decision", approval.decision.map_or_else(String::new, |at| self.name(at))),
        ]
    }

    fn decision(&self, row: usize) -> Vec<(&'static str, String)> {
        vec![("approver", self.text(row, "approver")), ("reason", self.text(row, "reason"))]
    }

    fn open_calls(&mut self) {
        for call in self.record.calls.iter().filter(|call| call.is_open()) {
            let Some(intent) = call.intent else { continue };
            let text = |member: &str| call.text(&self.record.rows, member);
            let parts = vec![
                ("row", self.name(intent)),
                ("time", self.time(intent)),
                ("tool", text("tool")),
                ("side_effect", text("side_effect")),
                ("action", self.text(intent, "action")),
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
                ("time", self.time(at)),
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

    fn time(&self, row: usize) -> String {
        self.record.rows.get(row).and_then(|row| row.at).map_or_else(String::new, |at| at.to_string())
    }

    fn text(&self, row: usize, field: &str) -> String {
        self.record.rows.get(row).map_or_else(String::new, |row| row.text(field))
    }
}

/// Whether a row is a decision on something that the run asked.
fn decides(row: &Entry) -> bool {
    row.kind().is_decision()
}

/// A string member of the rule or contract in a row.
fn member(row: &Entry, name: &str) -> Option<String> {
    row.member(name, Field::Policy).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// The rule or contract that judged a call.
fn judge(row: &Entry) -> String {
    match (member(row, "contract"), member(row, "rule")) {
        (Some(contract), _) => format!("contract {contract}"),
        (None, Some(rule)) => format!("policy rule {rule}"),
        (None, None) => "policy".to_owned(),
    }
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
}
