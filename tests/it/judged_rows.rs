//! Rows judged along marks (`json::bits::Judge`), against the plain judge: whatever the first one lets through, the
//! second one lets through with the same members; and of what is good, enough is not in doubt.
//!
//! Rows are those of `odd_rows`, and the same with bytes overwritten by what a writer gets wrong: broken UTF-8, control
//! characters, half surrogates, keys twice, depth beyond the limit. `./check` judges 100,000 of them;
//! `LOGBOOK_ODD_ROWS=100000000 cargo test --release --test it judged_rows` as many as one likes.

use logbook::json::bits::{Judge, Marks};
use logbook::json::{Limits, Scratch, validate_members};

use crate::odd_rows::Maker;
use crate::rows::Dice;

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
    let (mut judge, mut plain) = (Judge::new(LIMITS), Judge::new(LIMITS).plain());
    let mut scratch = Scratch::default();
    let (mut rows, mut good, mut found, mut refused, mut seed) = (0u64, 0u64, 0u64, 0u64, 0u64);
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
    // Escapes in keys and tabs between tokens, of which odd rows are full, are left to the plain judge.
    assert!(found > good / 4, "many good rows are found at once: {found} of {good}");
}

#[test]
fn an_ordinary_row_is_never_in_doubt() {
    let block = "{\"a\":1,\"text\":\"\u{e9}\u{1F600} \\n \\\"\\uD83D\\uDE00\\\\\",\"o\":{\"k\":[1,{\"z\":null}]}}\r\n\
                 {}\n { \"a\" : [ ] , \"b\" : { } , \"c\" : -1.5e+3 , \"d\" : true } \n";
    for mut judge in [Judge::new(LIMITS), Judge::new(LIMITS).plain()] {
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
    let (mut fast, mut plain) = (Marks::default(), Marks::default());
    for _ in 0..3000 {
        let length = dice.below(400) as usize;
        let text: Vec<u8> =
            (0..length).map(|_| b"\"\\\\\"{}[]\n\nab,:\r\x00\xC3\xA9"[dice.below(18) as usize]).collect();
        fast.fill(&text);
        plain.fill_plain(&text);
        assert_eq!(fast.ends(), plain.ends(), "{}", text.escape_ascii());
        assert_eq!(fast.escapes(), plain.escapes(), "{}", text.escape_ascii());
        assert_eq!(fast.strange(), plain.strange(), "{}", text.escape_ascii());
    }
}
