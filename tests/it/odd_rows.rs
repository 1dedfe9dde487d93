//! Fields found in odd rows (`json::bits`), against a plain reading (`json::frame`) and against
//! `serde_json`.
//!
//! Rows are made from a seed: members in any order, blanks of all four kinds, CRLF, numbers of
//! every spelling, escapes in keys and values, keys twice, nested objects with the wanted names,
//! texts that look like members, values of 64 KiB, deep nesting, rows cut off, glued together or
//! overwritten with noise. `./check` reads 100,000 of them;
//! `LOGBOOK_ODD_ROWS=100000000 cargo test --release --test it odd_rows` as many as one likes.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use logbook_json::bits::{Finder, Index};
use logbook_json::frame;
use serde_json::Value;

use crate::rows::Dice;

const NAMES: [&str; 5] =
    ["status", "run_id", "a", "tool_call", "a key of more than sixty-four letters, so that it spans words of masks"];

/// Makes odd rows.
pub struct Maker {
    pub dice: Dice,
    pub text: Vec<u8>,
}

impl Maker {
    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.dice.below(of.len() as u64) as usize]
    }

    fn put(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    fn white(&mut self) {
        match self.dice.below(12) {
            0 => self.put(" "),
            1 => self.put("\t"),
            2 => self.put(" \r \t"),
            3 if self.dice.below(20) == 0 => {
                let blanks = " ".repeat(self.dice.below(200) as usize);
                self.put(&blanks);
            }
            _ => {}
        }
    }

    fn key(&mut self) {
        let key = match self.dice.below(8) {
            0 => self.one_of(&["st\\u0061tus", "\\u0061", "run\\u005fid", "\\u0073\\u0074atus", "x\\\"y", "stat\\us"]),
            1 => self.one_of(&["statu", "statuss", "b", "", "run_ie", "é", "\\\\", "status\\\\", "\\\"status"]),
            _ => self.one_of(&NAMES),
        };
        let key = format!("\"{key}\"");
        self.put(&key);
    }

    fn string(&mut self) {
        let text = match self.dice.below(16) {
            0 => "x".repeat(self.dice.below(70_000) as usize % (if self.dice.below(50) == 0 { 70_000 } else { 300 })),
            1 => "\\\\".repeat(self.dice.below(70) as usize),
            2 => "\\\"".repeat(self.dice.below(70) as usize),
            3 => "{[\\\"status\\\":\\\"blocked\\\",".to_owned(),
            _ => self
                .one_of(&[
                    "blocked",
                    "done",
                    "\\u0062locked",
                    "é😀",
                    "status",
                    "\\\\",
                    "a\\\\\\\"b",
                    "}}]]",
                    "\\n",
                    "\\uD83D\\uDE00",
                    "r-88",
                    "",
                ])
                .to_owned(),
        };
        self.put(&format!("\"{text}\""));
    }

    fn value(&mut self, depth: usize) {
        match self.dice.below(if depth > 6 { 6 } else { 9 }) {
            0..=2 => self.string(),
            3 if self.dice.below(30) == 0 => {
                let none = self.one_of(&["1.", ".5", "00", "01.5", "1.e5", "1e", "-", "+1", "1..5", "1.5.", "0x1"]);
                self.put(none);
            }
            3 => {
                let number =
                    self.one_of(&["0", "-0", "12", "1.5", "1e5", "-2.50E-3", "123456789012345678901234567890", "7"]);
                self.put(number);
            }
            4 => {
                let word = self.one_of(&["true", "false", "null"]);
                self.put(word);
            }
            5 if self.dice.below(40) == 0 => {
                let deep = self.dice.below(100) as usize;
                let (open, close) = ("[".repeat(deep), "]".repeat(deep));
                self.put(&format!("{open}{{\"status\":1}}{close}"));
            }
            5 => self.put("[]"),
            6 => {
                self.put("[");
                for index in 0..self.dice.below(4) {
                    if index > 0 {
                        self.put(",");
                    }
                    self.white();
                    self.value(depth + 1);
                    self.white();
                }
                self.put("]");
            }
            _ => self.object(depth + 1),
        }
    }

    fn object(&mut self, depth: usize) {
        self.put("{");
        for index in 0..self.dice.below(7) {
            if index > 0 {
                self.put(",");
            }
            self.white();
            self.key();
            self.white();
            self.put(":");
            self.white();
            self.value(depth + 1);
            self.white();
        }
        self.put("}");
    }

    /// A line, most of them whole.
    pub fn line(&mut self) {
        let from = self.text.len();
        self.white();
        self.object(0);
        self.white();
        let length = self.text.len() - from;
        match self.dice.below(30) {
            0 => self.text.truncate(from + self.dice.below(length as u64 + 1) as usize),
            1 => self.object(0),
            2 | 3 => {
                for _ in 0..=self.dice.below(3) {
                    let at = from + self.dice.below(length as u64) as usize;
                    self.text[at] = b"\"\\{}[],:0x \x00t"[self.dice.below(13) as usize];
                }
            }
            4 => {
                let odd = self.one_of(&[
                    "",
                    "   ",
                    "[1]",
                    "\"status\"",
                    "{",
                    "}",
                    "{}}",
                    "{}{}",
                    "\\",
                    "{\"a\":\\\"1}",
                    "nul",
                ]);
                self.text.truncate(from);
                self.put(odd);
            }
            _ => {}
        }
        let end = self.one_of(&["\n", "\n", "\n", "\r\n"]);
        self.put(end);
    }
}

