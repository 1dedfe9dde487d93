//! What rows mean, said by every view and by a slow, obvious reading of `docs/format.md` (What rows
//! mean): over generated logbooks all of them say the same of every run. `LOGBOOK_MEANING=20000
//! cargo test meaning` tries 20,000 of them.

use std::collections::BTreeMap;

use logbook_json as json;
use logbook_model::{Address, Field, Instant, Zone};
use logbook_query::{Place, Row};
use logbook_view::past::show;
use logbook_view::record::resume::{Resume, Section};
use logbook_view::runs::{FIELDS, Run, Runs, unpack};
use logbook_view::{Approvals, Course, Holds, Picked, Record, Stats, stats, stats::StatsPart};
use serde_json::{Value, json};

pub const NOW: &str = "2026-04-15T12:00:00Z";

pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }

    pub fn of<'v, T: ?Sized>(&mut self, all: &[&'v T]) -> &'v T {
        all[self.next(all.len())]
    }

    pub fn one_in(&mut self, sides: usize) -> bool {
        self.next(sides) == 0
    }
}

const KINDS: [&str; 21] = [
    "",
    "",
    "",
    "call.intent",
    "call.intent",
    "call.intent",
    "call.result",
    "call.result",
    "call.result",
    "approval.requested",
    "approval.requested",
    "approval.approved",
    "approval.denied",
    "approval.expired",
    "note",
    "policy.decision",
    "hold",
    "release",
    "run.end",
    "run.start",
    "metric",
];

/// A row that any program might have written.
pub fn row(dice: &mut Dice, step: u64) -> Value {
    let run = dice.of(&["a", "b", "c"]);
    let mut row = json!({ "run_id": run });
    let mut set = |name: &str, value: Value| drop(row.as_object_mut().unwrap().insert(name.to_owned(), value));
    if !dice.one_in(12) {
        // Now and then a step stands twice.
        set("step", json!(step.saturating_sub(u64::from(dice.one_in(9)) * 2).max(1)));
    }
    set("timestamp", json!(format!("2026-04-15T{:02}:{:02}:00Z", 8 + dice.next(6), dice.next(60))));
    let kind = KINDS[dice.next(KINDS.len())];
    match (kind, dice.next(20)) {
        ("", 0) => set("kind", json!(null)),
        ("", 1) => set("kind", json!("")),
        ("", _) => {}
        (_, 0) => set("kind", json!([kind])),
        _ => set("kind", json!(kind)),
    }
    if kind == "run.end" && dice.one_in(2) {
        set("final_status", json!(dice.of(&["paused", "succeeded", "escalated"])));
    }
    if dice.one_in(if kind.starts_with("run.") { 1 } else { 3 }) {
        set(
            "status",
            dice.of(&[
                &json!("in-progress"),
                &json!("blocked"),
                &json!("done"),
                &json!("odd"),
                &json!(7),
                &json!(null),
            ])
            .clone(),
        );
    }
    if dice.one_in(2) || kind.starts_with("call") {
        let mut call = json!({ "tool": "t" });
        let ids = [json!("x"), json!("y"), json!(""), json!(null), json!(7)];
        if !dice.one_in(4) {
            call["id"] = ids[dice.next(ids.len())].clone();
        }
        if dice.one_in(2) {
            call["side_effect"] = json!(dice.of(&["read", "write", "delete", "exec"]));
        }
        set("tool_call", if dice.one_in(15) { json!("odd") } else { call });
    }
    if dice.one_in(8) || kind.starts_with("approval") {
        let states = [json!("approved"), json!("denied"), json!("requested"), json!("not_required"), json!(null)];
        set("approval_state", states[dice.next(states.len())].clone());
    }
    if kind == "approval.requested" && dice.one_in(2) {
        set("expires_at", json!(format!("2026-04-15T{:02}:30:00Z", 9 + dice.next(6))));
    }
    if dice.one_in(8) || kind.starts_with("approval.") && kind != "approval.requested" {
        set("answers", json!(format!("{}#{}", dice.of(&["a", "b", "c"]), 1 + dice.next(step as usize))));
    }
    if kind == "policy.decision" {
        set("policy", json!({ "then": dice.of(&["deny", "allow", "ask"]) }));
    }
    for name in ["retry_of", "fallback_of"] {
        if dice.one_in(9) {
            set(name, dice.of(&[&json!(""), &json!("a#1"), &json!(null), &json!(3)]).clone());
        }
    }
    if dice.one_in(9) {
        set("attempt", dice.of(&[&json!(1), &json!(2), &json!("1"), &json!(""), &json!(null)]).clone());
    }
    if dice.one_in(4) {
        set("cost_usd", dice.of(&[&json!(2), &json!([1, 2]), &json!("3"), &json!(null), &json!(0)]).clone());
    }
    row
}

