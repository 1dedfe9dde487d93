//! Arguments as a person reads them: the words of a command numbered, the members of an object by
//! name, each with its own line breaks.

use crate::safe::{escape, escape_json};
use logbook_json::{self as json, Members};

/// Deeper objects and arrays are shown as JSON.
const LEVELS_MAX: usize = 8;

/// One line of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Our own text before it: the number of an argument, or a bar before a continued text.
    pub gutter: String,
    /// The text, safe to show.
    pub text: String,
}

/// The lines of `args`, a JSON value.
pub(crate) fn lines(args: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    member("", args.as_bytes(), 0, &mut lines);
    lines
}

/// Adds the words of a command, numbered.
fn numbered(words: &[String], lines: &mut Vec<Line>) {
    let width = words.len().to_string().len();
    for (number, word) in (1..).zip(words) {
        // An empty word would be invisible.
        let word = if word.is_empty() { "''" } else { word };
        for (at, line) in word.split('\n').enumerate() {
            let gutter = if at == 0 { format!("{number:>width$}  ") } else { format!("{:>width$} │", "") };
            lines.push(Line { gutter, text: shown(line) });
        }
    }
}

/// The strings of an array that has only strings: the words of a command.
fn words(args: &[u8]) -> Option<Vec<String>> {
    let values: Vec<serde_json::Value> = serde_json::from_slice(args).ok()?;
    let words: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    words.filter(|words| !words.is_empty())
}

/// Adds the value at `path`; nested members have dotted paths.
fn member(path: &str, value: &[u8], level: usize, lines: &mut Vec<Line>) {
    let named = |text: &str| if path.is_empty() { text.to_owned() } else { format!("{path}: {text}") };
    let alone = || if path.is_empty() { String::new() } else { format!("{path}:") };
    let mut plain = |text: String| lines.push(Line { gutter: String::new(), text });
    match json::kind(value) {
        Some(json::Kind::String) => {
            let text = json::decode(value).map_or_else(String::new, |text| String::from_utf8_lossy(&text).into_owned());
            if !text.contains('\n') {
                return plain(named(&as_json(value)));
            }
            plain(alone());
            lines.extend(text.split('\n').map(|line| Line { gutter: "│ ".to_owned(), text: shown(line) }));
        }
        Some(json::Kind::Object) if level < LEVELS_MAX => {
            // Of a repeated key, both values are shown.
            let members: Vec<_> = Members::new(value).flatten().collect();
            if members.is_empty() {
                return plain(named("{}"));
            }
            for one in members {
                member(&join(path, &key(&one.name())), one.value, level + 1, lines);
            }
        }
        Some(json::Kind::Array) if level < LEVELS_MAX => {
            if let Some(words) = words(value) {
                if !path.is_empty() {
                    plain(alone());
                }
                return numbered(&words, lines);
            }
            let items = elements(value);
            if items.is_empty() {
                return plain(named("[]"));
            }
            for (at, item) in items.into_iter().enumerate() {
                member(&join(path, &at.to_string()), item, level + 1, lines);
            }
        }
        _ => plain(named(&as_json(value))),
    }
}

/// The elements of an array, which is JSON.
fn elements(array: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut at = json::skip_white(array, 1);
    while let Some(end) = json::skip_value(array, at) {
        found.push(&array[at..end]);
        // Over the comma, or the end of the array.
        at = json::skip_white(array, json::skip_white(array, end) + 1);
    }
    found
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A key; in quotes if it could be taken for something else.
fn key(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let plain = |it: char| it.is_alphanumeric() || matches!(it, '_' | '-');
    if !name.is_empty() && name.chars().all(plain) { name.into_owned() } else { as_json(&json::quote(&name)) }
}

fn as_json(value: &[u8]) -> String {
    String::from_utf8_lossy(&escape_json(value)).replace('\n', " ")
}

/// One line of a text. A blank at its end would be invisible.
fn shown(line: &str) -> String {
    let text = escape(line);
    match text.strip_suffix(' ') {
        Some(rest) => format!("{rest}\\u{{20}}"),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_lines(args: &str) -> String {
        lines(args).iter().map(|line| format!("{}{}\n", line.gutter, line.text)).collect()
    }

    #[test]
    fn words_are_listed_with_their_line_breaks() {
        assert_eq!(
            shown_lines(r#"["sh","-c","a\nb ","","\u001b[2K"]"#),
            "1  sh\n2  -c\n3  a\n  │b\\u{20}\n4  ''\n5  \\u{1b}[2K\n"
        );
        // A line break in a word does not make another word.
        assert_eq!(shown_lines(r#"["a\n2  b"]"#), "1  a\n  │2  b\n");
        assert_eq!(lines(&format!("[{}]", ["\"x\""; 10].join(",")))[0].gutter, " 1  ");
    }

    #[test]
    fn members_are_listed_by_name_even_if_repeated() {
        assert_eq!(
            shown_lines(r#"{"sql":"drop\ntable t","force":true,"n":"true","a b":1,"o":{"x":[1,"y"],"e":{}},"n":2}"#),
            "sql:\n│ drop\n│ table t\nforce: true\nn: \"true\"\n\"a b\": 1\no.x.0: 1\no.x.1: \"y\"\no.e: {}\nn: 2\n"
        );
        assert_eq!(shown_lines(r#"{"k\nforce: false":1}"#), "\"k\\nforce: false\": 1\n");
        assert_eq!(shown_lines(r#"{"argv":["a","b\nc"]}"#), "argv:\n1  a\n2  b\n  │c\n");
        assert_eq!(shown_lines("[]"), "[]\n");
        assert_eq!(shown_lines("\"text\""), "\"text\"\n");
        assert_eq!(shown_lines("[1,\"a\"]"), "0: 1\n1: \"a\"\n");
    }

    #[test]
    fn deep_values_are_shown_as_json() {
        let deep = format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40));
        assert!(shown_lines(&deep).starts_with("a.a.a.a.a.a.a.a: {\"a\":"));
    }
}
