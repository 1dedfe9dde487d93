//! `logbook verify`: whatever is changed, cut, put in or moved is told where it is, and a live
//! logbook raises no alarm.

use std::fs;
use std::path::PathBuf;

use logbook_format::manifest::Line;

use crate::archive::segments;
use crate::support::Book;

/// Sealed, covered, the first two archived.
fn covered() -> Book {
    let book = segments();
    book.run(&["head"]).exit(0);
    book
}

fn path(book: &Book, name: &str) -> PathBuf {
    book.path().join(".logbook").join(name)
}

/// The raw segments in order.
fn raw(book: &Book) -> Vec<String> {
    let entries = fs::read_dir(book.path().join(".logbook")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".jsonl") && name != "manifest.jsonl");
    names.sort();
    names
}

fn lines(book: &Book, name: &str) -> Vec<String> {
    fs::read_to_string(path(book, name)).unwrap().lines().map(str::to_owned).collect()
}

fn write_lines(book: &Book, name: &str, lines: &[String]) {
    fs::write(path(book, name), lines.join("\n") + "\n").unwrap();
}

/// What `verify` finds.
fn findings(book: &Book, arguments: &[&str]) -> Vec<String> {
    let ended = book.run(&[&["verify", "--json"], arguments].concat());
    let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let found: Vec<String> = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{}: {}: {}", it["file"].as_str().unwrap(), it["offset"], it["what"].as_str().unwrap()))
        .collect();
    ended.exit(if found.is_empty() { 0 } else { 5 });
    found
}

/// The one thing found says `part`.
fn finds(book: &Book, part: &str) {
    let found = findings(book, &[]);
    assert!(found.iter().any(|found| found.contains(part)), "no {part:?} among {found:#?}");
}

#[test]
fn what_is_sealed_later_is_no_alarm() {
    let book = covered();
    assert_eq!(findings(&book, &[]), Vec::<String>::new());
    book.run(&["append", "-r", "r-1", "-a", "more"]).exit(0);
    let many: String = (0..100).map(|n| format!("{{\"run_id\":\"r-1\",\"n\":{n}}}\n")).collect();
    book.run_with(&["append", "-"], many.as_bytes()).exit(0);
    book.run(&["verify"]).exit(0).shows("uncovered").shows("logbook head covers");
}

#[test]
fn rows_of_a_segment() {
    let name = |book: &Book| raw(book)[1].clone();
    let change = |change: &dyn Fn(&mut Vec<String>)| {
        let book = covered();
        let mut rows = lines(&book, &name(&book));
        change(&mut rows);
        write_lines(&book, &name(&book), &rows);
        let found = findings(&book, &[]);
        assert!(found[0].starts_with(&name(&book)), "{found:#?}");
        found.join("\n")
    };
    let told = change(&|rows| drop(rows.remove(20)));
    assert!(told.contains("bytes are missing") && told.contains("the rows between are missing"), "{told}");
    let told = change(&|rows| rows.insert(20, rows[20].clone()));
    assert!(told.contains("bytes too many") && told.contains("is here a second time"), "{told}");
    let told = change(&|rows| rows.swap(20, 29));
    assert!(told.contains("content was changed") && told.contains("moved or copied"), "{told}");
    let told = change(&|rows| rows[20] = rows[20].replace("in-progress", "in-pr0gress"));
    assert!(told.contains("content was changed"), "{told}");
    let told = change(&|rows| rows.truncate(3));
    assert!(told.contains("bytes are missing, 3 lines instead of"), "{told}");
}

#[test]
fn whole_segments() {
    let book = covered();
    let names = raw(&book);
    fs::remove_file(path(&book, &names[2])).unwrap();
    finds(&book, &format!("{}: 0: is gone, and no receipt says why", names[2]));

    let book = covered();
    let (one, two) = (fs::read(path(&book, &names[1])).unwrap(), fs::read(path(&book, &names[2])).unwrap());
    fs::write(path(&book, &names[1]), &two).unwrap();
    fs::write(path(&book, &names[2]), &one).unwrap();
    let found = findings(&book, &[]);
    assert!(found.iter().any(|it| it.starts_with(&names[1])) && found.iter().any(|it| it.starts_with(&names[2])));

    let book = covered();
    let double = names[1].replace(&names[1][..10], "2001-01-01");
    fs::copy(path(&book, &names[1]), path(&book, &double)).unwrap();
    finds(&book, "has the same number as");

    let book = segments();
    fs::remove_file(path(&book, &names[1])).unwrap();
    finds(&book, "segment 000002 is missing before it, and no receipt says why");

    // In the archive.
    let book = segments();
    book.run(&["archive", "--older-than", "0s"]).exit(0);
    let archive = format!("archive/{}.zst", names[1]);
    fs::copy(path(&book, &format!("archive/{}.zst", names[0])), path(&book, &archive)).unwrap();
    finds(&book, &archive);
    fs::remove_file(path(&book, &archive)).unwrap();
    finds(&book, &format!("{archive}: 0: is gone, and no receipt says why"));
}

