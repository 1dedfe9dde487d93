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
#[ignore = "needs bash"]
fn bash_completes_fields_statuses_and_runs() {
    let book = Book::with_rows(ROWS);
    assert_eq!(offered(&book, &["logbook", "query", "--group", "blocked"]), "blocked_on");
    assert_eq!(offered(&book, &["logbook", "query", "--select", "run_id,own_field.i"]), "run_id,own_field.inner");
    assert_eq!(offered(&book, &["logbook", "query", "--sort", "-cost"]), "-cost_usd");
    assert_eq!(offered(&book, &["logbook", "append", "-s", "b"]), "blocked");
    assert_eq!(offered(&book, &["logbook", "append", "-r", ""]), "r-1 r-2");
    assert_eq!(offered(&book, &["logbook", "append", "--run", "=", "r-2"]), "r-2");
    assert_eq!(offered(&book, &["logbook", "append", "--status", "="]), "in-progress done blocked failed");
    assert_eq!(offered(&book, &["logbook", "show", "r-"]), "r-1 r-2");
    assert_eq!(offered(&book, &["logbook", "sho"]), "show", "what is no value is completed as before");
    assert!(offered(&book, &["logbook", "show", "--as-w"]).contains("--as-written"));
    assert!(!book.path().join("gone-wrong").exists());
}

/// What zsh offers behind lines: they are typed, each with a tab, at a zsh on a
/// terminal of its own, where whatever is offered passes through our `compadd`.
const ZSH_OFFERED: &str = r#"
zmodload zsh/zpty || exit 77
zpty typing zsh -f -i
until_shown() { local piece; shown=; while [[ $shown != *$1* ]] && zpty -r typing piece; do shown+=$piece; done }
zpty -w typing "PS1= PS2= RPS1=; stty -echo; source $PWD/typing.zsh; print rea''dy"
until_shown ready
for line; do
    zpty -w -n typing $'\x15'"$line"$'\t'
    until_shown THE-END
    shown=${${shown#*THE-START}%THE-END*}
    print -r -- ${=shown//$'\r'/}
done
zpty -d typing
"#;
const ZSH_TYPING: &str = r#"
fpath=($PWD $fpath)
autoload -Uz compinit && compinit -u -D
offered=()
compadd() {
    local -a hits
    [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] || { builtin compadd -A hits "$@"; offered+=($hits) }
    builtin compadd "$@"
}
tell() { print; print THE-START $offered THE-END; offered=() }
offer() { comppostfuncs=(tell); _main_complete }
zle -C offer complete-word offer
bindkey '^I' offer
"#;

/// What a shell offers at the end of a line, and what it must.
const OFFERED: [(&str, &str); 12] = [
    ("logbook query --group blocked", "blocked_on"),
    ("logbook query --group=blocked", "blocked_on"),
    ("logbook query status=done --select run_id,own_field.i", "own_field.inner"),
    ("logbook query --sort=-cost", "cost_usd"),
    ("logbook append -s b", "blocked"),
    ("logbook append --status ", "in-progress done blocked failed"),
    ("logbook append --kind run.s", "run.start"),
    ("logbook show ", "r-1 r-2"),
    ("logbook runs --run r-", "r-1 r-2"),
    ("logbook fields own_field.", "own_field.inner"),
    ("logbook amend r-1 1 --unset own_field.", "own_field.inner"),
    ("logbook sho", "show"),
];

#[test]
#[ignore = "needs zsh"]
fn zsh_offers_fields_statuses_and_runs() {
    let book = Book::with_rows(ROWS);
    book.write("offered.zsh", ZSH_OFFERED.as_bytes());
    book.write("typing.zsh", ZSH_TYPING.as_bytes());
    book.shell("logbook completions zsh > _logbook && zsh -fc 'zmodload zsh/zpty'").exit(0);
    let lines = OFFERED.map(|(line, _)| format!("'{line}'")).join(" ");
    let ended = book.shell(&format!("timeout 120 zsh -f offered.zsh {lines}"));
    let offered: Vec<&str> = ended.exit(0).out.lines().collect();
    assert_eq!(offered, OFFERED.map(|(_, wanted)| wanted), "{lines}");
    assert!(!book.path().join("gone-wrong").exists());
}

#[test]
#[ignore = "needs fish"]
fn fish_offers_fields_statuses_and_runs() {
    let book = Book::with_rows(ROWS);
    book.shell("logbook completions fish > c").exit(0).quiet();
    for (line, wanted) in OFFERED {
        // fish gives whole words, in order of the alphabet, and what is said of them behind a tab.
        // A word of its own that begins with `-` (`--sort -cost`) it takes for a flag, whatever is
        // said.
        let script = format!("source c; complete -C '{line}'");
        let ended = book.shell(&format!("timeout 60 fish --no-config -c \"{script}\""));
        let typed = line.rsplit(' ').next().unwrap_or_default();
        let before = typed.rfind([',', '=']).map_or("", |at| &typed[..=at]);
        let offered = ended.exit(0).out.lines().map(|line| line.split('\t').next().unwrap_or_default());
        let mut offered: Vec<&str> =
            offered.map(|word| word.strip_prefix(before).unwrap_or(word).trim_start_matches('-')).collect();
        let mut wanted: Vec<&str> = wanted.split(' ').collect();
        offered.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(offered, wanted, "{line}");
    }
    assert!(!book.path().join("gone-wrong").exists());
}

#[test]
fn zsh_and_fish_ask_for_the_same_words() {
    let book = Book::empty();
    let zsh = book.run(&["completions", "zsh"]);
    zsh.shows(":RUN:_logbook_runs' \\").shows("FIELD,…:_logbook_fields' \\").shows(":STATUS:_logbook_statuses' \\");
    assert!(zsh.out.starts_with("#compdef logbook\n"));
    assert!(zsh.out.lines().any(|line| line.contains(":what -- ") && line.ends_with("_logbook_runs' \\")), "{zsh}");
    assert!(
        zsh.out.lines().any(|line| line.contains(" -- A field ") && line.ends_with("_logbook_fields' \\")),
        "{zsh}"
    );
    book.run(&["completions", "fish"]).shows("logbook complete-words runs").shows("logbook complete-words statuses");
}

#[test]
#[ignore = "needs zsh"]
fn zsh_can_read_its_script() {
    Book::empty().shell("logbook completions zsh > c && zsh -n c").exit(0).quiet();
}

#[test]
#[ignore = "needs fish"]
fn fish_can_read_its_script() {
    Book::empty().shell("logbook completions fish > c && fish --no-execute c").exit(0).quiet();
}
