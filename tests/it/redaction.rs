//! Secrets do not enter the log: each kind in `tests/secrets/cases.txt`, ordinary rows, and the
//! ways in.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use logbook_format::secrets::{Redactor, scans};
use logbook_model::shown::is_unsafe;
use regex::Regex;

use crate::support::{Book, repository};

pub(crate) fn redactor() -> Redactor {
    Redactor::new(&[], &[], &[], Box::new(|| Ok([7; 32]))).unwrap()
}

/// Numbers that look like chance and are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn text(&mut self, class: char, count: usize) -> String {
        const ALL: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let letters = match class {
            'u' => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            'U' => "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            'a' => ALL,
            'l' => &ALL[10..],
            'h' => &ALL[..16],
            'd' => &ALL[..10],
            'b' => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            other => panic!("no class {other}"),
        };
        (0..count).map(|_| char::from(letters.as_bytes()[self.roll(letters.len())])).collect()
    }
}

/// The text of a case with its braces filled.
pub(crate) fn filled(text: &str, dice: &mut Dice) -> String {
    let braces = Regex::new(r"\{([uUalhdb]\d+|[pb])\}").unwrap();
    let fill = |found: &regex::Captures<'_>| match &found[1] {
        "p" => ["Xk{d2}f{l2}{d2}{l3}", "{l6}{d2}", "{l1}-{d3}.{l5}"][dice.roll(3)].to_owned(),
        "b" => "Q{b61}x7".to_owned(),
        class => dice.text(class.chars().next().unwrap(), class[1..].parse().unwrap()),
    };
    let once = braces.replace_all(text, fill).into_owned();
    // What a brace stands for may have braces.
    if once == text { once } else { filled(&once, dice) }
}

