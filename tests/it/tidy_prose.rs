//! Prose is at most 100 columns wide, and no code looks at the words of a message.

use std::fs;

use crate::support::repository;
use crate::tidy::{source_files, sources, without_tests};

const COLUMNS_MAX: usize = 100;

/// Comments that are too wide: where, and how wide.
fn wide_comments(path: &str, text: &str) -> Vec<String> {
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let wide = text.lines().enumerate().filter(|(_, line)| is_comment(line) && line.chars().count() > COLUMNS_MAX);
    // A link cannot be broken.
    wide.filter(|(_, line)| !line.contains("http")).map(|(at, _)| format!("{path}:{}", at + 1)).collect()
}

/// Prose of a page that is too wide. Code, tables, pictures and links stay as they are.
fn wide_prose(path: &str, text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut wide = Vec::new();
    for (at, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        let is_code = fenced || line.starts_with("    ") || line.contains('`') && !line.trim().contains(' ');
        let is_other = line.trim_start().starts_with(['|', '!', '<', '[', '`']) || line.contains("http");
        if !is_code && !is_other && line.chars().count() > COLUMNS_MAX {
            wide.push(format!("{path}:{}", at + 1));
        }
    }
    wide
}

/// The pages of the repository.
fn pages() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for directory in ["", "docs", "docs/decisions", "fuzz"] {
        for entry in fs::read_dir(repository().join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(repository()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn prose_is_at_most_100_columns_wide() {
    let code = [source_files(), sources("tests"), sources("benches"), sources("fuzz/fuzz_targets")].concat();
    let pages = pages();
    assert!(code.len() > 300 && pages.len() > 20, "{} files, {} pages", code.len(), pages.len());
    let comments = code.iter().flat_map(|(path, text)| wide_comments(path, text));
    let wide: Vec<String> = comments.chain(pages.iter().flat_map(|(path, text)| wide_prose(path, text))).collect();
    assert!(wide.is_empty(), "{} lines\n{}", wide.len(), wide.join("\n"));
}

/// What looks at the words of an error.
fn message_matches(text: &str) -> Vec<usize> {
    let asks = ["starts_with(", "ends_with(", "contains(", "strip_prefix(", "eq("];
    let of = ["message.", "message().", "to_string().", "text().", ".hint."];
    let is_asked = |line: &str| {
        of.iter().any(|of| {
            line.match_indices(of).any(|(at, _)| {
                let after = &line[at + of.len()..];
                asks.iter().any(|ask| after.strip_prefix(ask).is_some_and(|rest| rest.starts_with('"')))
            })
        }) || line.contains("message == \"")
    };
    let lines = without_tests(text).lines().enumerate();
    lines.filter(|(_, line)| is_asked(line)).map(|(at, _)| at + 1).collect()
}

#[test]
fn no_code_looks_at_the_words_of_a_message() {
    for (path, text) in source_files() {
        let found = message_matches(&text);
        assert!(found.is_empty(), "{path}:{found:?} looks at the words of a message; give the error a kind");
    }
}

#[test]
fn the_checks_notice_what_they_are_for() {
    let wide = "x ".repeat(51);
    assert_eq!(wide_comments("a.rs", &format!("/// {wide}")).len(), 1);
    assert_eq!(wide_comments("a.rs", &format!("let x = 1; {wide}")).len(), 0);
    assert_eq!(wide_prose("a.md", &wide).len(), 1);
    assert_eq!(wide_prose("a.md", &format!("```\n{wide}\n```\n| {wide} |\n    {wide}\n")).len(), 0);
    for code in [
        "if error.message.starts_with(\"x\") {",
        "error.to_string().contains(\"no row\")",
        "self.message == \"broken pipe\"",
        "said.text().ends_with(\"missing\")",
    ] {
        assert_eq!(message_matches(code).len(), 1, "{code}");
    }
    assert!(message_matches("row.message.starts_with(prefix)\nmessages.contains(\"x\")").is_empty());
}
