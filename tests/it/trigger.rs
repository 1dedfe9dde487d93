//! `logbook trigger`: a program for every row, at least once, each time on record, never for its
//! own rows.

use crate::support::Book;

fn blocked(book: &Book, run: &str) {
    book.run(&["append", "-r", run, "-a", "wait", "-s", "blocked", "--blocked-on", "ada; $(reboot)"]).exit(0);
}

#[test]
fn each_row_is_handed_over_once_and_it_is_on_record() {
    let book = Book::new();
    blocked(&book, "r-0");
    let line = "logbook trigger --once --cursor pager status=blocked -- sh -c 'cat >> got; echo \"$LOGBOOK_ROW_ID $LOGBOOK_ROW_RUN $1\" >> ids' sh '{blocked_on}{{x}'";
    book.shell(line).exit(0);
    assert!(!book.path().join("got").exists(), "it begins with what comes");
    blocked(&book, "r-1");
    book.run(&["append", "-r", "r-2", "-a", "fine", "-s", "done"]).exit(0);
    blocked(&book, "r-3");
    book.shell(line).exit(0);
    book.shell(line).exit(0);
    let read = |name: &str| std::fs::read_to_string(book.path().join(name)).unwrap();
    let runs: Vec<String> = read("got")
        .lines()
        .map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap()["run_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(runs, ["r-1", "r-3"]);
    assert_eq!(read("ids"), "r-1#1 r-1 ada; $(reboot){x}\nr-3#1 r-3 ada; $(reboot){x}\n");
    book.run(&["query", "kind=run.end and trigger=pager and final_status=succeeded", "--count"]).stdout("2\n");
    book.run(&["query", "kind=run.start and triggered_by='r-3#1' and parent_run_id=r-3", "--count"]).stdout("1\n");
}

#[test]
fn what_fails_is_tried_again_and_then_given_up() {
    let book = Book::new();
    book.run(&["append", "-r", "r-0", "-a", "x"]).exit(0);
    let line = |command: &str| format!("logbook trigger --once --from-start --tries 2 {command}");
    book.shell(&line("run_id=r-0 -- sh -c 'exit 3'")).exit(1).says("r-0#1: try 2 of 2: exit 3").says("was given up");
    book.run(&["query", "dead_letter=true and error='exit 3' and final_status=failed", "--count"]).stdout("1\n");
    book.run(&["query", "kind=run.start and attempt=2", "--count"]).stdout("1\n");
    book.shell(&line("--timeout 100ms run_id=r-0 -- sleep 60")).exit(1).says("not done after 100 ms");
    book.shell(&line("run_id=r-0 -- ./nowhere")).exit(1).says("./nowhere: No such file");
    book.shell("logbook trigger run_id=r-0").exit(2);
    book.shell("logbook trigger --once 'group_by phase' -- true").exit(2).says("takes a filter");
    book.shell("logbook trigger --once --cursor A_b x=1 -- true").exit(2).says("is not a valid name for a cursor");
}

#[test]
fn its_own_rows_and_those_below_them_are_no_news() {
    let book = Book::new();
    book.run(&["append", "-r", "r-0", "-a", "x", "-s", "failed"]).exit(0);
    // The program fails a run of its own, and one below that: each passes the filter.
    let program = "sh -c 'logbook append -a mine -s failed; logbook start below > /dev/null; logbook append -r below -a also -s failed'";
    let line = format!("logbook trigger --once --from-start --cursor own status=failed -- {program}");
    book.shell(&line).exit(0);
    book.shell(&line.replace("below", "below-2")).exit(0);
    book.run(&["query", "status=failed", "--count"]).stdout("3\n");
    book.run(&["query", "kind=run.start and trigger=own", "--count"]).stdout("1\n");
}

#[test]
fn rows_that_wake_nobody_are_not_read_again_and_the_cursor_never_goes_back() {
    let book = Book::new().var("LOGBOOK_NOW", "2126-01-01T00:00:00Z");
    let append = || {
        book.run(&["append", "-r", "r-1", "-a", "fine", "-s", "done"]).exit(0);
    };
    let kept = || -> (u64, u64) {
        let text = std::fs::read_to_string(book.path().join(".logbook/cursors/pager")).unwrap();
        let (segment, offset) = text.trim().trim_start_matches('@').split_once(':').unwrap();
        (segment.parse().unwrap(), offset.parse().unwrap())
    };
    let line = "logbook trigger --once --cursor pager status=blocked -- true";
    append();
    book.shell(line).exit(0);
    let first = kept();
    append();
    book.shell(line).exit(0);
    let second = kept();
    assert!(second > first, "{first:?} {second:?}");
    // It stands at the end of what was there; nothing came since.
    book.shell(line).exit(0);
    assert_eq!(kept(), second);
    // All of it sealed and archived: the end is the start of a segment that is not there yet.
    book.run(&["head", "--seal"]).exit(0);
    book.run(&["archive", "--older-than", "0s"]).exit(0);
    book.shell(line).exit(0);
    assert!(kept() > second, "{:?}", kept());
    blocked(&book, "r-2");
    book.shell("logbook trigger --once --cursor pager status=blocked -- sh -c 'echo $LOGBOOK_ROW_ID >> ids'").exit(0);
    assert_eq!(std::fs::read_to_string(book.path().join("ids")).unwrap(), "r-2#1\n");
}

#[test]
fn a_cursor_that_is_ahead_of_the_rows_hands_over_what_comes() {
    // As in a copy whose cursor is of a later moment than its rows.
    for cursor in ["@000009:1234\n", "@000001:100000\n", "@000002:7\n"] {
        let book = Book::new();
        book.run(&["append", "-r", "r-0", "-a", "x"]).exit(0);
        book.write(".logbook/cursors/mail", cursor.as_bytes());
        let line = "logbook trigger --once --cursor mail action=x -- sh -c 'echo \"$LOGBOOK_ROW_ID\" >>got'";
        if cursor.starts_with("@000002") {
            // Rows came in that segment before anybody looked.
            book.run(&["head", "--seal"]).exit(0);
        } else {
            book.shell(line).exit(0).says("Going on at");
        }
        book.run(&["append", "-r", "r-1", "-a", "x"]).exit(0);
        book.shell(line).exit(0);
        let got = std::fs::read_to_string(book.path().join("got")).unwrap();
        assert!(got.contains("r-1#1"), "{cursor}: {got}");
    }
}

#[test]
fn a_cursor_at_the_end_of_a_row_hands_over_only_what_follows() {
    // So a trigger leaves it that is killed behind a hand-over: before the newline of the row.
    let book = Book::new();
    for run in ["r-0", "r-1"] {
        book.run(&["append", "-r", run, "-a", "x"]).exit(0);
    }
    let line = "printf '@000001:%s\\n' \"$(head -n1 .logbook/*.000001.jsonl | tr -d '\\n' | wc -c)\" >cursor";
    book.shell(line).exit(0);
    book.write(".logbook/cursors/mail", &std::fs::read(book.path().join("cursor")).unwrap());
    let line = "logbook trigger --once --cursor mail action=x -- sh -c 'echo \"$LOGBOOK_ROW_ID\" >>got'";
    book.shell(line).exit(0).quiet();
    assert_eq!(std::fs::read_to_string(book.path().join("got")).unwrap(), "r-1#1\n");
}
