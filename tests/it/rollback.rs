//! `logbook rollback`: the plan that undoes a run, and its commands.

use crate::support::Book;
use crate::terminal::Terminal;

/// A run that made a file, moved another, sent a mail, and did what nobody can undo.
fn book() -> Book {
    let book = Book::new().var("LOGBOOK_DURABILITY", "none");
    book.write(
        ".logbook/contracts/touch.toml",
        b"side_effect = \"write\"\nrollback = [\"rm\", \"--\", \"{args.1}\"]\n",
    );
    book.write(".logbook/contracts/mv.toml", b"rollback = [\"mv\", \"--\", \"{args.2}\", \"{args.1}\"]\n");
    book.write(".logbook/contracts/mail.toml", b"rollback = 'write to everybody who got it'\n");
    book.write("old", b"kept");
    for line in [
        "logbook start r-88 --agent coder-1",
        "logbook exec -r r-88 --side-effect write -- touch \"$PWD/a b\"",
        "logbook exec -r r-88 --side-effect write -- mv old new",
        "logbook exec -r r-88 --side-effect write -- mv missing elsewhere || true",
        "logbook exec -r r-88 --side-effect read -- true",
        "logbook append -r r-88 tool_call.tool=mail tool_call.side_effect=send -a 'told all'",
        "logbook call begin -r r-88 --tool shred --side-effect delete '{\"path\":\"x\"}'",
    ] {
        book.shell(line).exit(0);
    }
    book
}

#[test]
fn the_plan_has_the_newest_side_effect_first() {
    let book = book();
    let here = book.path().canonicalize().unwrap().display().to_string();
    let out = book.run(&["rollback", "r-88"]).exit(0).quiet().out.replace(&here, "/here");
    assert_eq!(
        out,
        "\
r-88#12  shred (delete, its outcome is unknown): shred {\"path\":\"x\"}
    ! cannot be undone: there is no contract \"shred\" that says how
r-88#11  mail (send): told all
    by hand: write to everybody who got it
r-88#4  mv (write): mv old new
    $ mv -- new old
r-88#2  touch (write): touch '/here/a b'
    $ rm -- '/here/a b'
4 side effects to undo: 2 by a command, 1 by hand, 1 cannot be undone, 1 failed and not in the plan
plan only: nothing was undone
"
    );
    book.run(&["rollback", "r-88", "-o", "jsonl"]).exit(0).shows(
        r#"{"step":"r-88#4","tool":"mv","side_effect":"write","outcome":"done","how":"command","undo":["mv","--","new","old"],"action":"mv old new"}"#,
    );
    book.run(&["rollback", "r-99"]).exit(1).says("no run \"r-99\"");
    assert!(book.path().join("new").exists());
}

