//! Text of rows on a terminal, through every command that prints any: whatever the rows, the files
//! and the arguments say, nothing arrives that a terminal would obey, and no line of the output is
//! theirs.

use std::fs;
use std::path::PathBuf;

use logbook_json::quote;

use crate::rows::Dice;
use crate::support::{Book, LOGBOOK};
use crate::terminal::Terminal;

/// What is run, one after the other, in one logbook.
const COMMANDS: &str = include_str!("../terminal/commands.txt");

/// Characters that a terminal obeys, that turn text round or that are not seen, by their ranges in
/// Unicode. Not those that the program names: what it forgets is to be found.
fn dangerous() -> Vec<char> {
    let formats: [(u32, u32); 19] = [
        (0xAD, 0xAD),
        (0x34F, 0x34F),
        (0x61C, 0x61C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x2028, 0x202E),
        (0x2060, 0x2064),
        (0x2066, 0x206F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF9, 0xFFFB),
        (0x1BCA0, 0x1BCA3),
        (0x1D173, 0x1D17A),
        (0xE0001, 0xE007F),
        (0xE0100, 0xE01EF),
    ];
    let controls = (0..0xA0).filter(|code| !(0x20..0x7F).contains(code));
    let formats = formats.into_iter().flat_map(|(from, to)| from..=to);
    controls.chain(formats).filter_map(char::from_u32).collect()
}

/// What arrived that must not have; `screen`: a program that draws on the whole terminal was at
/// work.
fn arrived(bytes: &[u8], screen: bool) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Some(format!("no UTF-8 at byte {}", error.valid_up_to())),
    };
    let dangerous = dangerous();
    // The terminal makes two characters of a line break.
    let text = text.replace("\r\r\n", "\n").replace("\r\n", "\n");
    let mut rest = &*text;
    while let Some(character) = rest.chars().next() {
        let around = || format!("{:?}", rest.chars().take(40).collect::<String>());
        if let Some(control) = rest.strip_prefix("\x1b[") {
            let end = control.find(|it: char| !(it.is_ascii_digit() || ";?".contains(it))).unwrap_or(control.len());
            let finals = if screen { "mHJKhl" } else { "m" };
            if !control[end..].starts_with(|it| finals.contains(it)) {
                return Some(around());
            }
            rest = &control[end + 1..];
            continue;
        }
        if !matches!(character, '\n' | '\t') && dangerous.contains(&character) {
            return Some(around());
        }
        rest = &rest[character.len_utf8()..];
    }
    text.lines().find(|line| line.starts_with("FAKE")).map(|line| format!("a line of its own: {line:?}"))
}

/// A text that holds `some`, orders to a terminal, and a line that would be taken for one of ours.
fn word(some: &[char]) -> String {
    let some: String = some.iter().collect();
    format!("SEEN\x1b]0;pwned\x07\x1b[2J\x1b[31m\x1b[8m{some}\u{9b}2K\r\nFAKE logbook: approved\n\u{202e}\u{200b}=1+1")
}

/// Texts that hold all of them, in an order of chance.
fn words(seed: u64) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let mut all = dangerous();
    for at in (1..all.len()).rev() {
        all.swap(at, dice.below(at as u64 + 1) as usize);
    }
    all.chunks(all.len().div_ceil(12)).map(word).collect()
}

/// `text` as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', r"'\''"))
}