#[test]
fn every_kind_has_cases_and_they_hold() {
    let redactor = redactor();
    let cases = fs::read_to_string(repository().join("tests/secrets/cases.txt")).unwrap();
    let (mut kinds, mut wrong) = ([BTreeSet::new(), BTreeSet::new()], Vec::new());
    let mut dice = Dice(1);
    for line in cases.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.splitn(3, '\t');
        let (kind, sign, text) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        kinds[usize::from(sign == "-")].insert(kind.to_owned());
        for (before, after) in [("", ""), ("see ", " there"), ("line\\n", "\\nnext"), ("\\u0009", "\\t")] {
            let secret = filled(text, &mut dice);
            let row = format!("{{\"run_id\":\"r-1\",\"action\":\"{before}{secret}{after}\",\"n\":1}}");
            let redacted = redactor.redact(row.as_bytes()).unwrap().map(|text| String::from_utf8(text).unwrap());
            match (sign, &redacted) {
                ("-", None) => {}
                ("+", Some(text))
                    if text.contains(&format!("[redacted:{kind}:"))
                        && serde_json::from_str::<serde_json::Value>(text).is_ok() => {}
                _ => wrong.push(format!("{kind} {sign} {row}\n   → {redacted:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(kinds[0].len() >= 40, "{} kinds", kinds[0].len());
    assert_eq!(kinds[0], kinds[1]);
    let rules = fs::read_to_string(repository().join("crates/format/src/secrets/rules.txt")).unwrap();
    let listed: BTreeSet<String> = rules
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').next().unwrap().to_owned())
        .collect();
    assert_eq!(listed, kinds[0]);
}

#[test]
fn spellings_are_caught_or_documented() {
    let redactor = redactor();
    let spellings = fs::read_to_string(repository().join("tests/secrets/spellings.txt")).unwrap();
    let document = fs::read_to_string(repository().join("docs/accountability.md")).unwrap();
    let (mut caught, mut missed, mut wrong) = (0, 0, Vec::new());
    let secret = Regex::new("«[^»]*»").unwrap();
    for line in spellings.lines().filter(|line| !line.starts_with('#')) {
        let (verdict, row) = line.split_once('\t').unwrap();
        for seed in 0..3 {
            let row = filled(row, &mut Dice(seed * 977 + 5));
            let plain = row.replace(['«', '»'], "");
            serde_json::from_str::<serde_json::Value>(&plain).unwrap_or_else(|error| panic!("{plain}: {error}"));
            let stored =
                redactor.redact(plain.as_bytes()).unwrap().map_or(plain, |row| String::from_utf8(row).unwrap());
            let wanted = match verdict {
                "+" => {
                    secret.split(&row).map(regex::escape).collect::<Vec<_>>().join(r"\[redacted:[a-z-]+:[0-9a-f]{8}\]")
                }
                _ => regex::escape(&row.replace(['«', '»'], "")),
            };
            if !Regex::new(&format!("(?s)^{wanted}$")).unwrap().is_match(&stored) {
                wrong.push(format!("{verdict} {row}\n  → {stored}"));
                break;
            }
            // Marks are left alone: here, and where the row is appended to another logbook.
            assert_eq!(redactor.redact(stored.as_bytes()).unwrap(), None, "{stored}");
            assert_eq!(redactor.find(stored.as_bytes()).unwrap(), [], "{stored}");
        }
        *(if verdict == "+" { &mut caught } else { &mut missed }) += 1;
        if verdict != "+" && !document.contains(&format!("**{verdict}**")) {
            wrong.push(format!("{verdict} is not in docs/accountability.md"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(caught + missed >= 150 && caught > 150, "{caught} caught, {missed} documented");
}

#[test]
fn invisible_characters_hide_no_secret() {
    let redactor = redactor();
    let mut dice = Dice(8);
    let secrets =
        ["ghp_{a36}", "password={a9}1aB", "{\\\"api_key\\\":\\\"{a9}9x{a9}7Q\\\"}", "https://ada:{a9}1@example.org"];
    let mut unseen = 0;
    let all = (0..=0x10_ffff).filter_map(char::from_u32).filter(|character| is_unsafe(*character));
    // These separate words, and `a_look_overlooks_no_secret` has the others.
    for character in all.filter(|character| !"\u{8}\t\n\u{c}\r\u{1b}\u{9b}".contains(*character)) {
        unseen += 1;
        let secret = filled(secrets[dice.roll(secrets.len())], &mut dice);
        let places: Vec<usize> =
            (1..secret.len()).filter(|at| !secret[at.saturating_sub(1)..*at].contains('\\')).collect();
        let at = places[dice.roll(places.len())];
        let escaped: String = character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let raw = if (character as u32) < 0x20 { escaped.clone() } else { character.to_string() };
        for spelled in [raw, escaped] {
            let row = format!("{{\"a\":\"x {}{spelled}{}\"}}", &secret[..at], &secret[at..]);
            let stored = redactor.redact(row.as_bytes()).unwrap();
            assert!(stored.is_some(), "{:?} in {row}", character as u32);
            assert_eq!(stored, redactor.redact_plainly(row.as_bytes()).unwrap(), "{row}");
        }
    }
    assert!(unseen > 4_000, "{unseen}");
}

#[test]
fn ordinary_lines_are_left_alone() {
    let redactor = redactor();
    let ordinary = fs::read_to_string(repository().join("tests/secrets/ordinary.txt")).unwrap();
    let (mut sorts, mut lines, mut touched) = (BTreeSet::new(), 0, Vec::new());
    let mut dice = Dice(6);
    for line in ordinary.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(sort) = line.strip_prefix("== ") {
            assert!(sorts.insert(sort), "{sort} stands twice");
            continue;
        }
        let line = filled(line, &mut dice);
        let row = match serde_json::from_str::<serde_json::Value>(&line) {
            Ok(serde_json::Value::Object(_)) => line,
            _ => serde_json::json!({"run_id": "r-1", "action": line, "tool_call": {"args": ["x", line, "y"]}})
                .to_string(),
        };
        lines += 1;
        if let Some(redacted) = redactor.redact(row.as_bytes()).unwrap() {
            touched.push(String::from_utf8(redacted).unwrap());
        }
    }
    assert!(sorts.len() >= 45 && lines >= 400, "{} sorts, {lines} lines", sorts.len());
    assert!(touched.len() * 100 <= lines, "{} of {lines} touched\n{}", touched.len(), touched.join("\n"));
}

#[test]
fn ordinary_rows_are_left_alone() {
    let redactor = redactor();
    let mut dice = Dice(2);
    let (mut touched, mut shown) = (0, Vec::new());
    for at in 0..10_000 {
        let mut hex = |count| dice.text('h', count);
        let value = match at % 10 {
            0 => format!("\"artifact_ref\":\"/home/ada/project/target/debug/deps/logbook-{}.d\"", hex(16)),
            1 => format!("\"args_sha256\":\"{}\",\"commit\":\"{}\"", hex(64), hex(40)),
            2 => format!("\"id\":\"{}-{}-4{}-a{}-{}\"", hex(8), hex(4), hex(3), hex(3), hex(12)),
            3 => format!("\"image\":\"data:image/png;base64,iVBORw0KGgo{}==\"", dice.text('b', 400)),
            4 => format!("\"action\":\"git fetch origin {}:refs/heads/x-{at}\"", hex(40)),
            5 => format!("\"url\":\"https://example.org:8443/a/{}?page={at}&next=token-us-{}\"", hex(8), hex(4)),
            6 => format!("\"tokens_in\":{at},\"tokens_out\":{},\"next_token\":null,\"model\":\"m-{}\"", at * 7, hex(6)),
            7 => format!("\"error\":\"no secret: the token was missing at line {at}, key-value store {}\"", hex(32)),
            8 => format!(
                "\"trace_id\":\"{}\",\"span_id\":\"{}\",\"prompt_version\":\"sha256:{}\"",
                hex(32),
                hex(16),
                hex(64)
            ),
            _ => format!("\"docker\":\"registry/x@sha256:{}\",\"note\":\"password reset for user {at}\"", hex(64)),
        };
        let row = format!("{{\"run_id\":\"r-{at}\",\"step\":1,\"timestamp\":\"2026-04-16T01:00:00.000Z\",{value}}}");
        if let Some(text) = redactor.redact(row.as_bytes()).unwrap() {
            touched += 1;
            shown.push(String::from_utf8_lossy(&text).into_owned());
        }
    }
    assert!(touched < 3, "{touched} of 10,000\n{}", shown.join("\n"));
}

/// What stands in a JSON string, in another case and with escapes here, there or everywhere.
fn respelled(text: &str, dice: &mut Dice, cases: bool) -> String {
    let (case, escapes) = (dice.roll(6), [0, 0, 12, 3, 1][dice.roll(5)]);
    let mut out = String::new();
    // How many characters belong to an escape that has begun.
    let mut of_escape = 0u32;
    for letter in text.chars() {
        let is_escaped = of_escape > 0;
        let letter = match case {
            0 if cases && !is_escaped => letter.to_ascii_uppercase(),
            1 if cases && !is_escaped && dice.roll(2) == 0 => letter.to_ascii_lowercase(),
            _ => letter,
        };
        // What belongs to an escape stays.
        let is_plain = !is_escaped && letter != '\\' && letter != '"';
        match is_plain && escapes > 0 && dice.roll(escapes) == 0 {
            true => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
            false => out.push(letter),
        }
        of_escape = match letter {
            '\\' if !is_escaped => 1,
            'u' if of_escape == 1 && out.ends_with("\\u") => 4,
            _ => of_escape.saturating_sub(1),
        };
    }
    out
}

/// Secrets without a long run of letters and digits: what they begin with must tell.
const BROKEN: [&str; 22] = [
    "password={a9}1aB",
    "passwd: {a9}1aB",
    "db_pass={a9}1aB",
    "pwd={a9}1aB",
    r#"secret\":\"{a9}1aB"#,
    "token={a9}1aB",
    "api_key={a9}1aB",
    "apikey={a9}1aB",
    "access-key={a9}1aB",
    "accesskey={a9}1aB",
    "credentials={a9}1aB",
    "Cookie: sid={a9}1aB",
    "https://me:{a9}1@example.org",
    "x -u me:{a9}1",
    "login -p {a9}1",
    "bearer {a9}/{a9}/1aB",
    "basic {a9}/{a9}/1aB",
    "whsec_{a9}/{a9}/{a9}",
    "hooks.slack.com/services/T{u8}/B{u8}/{a24}",
    "<token>{a9}1aB</token>",
    "<secret>{a9}1aB</secret>",
    "-----BEGIN PRIVATE KEY-----\\n{b}",
];

/// The text of a row that has some of `cases` in its strings, between other things and at every
/// distance from its ends.
fn row_with(cases: &[&str], round: usize, dice: &mut Dice) -> String {
    let around = [
        " and ",
        "/",
        "\\n",
        "=",
        "",
        "\u{e9}",
        "x",
        "\\\"",
        "\\\\",
        "\u{2066}",
        "\u{7f}",
        "\\u200b",
        "\\ufe0f",
        "\",\"k\":\"",
        "\",\"password\":\"",
        "\":\"",
        "é",
    ];
    let mut row = "{\"a\":[\"".to_owned();
    for part in 0..=dice.roll(2) {
        for _ in 0..dice.roll(24) {
            // Members of an array, so that any string may follow any other.
            row.push_str(&around[dice.roll(around.len())].replace("\":\"", "\",\""));
            row.push_str(&dice.text('l', 1 + round % 5));
        }
        let case = filled(cases[(round + part) % cases.len()], dice);
        row.push_str(&respelled(&case, dice, true));
    }
    for _ in 0..dice.roll(24) {
        row.push_str(around[dice.roll(8)]);
    }
    row + "\"]}"
}

#[test]
fn a_look_overlooks_no_secret() {
    let redactor = redactor();
    let file = fs::read_to_string(repository().join("tests/secrets/cases.txt")).unwrap();
    let cases = file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.splitn(3, '\t').nth(2));
    let cases: Vec<&str> = cases.chain(BROKEN).collect();
    let mut dice = Dice(4);
    let mut with_one = 0;
    for round in 0..1_500 {
        let row = row_with(&cases, round, &mut dice);
        assert!(serde_json::from_str::<serde_json::Value>(&row).is_ok(), "{row}");
        let plainly = redactor.redact_plainly(row.as_bytes()).unwrap();
        with_one += usize::from(plainly.is_some());
        assert_eq!(redactor.redact(row.as_bytes()).unwrap(), plainly, "{row}");
    }
    assert!(with_one > 250, "{with_one}");
}

/// What stands between a key and a value of its member, and behind that.
const MEMBERS: [(&str, &str); 3] = [("\":\"", "\""), ("\":[\"", "\"]"), ("\":{\"value\":\"", "\"}")];

#[test]
fn a_look_sees_every_name() {
    let redactor = redactor();
    let words = "access account api app auth client encryption function host hmac jwt license master private secret service \
                 shared signing storage subscription webhook db user my x next cancellation foreign";
    let words: Vec<&str> = words.split_whitespace().collect();
    let ends = "password passwd passwort passphrase pass pwd secret secrets token key keys cred creds credential credentials \
                cookie authorization auth value text string 2 base file";
    let ends: Vec<&str> = ends.split_whitespace().collect();
    let signs = [
        "=",
        ": ",
        ":",
        " = ",
        " => ",
        ":=",
        "==",
        "!=",
        " ",
        "  :  ",
        "=\\\"",
        "\\\": \\\"",
        "' => '",
        "(\\\"",
        "('",
        "', '",
        "\\t=\\t",
        "] = ",
        ">",
        ": str = '",
        "\\n  value: ",
        "\\\" value=\\\"",
        "=Bearer ",
        ": Token ",
        ": x=",
    ];
    let signs: Vec<&str> = signs.into_iter().chain(MEMBERS.iter().map(|(open, _)| *open)).collect();
    let values =
        ["{a12}", "{a9}1aB", "{a24}", "{h32}", "{a6}/{a6}+{a6}=", "{p}", "{l8}", "{d8}", "'{a16}'", "{a20}.{a20}"];
    let mut dice = Dice(21);
    let mut with_one = 0;
    for _ in 0..6_000 {
        let mut name = String::new();
        for _ in 0..dice.roll(3) {
            name += words[dice.roll(words.len())];
            name += ["", "_", "-", ".", "__"][dice.roll(5)];
        }
        name += ends[dice.roll(ends.len())];
        let mut name: String = match dice.roll(4) {
            0 => name.to_uppercase(),
            1 => name[..1].to_uppercase() + &name[1..],
            _ => name,
        };
        if dice.roll(3) == 0 {
            // db_password as dbPassword.
            let humps: Vec<String> = name
                .split(['_', '-'])
                .filter(|word| !word.is_empty())
                .map(|word| word[..1].to_uppercase() + &word[1..])
                .collect();
            name = humps.concat();
        }
        name = ["", "", "", "--", "-", "<", "$", "${", "['", "\\n"][dice.roll(10)].to_owned() + &name;
        let sign = signs[dice.roll(signs.len())];
        let value = filled(values[dice.roll(values.len())], &mut dice);
        let row = match MEMBERS.iter().find(|(open, _)| *open == sign) {
            Some((open, close)) => {
                format!("{{\"a\":1,\"{}{open}{value}{close},\"b\":2}}", name.trim_start_matches("\\n"))
            }
            None => format!("{{\"a\":\"{name}{sign}{value}\"}}"),
        };
        assert!(serde_json::from_str::<serde_json::Value>(&row).is_ok(), "{row}");
        let plainly = redactor.redact_plainly(row.as_bytes()).unwrap();
        with_one += usize::from(plainly.is_some());
        assert_eq!(redactor.redact(row.as_bytes()).unwrap(), plainly, "{row}");
    }
    assert!(with_one > 1_500, "{with_one}");
}

/// The text of a value, each of its strings respelled.
fn respelled_value(value: &serde_json::Value, dice: &mut Dice) -> String {
    use serde_json::Value;
    let text = |text: &str, dice: &mut Dice| {
        let quoted = Value::from(text).to_string();
        format!("\"{}\"", respelled(&quoted[1..quoted.len() - 1], dice, false))
    };
    match value {
        Value::String(it) => text(it, dice),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(|value| respelled_value(value, dice)).collect();
            format!("[{}]", values.join(" ,\t"))
        }
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| text(key, dice) + " : " + &respelled_value(value, dice);
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn a_row_says_the_same_however_it_is_spelled() {
    let redactor = redactor();
    let spellings = fs::read_to_string(repository().join("tests/secrets/spellings.txt")).unwrap();
    let rows: Vec<&str> =
        spellings.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once('\t').unwrap().1).collect();
    let parsed = |row: &[u8]| serde_json::from_slice::<serde_json::Value>(row).unwrap();
    let mut dice = Dice(11);
    for round in 0..rows.len() * 4 {
        let plain = filled(rows[round % rows.len()], &mut dice).replace(['«', '»'], "");
        let value = parsed(plain.as_bytes());
        let wanted =
            redactor.redact_plainly(value.to_string().as_bytes()).unwrap().map_or(value.clone(), |row| parsed(&row));
        let row = respelled_value(&value, &mut dice);
        assert_eq!(parsed(row.as_bytes()), value);
        let stored = redactor.redact(row.as_bytes()).unwrap().map_or(value, |row| parsed(&row));
        assert_eq!(stored, wanted, "{row}");
    }
}

const SECRET: &str = "password=Xk29fQz81LmP";

#[test]
fn no_way_into_the_log_lets_a_secret_pass() {
    let book = Book::new().var("LOGBOOK_RUN", "r-88");
    book.run(&["append", "-a", SECRET]).exit(0);
    book.run(&["append", &format!("{{\"note\":{{\"deep\":[\"{SECRET}\"]}}}}")]).exit(0);
    book.run_with(&["append", "-"], format!("{{\"a\":1}}\n{{\"a\":\"{SECRET}\"}}\n{{\"a\":3}}\n").as_bytes()).exit(0);
    book.run(&["exec", "--capture", "--", "echo", SECRET]).exit(0).stdout(&format!("{SECRET}\n"));
    book.run(&["call", "begin", "--tool", "t", &format!("{{\"x\":\"{SECRET}\"}}")]).exit(0);
    book.run(&["amend", "r-88#1", &format!("action=other {SECRET}"), "--why", "x"]).exit(0);
    book.run(&["review", "r-88", "red", "--why", SECRET]).exit(0);
    let text = book.shell("cat .logbook/*.jsonl").out;
    assert!(!text.contains("Xk29fQz81LmP"), "{text}");
    // The same secret has the same mark, in this logbook alone.
    let marks: BTreeSet<&str> =
        Regex::new(r"\[redacted:[^\]]*\]").unwrap().find_iter(&text).map(|found| found.as_str()).collect();
    assert_eq!(marks.len(), 1, "{marks:?}");
    let key = fs::metadata(book.path().join(".logbook/redaction.key")).unwrap();
    assert_eq!((key.len(), key.mode() & 0o777), (32, 0o600));
    // Digests are those of what was called, not of what is kept.
    let sum = book.shell(&format!(r"printf '%s\0' echo '{SECRET}' | sha256sum | cut -d' ' -f1")).out;
    book.run(&["query", "kind=call.intent and tool_call.tool=echo", "--jq", ".tool_call.args_sha256"])
        .stdout(&format!("\"{}\"\n", sum.trim()));
    book.run(&["exec", "--args", "full", "--", "echo", "password=Yy29fQz81LmP"]).exit(0);
    assert!(book.shell("cat .logbook/*.jsonl").out.contains("Yy29fQz81LmP"));
}

#[test]
fn a_row_that_is_sent_again_is_the_same_after_redaction() {
    let book = Book::new();
    for _ in 0..2 {
        book.run(&["append", "-r", "r-1", "--id", "k", "-a", SECRET]).exit(0);
    }
    book.run(&["query", "--count"]).stdout("1\n");
}

#[test]
fn a_logbook_has_rules_and_exceptions_of_its_own() {
    let book = Book::new();
    let append = |text: &str| book.run(&["append", "-r", "r-1", "-a", text, "--print", "row"]);
    book.write(".logbook/config.toml", b"[redact]\nskip = ['npm-token']\nallow = ['hunter2-.*']\n[[redact.rules]]\nkind = 'badge'\nanchor = 'BADGE'\npattern = '<BADGE\\d{6}>'\n");
    append("BADGE123456").shows("[redacted:badge:");
    append("BADGE12345").shows("BADGE12345\"");
    append("password=hunter2-Example9").shows("password=hunter2-Example9");
    append(&format!("npm_{}", Dice(3).text('a', 36))).shows("npm_");
    append(SECRET).shows("[redacted:assignment:");
    book.write(".logbook/config.toml", b"[[redact.rules]]\nkind = 'x'\nanchor = 'x'\npattern = '('\n");
    append("x").exit(3).says("redact rule \"x\"");
    book.write(".logbook/config.toml", b"[redact]\noff = true\n");
    append(SECRET).shows(SECRET);
    book.write(".logbook/config.toml", b"");
    book.shell("chmod 644 .logbook/redaction.key");
    append(SECRET).exit(3).says("other users may read it").says("chmod 600");
}

#[test]
fn a_look_sees_the_same_in_every_way() {
    let letters = b"abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-._~%=/:\"\\ ,\x80\xc3\xff\n";
    let mut dice = Dice(9);
    let (mut tokens, mut beginnings) = (0, 0);
    for length in (0..300).cycle().take(3000) {
        let sides = [letters.len(), 26, 40][dice.roll(3)];
        let mut text: Vec<u8> = (0..length).map(|_| letters[dice.roll(sides)]).collect();
        for word in [&b"password=abcdefghij"[..], b"https://u:p@host", b"ghp_0123456789abcdefghijxyz", b" 0123456789 "]
        {
            let at = dice.roll(400);
            if let Some(place) = text.get_mut(at..at + word.len()) {
                place.copy_from_slice(word);
            }
        }
        let scans = scans(&text);
        tokens += usize::from(scans.iter().any(|seen| seen.token));
        beginnings += usize::from(scans.iter().any(|seen| seen.begun != 0));
        assert!(scans.windows(2).all(|two| two[0] == two[1]), "{scans:?} in {}", text.escape_ascii());
    }
    if scans(b"").len() < 2 {
        return println!("not run: needs a processor with AVX2");
    }
    assert!(
        (300..2700).contains(&tokens) && (300..2900).contains(&beginnings),
        "{tokens} tokens, {beginnings} beginnings"
    );
}
