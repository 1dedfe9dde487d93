//! What a newcomer meets: no logbook, hostile rows, a shell that eats a `>`,
//! a narrow terminal. Each ends in an answer or in the next command to type.

use crate::support::{Book, repository};

#[test]
fn without_a_logbook_the_next_command_is_named() {
    let book = Book::empty();
    for arguments in [&["query"][..], &["runs"], &["show", "r-1"]] {
        book.run(arguments).exit(3).says("hint:").says("logbook init");
    }
}

#[test]
fn a_misspelled_field_is_named() {
    let book = Book::with_rows(&[r#"{"run_id":"r-1","status":"blocked","blocked_on":"x","flavour":"sweet"}"#]);
    book.run(&["query", "stauts=blocked"]).exit(0).stdout("").says("status");
    book.run(&["query", "flavuor=sweet"]).exit(0).says("flavour");
    book.run(&["query", "status=bloked"]).exit(0).says("blocked");
    book.run(&["query", "flavour=sour"]).exit(0).quiet();
}

#[test]
fn a_misspelled_field_of_a_row_is_told() {
    let book = Book::new();
    book.run(&["append", "-r", "r-1", "stauts=done"]).exit(0).says("status was not set");
    book.run(&["append", "-r", "r-1", "stats=7", "statuses=x"]).exit(0).says("stats is stored as a field of your own");
    book.run(&["append", "-r", "r-1", "flavour=sweet"]).exit(0).quiet();
}

#[test]
fn nothing_found_says_what_was_read() {
    let book = Book::with_rows(&[
        r#"{"run_id":"r-1","timestamp":"2026-04-15T10:00:00Z","status":"done"}"#,
        r#"{"run_id":"r-1","timestamp":"2026-04-16T11:30:00Z","status":"done"}"#,
    ]);
    let ended = book.terminal("logbook query status=failed", 80, 24);
    ended.exit(0).shows("2 rows").shows("2026-04-15 10:00:00").shows("2026-04-16 11:30:00");
}

#[test]
fn the_shell_ate_the_operator() {
    let book = Book::with_rows(&[r#"{"run_id":"r-1","cost_usd":1}"#]);
    book.shell("logbook query cost_usd > 0.5").exit(3).says("cost_usd").says("single quotes");
    book.shell("logbook query 'status' 2>&1").exit(3).shows("'status=");
    book.run(&["--dir", "x", "query"]).exit(2).says("flags come after it");
    book.run(&["runs", "--bloked"]).exit(2).says("--blocked");
}

#[test]
fn a_hostile_row_cannot_drive_the_terminal() {
    let hostile = "{\"run_id\":\"r-1\",\"step\":1,\"action\":\"\\u001b[31mred\\u0007 \u{202e}gnp.exe \u{9b}2J\",\"status\":\"done\",\"next_intent\":\"a\u{200b}b\"}";
    let book = Book::with_rows(&[hostile]).var("NO_COLOR", "1");
    for command in [
        "query",
        "query -o table",
        "query -o jsonl",
        "query -o csv",
        "show r-1",
        "show r-1#1",
        "runs --all",
        "query -o md",
    ] {
        let ended = book.terminal(&format!("logbook {command}"), 120, 24);
        ended.exit(0);
        for bad in ['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}', '\u{200b}'] {
            assert!(!ended.out.contains(bad), "{bad:?} reached the terminal: {ended}");
        }
    }
    book.run(&["query", "-o", "table"]).shows("\\u{1b}[31mred\\u{7} \\u{202e}gnp.exe");
}

#[test]
fn damaged_lines_are_skipped_and_told() {
    let good = r#"{"run_id":"r-1","status":"blocked","blocked_on":"x"}"#;
    let book = Book::empty();
    let mut lines: Vec<Vec<u8>> = vec![good.as_bytes().to_vec(); 200];
    lines[50] = br#"{"run_id":"r-1","status":"blo"#.to_vec();
    lines[120] = vec![0xFF, 0xFE, 0x01, 0x80, b'x'];
    let mut long = br#"{"run_id":"r-1","status":"blocked","blob":""#.to_vec();
    long.resize(20 << 20, b'a');
    long.extend_from_slice(b"\"}");
    lines[150] = long;
    book.write("logs/rows.jsonl", &lines.join(&b'\n'));
    let ended = book.run(&["query", "status=blocked", "--count", "logs"]);
    ended.exit(0).stdout("197\n");
    let torn_at = 50 * (good.len() + 1);
    ended.says("logs/rows.jsonl: skipped 2 rows: not JSON").says(&format!("at line 51, byte {torn_at} ("));
    ended.says("skipped 1 row: longer than 16 MiB at line 151, byte");
    book.run(&["query", "status=blocked", "--count", "logs", "--strict"]).exit(5).stdout("197\n");
}

#[test]
fn narrow_terminals_are_kept_to() {
    let book = Book::empty().var("NO_COLOR", "1");
    let samples = repository().join("samples/night-shift").display().to_string();
    for (columns, command) in
        [(80, "query -n 20"), (40, "query -n 20"), (80, "runs --all"), (80, "show r-88"), (20, "runs --all")]
    {
        let ended = book.terminal(&format!("logbook {command} --dir {samples} 2>/dev/null"), columns, 24);
        ended.exit(0);
        let wide = ended.out.lines().find(|line| line.chars().count() > usize::from(columns));
        assert!(wide.is_none(), "{columns} columns: {ended}");
        assert!(ended.out.lines().count() > 1, "{ended}");
    }
}

#[test]
fn foreign_files_are_answered() {
    let book = Book::empty();
    let foreign = repository().join("samples/foreign").display().to_string();
    let ended = book.run(&["query", "--count", &foreign]);
    ended.exit(0);
    assert!(ended.out.trim().parse::<u64>().unwrap() > 10, "{ended}");
}

#[test]
#[ignore = "needs jq"]
fn a_pipe_into_jq_gets_rows() {
    let book = Book::with_rows(&[r#"{"run_id":"r-1","status":"done"}"#]);
    book.shell("logbook query status=done | jq -r .run_id").exit(0).stdout("r-1\n");
}