/// What a reading found: the values as written; `None` for a line that is no row.
type Found<'t> = Option<Vec<Option<&'t [u8]>>>;

fn plainly<'t>(line: &'t [u8], names: &[&str]) -> Found<'t> {
    let mut values = Vec::new();
    frame::pick(line, names, &mut values).ok().map(|()| values)
}

/// Rows of a block by `finder`, the doubtful ones by the plain path; and how many those were.
fn by_masks<'t>(finder: &mut Finder, block: &'t [u8], names: &[&str]) -> (Vec<(usize, Found<'t>)>, usize) {
    let (mut found, mut doubts) = (Vec::new(), 0);
    let _ = finder.lines(block, |line| {
        let values = match line.values {
            Some(values) => Some(values.to_vec()),
            None => {
                doubts += 1;
                plainly(line.text, names)
            }
        };
        found.push((line.at, values));
        ControlFlow::Continue(())
    });
    (found, doubts)
}

#[test]
fn fields_are_found_in_odd_rows() {
    let wanted: u64 = std::env::var("LOGBOOK_ODD_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let counts = std::thread::scope(|scope| {
        let of = |first: u64| {
            scope.spawn(move || read_odd_rows(wanted.div_ceil(threads), (first..).step_by(threads as usize)))
        };
        let begun: Vec<_> = (1..=threads).map(of).collect();
        let ended: Vec<[u64; 3]> = begun.into_iter().map(|thread| thread.join().unwrap()).collect();
        ended.into_iter().reduce(|all, more| [all[0] + more[0], all[1] + more[1], all[2] + more[2]]).unwrap()
    });
    let [rows, doubts, valid] = counts;
    assert!(rows >= wanted);
    assert!(valid > rows / 2, "most rows are whole: {valid} of {rows}");
    assert!(doubts < rows * 2 / 3, "most rows are found at once: {doubts} of {rows} are in doubt");
}

