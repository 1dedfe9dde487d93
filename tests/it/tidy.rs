//! What a machine can check about the source: the walls between rooms, who may
//! print, the length of files, the table of contents.

use std::fs;
use std::path::Path;

use logbook_model::Kind;

use crate::support::repository;

/// The floors (ARCHITECTURE.md, The house). A room may import what stands on a
/// lower floor, and itself.
const FLOORS: &[(&str, u8)] = &[
    ("json", 0),
    ("model", 1),
    ("format", 2),
    ("query", 2),
    ("store", 3),
    ("scan", 4),
    ("verify", 4),
    ("view", 4),
    ("render", 5),
    ("cmd", 6),
    ("cli", 7),
    ("main", 8),
    ("lib", 9),
];

/// Lower floors that a room must not know all the same.
const STRANGERS: &[(&str, &str)] = &[("store", "query"), ("render", "store"), ("view", "store"), ("render", "scan")];
/// Only `cmd` and what is above it may end the process.
const ENDS: &[&str] = &["process::exit"];
/// Nobody prints but through `render::streams`, which escapes what a terminal would obey. These
/// open or hold a stream as it is; whoever may is listed below.
const PRINTS: &[&str] = &[
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "stdout()",
    "stderr()",
    "stdout",
    "stderr",
    "Stdout",
    "Stderr",
    "/dev/tty",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd",
    "from_raw_fd",
    "borrow_raw",
    ".screen()",
    "Drawn::new",
    "Output::new",
    "Notes::new",
    ".sink()",
];
/// File, what it may hold, and why.
const MAY_PRINT: &[(&str, &[&str], &str)] = &[
    ("src/main.rs", &["stdout()", "stderr()", "stdout", "stderr", "Output::new", "Notes::new"], "opens them"),
    ("crates/render/src/streams.rs", &["Drawn::new", ".screen()", ".sink()"], "is the door"),
    ("crates/render/src/rows.rs", &[".sink()"], "escapes each value"),
    ("crates/render/src/line.rs", &["Drawn::new"], "escapes each value"),
    ("crates/render/src/request/terminal.rs", &["Drawn::new"], "draws lines of a sheet, which are safe"),
    ("crates/render/src/cards.rs", &["Drawn::new"], "escapes each value"),
    ("src/cmd/live/screen/terminal.rs", &["stdout()", ".screen()"], "the cells of a dashboard hold escaped text"),
    ("src/cmd/live/screen/session.rs", &["stdout()"], "asks for its size"),
    ("crates/store/src/os_real.rs", &["stdout()", "stdout"], "asks whether somebody reads it"),
    ("src/cmd/shared/writing/logbook.rs", &["stderr()"], "asks for the name of the terminal"),
    ("src/cmd/progress.rs", &["stderr()", "Notes::new"], "a thread beside the one that holds the door"),
    ("src/cmd/shared/guard/memory.rs", &["stderr()"], "ends the process without any memory"),
    (
        "src/cmd/shared/guard/watchdog.rs",
        &["stderr()", "Notes::new"],
        "ends the process beside the one that holds the door",
    ),
    ("src/cmd/shared/calling/judge/worker.rs", &["stdout()"], "ends the process beside the one that holds the door"),
    ("src/cmd/shared/calling/judge/process.rs", &["stdout"], "reads what the worker answers"),
    ("src/cmd/live/web/context.rs", &["Output::new", "Notes::new"], "a page is no terminal"),
    ("src/cmd/live/web/pages/runs.rs", &["Output::new"], "a page is no terminal"),
    ("src/cmd/live/web/child.rs", &["stdout", "stderr"], "reads what a child says"),
    (
        "src/cmd/shared/calling/command.rs",
        &["stdout", "stderr", "stderr()", "Notes::new"],
        "the streams of a command that is run",
    ),
    (
        "src/cmd/shared/calling/capture.rs",
        &["stdout()", "stderr()", "stdout", "stderr"],
        "the streams of a command that is run",
    ),
];
/// Nowhere.
const NEVER: &[&str] = &["todo!", "dbg!", "unimplemented!"];
/// In these rooms nothing reads a disk, a clock or the environment.
const PURE: &[&str] = &["json", "model", "format", "query", "view", "render"];
const IMPURE: &[&str] =
    &["std::fs", "std::env", "std::net", "SystemTime", "Instant::now", "Utc::now", "Local::now", "std::process"];

const LINES_MAX: usize = 600;
const FILES_IN_ROOM_MAX: usize = 20;

