//! The same as `meaning`, through the door of every command, over files: rows with corrections,
//! retractions, rows that were stored again, files that several runs touched and runs below others,
//! in several segments, without and with `cache/`. `LOGBOOK_MEANING=20000 cargo test meaning` tries
//! 20,000 logbooks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use logbook::cmd::Door;
use logbook_render::{Notes, Output, Progress};
use logbook_store::Environment;
use serde_json::{Value, json};

use crate::meaning::{Dice, NOW, Said, logbooks, now, reference, row};
use crate::served::Served;
use crate::support::Book;

/// The file that some rows touch.
const FILE: &str = "out/report.txt";
const RUNS: [&str; 3] = ["a", "b", "c"];
/// One logbook in so many is asked over HTTP too: a server takes longer than all else.
const SERVED_ONE_IN: usize = 40;

/// Rows as they stand on file, and what is left of them when corrections are folded in and places
/// are voided.
struct Generated {
    written: Vec<Value>,
    folded: Vec<Value>,
}

fn generate(dice: &mut Dice) -> Generated {
    let length = 1 + dice.next(30);
    // What stands on file; for a row of a run its number among `rows`.
    let mut written: Vec<(Value, Option<usize>)> = Vec::new();
    let mut rows: Vec<Option<Value>> = Vec::new();
    for step in 1..=length as u64 {
        let mut row = row(dice, step);
        if row["kind"].is_array() {
            // A query compares the elements of an array (docs/format.md, What rows mean).
            row["kind"] = json!(7);
        }
        if dice.one_in(3) {
            row[*dice.of(&[&"artifact_ref", &"output_refs"])] =
                dice.of(&[&json!(FILE), &json!(["x", FILE]), &json!("else.txt")]).clone();
        }
        if dice.one_in(12) {
            row["parent_run_id"] = json!(dice.of(&RUNS));
        }
        if dice.one_in(3) {
            row["id"] = json!(format!("k-{step}"));
        }
        written.push((row.clone(), Some(rows.len())));
        rows.push(Some(row));
        if dice.one_in(4) {
            say_of_another(dice, &mut written, &mut rows);
        }
    }
    Generated {
        written: written.into_iter().map(|(row, _)| row).collect(),
        folded: rows.into_iter().flatten().collect(),
    }
}

/// Adds a row that changes how one before it reads.
fn say_of_another(dice: &mut Dice, written: &mut Vec<(Value, Option<usize>)>, rows: &mut Vec<Option<Value>>) {
    let at = dice.next(rows.len());
    let Some(row) = rows[at].clone() else { return };
    let name = |row: &Value| Some((row["run_id"].as_str()?.to_owned(), row["step"].as_u64()?));
    let Some((run, step)) = name(&row) else { return };
    // Of two rows with one name nobody but the store knows which is meant.
    if written.iter().filter(|(other, _)| name(other) == Some((run.clone(), step))).count() > 1 {
        return;
    }
    let next = 1000 + written.len();
    let kind = row["kind"].as_str().unwrap_or(if row["kind"].is_null() { "" } else { "?" });
    if dice.one_in(3) && row["id"].is_string() && row["corrected"].is_null() {
        // Stored again: the place before counts no more.
        let place = written.iter().position(|(_, number)| *number == Some(at)).unwrap();
        let mut again = written[place].0.clone();
        again["timestamp"] = json!("2026-04-15T11:59:00Z");
        let voids = json!({"run_id":"_logbook","step":next,"timestamp":"2026-04-15T11:59:00Z","kind":"repair",
            "action":"stored a row again","voids":place,"by":format!("{run}#{step}")});
        written[place].1 = None;
        written.push((voids, None));
        written.push((again.clone(), Some(rows.len())));
        rows[at] = None;
        rows.push(Some(again));
        return;
    }
    let is_free = matches!(kind, "" | "run.start" | "run.end" | "call.result" | "note" | "metric" | "?");
    let is_kept = !row["parent_run_id"].is_null();
    let retract = dice.one_in(2);
    let mut correction = json!({"run_id":run,"step":next,"timestamp":"2026-04-15T11:59:00Z","kind":"correction",
        "corrects":format!("{run}#{step}"),"reason":"wrong"});
    let set = [
        ("status", json!("failed")),
        ("cost_usd", json!(5)),
        ("retry_of", json!("a#1")),
        ("final_status", json!("paused")),
        ("tool_call", json!({"id":"x","side_effect":"write"})),
    ];
    let (field, value) = &set[dice.next(set.len())];
    match retract {
        true => correction["retract"] = json!(true),
        false => correction["set"] = json!({ *field: value }),
    }
    written.push((correction, None));
    // What gates read stays as it was written, and what hangs on it.
    if !is_free || !row["answers"].is_null() || (retract && is_kept) {
        return;
    }
    match retract {
        true => rows[at] = None,
        false => {
            let mut row = row;
            row[*field] = value.clone();
            row["corrected"] = json!(true);
            rows[at] = Some(row);
        }
    }
}

