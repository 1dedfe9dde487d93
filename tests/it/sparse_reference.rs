//! Lines that are passed over unseen hold nothing that matters: conditions at random over rows at
//! random, against the answer from all rows.

use std::ops::ControlFlow;

use logbook_query::Row;
use logbook_query::run_in_memory;
use logbook_scan::{Source, Task, Threads, Wanted, in_parallel};
use logbook_store::Input;
use proptest::prelude::*;
use proptest::sample::select;

use crate::prune_reference::{FIELDS, VALUES, condition, passed_over, plan, row};

/// Members that look like others: spelled otherwise, in texts, below, or with blanks.
fn odd_row() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        4 => select(FIELDS).prop_map(str::to_owned),
        1 => select(FIELDS).prop_map(|name| format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..])),
        1 => Just("\\\"status".to_owned()),
    ];
    let inner = (select(FIELDS), select(VALUES)).prop_map(|(name, value)| format!("{{\"{name}\":{value}}}"));
    let value = prop_oneof![
        4 => select(VALUES).prop_map(str::to_owned),
        1 => inner.clone(),
        1 => inner.prop_map(|object| format!("\"{}\"", object.replace('\\', "\\\\").replace('"', "\\\""))),
        1 => select(FIELDS).prop_map(|name| format!("\"{name}\"")),
    ];
    let colon = select(vec![":", ":", " :\t", ":\r "]);
    prop::collection::vec((key, colon, value), 0..5).prop_map(|members| {
        let members: Vec<String> =
            members.iter().map(|(key, colon, value)| format!("\"{key}\"{colon}{value}")).collect();
        format!("{{{}}}", members.join(" ,"))
    })
}

/// Keeps all rows that are handed on.
struct Keep;

impl Task for Keep {
    type Part = Vec<Vec<u8>>;
    type Done = Vec<Vec<u8>>;

    fn begin(&self) -> Self::Part {
        Vec::new()
    }

    fn row(
        &self,
        part: &mut Self::Part,
        row: &Row<'_>,
        _: &mut dyn FnMut(Self::Done) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        part.push(row.text.to_vec());
        ControlFlow::Continue(())
    }

    fn so_far(&self, _: &mut Self::Part) -> Option<Self::Done> {
        None
    }

    fn end(&self, part: Self::Part) -> Self::Done {
        part
    }
}

/// Rows in front of the others: few are not searched, but looked at one by one.
fn padding() -> Vec<String> {
    (0..800).map(|number| format!("{{\"x\":{number},\"text\":\"{}\"}}", "-".repeat(90))).collect()
}

proptest! {
    #[test]
    fn what_is_passed_over_does_not_matter(
        rows in prop::collection::vec(prop_oneof![row(), odd_row()], 1..60),
        condition in prop_oneof![3 => condition(), 1 => select(vec![
            "status=a and timestamp>2026-04-15", "own.status=a", "own.own>=b", "has own.status", "phase~^b", "status*=b",
            "status in (a, 5) and own=null", "tool.timestamp<2026-04-15",
        ]).prop_map(str::to_owned)],
    ) {
        let plan = plan(&format!("filter {condition}"));
        let (literal, probe) = (plan.literal(), plan.probe());
        let rows = [padding(), rows].concat();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
        let source = Source::as_written(vec![Input::File(file.path().to_owned())]);
        let all = run_in_memory(&plan, rows.iter().map(String::as_bytes));
        for (literals, probe) in [(literal.as_slice(), None), (&[], probe.as_ref()), (literal.as_slice(), probe.as_ref())] {
            let wanted = Wanted { names: plan.fields(), literals, probe, ..Wanted::default() };
            let threads = Threads { count: 1, stack_bytes: None, begun: &|| {} };
            let mut read = Vec::new();
            in_parallel(&source, &mut std::io::empty(), wanted, threads, &Keep, |part| {
                read.extend(part);
                ControlFlow::Continue(())
            });
            let some = run_in_memory(&plan, read.iter().map(Vec::as_slice));
            prop_assert_eq!(&all.rows, &some.rows, "{}", condition);
            let said = |answer: &logbook_query::Answer| answer.faults.iter().map(|fault| fault.1.clone()).collect::<Vec<_>>();
            prop_assert_eq!(said(&all), said(&some), "{}", condition);
            prop_assert_eq!(passed_over(&all), passed_over(&some), "{}", condition);
        }
    }
}

/// Those that may pass, and the first, which tells that there are rows at all.
#[test]
fn few_lines_are_looked_at() {
    let rows: Vec<String> = (0..1600)
        .map(|number| {
            format!("{{\"run_id\":\"r\",\"n\":{number},\"action\":\"step {number}\",\"x\":{{\"n\":1000}}}}\n")
        })
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), rows.concat()).unwrap();
    let source = Source::as_written(vec![Input::File(file.path().to_owned())]);
    for (query, expected) in [
        ("n>999", 1600),
        ("n>1597", 2 + 1),
        ("action~'99[89]$'", 2 + 1),
        ("n=5 and run_id=r", 1 + 1),
        ("action=nothing", 1),
    ] {
        let plan = plan(&format!("filter {query}"));
        let (literal, probe) = (plan.literal().filter(|_| query.starts_with("action=")), plan.probe());
        let wanted =
            Wanted { names: plan.fields(), literals: literal.as_slice(), probe: probe.as_ref(), ..Wanted::default() };
        let threads = Threads { count: 1, stack_bytes: None, begun: &|| {} };
        let scanned =
            in_parallel(&source, &mut std::io::empty(), wanted, threads, &Keep, |_| ControlFlow::Continue(()));
        assert_eq!(scanned.rows, expected, "{query}");
    }
}