#[test]
fn what_was_carried_out_is_a_row_and_is_not_undone_again() {
    let book = book();
    book.run(&["rollback", "r-88", "--execute"]).exit(2).says("--yes");
    // A person who stopped the run did not stop what undoes it; nobody's yes does not pass.
    book.run(&["hold", "r-88", "--why", "wrong directory"]).exit(0);
    book.run(&["rollback", "r-88", "--execute", "--yes"]).exit(1).says("holds run");
    assert!(book.path().join("new").exists());
    let ended = book.typing("y\nn\n", "logbook rollback r-88 --execute", 200, 24);
    ended.exit(1).shows("run mv -- new old? [y/N]").shows("r-88#2 was not undone: nobody said yes");
    assert!(book.path().join("old").exists() && !book.path().join("new").exists());
    assert!(book.path().join("a b").exists());
    book.run(&["release", "r-88", "--why", "roll it back"]).exit(0);
    book.run(&["rollback", "r-88", "--execute", "--yes"]).exit(1).shows("undone: 1 of 3\n");
    assert!(!book.path().join("a b").exists());
    book.run(&["query", "kind=call.intent", "undoes~'.'", "--select", "undoes,tool_call.tool,action"])
        .shows(r#"{"undoes":"r-88#4","tool_call.tool":"rollback","action":"mv -- new old"}"#);
    book.run(&["rollback", "r-88"]).exit(0).shows(
        "2 side effects to undo: 1 by hand, 1 cannot be undone, 2 undone already, 1 failed and not in the plan\n",
    );
    // What was done by hand is said in a row.
    book.run(&["append", "-r", "r-88", "--kind", "note", "-a", "told them", "undoes=r-88#11"]).exit(0);
    book.run(&["rollback", "r-88"]).exit(0).shows("1 side effect to undo: 1 cannot be undone, 3 undone already");
}

#[test]
fn what_fails_ends_it_and_stays_in_the_plan() {
    let book = book();
    std::fs::remove_file(book.path().join("new")).unwrap();
    book.run(&["rollback", "r-88", "--execute", "--yes"])
        .exit(1)
        .says("r-88#4 was not undone: the command ended with 1; nothing older was undone either");
    assert!(book.path().join("a b").exists());
    book.run(&["rollback", "r-88"]).exit(0).shows("    $ mv -- new old\n");
}

#[test]
fn nothing_is_filled_in_that_was_not_kept() {
    let book = Book::new().var("LOGBOOK_DURABILITY", "none").var("LOGBOOK_RUN", "r-1");
    book.write(
        ".logbook/contracts/db.toml",
        b"side_effect = \"write\"\nrollback = [\"db\", \"--id={result.id}\", \"{args.secret}\", \"{x}\"]\n",
    );
    let call = |arguments: &[&str], result: &str| {
        let id = book.run(&[&["call", "begin", "--tool", "db"], arguments].concat()).exit(0).out.trim().to_owned();
        book.run(&["call", "end", &id, result, "--exit-code", "0"]).exit(0);
    };
    call(&["{\"secret\":\"s\"}"], "{\"id\":7}");
    call(&["{\"secret\":null}"], "{\"id\":7}");
    call(&["--args", "digest", "{\"secret\":\"s\"}"], "{\"id\":7}");
    call(&["{\"secret\":\"ghp_16C7e42F292c6912E7710c838347Ae178B4a\"}"], "{\"id\":7}");
    let plan = book.run(&["rollback", "r-1"]).exit(0).out.clone();
    for told in [
        "    $ db '--id=7' s '{x}'\n",
        "! cannot be undone: {args.secret}: the call has no such value\n",
        "! cannot be undone: {args.secret}: it was not stored\n",
        "! cannot be undone: {args.secret}: it was a secret, which is not stored\n",
    ] {
        assert!(plan.contains(told), "{told}\n{plan}");
    }
}

#[test]
fn what_somebody_else_undoes_meanwhile_is_not_undone_twice() {
    let book = book();
    // While the newest step is being undone, another rollback undoes what is older.
    book.write(".logbook/contracts/wrap.toml", b"side_effect = \"write\"\nrollback = [\"sh\", \"again.sh\"]\n");
    book.write("again.sh", b"logbook rollback r-88 --execute --yes\ntrue\n");
    book.run(&["exec", "-r", "r-88", "--tool", "wrap", "--", "true"]).exit(0);
    book.run(&["rollback", "r-88", "--execute", "--yes"])
        .exit(1)
        .shows("undone: 2 of 5\n")
        .says("the command was not run: somebody else began to undo r-88#4 meanwhile");
    book.run(&["query", "kind=call.intent", "undoes~'.'", "--select", "undoes", "-o", "tsv"])
        .stdout("undoes\nr-88#13\nr-88#4\nr-88#2\n");
}

#[test]
fn an_undoing_that_died_halfway_is_in_doubt() {
    let book = book();
    book.write(".logbook/contracts/fatal.toml", b"side_effect = \"write\"\nrollback = [\"sh\", \"fatal.sh\"]\n");
    book.write("fatal.sh", b"kill -9 $PPID\n");
    book.run(&["exec", "-r", "r-88", "--tool", "fatal", "--", "true"]).exit(0);
    book.run(&["rollback", "r-88", "--execute", "--yes"]).exit(-1);
    book.run(&["rollback", "r-88"]).exit(0).shows("began to undo it, and the outcome is unknown");
    book.run(&["runs", "open_calls>1 select run_id", "-o", "tsv"]).stdout("run_id\nr-88\n");
    // It is not tried again; what is older is.
    book.run(&["rollback", "r-88", "--execute", "--yes"]).exit(1).shows("undone: 2 of 5\n");
}

#[test]
fn an_interrupt_at_a_prompt_ends_it() {
    let book = book();
    let mut terminal = Terminal::run(&book, &["rollback", "r-88", "--execute"], 100, 30);
    terminal.shows("run mv -- new old? [y/N]");
    terminal.types("y\n");
    terminal.shows("[y/N] y");
    // The first command has left the process deaf to it, were it not mended; the terminal is the
    // second prompt's.
    terminal.until("the second prompt", |screen| screen.matches("[y/N]").count() == 2);
    terminal.types("\u{3}");
    assert!(!terminal.ends().success());
    assert!(book.path().join("old").exists() && book.path().join("a b").exists());
}
