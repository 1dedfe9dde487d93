//! `logbook archive`: segments go into the archive and come back, old ones go for good, and nobody
//! notices who reads.

use std::fs;
use std::io::Read;

use crate::support::Book;

/// A logbook of five sealed segments and an active one, 400 rows of 9 runs.
pub fn segments() -> Book {
    let book = Book::new().var("LOGBOOK_NOW", "2126-01-01T00:00:00Z");
    book.write(".logbook/config.toml", b"segment_bytes_max = 4096\n");
    for batch in 0..6 {
        let rows: String = (0..67)
            .map(|row| {
                let (n, run) = (batch * 67 + row, row % 9);
                format!("{{\"run_id\":\"r-{run}\",\"action\":\"step {n}\",\"status\":\"in-progress\",\"n\":{n}}}\n")
            })
            .collect();
        book.run_with(&["append", "-"], rows.as_bytes()).exit(0);
    }
    book
}

fn names(book: &Book, folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(book.path().join(folder)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".jsonl"))
        .collect();
    names.sort();
    names
}

fn bytes(book: &Book, name: &str) -> Vec<u8> {
    fs::read(book.path().join(".logbook").join(name)).unwrap()
}

#[test]
fn an_archived_segment_reads_as_before_and_comes_back_byte_for_byte() {
    let book = segments();
    let all = book.run(&["query", "-o", "jsonl"]).exit(0).out.clone();
    let raw = names(&book, ".logbook");
    let first = raw.first().unwrap().clone();
    let before = bytes(&book, &first);
    book.run(&["archive", "--older-than", "0s"]).exit(0).quiet().stdout("");
    let mut left = names(&book, ".logbook");
    left.retain(|name| name != "manifest.jsonl");
    assert_eq!(left, [raw.last().unwrap().clone()]);
    assert_eq!(names(&book, ".logbook/archive").len(), raw.len() - 1);
    assert_eq!(book.run(&["query", "-o", "jsonl"]).exit(0).out, all);
    assert_eq!(book.run(&["query", "-o", "jsonl", "--no-cache"]).exit(0).out, all);
    // What other programs unpack is the same.
    let packed = bytes(&book, &format!("archive/{first}.zst"));
    assert_eq!(zstd::decode_all(&packed[..]).unwrap(), before);
    book.run(&["verify"]).exit(0).shows("proved     5 sealed segments");

    book.run(&["archive", "--restore", "1"]).exit(0).quiet();
    assert_eq!(bytes(&book, &first), before);
    assert_eq!(book.run(&["query", "-o", "jsonl"]).exit(0).out, all, "a number counts once");
    book.run(&["verify"]).exit(0).shows("proved     5 sealed segments");
    // Again: the restored one goes back, the rest stays.
    book.run(&["archive", "--older-than", "0s"]).exit(0).quiet();
    assert!(!book.path().join(".logbook").join(&first).exists());
    book.run(&["archive", "--restore", "000099"]).exit(1).says("no segment 000099 is archived");
    book.run(&["archive", "--restore", "../x"]).exit(2).says("is not a segment");
}

#[test]
fn only_what_is_old_enough_goes() {
    let book = segments().var("LOGBOOK_NOW", "2026-04-16T08:00:00Z");
    book.run(&["archive", "--older-than", "1d"]).exit(0).quiet();
    assert!(names(&book, ".logbook/archive").is_empty());
    // Ages are known of what is covered.
    let later = segments();
    later.run(&["archive", "--older-than", "400d", "--dry-run"]).exit(0).shows("not covered yet");
    later.run(&["head"]).exit(0);
    later.run(&["archive", "--older-than", "400d", "--dry-run"]).exit(0).shows("archive  2").shows("rows");
    assert!(names(&later, ".logbook/archive").is_empty());
    later.run(&["archive", "--older-than", "400d"]).exit(0);
    assert_eq!(names(&later, ".logbook/archive").len(), 5);
}

#[test]
fn deleting_leaves_a_receipt_that_is_stored_first() {
    let book = segments();
    let rows = book.run(&["query", "--count"]).out.trim().parse::<u64>().unwrap();
    book.run(&["archive", "--older-than", "30d", "--delete-older-than", "400d"]).exit(0).quiet();
    let receipt = book.run(&["query", "kind=archive.receipt", "-o", "jsonl"]).exit(0).out.clone();
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(receipt["segments"].as_array().unwrap().len(), 5);
    assert_eq!(receipt["reason"], "archive --delete-older-than 400d");
    let left = book.run(&["query", "--count"]).out.trim().parse::<u64>().unwrap();
    // Beside the receipt there is the row that carries over what still counts.
    assert_eq!(left + receipt["rows"].as_u64().unwrap(), rows + 2);
    book.run(&["verify"]).exit(0).shows("deleted    5 segments, with a receipt");
    // The tool's own rows are of no run.
    assert!(!book.run(&["runs", "--all"]).out.contains("_logbook"));
}

#[test]
fn what_is_asked_is_checked_before_anything_is_done() {
    let book = segments();
    book.run(&["archive", "--older-than", "30"]).exit(2).says("lacks a unit");
    book.run(&["archive", "--delete-older-than", "400"]).exit(2).says("lacks a unit");
    book.run(&["archive", "--older-than", "30d", "--level", "99"]).exit(2);
    let elsewhere = Book::empty();
    elsewhere.run(&["append", "-r", "r", "-a", "x"]).exit(0);
    elsewhere.run(&["archive", "--older-than", "0s"]).exit(2).says("only if --dir names it");
}

