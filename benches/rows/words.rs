//! What agents say: the words that rows are made of, and text with everything
//! that JSON has to escape.

use super::Dice;

/// The phases of a run, in their order.
pub const PHASES: &[&str] = &["plan", "gather", "act", "verify", "report"];
/// What is done; a number comes behind it.
pub const ACTIONS: &[&str] = &[
    "run test shard",
    "rerun test shard",
    "retry upload of part",
    "read the failing test, case",
    "inspect assertion",
    "patch the parser, attempt",
    "search the issue tracker, page",
    "compare invoice",
    "ask for a review of change",
    "open pull request",
    "list the files of release",
    "summarise thread",
    "wait for build",
    "bump dependency",
    "write migration",
    "clean up workspace",
];
/// What comes next.
pub const NEXT: &[&str] = &["inspect failures", "run the suite again", "ask for a review", "open a pull request"];
/// What a blocked run waits for.
pub const BLOCKERS: &[&str] = &[
    "maria: approve migration 0042",
    "jonas: release invoice batch 2026-04",
    "aiko: approve deploy web 4.18.0",
    "ops: open port 5432",
    "legal: check the licence of \\\"corvid\\\"",
    "zo\\u00eb: answer question 7",
    "finance: raise the limit of agent 12",
    "a second reviewer",
    "quota of the search tool",
];
/// Who works.
pub const AGENTS: &[&str] = &["scout", "docs-writer", "flake-hunter", "deployer", "invoice-clerk", "migrator"];
/// Which model is asked.
pub const MODELS: &[&str] = &["corvid-2", "corvid-2-mini", "heron-1"];
/// Tools and what they do to the world; a tool that stands often is called often.
pub const TOOLS: &[(&str, &str)] = &[
    ("bash", "exec"),
    ("bash", "exec"),
    ("bash", "exec"),
    ("bash", "read"),
    ("read_file", "read"),
    ("read_file", "read"),
    ("read_file", "read"),
    ("edit_file", "write"),
    ("edit_file", "write"),
    ("search", "network"),
    ("mail", "send"),
    ("delegate", "none"),
];
/// Tools that few rows call.
pub const RARE_TOOLS: &[(&str, &str)] =
    &[("ledger", "payment"), ("ledger", "read"), ("shop", "payment"), ("cluster", "deploy")];
/// Files that are read and written.
pub const FILES: &[&str] = &["src/main.rs", "src/parser/lex.rs", "docs/format.md", "web/app/index.ts", "Cargo.toml"];

const WORDS: &[&str] = &[
    "the", "build", "of", "release", "is", "red", "since", "change", "and", "all", "shards", "but", "one", "pass",
    "error", "expected", "status", "blocked", "found", "done", "in", "module", "parser", "line", "while", "reading",
    "a", "value", "from", "input", "timeout", "after", "retry",
];
/// As they stand between the quotes of a JSON string.
const ESCAPED: &[&str] = &[
    "\\n",
    "\\t",
    "\\\"status\\\":\\\"blocked\\\"",
    "\\\"quoted\\\"",
    "C:\\\\tmp\\\\",
    "\\u00e9t\\u00e9",
    "\\u2192",
    "na\u{ef}ve",
    "\u{1f680}",
    "\\/",
];

/// About `bytes` bytes of text, as they stand between the quotes of a JSON string.
pub fn prose(dice: &mut Dice, bytes: usize, text: &mut Vec<u8>) {
    let end = text.len() + bytes;
    while text.len() < end {
        let word = if dice.falls(1, 48) { dice.one_of(ESCAPED) } else { dice.one_of(WORDS) };
        text.extend_from_slice(word.as_bytes());
        text.push(b' ');
    }
}

/// `word`, and once in a while with its second letter escaped: the same string in other bytes.
pub fn spelled(dice: &mut Dice, word: &'static str, text: &mut Vec<u8>) {
    match word.char_indices().nth(1) {
        Some((at, letter)) if dice.falls(1, 400) => {
            text.extend_from_slice(&word.as_bytes()[..at]);
            text.extend_from_slice(format!("\\u{:04x}", u32::from(letter)).as_bytes());
            text.extend_from_slice(&word.as_bytes()[at + letter.len_utf8()..]);
        }
        _ => text.extend_from_slice(word.as_bytes()),
    }
}