/// Writes the rows into segments.
fn write(book: &Book, rows: &[Value], dice: &mut Dice) {
    let mut segments = vec![String::new()];
    let mut places = Vec::new();
    for row in rows {
        let mut row = row.clone();
        // Between the two lines of a row that is stored again no segment ends.
        let is_again = segments.last().unwrap().lines().last().is_some_and(|line| line.contains("\"voids\""));
        if dice.one_in(8) && !is_again && segments.last().unwrap().len() > 1 {
            segments.push(String::new());
        }
        if let Some(place) = row["voids"].as_u64() {
            row["voids"] = json!(places[place as usize]);
        }
        places.push(format!("@{:06}:{}", segments.len(), segments.last().unwrap().len()));
        segments.last_mut().unwrap().push_str(&format!("{row}\n"));
    }
    for (number, text) in segments.iter().enumerate() {
        book.write(&format!(".logbook/2026-04-15.{:06}.jsonl", number + 1), text.as_bytes());
    }
}

/// `logbook ARGUMENTS` in this process: what it puts out, and what it says.
fn logbook(directory: &Path, arguments: &[&str]) -> (String, String) {
    let vars = [
        ("LOGBOOK_DIR", directory.join(".logbook").display().to_string()),
        ("LOGBOOK_NOW", NOW.to_owned()),
        ("LOGBOOK_DURABILITY", "none".to_owned()),
    ];
    let env = Environment {
        cwd: directory.to_path_buf(),
        home: None,
        uid: rustix::process::geteuid().as_raw(),
        vars: vars.map(|(name, value)| (name.to_owned(), value)).into(),
    };
    let (mut out, mut err, mut input) = (Vec::new(), Vec::new(), &b""[..]);
    let mut door = Door {
        out: Output::new(&mut out, false),
        err: Notes::new(&mut err, false),
        progress: Progress::default(),
        input: &mut input,
        env,
        input_is_terminal: false,
        columns: 80,
        clock: now,
    };
    let ended = logbook::cli::run(arguments.iter().map(Into::into).collect(), &mut door);
    let error = ended.err().map_or_else(String::new, |error| error.to_string());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(out), text(err) + &error)
}

fn ask(directory: &Path, arguments: &[&str]) -> Value {
    let (out, err) = logbook(directory, arguments);
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out}{err}"))
}

/// What `runs` says of each run.
fn of_runs(all: &Value) -> BTreeMap<String, Value> {
    all.as_array().unwrap().iter().map(|run| (run["run_id"].as_str().unwrap().to_owned(), run.clone())).collect()
}

