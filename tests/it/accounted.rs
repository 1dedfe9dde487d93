//! Every line is accounted for: of inputs that mix rows and other lines at random, the rows that a
//! command answers with, those that its flags pass over and the lines that it tells are together
//! the lines there are. Over all commands that read rows, all formats, and flags that ask for a
//! type or a time.

use std::io::Write;

use proptest::prelude::*;

use crate::support::{Book, Ended};

/// A line of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A row: does it have a time, and of which day; which status; is `n` a number.
    Row {
        day: Option<u8>,
        status: u8,
        number: bool,
        marked: u8,
    },
    /// No row.
    Text,
    Array,
    Number,
    Cut,
    Prefixed,
    Open,
    BadUtf8,
}

const STATUSES: [&str; 4] = ["done", "failed", "blocked", "in-progress"];

impl Line {
    fn is_row(self) -> bool {
        matches!(self, Line::Row { .. })
    }

    fn bytes(self, id: usize) -> Vec<u8> {
        let text = match self {
            Line::Row { day, status, number, .. } => {
                let time = match day {
                    Some(day) => format!(r#""timestamp":"2026-04-{:02}T08:00:00Z","#, day + 10),
                    None => String::new(),
                };
                let n = if number { id.to_string() } else { format!("\"{id}\"") };
                let status = STATUSES[usize::from(status) % 4];
                format!(r#"{{{time}"run_id":"r-{}","step":{id},"id":"id-{id}-","status":"{status}","n":{n}}}"#, id % 3)
            }
            Line::Text => format!("a line of text, number {id}"),
            Line::Array => format!(r#"["id-{id}-"]"#),
            Line::Number => format!("{id}"),
            Line::Cut => format!(r#"{{"id":"id-{id}-","status":"fai"#),
            Line::Prefixed => format!(r#"2026-04-15T08:00:00Z {{"id":"id-{id}-","status":"failed"}}"#),
            Line::Open => "{".to_owned(),
            Line::BadUtf8 => return [&b"\x80\xFE\x01 "[..], id.to_string().as_bytes()].concat(),
        };
        let mark: &[u8] = match self {
            Line::Row { marked: 1, .. } => b"\xEF\xBB\xBF",
            Line::Row { marked: 2, .. } => b"\x1E",
            _ => b"",
        };
        [mark, text.as_bytes()].concat()
    }
}

fn line() -> impl Strategy<Value = Line> {
    let row = (prop::option::of(0u8..8), 0u8..4, any::<bool>(), 0u8..8)
        .prop_map(|(day, status, number, marked)| Line::Row { day, status, number, marked });
    let other = [Line::Text, Line::Array, Line::Number, Line::Cut, Line::Prefixed, Line::Open, Line::BadUtf8];
    prop_oneof![3 => row, 1 => prop::sample::select(other.to_vec())]
}

/// Flags, and which rows pass them.
type Flags = (&'static [&'static str], fn(Line) -> bool);

const FLAGS: [Flags; 9] = [
    (&[], |_| true),
    (&["--since", "2026-04-13"], |line| matches!(line, Line::Row { day: Some(3..), .. })),
    (&["--until", "2026-04-13T09:00:00Z"], |line| matches!(line, Line::Row { day: Some(..=3), .. })),
    (&["--since", "2026-04-12", "--until", "2026-04-14"], |line| matches!(line, Line::Row { day: Some(2..=4), .. })),
    (&["--filter", "status=failed"], |line| matches!(line, Line::Row { status: 1, .. })),
    (&["--filter", "not status in (failed, done)"], |line| matches!(line, Line::Row { status: 2.., .. })),
    (&["--filter", "has timestamp"], |line| matches!(line, Line::Row { day: Some(_), .. })),
    (&["--filter", "age>0s and n>=0"], |line| matches!(line, Line::Row { day: Some(..=5), .. })),
    (&["--filter", "jq(.n | type == \"number\")"], |line| matches!(line, Line::Row { number: true, .. })),
];
const FORMATS: [&str; 6] = ["jsonl", "json", "csv", "tsv", "md", "table"];

/// How many lines it tells that they are no rows.
fn told(ended: &Ended) -> usize {
    let counts =
        ended.err.lines().filter_map(|line| line.split_once(": skipped ")?.1.split(' ').next()?.parse::<usize>().ok());
    counts.sum::<usize>()
}

/// The ids that it answers with, in order.
fn ids(ended: &Ended) -> Vec<usize> {
    ended.out.match_indices("id-").filter_map(|(at, _)| ended.out[at + 3..].split('-').next()?.parse().ok()).collect()
}

/// How the lines are given to a command: the words that name them, and what is on standard input.
fn inputs(book: &Book, bytes: &[u8]) -> Vec<(Vec<&'static str>, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(bytes, 1).unwrap();
    book.write("in/plain.jsonl", bytes);
    book.write("gz/wrong-name.jsonl", &gzip);
    book.write("zst/rotated.jsonl.1.zst", &zstd);
    vec![
        (vec!["in/plain.jsonl"], Vec::new()),
        (vec!["in"], Vec::new()),
        (vec!["in/*.jsonl"], Vec::new()),
        (vec!["-"], bytes.to_vec()),
        (vec!["-"], gzip),
        (vec!["gz/wrong-name.jsonl"], Vec::new()),
        (vec!["zst"], Vec::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn answered_passed_over_and_told_are_all_lines(lines in prop::collection::vec(line(), 1..40), newline in any::<bool>()) {
        let book = Book::empty();
        let mut bytes: Vec<u8> = Vec::new();
        for (id, line) in lines.iter().enumerate() {
            bytes.extend(line.bytes(id));
            if newline || id + 1 < lines.len() {
                bytes.push(b'\n');
            }
        }
        let rows = lines.iter().filter(|line| line.is_row()).count();
        let other = lines.len() - rows;
        let given = inputs(&book, &bytes);
        for (at, (flags, passes)) in FLAGS.iter().enumerate() {
            let expected: Vec<usize> =
                (0..lines.len()).filter(|id| lines[*id].is_row() && passes(lines[*id])).collect();
            let passed_over = rows - expected.len();
            // Each flag meets every form of input in some case, and every format.
            let some = given.iter().enumerate().cycle().skip(at * 3 + lines.len()).take(3);
            for (number, (words, stdin)) in some {
                let format = FORMATS[(at + number) % FORMATS.len()];
                let query = [&["query"][..], words, flags, &["--select", "id", "-o", format]].concat();
                let ended = book.run_with(&query, stdin);
                prop_assert_eq!(&ids(&ended), &expected, "{}", ended);
                prop_assert_eq!(expected.len() + passed_over + told(&ended), lines.len(), "{}", ended);
                // Where nothing was a row, the exit status says so.
                prop_assert_eq!(ended.code, if rows == 0 { 5 } else { 0 }, "{}", ended);

                let count = book.run_with(&[&["query"][..], words, flags, &["--count"]].concat(), stdin);
                prop_assert_eq!(count.out.trim(), expected.len().to_string(), "{}", count);
                prop_assert_eq!(told(&count), other, "{}", count);

                let groups = [&["query"][..], words, flags, &["--summarize", "count", "-o", "jsonl"]].concat();
                let groups = book.run_with(&groups, stdin);
                let summed = format!("{{\"count\":{}}}\n", expected.len());
                prop_assert_eq!(&groups.out, &summed, "{}", groups);
                prop_assert_eq!(told(&groups), other, "{}", groups);

                let fields = book.run_with(&[&["fields", "id"][..], words, flags].concat(), stdin);
                let mut listed = ids(&fields);
                listed.sort_unstable();
                prop_assert_eq!(&listed, &expected, "{}", fields);
                prop_assert_eq!(told(&fields), other, "{}", fields);
            }
            // `tail` takes a filter as a word.
            let flags: Vec<&str> = flags.iter().copied().filter(|word| *word != "--filter").collect();
            for (words, stdin) in [&given[at % 7], &given[3]] {
                let tail = [&["tail", "-n", "1000"][..], words, &flags].concat();
                let ended = book.run_with(&tail, stdin);
                prop_assert_eq!(&ids(&ended), &expected, "{}", ended);
                prop_assert_eq!(told(&ended), other, "{}", ended);
            }
        }
        // A program that fails is told for each row.
        let ended = book.run(&["query", "in", "--jq", "{id, m: (.n - 1)}", "-o", "jsonl"]);
        let failed: Option<usize> = ended.err.lines().find_map(|line| line.strip_prefix("logbook: jq failed on ")?.split(' ').next()?.parse().ok());
        let failed = failed.unwrap_or_else(|| ended.err.lines().filter(|line| line.contains("): jq: ")).count());
        prop_assert_eq!(ids(&ended).len() + failed + told(&ended), lines.len(), "{}", ended);
    }

    #[test]
    fn commands_of_a_logbook_account_for_all_lines(lines in prop::collection::vec(line(), 1..40)) {
        let lines: Vec<Line> = lines.into_iter().map(|line| match line {
            Line::Row { day, status, number, .. } => Line::Row { day, status, number, marked: 0 },
            other => other,
        }).collect();
        let book = Book::new();
        let bytes: Vec<u8> =
            lines.iter().enumerate().flat_map(|(id, line)| [line.bytes(id), b"\n".to_vec()].concat()).collect();
        book.write(".logbook/2026-04-15.000001.jsonl", &bytes);
        let rows: Vec<usize> = (0..lines.len()).filter(|id| lines[*id].is_row()).collect();
        let other = lines.len() - rows.len();
        let code = if rows.is_empty() { 5 } else { 0 };
        for arguments in [
            &["query", "--select", "id"][..],
            &["query", "--select", "id", "--no-cache"],
            &["query", "--strict", "--select", "id"],
            &["tail", "-n", "1000"],
            &["fields", "id"],
        ] {
            let ended = book.run(arguments);
            let mut listed = ids(&ended);
            listed.sort_unstable();
            prop_assert_eq!(&listed, &rows, "{}", ended);
            prop_assert_eq!(told(&ended), other, "{}", ended);
            let strict = arguments.contains(&"--strict") && other > 0;
            prop_assert_eq!(ended.code, if strict { 5 } else { code }, "{}", ended);
        }
        for arguments in [&["runs", "--all"][..], &["stats"], &["runs", "--all", "--no-cache"]] {
            let ended = book.run(arguments);
            prop_assert_eq!(told(&ended), other, "{}", ended);
            prop_assert_eq!(ended.code, code, "{}", ended);
        }
        let shown: usize = (0..3).map(|run| ids(&book.run(&["show", &format!("r-{run}"), "-o", "jsonl"])).len()).sum();
        prop_assert_eq!(shown, rows.len());
    }
}
