//! Folding corrections: the fast way (slices of the row, one pass) equals a slow
//! and obvious one over `serde_json` values, and what is not corrected is untouched.

use std::ops::ControlFlow;

use logbook_format::corrections::apply;
use logbook_format::{Correction, SegmentName};
use logbook_scan::{self as scan, corrections};
use logbook_store::Input;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const NAMES: [&str; 9] =
    ["status", "action", "phase", "blocked_on", "cost_usd", "own", "ключ", "odd \"key\"", "corrected_by"];
const ENVELOPE: [&str; 10] =
    ["run_id", "step", "timestamp", "kind", "phase", "action", "status", "artifact_ref", "next_intent", "blocked_on"];

/// A row that says these things about rows; half of them correct others.
fn rows() -> impl Strategy<Value = Vec<Value>> {
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!("text \u{1F600} \\ \" \n")),
        Just(json!(["correction", {"kind": "correction"}])),
        any::<i64>().prop_map(|number| json!(number)),
        Just(serde_json::from_str("123456789012345678901234567890.5e3").unwrap()),
    ];
    let fields = prop::collection::vec((prop::sample::select(&NAMES[..]), value), 0..5);
    let row = (
        0..3u8,
        1..5u64,
        any::<bool>(),
        fields.clone(),
        fields,
        prop::collection::vec(prop::sample::select(&NAMES[..]), 0..3),
        0..3u8,
        1..6u64,
        0..12u8,
    );
    prop::collection::vec(row, 0..14).prop_map(|rows| {
        rows.into_iter()
            .map(|(run, step, corrects, fields, set, unset, target_run, target_step, odd)| {
                let mut row = Map::new();
                row.insert("run_id".into(), json!(format!("r-{run}")));
                // Some rows have no step, some kinds are not plain.
                if odd != 0 {
                    row.insert("step".into(), json!(step));
                }
                match odd {
                    1 => drop(row.insert("kind".into(), json!("approval.approved"))),
                    2 => drop(row.insert("kind".into(), json!("note"))),
                    _ => {}
                }
                for (name, value) in fields {
                    row.insert(name.into(), value);
                }
                if corrects {
                    row.insert("kind".into(), json!("correction"));
                    row.insert("corrects".into(), json!(format!("r-{target_run}#{target_step}")));
                    row.insert(
                        "set".into(),
                        Value::Object(
                            set.into_iter()
                                .map(|(name, value)| (name.into(), value))
                                .chain([("step".into(), json!(99))])
                                .collect(),
                        ),
                    );
                    row.insert("unset".into(), json!(unset));
                    if odd == 11 {
                        row.insert("retract".into(), json!(true));
                    }
                }
                Value::Object(row)
            })
            .collect()
    })
}

/// The obvious way: for each plain row, each correction of it in order, on a map.
fn slowly(rows: &[Value], segment: u64, offsets: &[usize]) -> Vec<Value> {
    let is = |row: &Value, kind: &str| row["kind"] == kind;
    let mut out = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if is(row, "correction") {
            continue;
        }
        let name = format!("{}#{}", row["run_id"].as_str().unwrap(), row["step"]);
        let first = rows.iter().position(|other| other["run_id"] == row["run_id"] && other["step"] == row["step"]);
        if row["step"].is_null() || first != Some(at) || is(row, "approval.approved") {
            out.push(row.clone());
            continue;
        }
        let mut now = row.clone();
        let mut by = Vec::new();
        let mut retracted = false;
        for (place, correction) in rows.iter().enumerate() {
            if !is(correction, "correction") || correction["corrects"] != name.as_str() {
                continue;
            }
            by.push(match correction["step"].as_u64() {
                Some(step) => format!("{}#{step}", correction["run_id"].as_str().unwrap()),
                None => format!("@{segment:06}:{}", offsets[place]),
            });
            retracted |= correction["retract"] == true;
            let map = now.as_object_mut().unwrap();
            for name in correction["unset"].as_array().unwrap() {
                if name != "corrected_by" {
                    map.shift_remove(name.as_str().unwrap());
                }
            }
            for (name, value) in correction["set"].as_object().unwrap() {
                if name == "corrected_by" || name == "step" {
                    continue;
                }
                match (map.contains_key(name), ENVELOPE.iter().position(|field| field == name)) {
                    (false, Some(rank)) => {
                        let before = map.keys().rposition(|key| {
                            ENVELOPE.iter().position(|field| field == key).is_some_and(|other| other < rank)
                        });
                        map.shift_insert(before.map_or(0, |at| at + 1), name.clone(), value.clone());
                    }
                    _ => drop(map.insert(name.clone(), value.clone())),
                }
            }
        }
        if retracted {
            continue;
        }
        if !by.is_empty() {
            let map = now.as_object_mut().unwrap();
            map.shift_remove("corrected_by");
            map.insert("corrected_by".into(), json!(by));
        }
        out.push(now);
    }
    out
}

fn read(path: &std::path::Path) -> Vec<Vec<u8>> {
    let source = corrections::fold(vec![Input::File(path.to_owned())]);
    let mut read = Vec::new();
    scan::feed(&source, &mut std::io::empty(), &[], false, |row, _, _| {
        read.push(row.text.to_vec());
        ControlFlow::Continue(())
    });
    read
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
    #[test]
    fn folding_is_what_is_obvious(rows in rows(), escaped in any::<bool>()) {
        let directory = tempfile::tempdir().unwrap();
        let name = SegmentName::new("2026-04-15", 7).unwrap().to_string();
        let path = directory.path().join(name);
        let mut text = String::new();
        let mut offsets = Vec::new();
        for row in &rows {
            offsets.push(text.len());
            let mut line = row.to_string();
            if escaped {
                // The kind, spelled so that no literal search finds it.
                line = line.replace("\"kind\":\"correction\",", "\"k\\u0069nd\":\"c\\u006Frrection\",");
            }
            text.push_str(&line);
            text.push('\n');
        }
        std::fs::write(&path, text).unwrap();
        let fast: Vec<String> = read(&path).iter().map(|row| {
            serde_json::from_slice::<Value>(row).unwrap().to_string()
        }).collect();
        let slow: Vec<String> = slowly(&rows, 7, &offsets).iter().map(Value::to_string).collect();
        prop_assert_eq!(fast, slow);
    }
}

fn correction(set: &[(&str, &str)], unset: &[&str]) -> Correction {
    Correction {
        by: "r-1#9".into(),
        target: logbook_model::Address::Step { run_id: "r-1".into(), step: 1 },
        set: set.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect(),
        unset: unset.iter().map(|name| (*name).to_owned()).collect(),
        retract: false,
        reason: String::new(),
        agent_id: String::new(),
        timestamp: String::new(),
    }
}

#[test]
fn values_keep_their_bytes_and_double_keys_their_last() {
    let row = br#" { "run_id" : "r-1", "a" : 1.50, "x" : 1, "\u0061ction" : "old", "x" : [1,  2] , "big":1e400} "#;
    let out = apply(row, &[correction(&[("action", "\"new\""), ("status", "\"done\""), ("own", "0.10")], &["a"])]);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"run_id":"r-1","\u0061ction":"new","status":"done","x":[1,  2],"big":1e400,"own":0.10,"corrected_by":["r-1#9"]}"#
    );
}
