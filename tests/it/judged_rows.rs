//! Rows validated along marks (`json::bits::Validator`), against the scalar validator: what the
//! first accepts, the second accepts with the same members, and few valid rows are in doubt.
//!
//! Rows are those of `odd_rows`, and the same with bytes overwritten by what a writer gets wrong:
//! broken UTF-8, control characters, half surrogates, keys twice, depth beyond the limit. `./check`
//! judges 100,000 of them; `LOGBOOK_ODD_ROWS=100000000 cargo test --release --test it judged_rows`
//! as many as one likes.

use logbook_format::{self as format, Drafts, Rules};
use logbook_json::bits::{Marks, RowValidator, Validator};
use logbook_json::{Limits, Scratch, Span, validate, validate_members};
use logbook_model::Vocabulary;

use crate::odd_rows::Maker;
use crate::rows::{Dice, Shape, agent_rows, rows};

const LIMITS: Limits = Limits { depth_max: 9, unique_keys: true, whole_surrogates: true };

/// What is put into a row: `at` its place, `over` how many bytes go.
const MISTAKES: &[&[u8]] = &[
    b"\xFF",
    b"\xC3",
    b"\xED\xA0\x80",
    b"\xF0\x9F\x98\x80",
    b"\xC3\xA9",
    b"\x00",
    b"\x1F",
    b"\t",
    b"\r",
    b"\x7F",
    b"\\uD800",
    b"\\uDC00\\uD800",
    b"\\uD83D\\uDE00",
    b"\\u12",
    b"\\x",
    b"\\",
    b"\"",
    b",\"a\":1,\"a\":2",
    b",\"b\":{\"a\":1,\"a\":2}",
    b"[[[[[[[[[[1]]]]]]]]]]",
    b"01",
    b"-",
    b"1.e5",
    b"nul",
    b"}",
    b"]",
    b":",
    b",",
];

fn spoil(line: &mut Vec<u8>, dice: &mut Dice) {
    let mistake = MISTAKES[dice.below(MISTAKES.len() as u64) as usize];
    let at = dice.below(line.len() as u64 + 1) as usize;
    let over = dice.below(2) as usize * mistake.len();
    let end = (at + over).min(line.len());
    line.splice(at..end, mistake.iter().copied());
}

#[test]
fn what_is_good_along_marks_is_good() {
    let wanted: u64 = std::env::var("LOGBOOK_ODD_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let (mut judge, mut plain) = (Validator::new(LIMITS), Validator::new(LIMITS).portable());
    let mut scratch = Scratch::default();
    let mut alone = RowValidator::default();
    let (mut rows, mut good, mut found, mut refused, mut seed) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let mut sure = 0u64;
    while rows < wanted {
        seed += 1;
        let mut maker = Maker { dice: Dice::new(seed), text: Vec::new() };
        for _ in 0..64 {
            maker.line();
        }
        let mut dice = Dice::new(seed);
        let mut block = Vec::new();
        for line in maker.text.split_inclusive(|byte| *byte == b'\n') {
            let mut line = line.strip_suffix(b"\n").unwrap().to_vec();
            if dice.below(3) == 0 {
                spoil(&mut line, &mut dice);
            }
            block.extend_from_slice(&line);
            block.push(b'\n');
        }
        judge.begin(&block);
        plain.begin(&block);
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            let told = || format!("seed {seed}: {}", line.escape_ascii());
            let text = line.strip_suffix(b"\n").unwrap();
            let judged = judge.next(&block).unwrap();
            let same = plain.next(&block).unwrap();
            assert_eq!(judged.text, text, "{}", told());
            assert_eq!((judged.text, judged.spans), (same.text, same.spans), "{}", told());
            let verdict = validate_members(text, LIMITS, &mut scratch);
            rows += 1;
            refused += u64::from(verdict.is_err());
            let is_object = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
            good += u64::from(verdict.is_ok() && is_object);
            let is_sure = alone.is_valid(text);
            assert!(is_sure || judged.spans.is_none(), "what is good with its members is: {}", told());
            if is_sure {
                sure += 1;
                assert_eq!(validate(text, Limits::GRAMMAR), Ok(()), "{}", told());
                assert!(is_object, "{}", told());
            }
            if let Some(spans) = judged.spans {
                found += 1;
                assert_eq!(verdict, Ok(()), "{}", told());
                assert!(is_object, "{}", told());
                assert_eq!(*spans, scratch.spans, "{}", told());
            }
        }
        assert!(judge.next(&block).is_none());
    }
    assert!(good > rows / 4 && refused > rows / 4, "both kinds: {good} good and {refused} refused of {rows}");
    // Escapes in keys and tabs between tokens, of which odd rows are full, are left to the plain
    // judge.
    assert!(found > good / 4, "many good rows are found at once: {found} of {good}");
    assert!(sure > found, "without their members more: {sure}, not only {found}");
}