#[test]
fn a_raw_file_that_was_changed_stays() {
    let book = segments();
    book.run(&["head"]).exit(0);
    let first = names(&book, ".logbook").first().unwrap().clone();
    let mut changed = bytes(&book, &first);
    let at = changed.len() / 2;
    changed[at] ^= 1;
    book.write(&format!(".logbook/{first}"), &changed);
    book.run(&["archive", "--older-than", "0s"])
        .exit(5)
        .says("does not hold what the manifest says; the raw file stays");
    assert_eq!(bytes(&book, &first), changed);
    book.run(&["verify"]).exit(5).shows(&format!("broken     {first}: byte 0: its content was changed"));
}

#[test]
fn hostile_archives_are_told_and_the_rest_is_answered() {
    let book = segments();
    book.run(&["archive", "--older-than", "0s"]).exit(0);
    let archived = names(&book, ".logbook/archive");
    let all: u64 = book.run(&["query", "--count"]).out.trim().parse().unwrap();
    let whole = bytes(&book, &format!("archive/{}", archived[1]));
    let rows = zstd::decode_all(&whole[..]).unwrap().iter().filter(|byte| **byte == b'\n').count() as u64;
    let count = |replaced: &[u8]| {
        book.write(&format!(".logbook/archive/{}", archived[1]), replaced);
        let ended = book.run(&["query", "--count", "--no-cache"]);
        (ended.out.trim().parse::<u64>().unwrap(), ended.err.clone())
    };
    // Cut off; a bomb, by which one line grows beyond any row; a window of 2 GiB; garbage behind
    // the end.
    let (left, told) = count(&whole[..whole.len() / 2]);
    assert!(left >= all - rows && left < all && told.contains(&archived[1]), "{told}");
    let bomb = zstd::encode_all(std::io::repeat(b'x').take(256 << 20), 3).unwrap();
    let (left, told) = count(&bomb);
    assert!(left == all - rows && told.contains("longer than 16 MiB"), "{told}");
    let window = [&b"\x28\xB5\x2F\xFD\x00\xA8\x01\x00\x00"[..], b"{}"].concat();
    let (left, told) = count(&window);
    assert!(left == all - rows && told.contains(&archived[1]), "{told}");
    let (left, told) = count(&[&whole[..], b"garbage"].concat());
    assert!(left == all && told.contains(&archived[1]), "{left} of {all}: {told}");
    // Frames that are not where the table says: the same rows, told or not.
    let other = bytes(&book, &format!("archive/{}", archived[2]));
    let (left, _) = count(&other);
    assert!(left > all - rows);
    book.run(&["verify"]).exit(5).shows(&archived[1]);
}

#[test]
fn writers_know_what_is_archived() {
    let book = segments();
    book.run(&["append", "-r", "r-1", "-a", "once", "--id", "key", "--print", "id"]).exit(0);
    let before = book.run(&["append", "-r", "r-2", "-a", "x", "--print", "id"]).exit(0).out.clone();
    book.run(&["head", "--seal"]).exit(0);
    book.run(&["archive", "--older-than", "0s"]).exit(0);
    // With what is in cache/, and without it: steps go on, and an id is stored once.
    for cached in [true, false] {
        if !cached {
            fs::remove_dir_all(book.path().join(".logbook/cache")).unwrap();
        }
        book.run(&["append", "-r", "r-1", "-a", "once", "--id", "key"]).exit(0);
        book.run(&["query", "id=key", "--count"]).stdout("1\n");
        book.run(&["append", "-r", "r-1", "-a", "other", "--id", "key"]).exit(2).says("key");
    }
    let step = |text: &str| text.trim().rsplit('#').next().unwrap().parse::<u64>().unwrap();
    let after = book.run(&["append", "-r", "r-2", "-a", "y", "--print", "id"]).exit(0).out.clone();
    assert_eq!(step(&after), step(&before) + 1);
}

/// A reader lists the segments, and retention deletes one before it is opened.
#[test]
fn a_segment_deleted_after_it_was_listed_is_no_fault_of_the_logbook() {
    use logbook_scan::{Class, Source, feed};
    use logbook_store::{Input, snapshot};

    // An archive, a plain segment that retention takes, and a file removed by hand.
    for (archived, by_hand, expected) in
        [(true, false, Class::Deleted), (false, false, Class::Deleted), (true, true, Class::Unreadable)]
    {
        let book = Book::new().var("LOGBOOK_NOW", "2126-01-01T00:00:00Z");
        book.run(&["append", "-r", "r-1", "-a", "one"]).exit(0);
        book.run(&["head", "--seal"]).exit(0);
        book.run(&["append", "-r", "r-1", "-a", "two"]).exit(0);
        if archived {
            book.run(&["archive", "--older-than", "0s"]).exit(0);
        }
        let directory = book.path().join(".logbook");
        let listed = snapshot(&directory).unwrap();
        let source = Source::as_written(listed.segments.iter().cloned().map(Input::Segment).collect());
        if by_hand {
            fs::remove_dir_all(directory.join("archive")).unwrap();
        } else {
            // All that is left to archive is archived first.
            book.run(&["archive", "--older-than", "0s"]).exit(0);
            book.run(&["archive", "--delete-older-than", "0s"]).exit(0);
        }
        let mut rows = 0;
        let scanned = feed(&source, &mut std::io::empty(), &[], false, |_, _, _| {
            rows += 1;
            std::ops::ControlFlow::Continue(())
        });
        assert_eq!(rows, 1, "the row of the other segment");
        // Gates refuse and look again; readers answer, and say so.
        assert!(scanned.skipped.refuse_unread().is_err());
        assert_eq!(scanned.skipped.has_unread(), by_hand);
        let lines = scanned.skipped.lines().concat();
        assert_eq!(lines.contains("deleted by retention meanwhile"), !by_hand, "{lines}");
        let entries = scanned.skipped.into_entries();
        assert_eq!(entries.iter().map(|entry| entry.class).collect::<Vec<_>>(), [expected]);
    }
}