/// What a run comes to, read slowly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub open_calls: usize,
    pub open_requests: usize,
    pub wrote: bool,
    pub denials: usize,
    pub retries: usize,
    pub cost: i64,
    pub status: String,
    pub final_status: String,
    pub held: bool,
}

fn text<'r>(row: &'r Value, name: &str) -> Option<&'r str> {
    row[name].as_str()
}

pub fn reference(rows: &[Value]) -> BTreeMap<String, Said> {
    let mut all: BTreeMap<String, Said> = BTreeMap::new();
    for run in ["a", "b", "c"] {
        let own: Vec<&Value> = rows.iter().filter(|row| text(row, "run_id") == Some(run)).collect();
        if own.is_empty() {
            continue;
        }
        let mut said = Said::default();
        let (mut is_over, mut is_blocked) = (false, false);
        // Open calls: each intent is one; a result ends the newest open one of its id.
        let mut open: Vec<Option<&str>> = Vec::new();
        for row in &own {
            let kind = if row["kind"].is_null() { "" } else { text(row, "kind").unwrap_or("?") };
            let id = row["tool_call"]["id"].as_str();
            match kind {
                "call.intent" => open.push(id),
                "call.result" => {
                    if let Some(at) = open.iter().rposition(|known| id.is_some() && *known == id) {
                        open.remove(at);
                    }
                }
                _ => {}
            }
            let of_call = matches!(kind, "" | "call.intent" | "call.result");
            let state = text(row, "approval_state").unwrap_or("");
            let made = of_call && !matches!(state, "requested" | "denied" | "expired");
            said.wrote |= made && matches!(row["tool_call"]["side_effect"].as_str(), Some("write" | "delete"));
            let denies = kind == "approval.denied"
                || (kind == "policy.decision" && row["policy"]["then"] == "deny")
                || ((of_call || kind == "policy.decision") && state == "denied" && row["answers"].is_null());
            said.denials += usize::from(denies);
            let named = |name: &str| text(row, name).is_some_and(|name| !name.is_empty());
            let first = matches!(row["attempt"], Value::Null)
                || ["1", ""].map(Value::from).contains(&row["attempt"])
                || row["attempt"] == 1;
            said.retries += usize::from(named("retry_of") || named("fallback_of") || !first);
            said.cost += match &row["cost_usd"] {
                Value::Number(number) => number.as_i64().unwrap(),
                Value::Array(all) => all.iter().filter_map(Value::as_i64).sum(),
                _ => 0,
            };
            let beside = matches!(kind, "note" | "review" | "correction" | "repair");
            if let (Some(status), false) = (text(row, "status"), beside) {
                let of_call = matches!(kind, "call.intent" | "call.result" | "policy.decision");
                let turns = matches!(kind, "run.start" | "run.end");
                // A run that ended is over until it is begun again; one that is blocked is so
                // whatever is called meanwhile.
                let changes = match (is_over, is_blocked) {
                    (true, _) => turns,
                    (_, true) => !of_call,
                    _ => true,
                };
                if changes {
                    said.status = status.to_owned();
                    let paused = kind == "run.end" && text(row, "final_status") == Some("paused");
                    is_over = kind == "run.end" && !matches!(status, "blocked" | "in-progress");
                    is_blocked = status == "blocked" && !of_call && !paused;
                    said.final_status = text(row, "final_status").unwrap_or("").to_owned();
                }
            }
            said.held = match kind {
                "hold" => true,
                "release" => false,
                _ => said.held,
            };
        }
        said.open_calls = open.len();
        // Requests by step, the first of each; the first decision behind it that was made in time
        // decides.
        let mut seen = Vec::new();
        for (at, row) in own.iter().enumerate().filter(|(_, row)| text(row, "kind") == Some("approval.requested")) {
            let Some(step) = row["step"].as_u64() else { continue };
            if seen.contains(&step) {
                continue;
            }
            seen.push(step);
            let name = format!("{run}#{step}");
            let expires = text(row, "expires_at");
            // Times have one form here, so that they sort as texts.
            let decided = rows.iter().skip_while(|other| !std::ptr::eq(*other, own[at])).any(|other| {
                let verdict =
                    matches!(text(other, "kind"), Some("approval.approved" | "approval.denied" | "approval.expired"));
                let in_time = text(other, "kind") == Some("approval.expired")
                    || expires.is_none_or(|expires| text(other, "timestamp").unwrap() < expires);
                // Only rows of the run itself decide about it.
                verdict && in_time && text(other, "run_id") == Some(run) && text(other, "answers") == Some(&name)
            });
            said.open_requests += usize::from(!decided && expires.is_none_or(|expires| NOW < expires));
        }
        all.insert(run.to_owned(), said);
    }
    all
}