#[test]
fn an_ordinary_row_is_never_in_doubt() {
    let block = "{\"a\":1,\"text\":\"\u{e9}\u{1F600} \\n \\\"\\uD83D\\uDE00\\\\\",\"o\":{\"k\":[1,{\"z\":null}]}}\r\n\
                 {}\n { \"a\" : [ ] , \"b\" : { } , \"c\" : -1.5e+3 , \"d\" : true } \n";
    for mut judge in [Validator::new(LIMITS), Validator::new(LIMITS).portable()] {
        judge.begin(block.as_bytes());
        for members in [3, 0, 4] {
            let spans = judge.next(block.as_bytes()).unwrap().spans.expect("a good row").members.len();
            assert_eq!(spans, members);
        }
    }
}

#[test]
fn marks_are_the_same_both_ways() {
    let mut dice = Dice::new(5);
    let (mut fast, mut narrow, mut plain) = (Marks::default(), Marks::default(), Marks::default());
    for _ in 0..3000 {
        let length = dice.below(400) as usize;
        let text: Vec<u8> =
            (0..length).map(|_| b"\"\\\\\"{}[]\n\nab,:\r\x00\xC3\xA9"[dice.below(18) as usize]).collect();
        fast.fill(&text);
        plain.fill_portable(&text);
        let is_narrow = narrow.fill_avx2(&text);
        for marks in [&fast].into_iter().chain(is_narrow.then_some(&narrow)) {
            assert_eq!(marks.ends(), plain.ends(), "{}", text.escape_ascii());
            assert_eq!(marks.escapes(), plain.escapes(), "{}", text.escape_ascii());
            assert_eq!(marks.flags(), plain.flags(), "{}", text.escape_ascii());
        }
    }
}

/// Keys of every length about the one beyond which none is kept, more of them than are known at
/// most, some the beginnings of others.
fn keys() -> Vec<String> {
    (0..30).map(|length| "k".repeat(length)).chain((0..60).map(|number| format!("key_{number}"))).collect()
}

/// An object of some of `keys`, most often in their order; now and then one stands twice.
fn object(keys: &[String], depth: usize, dice: &mut Dice, out: &mut Vec<u8>) {
    out.push(b'{');
    let (mut at, most) = (dice.below(4) as usize, dice.below(9));
    for number in 0..most {
        if number > 0 {
            out.extend_from_slice(if dice.below(8) == 0 { b" , " } else { b"," });
        }
        let step = dice.below(20);
        at = if step == 0 { dice.below(keys.len() as u64) as usize } else { (at + 1 + step as usize % 3) % keys.len() };
        out.extend_from_slice(format!("\"{}\"", keys[at]).as_bytes());
        let colon = if dice.below(8) > 0 { 0 } else { dice.below(3) as usize };
        out.extend_from_slice([&b":"[..], b": ", b" :"][colon]);
        match dice.below(6) {
            0 if depth < 4 => object(keys, depth + 1, dice, out),
            1 => out.extend_from_slice(b"\"a \\\"b\\\\\""),
            2 => out.extend_from_slice(b"12.5"),
            3 => out.extend_from_slice(b"[{\"k\":1},{\"k\":2}]"),
            _ => out.extend_from_slice(b"\"value\""),
        }
    }
    out.push(b'}');
}

