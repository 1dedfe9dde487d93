//! What a row is does not depend on the query: over lines made at random, good and bad, every way
//! of counting says the same, and the rows answered and those told as skipped are all lines there
//! are.

use crate::rows::Dice;
use crate::support::Book;

const VALUES: &[&[u8]] = &[
    b"1",
    b"2.50",
    b"\"x\"",
    b"null",
    b"true",
    b"[1,2]",
    b"{\"x\":1}",
    b"NaN",
    b"undefined",
    b"'x'",
    b"01",
    b"-",
    b"\"\xFF\"",
    b"\"\t\"",
    b"\"\\q\"",
    b"[1,NaN]",
    b"{\"x\":}",
    b"[1}",
    b"\"\xED\xA0\x80\"",
    b"",
    b"1 2",
    b"\"a\\\"b\"",
];
const WHOLE: &[&[u8]] = &[
    b"plain text",
    b"7",
    b"[1]",
    b"{",
    b"}",
    b"{}",
    b"{\"a\":1",
    b"{\"a\":1}}",
    b"null",
    b"\"x\"",
    b"{\"a\" 1}",
    b"{,}",
];

fn line(dice: &mut Dice) -> Vec<u8> {
    if dice.below(6) == 0 {
        return WHOLE[dice.below(WHOLE.len() as u64) as usize].to_vec();
    }
    let mut line = b"{".to_vec();
    for key in ["a", "b", "c"].iter().take(1 + dice.below(3) as usize) {
        if line.len() > 1 {
            line.push(b',');
        }
        line.extend_from_slice(format!("\"{key}\":").as_bytes());
        // Half of the values are good ones.
        let of = if dice.below(2) == 0 { 7 } else { VALUES.len() as u64 };
        line.extend_from_slice(VALUES[dice.below(of) as usize]);
    }
    line.extend_from_slice(if dice.below(12) == 0 { b",}" } else { b"}" });
    line
}

/// The sum of the numbers behind `skipped `.
fn skipped(err: &str) -> u64 {
    let counts = err.lines().filter_map(|line| line.split("skipped ").nth(1)?.split(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

#[test]
fn every_way_of_counting_agrees() {
    let mut dice = Dice::new(29);
    for _ in 0..12 {
        let lines: Vec<Vec<u8>> = (0..40).map(|_| line(&mut dice)).collect();
        let text = lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect::<Vec<u8>>();
        let book = Book::empty();
        book.write("rows.jsonl", &text);
        let said = String::from_utf8_lossy(&text).into_owned();
        let run = |arguments: &[&str]| {
            let ran = book.run(&[&["query", "rows.jsonl"], arguments].concat());
            assert_eq!(ran.code, 0, "{arguments:?}\n{ran}\n{said}");
            ran
        };
        let number = |arguments: &[&str]| {
            let out = run(arguments).out;
            out.lines().last().and_then(|line| line.trim().parse::<u64>().ok()).unwrap_or_else(|| panic!("{out}"))
        };
        let printed = |arguments: &[&str]| {
            let out = run(arguments).out;
            out.lines().for_each(|line| {
                assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{arguments:?}: {line}\n{said}");
            });
            out.lines().count() as u64
        };
        let counted = run(&["--count"]);
        let count: u64 = counted.out.trim().parse().unwrap();
        assert_eq!(count + skipped(&counted.err), lines.len() as u64, "{counted}\n{said}");
        assert_eq!(number(&["summarize count", "-o", "csv"]), count, "{said}");
        assert_eq!(printed(&["-o", "jsonl"]), count, "{said}");
        assert_eq!(printed(&["sort_by -a", "-o", "jsonl"]), count, "{said}");
        assert_eq!(printed(&["--jq", ".", "-o", "jsonl"]), count, "{said}");
        assert_eq!(printed(&["--jq", "[.a, .b]", "-o", "jsonl"]), count, "{said}");
        assert_eq!(run(&["--select", "b", "-o", "jsonl"]).out.lines().count() as u64, count, "{said}");
        assert_eq!(number(&["--slurp", "--jq", "length", "-o", "jsonl"]), count, "{said}");
        for condition in ["has a", "a=1", "b=null", "c.x=1", "a~x"] {
            let (passes, not) = (number(&["--filter", condition, "--count"]), format!("not ({condition})"));
            assert_eq!(passes + number(&["--filter", &not, "--count"]), count, "{condition}\n{said}");
            assert_eq!(printed(&["--filter", condition, "-o", "jsonl"]), passes, "{condition}\n{said}");
            assert_eq!(number(&["--filter", condition, "summarize count", "-o", "csv"]), passes, "{condition}\n{said}");
        }
        let groups = run(&["group_by a summarize n=count", "-o", "jsonl"]).out;
        let of =
            |line: &str| line.rsplit("\"n\":").next().and_then(|end| end.trim_end_matches('}').parse::<u64>().ok());
        assert_eq!(groups.lines().filter_map(of).sum::<u64>(), count, "{groups}\n{said}");
    }
}