#[test]
fn lines_of_the_manifest() {
    let change = |change: &dyn Fn(&mut Vec<String>)| {
        let book = covered();
        let mut manifest = lines(&book, "manifest.jsonl");
        change(&mut manifest);
        write_lines(&book, "manifest.jsonl", &manifest);
        findings(&book, &[]).join("\n")
    };
    let told = change(&|lines| drop(lines.remove(1)));
    assert!(told.contains("manifest.jsonl: ") && told.contains("a line was removed"), "{told}");
    let told = change(&|lines| lines.swap(1, 2));
    assert!(told.contains("was removed, changed or moved"), "{told}");
    let told = change(&|lines| lines.insert(2, lines[1].clone()));
    assert!(told.contains("moved or copied"), "{told}");
    let told = change(&|lines| lines[2] = lines[2].replace("\"rows\":", "\"rows\": "));
    assert!(told.contains("this line was changed"), "{told}");
    // A line that is well made, in another's place.
    let told = change(&|lines| {
        let mut line = Line::parse(lines[4].as_bytes()).unwrap();
        line.prev = Line::parse(lines[1].as_bytes()).unwrap().prev;
        lines[1] = line.print();
    });
    assert!(told.contains("manifest.jsonl"), "{told}");
}

#[test]
fn what_is_cut_off_behind_shows_against_a_head() {
    let book = covered();
    let head = book.run(&["head"]).exit(0).out.trim().to_owned();
    book.run(&["append", "-r", "r-1", "-a", "more"]).exit(0);
    book.run(&["verify", "--head", &head]).exit(0).shows("head       holds");
    book.run(&["archive", "--older-than", "0s"]).exit(0);
    book.run(&["head", "--seal"]).exit(0);
    book.run(&["archive", "--older-than", "0s"]).exit(0);
    book.run(&["verify", "--head", &head]).exit(0).shows("head       holds");

    // The last line of the manifest and its segment are gone, the chain is whole.
    let book = covered();
    let head = book.run(&["head", "--seal"]).exit(0).out.trim().to_owned();
    let newest = raw(&book);
    let mut manifest = lines(&book, "manifest.jsonl");
    manifest.pop();
    write_lines(&book, "manifest.jsonl", &manifest);
    for name in &newest[newest.len() - 2..] {
        fs::remove_file(path(&book, name)).unwrap();
    }
    assert_eq!(findings(&book, &[]), Vec::<String>::new());
    let found = findings(&book, &["--head", &head]).join("\n");
    assert!(found.contains("or the lines of the manifest up to then, were changed or cut"), "{found}");
    book.run(&["verify", "--head", "nonsense"]).exit(2).says("is not a head");

    // A row of the active segment was changed since.
    let book = covered();
    let head = book.run(&["head"]).exit(0).out.trim().to_owned();
    let active = raw(&book).last().unwrap().clone();
    let mut rows = lines(&book, &active);
    rows[0] = rows[0].replace("step", "stop");
    write_lines(&book, &active, &rows);
    let found = findings(&book, &["--head", &head]).join("\n");
    assert!(found.contains("is not what the head says"), "{found}");
}

#[test]
fn an_archiver_that_died_while_it_wrote_a_line_is_told_and_mended() {
    let book = covered();
    let mut text = fs::read(path(&book, "manifest.jsonl")).unwrap();
    text.extend_from_slice(b"{\"segment\":\"2026");
    fs::write(path(&book, "manifest.jsonl"), &text).unwrap();
    book.run(&["verify"]).exit(0).shows("note       manifest.jsonl: byte ").shows("an incomplete line");
    book.run(&["head"]).exit(0);
    assert_eq!(findings(&book, &[]), Vec::<String>::new());
    // The power failed while the last line was synced: some of its sectors are holes.
    let whole = fs::read(path(&book, "manifest.jsonl")).unwrap();
    let holed = [&whole[..], b"{\"segment\":\"2026", &[0; 300], b"}\n"].concat();
    fs::write(path(&book, "manifest.jsonl"), &holed).unwrap();
    book.run(&["verify"]).exit(0).shows("a line that a power cut left incomplete");
    book.run(&["head"]).exit(0);
    assert_eq!(fs::read(path(&book, "manifest.jsonl")).unwrap(), whole);
    // In the middle it is damage, and nothing is built on it.
    let line_end = whole.iter().position(|byte| *byte == b'\n').unwrap();
    let mut damaged = whole.clone();
    damaged[line_end - 5] = 0;
    fs::write(path(&book, "manifest.jsonl"), &damaged).unwrap();
    book.run(&["head"]).exit(5).says("broken or not of the chain");
}

#[test]
fn a_gap_that_no_writer_told_of_is_a_break() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":1}"#]);
    book.write(".logbook/2026-04-15.000004.jsonl", b"{\"run_id\":\"r\",\"step\":2}\n");
    finds(&book, "segments 000002 to 000003 are missing before it, and no receipt says why");
    // A row that tells of others says nothing of these.
    let told = r#"{"run_id":"_logbook","step":1,"kind":"repair","missing_from":3,"missing_to":3}"#;
    book.write(".logbook/2026-04-15.000004.jsonl", format!("{told}\n").as_bytes());
    finds(&book, "segments 000002 to 000003 are missing before it, and no receipt says why");
    let told = told.replace("missing_from\":3", "missing_from\":2");
    book.write(".logbook/2026-04-15.000004.jsonl", format!("{told}\n").as_bytes());
    assert_eq!(findings(&book, &[]), Vec::<String>::new());
}