/// Every `.rs` below `directory`: path relative to the repository, text.
pub fn sources(directory: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![repository().join(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(repository()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Every source file of the program and its crates.
pub fn source_files() -> Vec<(String, String)> {
    [sources("src"), sources("crates")].concat()
}

/// Each crate with its files: their paths below `src/`, and texts.
pub fn crate_sources() -> Vec<(String, Vec<(String, String)>)> {
    let mut crates: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for (path, text) in source_files() {
        let (name, inside) = match path.strip_prefix("crates/") {
            Some(rest) => rest.split_once("/src/").unwrap_or((rest, "")),
            None => ("logbook", path.strip_prefix("src/").unwrap_or(&path)),
        };
        match crates.last_mut() {
            Some((last, files)) if last == name => files.push((inside.to_owned(), text)),
            _ => crates.push((name.to_owned(), vec![(inside.to_owned(), text)])),
        }
    }
    crates
}

/// A file without its own tests, which stand at its end.
pub fn without_tests(text: &str) -> &str {
    &text[..text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len())]
}

/// `crates/query/src/lex.rs` is in the room `query`, `src/cli.rs` is `cli`.
fn room(path: &str) -> &str {
    let inside = path.strip_prefix("crates/").or(path.strip_prefix("src/")).unwrap_or(path);
    inside.split(['/', '.']).next().unwrap_or(inside)
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// Code without comments and without the file's own tests at its end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = without_tests(text).lines().enumerate().map(|(at, line)| (at + 1, line));
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at, line.split_once(" // ").map_or(line, |(code, _)| code)))
}

/// Whether the code names a stream by its path.
fn quoted_path(code: &str, word: &str) -> bool {
    word.starts_with('/') && code.contains(word)
}

/// What is wrong with one file of `src/`.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let here = room(path);
    let Some(own) = floor(here) else {
        return vec![format!("{path}: room {here} has no floor in tests/it/tidy.rs")];
    };
    if !text.starts_with("//!") {
        faults.push(format!("{path}: no sign at the door (//! at the top)"));
    }
    if text.lines().count() > LINES_MAX {
        faults.push(format!("{path}: over {LINES_MAX} lines"));
    }
    for (line, code) in code(text) {
        for (at, wall) in ["crate::", "logbook_"].into_iter().flat_map(|wall| code.match_indices(wall)) {
            let rest = &code[at + wall.len()..];
            let other: String =
                rest.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
            if let Some(other_floor) = floor(&other)
                && other != here
                && (other_floor >= own || STRANGERS.contains(&(here, other.as_str())))
            {
                faults.push(format!("{path}:{line}: {here} (floor {own}) imports {other} (floor {other_floor})"));
            }
        }
        for word in NEVER {
            if code.contains(word) {
                faults.push(format!("{path}:{line}: {word}"));
            }
        }
        let is_letter = |it: char| it.is_alphanumeric() || it == '_';
        let holds = |word: &str| {
            let is_word = word.ends_with(is_letter);
            code.match_indices(word).any(|(at, _)| {
                let (before, after) = (&code[..at], &code[at + word.len()..]);
                // As a word of its own, and not within a text of ours such as an error message.
                let goes_on = (word.starts_with(is_letter) && before.ends_with(is_letter))
                    || (is_word && after.starts_with(is_letter));
                // `child.stdout(…)` says where a child writes; `stdout()` is a word of its own.
                let of_child = matches!(word, "stdout" | "stderr") && after.starts_with('(');
                !goes_on && !of_child && before.matches('"').count() % 2 == 0
            })
        };
        for word in ENDS.iter().filter(|word| own < 6 && holds(word)) {
            faults.push(format!("{path}:{line}: {word} below cmd"));
        }
        let may = MAY_PRINT.iter().find(|(file, ..)| *file == path).map_or(&[][..], |(_, words, _)| words);
        for word in PRINTS.iter().filter(|word| !may.contains(word) && (holds(word) || quoted_path(code, word))) {
            faults.push(format!("{path}:{line}: {word}: text goes to a terminal through render::streams only"));
        }
        for word in IMPURE {
            if PURE.contains(&here) && code.contains(word) {
                faults.push(format!("{path}:{line}: {word} in a pure room"));
            }
        }
        if (path.ends_with("mod.rs") || path.ends_with("/lib.rs"))
            && (code.contains("fn ") || code.contains("macro_rules!"))
        {
            faults.push(format!("{path}:{line}: logic in a mod.rs"));
        }
    }
    faults
}

