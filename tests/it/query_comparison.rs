//! `tests/query/comparison.toml`: the table of comparison, cell by cell.
#![allow(clippy::unwrap_used)]

use logbook_model::{Instant, Zone};
use logbook_query::run_in_memory;
use logbook_query::text::parse::parse;
use logbook_query::time::Clock;
use logbook_query::{Context, compile};
use toml::Table;

/// The first table of docs/query.md, Comparison.
#[test]
fn the_table_in_the_document_holds() {
    let document = include_str!("../../docs/query.md");
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut lines = document.lines().skip_while(|line| !line.starts_with("| the row has |"));
    let tests = cells(lines.next().unwrap());
    let clock = Clock { now: Instant::parse("2026-04-16T10:00:00Z").unwrap(), zone: Zone::UTC };
    let mut count = 0;
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let cells = cells(line);
        let row = match cells[0].trim_matches('`') {
            "nothing" => r#"{"x":1}"#.to_owned(),
            value => format!(r#"{{"a":{value}}}"#),
        };
        for (test, cell) in tests.iter().zip(&cells).skip(1) {
            let query = parse(&format!("a{}", test.trim_matches('`'))).unwrap();
            let plan = compile(&query, &Context::new(clock)).unwrap();
            let passes = !run_in_memory(&plan, [row.as_bytes()]).rows.is_empty();
            assert_eq!(cell, if passes { "yes" } else { "no" }, "a{test} on {row}");
            count += 1;
        }
    }
    assert_eq!(count, 36);
}

fn check(page: &Table, values: &str, columns: &str, field: &str, clock: Clock) -> usize {
    let mut cells = 0;
    let values = page[values].as_table().unwrap();
    for column in page[columns].as_array().unwrap() {
        let test = column["test"].as_str().unwrap();
        let query = parse(test).unwrap_or_else(|problems| panic!("{test}: {problems:?}"));
        let plan = compile(&query, &Context::new(clock)).unwrap_or_else(|problems| panic!("{test}: {problems:?}"));
        let expected: Vec<_> = column["true"].as_str().unwrap().split_whitespace().collect();
        for name in &expected {
            assert!(values.contains_key(*name), "{test}: no value is called {name}");
        }
        for (name, value) in values {
            let row = match value.as_str().unwrap() {
                "" => r#"{"x":1}"#.to_owned(),
                // The last of two equal keys counts, however it is spelled.
                value => format!(
                    r#"{{"{field}":"shadowed","x":1,"\u{:04x}{}": {value} }}"#,
                    field.as_bytes()[0],
                    &field[1..]
                ),
            };
            let passes = !run_in_memory(&plan, [row.as_bytes()]).rows.is_empty();
            assert_eq!(passes, expected.contains(&name.as_str()), "{test} on {name}: {row}");
            cells += 1;
        }
    }
    cells
}

#[test]
fn the_table_of_comparison_holds() {
    let text = include_str!("../query/comparison.toml");
    let page: Table = toml::from_str(text).unwrap();
    let now = Instant::parse(page["now"].as_str().unwrap()).unwrap();
    let clock = Clock { now, zone: Zone::UTC };
    let cells = check(&page, "values", "column", "a", clock)
        + check(&page, "timestamp-values", "timestamp-column", "timestamp", clock);
    assert!(cells > 2000, "{cells} cells");
}