/// How many logbooks are tried.
pub fn logbooks() -> usize {
    std::env::var("LOGBOOK_MEANING").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

pub fn now() -> Instant {
    Instant::parse(NOW).unwrap()
}

fn of_run(run: &Run<'_>, denials: usize) -> Said {
    assert_eq!(run.denied, denials > 0);
    Said {
        open_calls: run.calls.count() as usize,
        open_requests: run.requests.count(now()) as usize,
        wrote: run.wrote,
        denials,
        retries: run.retries as usize,
        cost: run.sums[0].total().unwrap().to_string().parse().unwrap(),
        status: run.status().to_owned(),
        final_status: run.stands(Field::FinalStatus).to_owned(),
        held: run.is_held(),
    }
}

pub fn fold(rows: &[String]) -> Runs<'static> {
    let mut runs = Runs::default();
    for (at, text) in (0u64..).zip(rows) {
        let mut values = Vec::new();
        json::pick(text.as_bytes(), FIELDS.names(), &mut values).unwrap();
        runs.push(text.as_bytes(), &Picked::new(&FIELDS, &values), Place { input: 0, offset: at });
    }
    runs
}

fn place(at: usize) -> Address {
    Address::Place { segment: 1, offset: at as u64 }
}

/// What each view says, by its name.
fn views(rows: &[String], expected: &BTreeMap<String, Said>, dice: &mut Dice) -> Vec<(String, BTreeMap<String, Said>)> {
    let of = |runs: &Runs<'_>| -> BTreeMap<String, Said> {
        let said = |run: &Run<'_>| {
            (run.run_id.to_string(), of_run(run, expected.get(&*run.run_id).map_or(0, |it| it.denials)))
        };
        runs.all().iter().map(said).collect()
    };
    let whole = fold(rows);
    let mut parts = Runs::default();
    let (mut packed, mut from) = (Vec::new(), 0);
    while from < rows.len() {
        let to = (from + 1 + dice.next(6)).min(rows.len());
        packed.push(fold(&rows[from..to]).pack());
        parts.join(fold(&rows[from..to]));
        from = to;
    }
    let mut kept = Runs::default();
    assert!(packed.iter().all(|bytes| unpack(bytes, 0, &mut kept)));
    let mut views = vec![
        ("runs".to_owned(), of(&whole)),
        ("in parts".to_owned(), of(&parts)),
        ("from cache".to_owned(), of(&kept)),
    ];

    let mut holds = Holds::default();
    let mut approvals = Approvals::default();
    for (at, text) in rows.iter().enumerate() {
        show(&mut holds, text.as_bytes(), &place(at));
        show(&mut approvals, text.as_bytes(), &place(at));
    }
    let mut records = BTreeMap::new();
    let mut courses = BTreeMap::new();
    let mut resumes = BTreeMap::new();
    for (run, said) in expected {
        let own = rows
            .iter()
            .enumerate()
            .filter(|(_, text)| serde_json::from_str::<Value>(text).unwrap()["run_id"] == run.as_str());
        let record = Record::of(run, own.map(|(at, text)| (text.as_bytes(), Some(place(at)), Vec::new())), Vec::new());
        let open = |record: &Record| {
            record
                .approvals
                .iter()
                .filter(|it| it.decision.is_none())
                .filter_map(|it| record.request(it))
                .filter(|it| it.is_open(now()))
                .count()
        };
        records.insert(
            run.clone(),
            Said {
                open_calls: record.calls.iter().filter(|call| call.is_open()).count(),
                open_requests: open(&record),
                wrote: record.valid().any(|(_, row)| logbook_view::Facts::wrote(row)),
                denials: record.denied().count(),
                retries: record.valid().filter(|(_, row)| logbook_view::Facts::is_retry(*row)).count(),
                cost: record.sum("cost_usd").map_or(0, |sum| sum.to_string().parse().unwrap()),
                status: record.stands("status"),
                final_status: record.stands("final_status"),
                held: said.held,
            },
        );
        let mut course = Course::of(run);
        for (at, text) in rows.iter().enumerate() {
            show(&mut course, text.as_bytes(), &place(at));
        }
        courses.insert(
            run.clone(),
            Said {
                open_calls: course.open_calls().count(),
                status: course.standing().map_or_else(String::new, |it| it.status.clone()),
                ..said.clone()
            },
        );
        let resume = Resume::of(&record);
        let open = resume.items.iter().filter(|item| item.section == Section::OpenCalls).count();
        resumes.insert(run.clone(), Said { open_calls: open, ..said.clone() });
    }
    views.extend([("record".to_owned(), records), ("course".to_owned(), courses), ("resume".to_owned(), resumes)]);
    let gates = expected.iter().map(|(run, said)| {
        let open_requests = approvals.open(now()).into_iter().filter(|request| request.run == *run).count();
        (run.clone(), Said { open_requests, held: holds.held.contains_key(run), ..said.clone() })
    });
    views.push(("gates".to_owned(), gates.collect()));
    views
}

