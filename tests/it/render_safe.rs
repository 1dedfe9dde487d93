//! What rows can do to the reader's terminal: nothing, in any format. The fuzz
//! target `table` looks further than these cases.

#![allow(clippy::unwrap_used)]

use logbook_json::quote;
use logbook_model::Instant;
use logbook_model::Zone;
use logbook_render::record::{facts, terminal};
use logbook_render::request;
use logbook_render::{Format, Look, Output, Rows};
use logbook_view::Record;
use logbook_view::approvals::Request;
use unicode_width::UnicodeWidthStr;

const FORMATS: [Format; 6] = [Format::Table, Format::Jsonl, Format::Json, Format::Csv, Format::Tsv, Format::Markdown];

fn look(width: Option<u16>, wrap: bool) -> Look {
    Look { width, colour: false, zone: Zone::UTC, terminal: true, wrap }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn drawn(mut rows: Rows, texts: &[String]) -> String {
    let mut out = Vec::new();
    // No terminal: rows are safe by themselves, and not only because the stream looks again.
    let mut stream = Output::new(&mut out, false);
    for row in texts {
        rows.push(row.as_bytes(), None, &mut stream).unwrap();
    }
    rows.finish(&mut stream).unwrap();
    text(&out)
}

/// One row as the timeline of its run.
fn told(row: &str, look: &Look) -> String {
    let record = Record::of("r", [(row.as_bytes(), None, Vec::new())], Vec::new());
    let facts = terminal::draw_facts(&record.run_id, &facts(&record, &look.zone), look);
    facts + &terminal::draw_timeline(&record, look)
}

/// Characters that a terminal obeys or does not show, some of each kind.
const OBEYED: &[char] = &[
    '\u{1b}',
    '\u{7}',
    '\r',
    '\u{7f}',
    '\u{9b}',
    '\u{ad}',
    '\u{200b}',
    '\u{202e}',
    '\u{2066}',
    '\u{feff}',
    '\u{13430}',
    '\u{1343f}',
    '\u{1bca0}',
    '\u{1d173}',
    '\u{e0041}',
];

#[test]
fn no_format_hands_on_what_a_terminal_obeys() {
    for character in OBEYED {
        let word = text(&quote(&format!("a{character}b")));
        let row = format!("{{\"run_id\":{word},\"step\":{word},\"status\":{word},\"action\":{word},{word}:1}}");
        for format in FORMATS {
            for made in [false, true] {
                let rows = match made {
                    false => Rows::new(format, None, look(None, false), false),
                    true => Rows::made(format, look(None, false), false),
                };
                let out = drawn(rows, std::slice::from_ref(&row)).replace("\r\n", "\n");
                assert!(!out.contains(*character), "{format:?} made {made}: {out:?}");
            }
        }
        let out = told(&row, &look(None, false));
        assert!(!out.contains(*character), "timeline: {out:?}");
    }
}

#[test]
fn white_space_between_values_cannot_write_over_a_row() {
    let row = "{\"run_id\":\"r\",\t\"action\":\"rm -rf\",\r\"status\":\"done\"}".to_owned();
    for format in [Format::Jsonl, Format::Json] {
        let out = drawn(Rows::new(format, None, look(None, false), false), std::slice::from_ref(&row));
        assert!(out.contains(r#"{"run_id":"r", "action":"rm -rf", "status":"done"}"#), "{out:?}");
    }
    // A pipe gets the row as it is.
    let piped = Look { terminal: false, ..look(None, false) };
    assert_eq!(drawn(Rows::new(Format::Jsonl, None, piped, false), std::slice::from_ref(&row)), row + "\n");
}

#[test]
fn text_beside_times_is_not_shortened_within_a_character() {
    let times = ["\"2026-04-15T08:00:00Z\"", "\"2026ébcdefgh:ijklm\"", "\"2026-04-15 0é:00:0\""];
    let rows = times.map(|time| format!("{{\"timestamp\":{time},\"a\":\"{}\"}}", "x".repeat(40)));
    let columns = Some(vec!["timestamp".to_owned(), "a".to_owned()]);
    let out = drawn(Rows::new(Format::Table, columns, look(Some(30), false), false), &rows);
    assert!(out.contains("04-15 08:00"), "{out}");
}

#[test]
fn a_narrow_table_keeps_to_its_width() {
    let rows = ["{\"a\":\"日本語 日本語 word\",\"b\":1}".to_owned()];
    for wrap in [false, true] {
        for width in 1..30 {
            let columns = Some(vec!["a".to_owned(), "b".to_owned()]);
            let out = drawn(Rows::new(Format::Table, columns, look(Some(width), wrap), false), &rows);
            assert!(out.lines().all(|line| line.width() <= usize::from(width)), "{width}: {out}");
        }
    }
}

#[test]
fn a_narrow_timeline_keeps_to_its_width() {
    let row =
        r#"{"run_id":"r","step":1,"timestamp":"2026-04-15T08:00:00Z","action":"read the brief","next_intent":"go on"}"#;
    for width in 1..40 {
        let out = told(row, &look(Some(width), false));
        assert!(out.lines().all(|line| line.width() <= usize::from(width)), "{width}: {out}");
    }
}

#[test]
fn many_columns_and_long_cells_are_soon_fitted() {
    // Very long cells, and more columns than any window has: neither is worked off one by one.
    let long = format!("{{\"a\":\"{}\",\"b\":\"{}\"}}", "word ".repeat(100_000), "x".repeat(300_000));
    for (width, wrap) in [(Some(60), false), (Some(60), true), (None, true)] {
        let columns = Some(vec!["a".to_owned(), "b".to_owned()]);
        let out = drawn(Rows::new(Format::Table, columns, look(width, wrap), false), std::slice::from_ref(&long));
        assert!(width.is_none_or(|width| out.lines().all(|line| line.width() <= usize::from(width))));
    }
    let many: Vec<String> = (0..1000).map(|at| format!("\"a rather long name {at}\":\"text {at}\"")).collect();
    let out = drawn(Rows::made(Format::Table, look(Some(100), false), false), &[format!("{{{}}}", many.join(","))]);
    assert!(out.lines().all(|line| line.width() <= 100));
}

#[test]
fn a_bar_in_a_text_parts_no_cells_of_markdown() {
    let rows = [r#"{"a":"x|y","b":"x\\|y"}"#.to_owned()];
    let columns = Some(vec!["a".to_owned(), "b".to_owned()]);
    let out = drawn(Rows::new(Format::Markdown, columns, look(None, false), false), &rows);
    assert_eq!(out, "| a | b |\n| --- | --- |\n| x\\|y | x\\\\\\|y |\n");
}

#[test]
fn no_line_of_a_request_is_its_own() {
    let now = Instant::parse("2026-04-16T08:00:00Z").unwrap();
    for character in OBEYED {
        let evil = format!("x{character}\nFAKE{}FAKE {character}", " ".repeat(30));
        let word = text(&quote(&evil));
        let row = format!(
            "{{\"run_id\":{word},\"action\":{word},\"task\":{word},\"agent_id\":{word},\"rationale\":{word},\"reason\":{word},\
             \"policy\":{{\"rule\":{word},\"when\":{word},\"contract\":{word}}},\"tool_call\":{{\"tool\":{word},\"mcp_server\":{word},\
             \"contract\":{word},\"side_effect\":{word},\"impact_scope\":{word},\"reversible\":false,\"args_sha256\":{word},\
             \"args\":{{{word}:{word},\"words\":[{word},{word}]}}}}}}"
        );
        let request = Request { name: evil.clone(), ..Request::of_row(row.as_bytes()).unwrap() };
        let sheet = request::sheet(&request, now, &Zone::UTC, usize::MAX);
        for width in 1..120 {
            let rows = request::rows(&sheet, Some(width));
            assert!(rows.iter().any(|row| row.text.contains("FAKE")));
            for row in rows {
                assert!(!row.text.contains([*character, '\n']), "{width}: {row:?}");
                assert!(
                    !row.text.starts_with("FAKE") && !row.text.trim_start().starts_with("FAKE"),
                    "{width}: {row:?}"
                );
            }
        }
    }
}
