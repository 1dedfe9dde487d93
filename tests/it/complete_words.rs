//! `logbook complete-words`, and the shell that asks it.

use crate::support::Book;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-1","step":1,"status":"done","own_field":{"inner":1}}"#,
    r#"{"run_id":"r-2","step":1,"status":"done"}"#,
    r#"{"run_id":"$(touch gone-wrong)","step":1}"#,
    r#"{"run_id":"_logbook","step":1,"kind":"repair"}"#,
];

#[test]
fn words_are_those_of_the_logbook() {
    let book = Book::with_rows(ROWS);
    book.run(&["complete-words", "runs"]).exit(0).quiet().stdout("r-1\nr-2\n");
    book.run(&["complete-words", "statuses"]).exit(0).stdout("in-progress\ndone\nblocked\nfailed\n");
    book.run(&["complete-words", "fields"])
        .exit(0)
        .shows("blocked_on\n")
        .shows("own_field.inner\n")
        .shows("tool_call.tool\n");
    book.run(&["complete-words", "nonsense"]).exit(0).quiet().stdout("");
    let none = Book::empty();
    none.run(&["complete-words", "runs"]).exit(0).quiet().stdout("");
    none.run(&["complete-words", "fields"]).exit(0).quiet().shows("run_id\n");
    assert!(!book.run(&["--help"]).out.contains("complete-words"));
}

/// What bash offers behind `line`, whose last word is being typed.
fn offered(book: &Book, line: &[&str]) -> String {
    let words: Vec<String> = line.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(logbook completions bash); COMP_WORDS=({}); COMP_CWORD={}; _logbook_words logbook '{}' '{}'; echo \"${{COMPREPLY[*]}}\"",
        words.join(" "),
        line.len() - 1,
        line[line.len() - 1],
        line[line.len() - 2],
    );
    book.write("script", script.as_bytes());
    let ended = book.shell("bash script");
    ended.exit(0).quiet();
    ended.out.trim_end().to_owned()
}

#[test]
fn bash_completes_fields_statuses_and_runs() {
    let book = Book::with_rows(ROWS);
    if book.shell("command -v bash").code != 0 {
        println!("not run: needs bash");
        return;
    }
    assert_eq!(offered(&book, &["logbook", "query", "--group", "blocked"]), "blocked_on");
    assert_eq!(offered(&book, &["logbook", "query", "--select", "run_id,own_field.i"]), "run_id,own_field.inner");
    assert_eq!(offered(&book, &["logbook", "query", "--sort", "-cost"]), "-cost_usd");
    assert_eq!(offered(&book, &["logbook", "append", "-s", "b"]), "blocked");
    assert_eq!(offered(&book, &["logbook", "append", "-r", ""]), "r-1 r-2");
    assert_eq!(offered(&book, &["logbook", "show", "r-"]), "r-1 r-2");
    assert_eq!(offered(&book, &["logbook", "sho"]), "show", "what is no value is completed as before");
    assert!(offered(&book, &["logbook", "show", "--as-w"]).contains("--as-written"));
    assert!(!book.path().join("gone-wrong").exists());
}

#[test]
fn zsh_and_fish_ask_for_the_same_words() {
    let book = Book::empty();
    let zsh = book.run(&["completions", "zsh"]);
    zsh.shows(":RUN:_logbook_runs' \\").shows("FIELD,…:_logbook_fields' \\").shows(":STATUS:_logbook_statuses' \\");
    assert!(zsh.out.starts_with("#compdef logbook\n"));
    assert!(zsh.out.lines().any(|line| line.contains(":what -- ") && line.ends_with("_logbook_runs' \\")), "{zsh}");
    book.run(&["completions", "fish"]).shows("logbook complete-words runs").shows("logbook complete-words statuses");
    for (shell, check) in [("zsh", "zsh -n c"), ("fish", "fish --no-execute c")] {
        if book.shell(&format!("command -v {shell}")).code != 0 {
            println!("not run: needs {shell}");
            continue;
        }
        book.shell(&format!("logbook completions {shell} > c && {check}")).exit(0).quiet();
    }
}