#[test]
fn the_walls_stand() {
    let sources = source_files();
    assert!(sources.len() > 20, "the source was not found");
    let faults: Vec<String> = sources.iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What can run away is compiled by these alone, which see to its bounds (`cmd/shared/guard`).
const COMPILES: &[(&str, &[&str])] = &[
    ("query::compile(", &["src/cmd/shared/reading/wording.rs"]),
    ("wording::compiled(", &["src/cmd/shared/calling/judge/rules.rs"]),
    ("Program::compile(", &["src/cmd/shared/calling/judge/rules.rs", "crates/query/src/compile/scope.rs"]),
    ("Schema::compile(", &["src/cmd/shared/calling/judge/rules.rs"]),
    ("jsonschema::", &["src/cmd/shared/calling/judge/schema.rs"]),
];

#[test]
fn what_can_run_away_is_compiled_where_its_bounds_are_seen_to() {
    for (path, text) in source_files() {
        for (word, files) in COMPILES {
            let is_there = code(&text).any(|(_, code)| code.contains(word));
            assert!(!is_there || files.contains(&path.as_str()), "{path}: {word} beside the one guarded way");
        }
    }
}

/// File, the words in it that are spelled as kinds are, and what they are there.
const MAY_SPELL: &[(&str, &[&str], &str)] = &[
    ("src/cli.rs", &["answer", "handoff", "hold", "release", "review"], "names of commands"),
    ("src/cmd/slips.rs", &["answer", "handoff", "hold", "release", "review"], "names of commands"),
    ("src/cmd/table.rs", &["answer", "handoff", "hold", "release", "review"], "names of commands"),
    ("src/cmd/keep/checks/finding.rs", &["note"], "how bad a finding is"),
    ("crates/render/src/record/facts.rs", &["review"], "the title of a line"),
    ("crates/view/src/record/json.rs", &["answer"], "the name of a member"),
    ("crates/view/src/record/resume.rs", &["answer"], "the name of a line"),
    ("crates/store/src/config/keys.rs", &["review"], "the example of a phase"),
];

/// Where code spells a kind: `"hold"`, `b"hold"`, or `\"hold\"` within a text.
fn spelled_kinds(path: &str, text: &str) -> Vec<String> {
    let may = MAY_SPELL.iter().find(|(file, ..)| *file == path).map_or(&[][..], |(_, words, _)| words);
    let mut found = Vec::new();
    for word in Kind::ALL.iter().map(|kind| kind.word()).filter(|word| !may.contains(word)) {
        for (line, _) in
            code(text).filter(|(_, code)| ["\"", "\\\""].iter().any(|end| code.contains(&format!("\"{word}{end}"))))
        {
            found.push(format!("{path}:{line}: {word:?} is Kind::named({word:?})"));
        }
    }
    found
}

#[test]
fn kinds_are_spelled_in_their_table_alone() {
    let mut found = Vec::new();
    for (path, text) in source_files() {
        if path != "crates/model/src/kind.rs" {
            found.extend(spelled_kinds(&path, &text));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    let sources = source_files();
    for (file, words, _) in MAY_SPELL {
        let text = &sources.iter().find(|(path, _)| path == file).unwrap_or_else(|| panic!("{file} is gone")).1;
        let spelled = spelled_kinds("", text).join("\n");
        assert!(words.iter().all(|word| spelled.contains(&format!("{word:?}"))), "{file} no longer spells {words:?}");
    }
}

#[test]
fn rows_are_read_by_the_names_of_fields() {
    for (path, text) in source_files() {
        let by_place = |code: &str| {
            code.match_indices("fields[")
                .any(|(at, found)| code[at + found.len()..].starts_with(|next: char| next.is_ascii_digit()))
        };
        let found: Vec<usize> = code(&text).filter(|(_, code)| by_place(code)).map(|(line, _)| line).collect();
        assert!(found.is_empty(), "{path}: a field by its place: {found:?}; view::facts reads rows");
    }
}

#[test]
fn the_check_notices_what_it_is_for() {
    let sign = "//! A room.\n";
    let noticed = |path: &str, code: &str| !faults(path, &format!("{sign}{code}\n")).is_empty();
    assert!(!noticed("crates/scan/src/x.rs", "use logbook_store::Input;"));
    assert!(noticed("crates/store/src/x.rs", "use logbook_scan::feed;"));
    assert!(noticed("crates/query/src/x.rs", "use logbook_store::Input;"));
    assert!(noticed("crates/query/src/x.rs", "let x = logbook_format::lines();"));
    assert!(noticed("crates/store/src/x.rs", "use logbook_model::Error; use logbook_query::Row;"));
    for code in [
        "println!(\"x\");",
        "std::io::stdout().write_all(row)",
        "use std::io::{Stderr, Write};",
        "let out = rustix::stdio::stdout();",
        "File::options().open(\"/dev/tty\")",
        "door.out.screen().write_all(row)",
        "door.out.drawn(&Drawn::new(row))",
        "Notes::new(&mut file, false)",
    ] {
        assert!(noticed("crates/view/src/x.rs", code) && noticed("src/cmd/read/x.rs", code), "{code}");
    }
    assert!(!noticed("src/cmd/read/x.rs", "door.out.text(&text)?; Error::io(\"stdout: closed\")"));
    assert!(!noticed("src/main.rs", "let out = stdout();"));
    assert!(noticed("src/main.rs", "println!(\"x\");"));
    assert!(
        noticed("crates/view/src/x.rs", "std::process::exit(1)") && !noticed("src/cmd/x.rs", "std::process::exit(1)")
    );
    assert!(noticed("src/cmd/x.rs", "todo!()"));
    assert!(noticed("crates/format/src/x.rs", "dbg!(x);"));
    assert!(noticed("crates/query/src/x.rs", "std::fs::read(path)"));
    assert!(!noticed("crates/store/src/x.rs", "std::fs::read(path)"));
    for code in
        ["kind == \"call.intent\"", "b\"hold\" => 1", "format!(\"{{\\\"kind\\\":\\\"repair\\\"}}\")", "kinds(\"note\")"]
    {
        assert!(!spelled_kinds("src/cmd/x.rs", code).is_empty(), "{code}");
    }
    for code in ["// \"hold\"", "\"logbook hold\"", "\"kind=call.intent\"", "hold(\"on\")"] {
        assert!(spelled_kinds("src/cmd/x.rs", code).is_empty(), "{code}");
    }
    assert!(noticed("src/attic/x.rs", ""));
    assert!(noticed("crates/json/src/mod.rs", "pub fn logic() {}"));
    assert!(!faults("crates/json/src/x.rs", "fn no_sign() {}\n").is_empty());
    assert!(!faults("crates/json/src/x.rs", &format!("{sign}{}", "\n".repeat(601))).is_empty());
}

#[test]
fn every_test_file_is_in_the_table_of_contents() {
    let contents = fs::read_to_string(repository().join("tests/it/main.rs")).unwrap();
    assert_eq!(missing_from(&contents, &test_files()), Vec::<String>::new());
    assert_eq!(missing_from("mod tidy;", &["tidy".into(), "lost".into()]), ["lost"], "the check itself");
}

fn missing_from(contents: &str, files: &[String]) -> Vec<String> {
    files.iter().filter(|file| !contents.lines().any(|line| line == format!("mod {file};"))).cloned().collect()
}

fn test_files() -> Vec<String> {
    let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let entries = fs::read_dir(repository().join("tests/it")).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| stem(&path)).filter(|name| name != "main").collect()
}

#[test]
fn one_command_has_one_file_of_tests() {
    let table = fs::read_to_string(repository().join("src/cmd/table.rs")).unwrap();
    let commands = command_names(&table);
    assert!(commands.len() > 30, "the commands were not found: {commands:?}");
    let tests = test_files();
    for name in commands {
        // `where` is a keyword of Rust.
        let file = if name == "where" { "where_".to_owned() } else { name.replace('-', "_") };
        assert!(tests.contains(&file), "no tests/it/{file}.rs for logbook {name}");
    }
    assert_eq!(command_names("entry!(\n    \"read\",\n    \"x\", a::b::C, \"about\")"), ["x"], "the check itself");
}

/// The names of commands in the text of `cmd/table.rs`: the second text of each `entry!`.
fn command_names(table: &str) -> Vec<&str> {
    let commands = table.split_once("pub const COMMANDS").map_or(table, |(_, commands)| commands);
    commands.split("entry!(").skip(1).filter_map(|entry| entry.split('"').nth(3)).collect()
}

#[test]
fn no_room_is_a_heap() {
    let mut open = vec![repository().join("src"), repository().join("crates")];
    while let Some(directory) = open.pop() {
        let entries: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(
            entries.len() <= FILES_IN_ROOM_MAX,
            "{} has {} entries: a room is missing",
            directory.display(),
            entries.len()
        );
        open.extend(entries.into_iter().filter(|path| path.is_dir()));
    }
}

#[test]
fn test_files_are_short_too() {
    for (path, text) in sources("tests") {
        assert!(text.lines().count() <= LINES_MAX, "{path} has over {LINES_MAX} lines");
    }
}