/// A logbook whose rows, rules, contracts, reports and names of files are hostile.
fn hostile(run: &str, words: &[String]) -> Book {
    let book = Book::new();
    let text = |text: &str| String::from_utf8(quote(text)).unwrap();
    let mut rows = Vec::new();
    let run = text(run);
    for (step, word) in (1..).zip(words) {
        let word = text(word);
        let kind = match step {
            1 => "\"run.start\"".to_owned(),
            2 => "\"call.intent\"".to_owned(),
            3 | 4 => "\"approval.requested\"".to_owned(),
            5 => "\"run.handoff\"".to_owned(),
            6 => "\"call.result\"".to_owned(),
            _ => word.clone(),
        };
        let status = if step % 2 == 0 { "\"blocked\"".to_owned() } else { word.clone() };
        rows.push(format!(
            "{{\"timestamp\":\"2026-04-16T07:00:{step:02}Z\",\"run_id\":{run},\"step\":{step},\"kind\":{kind},\"status\":{status},\
             \"phase\":{word},\"action\":{word},\"agent_id\":{word},\"task\":{word},\"owner\":{word},\"model\":{word},\"reason\":{word},\
             \"rationale\":{word},\"blocked_on\":{word},\"next_intent\":{word},\"error\":{word},\"note\":{word},\"approver\":{word},\
             \"cost_usd\":1,\"paths\":[{word}],\"artifact_ref\":{word},\"parent_run_id\":{word},\
             \"tool_call\":{{\"id\":{word},\"tool\":{word},\"side_effect\":\"write\",\"impact_scope\":{word},\"args_sha256\":{word},\
             \"args\":{{\"path\":{word},{word}:{word}}}}},{word}:{word}}}"
        ));
    }
    rows.push(format!("{{\"run_id\":\"r-2\",\"step\":1,\"action\":{}}}", text(&words[0])));
    book.write(".logbook/2026-04-15.000001.jsonl", (rows.join("\n") + "\n").as_bytes());
    // Bytes that are no row, and a byte that an 8-bit terminal obeys.
    let mut damaged = b"{\"run_id\":\"r\",\"action\":\"SEEN \x9b2J\",\"step\":1}\n".to_vec();
    damaged.extend_from_slice(format!("{} is no row\n", words[0]).as_bytes());
    book.write("damaged.jsonl", &damaged);
    let named = words[0].replace(['/', '\0'], "");
    let named: String = named.chars().take(60).collect();
    book.write(&format!("{named}.named.jsonl"), b"{\"run_id\":\n");
    let toml = |text: &str| {
        let escaped = text.chars().map(|it| {
            if it.is_control() || "\"\\".contains(it) { format!("\\U{:08X}", u32::from(it)) } else { it.to_string() }
        });
        format!("\"{}\"", escaped.collect::<String>())
    };
    let why = toml(&words[0]);
    book.write(
        ".logbook/config.toml",
        format!("[[policy]]\nwhen = \"tool_call.tool=denied\"\nthen = \"deny\"\nwhy = {why}\n").as_bytes(),
    );
    book.write(".logbook/contracts/sound.toml", format!("rollback = {why}\n").as_bytes());
    book.write(".logbook/contracts/broken.toml", format!("side_effect = {why}\nneeds_approval = {why}\n").as_bytes());
    book.write("hostile/.logbook/config.toml", format!("{why} = {why}\n").as_bytes());
    book.write(
        ".logbook/reports/hostile.txt",
        format!("# {}\naction=\"{}\"\n", words[0].replace('\n', " "), named).as_bytes(),
    );
    // The program under test stands first on the path.
    let program = std::env::var_os("LOGBOOK_UNDER_TEST").map_or_else(|| PathBuf::from(LOGBOOK), PathBuf::from);
    fs::create_dir(book.path().join("../bin")).unwrap();
    std::os::unix::fs::symlink(program, book.path().join("../bin/logbook")).unwrap();
    book
}

#[test]
fn nothing_that_a_terminal_obeys_arrives() {
    let words = words(20);
    let run = format!("r{}", words[1].replace('\0', ""));
    // What rows are stored for: a run id has no control characters.
    let new: String = words.concat().chars().filter(|it| !it.is_control() && *it != '=').take(250).collect();
    let book = hostile(&run, &words);
    let mut faults = Vec::new();
    let commands = COMMANDS.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for (command, word) in commands.zip(words.iter().cycle()) {
        count += 1;
        let (shows, command) = command.strip_prefix("! ").map_or((false, command), |command| (true, command));
        let line =
            command.replace("{run}", &quoted(&run)).replace("{new}", &quoted(&new)).replace("{word}", &quoted(word));
        let line = format!("PATH=\"$(cd ../bin && pwd):$PATH\"; {line}");
        let ended = book.terminal(&line, 4000, 50);
        if let Some(what) = arrived(&ended.bytes, false) {
            faults.push(format!("{command}: {what}"));
        } else if shows && !ended.out.contains("SEEN") {
            faults.push(format!("{command}: shows none of it: {:?}", ended.out.chars().take(400).collect::<String>()));
        }
    }
    assert!(count > 100, "the commands were not found");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn nothing_that_a_terminal_obeys_arrives_in_a_dashboard() {
    let words = words(21);
    let run = format!("r{}", words[1]);
    let book = hostile(&run, &words);
    let mut terminal = Terminal::run(&book, &["dash", "--all"], 300, 60);
    terminal.shows("SEEN");
    // A request in full, the timeline, a filter that is none.
    terminal.types("a").shows("y approve");
    terminal.types("G");
    terminal.types("n").shows("deny, why:");
    terminal.types("\r").shows("a denial needs a reason");
    terminal.types("\x1b").shows("y approve");
    terminal.types("\x1b").shows("? keys");
    terminal.types("\r").shows("lines 1");
    terminal.types("GGG\x1b");
    terminal.shows("q quit");
    terminal.types("/").shows("filter:");
    terminal.types(&format!("\x1b[200~{}\x1b[201~\r", words[2].replace('\x1b', "")));
    terminal.types("\x03");
    terminal.ends();
    assert_eq!(arrived(&terminal.bytes(), true), None);
}
