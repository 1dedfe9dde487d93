//! `tests/query/jq_reference.toml`: what jq programs say here and in the
//! reference jq. Where that jq is installed, the stored outputs are checked too.

use std::io::Write;
use std::process::{Command, Stdio};

use logbook_model::{Instant, Zone};
use logbook_query::run_in_memory;
use logbook_query::text::parse::{Clause, Input};
use logbook_query::time::Clock;
use logbook_query::{Context, compile};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    jq: String,
    row: String,
    program: Vec<Same>,
    difference: Vec<Difference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Same {
    program: String,
    expect: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    reason: String,
    program: String,
    jq: String,
    here: Option<String>,
    error: Option<String>,
}

fn page() -> Page {
    toml::from_str(include_str!("../query/jq_reference.toml")).unwrap()
}

/// What the program says here: its outputs, one a line, or a message.
fn here(program: &str, row: &str) -> Result<String, String> {
    let query = Input::new().flag(Clause::Jq, "--jq", program).parse().map_err(|all| format!("{all:?}"))?;
    let clock = Clock { now: Instant::parse("2026-04-16T10:00:00Z").unwrap(), zone: Zone::UTC };
    let plan = compile(&query, &Context::new(clock))
        .map_err(|all| all.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("\n"))?;
    let answer = run_in_memory(&plan, [row.as_bytes()]);
    if let Some((_, message)) = answer.faults.first() {
        return Err(message.clone());
    }
    Ok(answer.rows.iter().map(|row| String::from_utf8_lossy(row).into_owned() + "\n").collect())
}

/// What jq says; `None` where it is not installed.
fn jq(arguments: &[&str], input: &str) -> Option<String> {
    let mut command = Command::new("jq");
    command.args(arguments).env("TZ", "UTC").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    // A program that does not compile never reads its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn programs_say_what_they_say_in_jq() {
    let page = page();
    let row = page.row.trim();
    let mut wrong = Vec::new();
    for case in &page.program {
        if here(&case.program, row).as_deref() != Ok(&case.expect) {
            wrong.push(format!("{}\n  got  {:?}\n  want {:?}", case.program, here(&case.program, row), case.expect));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), page.program.len(), wrong.join("\n"));
    assert!(page.program.len() >= 120, "only {} programs", page.program.len());
}

#[test]
fn every_difference_has_its_reason_in_the_document() {
    let page = page();
    let document = include_str!("../../docs/query.md");
    for case in &page.difference {
        let said = here(&case.program, page.row.trim());
        match (&case.here, &case.error, &said) {
            (Some(expected), None, Ok(said)) => assert_eq!(said, expected, "{}", case.program),
            (None, Some(part), Err(said)) => assert!(said.contains(part.as_str()), "{}: {said}", case.program),
            _ => panic!("{}: {said:?}", case.program),
        }
        assert_ne!(said.ok().as_ref(), Some(&case.jq), "{}: no difference", case.program);
        let line = format!("- **{}**", case.reason);
        assert!(document.contains(&line), "docs/query.md has no line {line:?}");
    }
}

#[test]
#[ignore = "needs jq"]
fn stored_outputs_are_those_of_jq() {
    let page = page();
    assert_eq!(jq(&["--version"], "").as_deref().map(str::trim), Some(page.jq.as_str()));
    let stored = page.program.iter().map(|case| (&case.program, &case.expect));
    let stored = stored.chain(page.difference.iter().map(|case| (&case.program, &case.jq)));
    let mut wrong = Vec::new();
    for (program, expected) in stored {
        let said = jq(&["-c", program], page.row.trim()).unwrap();
        if said != *expected {
            wrong.push(format!("{program}\n  jq     {said:?}\n  stored {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
