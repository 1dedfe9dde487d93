//! `tests/query/comparison.toml`: the table of comparison, cell by cell.
#![allow(clippy::unwrap_used)]

use logbook::model::{Instant, Zone};
use logbook::query::compile::query::{Context, compile};
use logbook::query::stage::run::run_in_memory;
use logbook::query::text::parse::parse;
use logbook::query::time::Clock;
use toml::Table;

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
