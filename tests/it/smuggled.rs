//! Redaction hides nothing from an approver that a shell or a program could act on: each is
//! smuggled through every built-in rule.

use std::fs;

use crate::redaction::{Dice, filled, redactor};
use crate::support::repository;

/// What a shell or a program acts on, as it stands in a JSON string, and the part of it that must
/// stay visible.
const ACTIVE: [(&str, &str); 18] = [
    (";", ";"),
    ("|", "|"),
    ("&", "&"),
    (">", ">"),
    ("<", "<"),
    ("`", "`"),
    ("$(", "$("),
    ("${", "${"),
    ("$IFS", "$IFS"),
    ("\\n", "\n"),
    ("\\u003b", ";"),
    ("\\u0060", "`"),
    ("\\u001b]0;x\\u0007", ";"),
    ("\\u001b]0;Touch9 Evil9 \\u0007", " Evil9 "),
    (";touch9${IFS}Evil9;", ";touch9${IFS}Evil9;"),
    ("9$(Touch9)Xk29", "$(Touch9)"),
    (" -oProxyCommand=Touch9", " -oProxyCommand="),
    (" -", " -"),
];

/// Every built-in rule has a case here, so that this test covers it.
fn cases_of_rules() -> Vec<String> {
    let read = |file: &str| fs::read_to_string(repository().join(file)).unwrap();
    let (rules, cases, spellings) = (
        read("crates/format/src/secrets/rules.txt"),
        read("tests/secrets/cases.txt"),
        read("tests/secrets/spellings.txt"),
    );
    let cases: Vec<(&str, &str)> =
        cases.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("\t+\t")).collect();
    for rule in rules.lines().filter(|line| !line.starts_with('#')) {
        let (kind, rest) = rule.split_once('\t').unwrap();
        let (anchors, _) = rest.split_once('\t').unwrap();
        let is_of_rule = |text: &str| {
            anchors.split(',').any(|anchor| text.to_ascii_lowercase().contains(&anchor.to_ascii_lowercase()))
        };
        assert!(cases.iter().any(|(of, text)| *of == kind && is_of_rule(text)), "no case in cases.txt for {rule}");
    }
    let spelled = spellings.lines().filter_map(|line| line.strip_prefix("+\t{\"action\":\"")?.strip_suffix("\"}"));
    let spelled = spelled.map(|text| text.replace(['«', '»'], ""));
    cases.iter().map(|(_, text)| (*text).to_owned()).chain(spelled).collect()
}

/// The strings of a value that a command could be made of, and those in their JSON, in any order.
fn strings(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::String(text) => {
            out.push_str(text);
            out.push('\u{b}');
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, out)),
        serde_json::Value::Object(members) => members.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}

#[test]
fn no_rule_hides_what_a_shell_could_run() {
    let redactor = redactor();
    let cases = cases_of_rules();
    let (mut dice, mut redacted, mut wrong) = (Dice(5), 0, Vec::new());
    for case in cases.iter().flat_map(|case| [case; 2]) {
        for (active, visible) in ACTIVE {
            let text = filled(case, &mut dice);
            // In the middle of an escape it would be another text.
            let places: Vec<usize> = (0..=text.len())
                .filter(|at| text.is_char_boundary(*at) && !text.as_bytes()[at.saturating_sub(6)..*at].contains(&b'\\'))
                .collect();
            for _ in 0..3 {
                let at = places[dice.roll(places.len())];
                let text = format!("{}{active}{}", &text[..at], &text[at..]);
                // The whole value of a member may have blanks: a passphrase. They are in quotes,
                // which a shell reads as JSON does.
                let ways = if visible == " Evil9 " { 4 } else { 5 };
                let row = match dice.roll(ways) {
                    0 => format!("{{\"action\":\"{text}\"}}"),
                    1 => format!("{{\"tool_call\":{{\"args\":[\"sh\",\"-c\",\"{text}\",\"x\"]}}}}"),
                    2 => format!("{{\"tool_call\":{{\"args\":[\"x\",\"{}\"]}}}}", text.replace(' ', "\",\"")),
                    way => {
                        let Ok(text) = serde_json::from_str::<String>(&format!("\"{text}\"")) else { continue };
                        let nested = serde_json::json!({ "password": text }).to_string();
                        // In the quotes of a shell, those of the JSON end them.
                        let nested = if way == 3 { format!("env \"{nested}\"") } else { nested };
                        serde_json::json!({ "tool_call": {"args": ["sh", "-c", nested]} }).to_string()
                    }
                };
                let Ok(before) = serde_json::from_str::<serde_json::Value>(&row) else { continue };
                let Some(stored) = redactor.redact(row.as_bytes()).unwrap() else { continue };
                redacted += 1;
                let (mut all, mut shown) = (String::new(), String::new());
                strings(&before, &mut all);
                strings(&serde_json::from_slice(&stored).unwrap(), &mut shown);
                let is_hidden = |part: &str| all.matches(part).count() != shown.matches(part).count();
                if is_hidden(visible)
                    || [";", "|", "&", "<", ">", "`", "$(", "${", "\n", " -"].into_iter().any(is_hidden)
                {
                    wrong.push(format!("{row}\n   → {}", String::from_utf8_lossy(&stored)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {redacted} wrong\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(redacted > 4_000, "{redacted} redacted");
}