/// Reads `wanted` rows of these seeds in all ways: how many they were, how many of them in doubt,
/// how many JSON.
fn read_odd_rows(wanted: u64, mut seeds: impl Iterator<Item = u64>) -> [u64; 3] {
    let (mut rows, mut doubts, mut valid) = (0u64, 0u64, 0u64);
    while rows < wanted {
        let seed = seeds.next().unwrap();
        let mut maker = Maker { dice: Dice::new(seed), text: Vec::new() };
        for _ in 0..64 {
            maker.line();
        }
        let block = maker.text;
        // Every subset of names: what is looked for together must not change what is found.
        let chosen: Vec<&str> = NAMES
            .iter()
            .enumerate()
            .filter(|(at, _)| seed & (1 << at) != 0 || seed.is_multiple_of(32))
            .map(|(_, name)| *name)
            .collect();
        let (fast, more) = by_masks(&mut Finder::new(&chosen), &block, &chosen);
        doubts += more as u64;
        assert_eq!(fast, by_masks(&mut Finder::new(&chosen).portable(), &block, &chosen).0, "seed {seed}");
        let mut at = 0;
        let mut lines = Vec::new();
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap();
            lines.push((at, text.strip_suffix(b"\r").unwrap_or(text)));
            at += line.len();
        }
        assert_eq!(fast.len(), lines.len(), "seed {seed}");
        let mut alone = Finder::new(&chosen);
        for ((at, found), (line_at, line)) in fast.iter().zip(&lines) {
            let told = || format!("seed {seed}: {}", line.escape_ascii());
            assert_eq!(at, line_at, "{}", told());
            assert_eq!(*found, plainly(line, &chosen), "{}", told());
            let length = block[*at..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
            let mut handed = 0;
            let _ = alone.first(&block[*at..], length, |first| {
                handed += 1;
                let values = first.values.map_or_else(|| plainly(first.text, &chosen), |values| Some(values.to_vec()));
                assert_eq!((first.at, first.text, values), (0, *line, found.clone()), "alone, {}", told());
                ControlFlow::Continue(())
            });
            assert_eq!(handed, 1, "{}", told());
            // The engine of the reading above is far from the one below.
            let parsed: Option<Value> = serde_json::from_slice(line).ok();
            if let Some(Value::Object(members)) = parsed {
                valid += 1;
                let values = found.as_ref().unwrap_or_else(|| panic!("not found to be a row, {}", told()));
                for (name, value) in chosen.iter().zip(values) {
                    let value: Option<Value> = value.map(|raw| serde_json::from_slice(raw).unwrap());
                    assert_eq!(value.as_ref(), members.get(*name), "{name}, {}", told());
                }
            } else if parsed.is_some() {
                assert!(found.is_none(), "no object is a row, {}", told());
            }
            rows += 1;
        }
    }
    [rows, doubts, valid]
}

#[test]
fn the_index_is_the_same_both_ways() {
    let mut dice = Dice::new(5);
    let all = ["a", "ab", "", "u,", "\u{7f}", "\u{e9}", "b\u{e9}", &"a".repeat(62), &"b".repeat(63), &"b".repeat(200)]
        .map(str::to_owned);
    let odd = b"\"\\\"\\{}[]\n\nab,:uuu\x7f\xc3\xa9\xff";
    // The brackets of these are balanced, so that words can be certain.
    let open_at_ends = format!("{{\"a\":\"{}\"}}\n", "[".repeat(70));
    let sound = [
        "{\"a\":[{}],\"ab\":{\"u,\":\"\\\\\"}}\n",
        &open_at_ends,
        "{\"b\u{e9}\":\"}{\\\"\",\"\":[[1]]}\n",
        "\"\\u\"",
        ",,,,,,,",
    ];
    for turn in 0..3000 {
        let names = &all[dice.below(6) as usize..];
        let names = || names.iter().map(|name| name.as_bytes());
        let (mut fast, mut plain) = (Index::new(names()), Index::new(names()));
        let length = dice.below(if turn % 20 == 0 { 12_000 } else { 700 }) as usize;
        let mut text = Vec::new();
        while text.len() < length {
            match turn % 3 {
                0 => text.push(odd[dice.below(odd.len() as u64) as usize]),
                _ => text.extend_from_slice(sound[dice.below(1 + turn / 7 % sound.len() as u64) as usize].as_bytes()),
            }
        }
        let careful = dice.below(2) == 0;
        fast.fill(&text, careful);
        plain.fill_portable(&text, careful);
        let told = |index: &Index| {
            let words: Vec<_> = index.words().iter_from(0).collect();
            (words, index.positions().to_vec(), index.doubts().to_vec(), index.escapes().to_vec())
        };
        assert_eq!(told(&fast), told(&plain), "{}", text.escape_ascii());
        if fast.fill_avx2(&text, careful) {
            assert_eq!(told(&fast), told(&plain), "{}", text.escape_ascii());
        }
    }
}