/// The touches of the file: runs, and the first row of each.
fn touches(rows: &[Value]) -> Vec<String> {
    let mut touches: Vec<String> = Vec::new();
    let mut open: Vec<(&str, &str)> = Vec::new();
    let mut asked = open.clone();
    for row in rows {
        let names = |value: &Value| *value == FILE || value.as_array().is_some_and(|all| all.contains(&json!(FILE)));
        if !names(&row["artifact_ref"]) && !names(&row["output_refs"]) {
            continue;
        }
        let (run, kind) = (row["run_id"].as_str().unwrap(), row["kind"].as_str());
        let call = row["tool_call"]["id"].as_str().map(|id| (run, id));
        let is_known = call.is_some_and(|call| match kind {
            Some("call.intent") => match asked.iter().position(|known| *known == call) {
                Some(at) => {
                    asked.remove(at);
                    open.push(call);
                    true
                }
                None => false,
            },
            Some("call.result") => open.iter().rposition(|known| *known == call).map(|at| open.remove(at)).is_some(),
            None | Some("" | "metric") => false,
            Some(_) => asked.contains(&call) || open.contains(&call),
        });
        if is_known {
            continue;
        }
        match (kind, call) {
            (Some("call.intent"), Some(call)) => open.push(call),
            (Some("approval.requested"), Some(call)) => asked.push(call),
            _ => {}
        }
        touches.push(row["step"].as_u64().map_or_else(|| format!("{run} @"), |step| format!("{run}#{step}")));
    }
    touches.sort();
    touches
}