#[test]
fn keys_that_repeat_from_row_to_row_are_told_as_if_each_were_read() {
    let all = keys();
    let name = |key: &[u8]| key.len() as u8;
    for known in [4, 12, 30, all.len()] {
        let mut judge = Validator::new(LIMITS).naming(name);
        let (mut scratch, mut dice) = (Scratch::default(), Dice::new(known as u64));
        let (mut found, mut twice, mut named) = (0, 0, 0);
        for _ in 0..200 {
            let mut block = Vec::new();
            for _ in 0..40 {
                object(&all[..known], 1, &mut dice, &mut block);
                block.push(b'\n');
            }
            judge.begin(&block);
            for line in block.split_inclusive(|byte| *byte == b'\n') {
                let told = || format!("{known} keys: {}", line.escape_ascii());
                let judged = judge.next(&block).unwrap();
                let verdict = validate_members(judged.text, LIMITS, &mut scratch);
                twice += u64::from(verdict.is_err());
                let Some(spans) = judged.spans else { continue };
                found += 1;
                assert_eq!(verdict, Ok(()), "{}", told());
                for (spans, plain) in [(&spans.members, &scratch.spans.members), (&spans.inner, &scratch.spans.inner)] {
                    assert_eq!(spans.len(), plain.len(), "{}", told());
                    for (span, plain) in spans.iter().zip(plain) {
                        let key = span.key_of(judged.text);
                        assert_eq!(
                            (key, span.value(), span.hash),
                            (plain.key_of(judged.text), plain.value(), plain.hash)
                        );
                        assert!(span.name == Span::UNNAMED || span.name == name(key), "{}", told());
                        named += u64::from(span.name != Span::UNNAMED);
                    }
                }
            }
        }
        assert!(twice > 100, "some keys stand twice: {twice} of {known}");
        assert!(found + twice > 7900, "few rows are in doubt: {found} found, {twice} with a key twice");
        assert!(named > 1000, "keys are named: {named}");
    }
}

#[test]
fn rows_whose_keys_are_named_are_laid_out_as_others() {
    let vocabulary = Vocabulary::default();
    let rules = Rules { vocabulary: &vocabulary, run_id: Some("r"), agent_id: None, own: false, redactor: None };
    let odd = [
        r#"{"runId":"a","kind":"note","note":"camel case"}"#,
        r#"{"run_id":"a","action":"x","Action":"y","my own":1}"#,
        r#"{"run_id":"a","toolCallId":"t-1","tool_call":{"tool":"bash"}}"#,
        r#"{"run_id":"a","phase":"nowhere"}"#,
        r#"{"run_id":"a","tokens_in":1.5}"#,
        r#"{"run_id":"a","status":"blocked"}"#,
        r#"{"agent_id":"b","timestamp":"2026-04-15T11:30:00+02:00","step":7}"#,
        r#"{ "timestamp" : "2026-04-15T11:30:00.5Z" , "error" : null , "cost_usd" : -1 }"#,
    ];
    let rows = [Shape::Steps, Shape::Calls].map(|shape| rows(3, 300, shape, 300));
    let mixed = [Shape::Steps, Shape::Calls].map(|shape| agent_rows(3, 1000, shape));
    let mut block = rows.concat();
    for line in mixed.concat().split_inclusive(|byte| *byte == b'\n') {
        block.extend_from_slice(line);
        block.extend_from_slice(odd[block.len() % odd.len()].as_bytes());
        block.push(b'\n');
    }
    let mut judge = Validator::new(format::LIMITS).naming(format::name_of);
    let (mut fast, mut plain) = (Drafts::new(), Drafts::new());
    let (mut laid_out, mut refused) = (0, 0);
    judge.begin(&block);
    while let Some(judged) = judge.next(&block) {
        let told = || judged.text.escape_ascii().to_string();
        let one = fast.push_judged(judged.text, judged.spans, &rules, "2026-04-15T09:30:00.000Z", None);
        let other = plain.push(judged.text, &rules, "2026-04-15T09:30:00.000Z", None);
        assert_eq!(one, other, "{}", told());
        match one {
            Ok(()) => laid_out += 1,
            Err(_) => refused += 1,
        }
    }
    let lines = |drafts: &Drafts| {
        let mut out = Vec::new();
        drafts.rows().iter().for_each(|row| drafts.render(row, row.step.unwrap_or(1), &mut out));
        String::from_utf8(out).unwrap()
    };
    assert_eq!(lines(&fast), lines(&plain));
    assert!(laid_out > 2000 && refused > 500, "{laid_out} laid out, {refused} refused");
}