#[test]
fn every_view_says_the_same() {
    for seed in 0..logbooks() {
        let mut dice = Dice(seed as u64 * 7919 + 1);
        let length = 1 + dice.next(40);
        let rows: Vec<Value> = (1..=length).map(|step| row(&mut dice, step as u64)).collect();
        let texts: Vec<String> = rows.iter().map(Value::to_string).collect();
        let expected = reference(&rows);
        for (view, said) in views(&texts, &expected, &mut dice) {
            for (run, expected) in &expected {
                assert_eq!(said.get(run), Some(expected), "{view} of {run}, seed {seed}\n{}", texts.join("\n"));
            }
        }
        let (mut sum, mut part) = (Stats::default(), StatsPart::new(Zone::UTC));
        for text in &texts {
            if dice.next(4) == 0 {
                sum.join(std::mem::replace(&mut part, StatsPart::new(Zone::UTC)));
            }
            let mut values = Vec::new();
            json::pick(text.as_bytes(), stats::FIELDS.names(), &mut values).unwrap();
            part.push(&Row {
                text: text.as_bytes(),
                fields: &values,
                place: Place { input: 0, offset: 0 },
                in_block: false,
            });
        }
        sum.join(part);
        let retries: usize = expected.values().map(|said| said.retries).sum();
        assert_eq!(sum.counts.retries as usize, retries, "stats, seed {seed}\n{}", texts.join("\n"));
    }
}