#[test]
fn every_command_says_the_same() {
    for seed in 0..logbooks() {
        let mut dice = Dice(seed as u64 * 104_729 + 3);
        let Generated { written, folded } = generate(&mut dice);
        let expected = reference(&folded);
        let book = Book::new().var("LOGBOOK_NOW", NOW);
        write(&book, &written, &mut dice);
        let told = {
            let rows: Vec<String> = written.iter().map(Value::to_string).collect();
            format!("seed {seed}\n{}", rows.join("\n"))
        };
        let directory = &*book.path();
        let uncached = ask(directory, &["runs", "--all", "-o", "json", "--no-cache"]);
        for times in 0..2 {
            assert_eq!(ask(directory, &["runs", "--all", "-o", "json"]), uncached, "cache, {times}, {told}");
        }
        if seed % SERVED_ONE_IN == 0 {
            let served = Served::of(&book);
            let page: Value = serde_json::from_str(&served.get("/runs.json?all=1").is(200).body).unwrap();
            let without_ages = |all: &Value| -> Vec<Value> {
                let mut all = all.as_array().unwrap().clone();
                all.iter_mut().for_each(|run| drop(run.as_object_mut().unwrap().remove("age_ms")));
                all
            };
            assert_eq!(without_ages(&page), without_ages(&uncached), "web, {told}");
        }
        let runs = of_runs(&uncached);
        // A run of which only corrections are left has nothing to say.
        let left: BTreeSet<&str> = expected.keys().map(String::as_str).collect();
        let named = |report: &str| -> BTreeMap<String, usize> {
            let mut counts = BTreeMap::new();
            for row in ask(directory, &["report", report, "-o", "json"]).as_array().unwrap() {
                *counts.entry(row["run_id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            counts
        };
        let (wrote, denied) = (named("wrote-files"), named("denied"));
        let latest = ask(directory, &["query", "status!=null", "--latest", "-o", "json"]);
        let latest: BTreeMap<&str, &Value> =
            latest.as_array().unwrap().iter().map(|row| (row["run_id"].as_str().unwrap(), &row["status"])).collect();
        let stats = ask(directory, &["stats", "-o", "json"]);
        let retries: usize = expected.values().map(|said| said.retries).sum();
        assert_eq!(stats["retries"], retries, "stats, {told}");
        for status in stats["statuses"].as_array().unwrap() {
            let count = expected.values().filter(|said| *said.status == status["status"]).count();
            assert_eq!(status["runs"], count, "stats {}, {told}", status["status"]);
        }
        let mut blamed: Vec<String> = logbook(directory, &["blame", FILE, "-o", "jsonl"])
            .0
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|touch| {
                let (row, run) = (touch["row"].as_str().unwrap(), touch["path"].as_str().unwrap());
                assert_eq!(run, FILE);
                row.to_owned()
            })
            .collect();
        blamed.sort();
        let touched = touches(&folded);
        assert_eq!(blamed.len(), touched.len(), "blame {blamed:?}, not {touched:?}, {told}");
        let steps = |all: &[String]| -> Vec<String> { all.iter().filter(|name| name.contains('#')).cloned().collect() };
        assert_eq!(steps(&blamed), steps(&touched), "blame, {told}");
        for run in left {
            let said = &expected[run];
            let by_runs = &runs[run];
            let record = ask(directory, &["show", run, "--record"]);
            let list = |name: &str| record[name].as_array().map_or(0, Vec::len);
            let resume = ask(directory, &["resume", run, "-o", "json", "--max-tokens", "100000"]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let number = |value: &Value| value.as_i64().unwrap_or(0);
            let open =
                record["calls"].as_array().map_or(0, |all| all.iter().filter(|call| call["open"] == true).count());
            let runs_say = Said {
                open_calls: number(&by_runs["open_calls"]) as usize,
                open_requests: number(&by_runs["open_approvals"]) as usize,
                wrote: by_runs["wrote"] == true,
                denials: said.denials,
                retries: number(&by_runs["retries"]) as usize,
                cost: number(&by_runs["cost_usd"]),
                status: text(&by_runs["status"]),
                final_status: text(&by_runs["final_status"]),
                held: by_runs["held"] == true,
            };
            assert_eq!(&runs_say, said, "runs of {run}, {told}");
            assert_eq!(by_runs["denied"], said.denials > 0, "runs of {run}, {told}");
            let record_says = Said {
                open_calls: open,
                wrote: wrote.contains_key(run),
                denials: list("denied"),
                retries: list("retries"),
                cost: number(&record["cost_usd"]),
                status: text(&record["status"]),
                final_status: text(&record["final_status"]),
                ..said.clone()
            };
            assert_eq!(&record_says, said, "show --record and report wrote-files of {run}, {told}");
            let others_say = Said {
                open_calls: resume["open_calls"].as_array().map_or(0, Vec::len),
                denials: denied.get(run).copied().unwrap_or(0),
                status: text(&resume["status"]),
                final_status: text(&resume["final_status"]),
                ..said.clone()
            };
            assert_eq!(&others_say, said, "resume and report denied of {run}, {told}");
            assert_eq!(
                latest.get(run).map_or_else(String::new, |it| text(it)),
                said.status,
                "--latest of {run}, {told}"
            );
        }
        if let (Some(a), Some(b)) = (expected.get("a"), expected.get("b")) {
            let parted = ask(directory, &["diff", "a", "b", "-o", "json"]);
            let says = |what: &str, of_a: String, of_b: String| {
                let found = parted.as_array().unwrap().iter().find(|row| row["what"] == what);
                let told_by = |name: &str, same: &str| {
                    found.map_or_else(|| same.to_owned(), |row| row[name].as_str().unwrap_or_default().to_owned())
                };
                match of_a == of_b {
                    true => assert!(found.is_none(), "diff: {what}, {told}"),
                    false => assert_eq!((told_by("a", ""), told_by("b", "")), (of_a, of_b), "diff: {what}, {told}"),
                }
            };
            says("calls refused", a.denials.to_string(), b.denials.to_string());
            says("retries", a.retries.to_string(), b.retries.to_string());
            says("status", a.status.clone(), b.status.clone());
            says("final_status", a.final_status.clone(), b.final_status.clone());
        }
        // Last, since it writes.
        for (run, said) in &expected {
            let (_, err) = logbook(directory, &["end", "-r", run]);
            let counted = err.split(" open call").next().and_then(|text| text.rsplit(' ').next()?.parse().ok());
            let has_ended = err.contains("has ended already");
            assert!(has_ended || counted.unwrap_or(0usize) == said.open_calls, "end of {run} ({err}), {told}");
        }
        fs::remove_dir_all(directory.join(".logbook")).unwrap();
    }
}
