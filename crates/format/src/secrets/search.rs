//! Searches a row for secrets: each string as a reader sees it, and the strings of an array side by
//! side. A string that is JSON is searched like a row.

use std::cell::OnceCell;
use std::iter;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use regex::bytes::Regex;

use super::names::Family;
use super::prefilter::in_any_case;
use super::row::{self, Node, Piece, Pieces, Str};
use super::rule::{By, Own, Rule};
use super::text::Text;
use super::values::{could_be_secret, could_run};
use super::{assigned, names, private_key, values};
use logbook_json::skip::{skip_value, skip_white};
use logbook_json::{Limits, trim, validate};
use logbook_model::error::Result;

/// Deepest JSON within JSON that is parsed. Deeper levels are searched as text.
const NESTED_MAX: usize = 8;
/// How often the bytes of a text are read in search of JSON objects in it, on average. Ends that
/// are missing would otherwise make it quadratic.
const READS_MAX: usize = 16;

/// All kinds of secrets, ready to be searched for.
pub(super) struct Search {
    /// Patterns are compiled when the first row has their anchor.
    rules: Vec<(Rule, OnceCell<Option<Regex>>)>,
    anchors: AhoCorasick,
    /// For each anchor, the index of its rule.
    rule_of: Vec<usize>,
    allowed: Vec<Regex>,
    /// Index of the rule about names, unless it is skipped.
    by_name: Option<usize>,
}

/// A secret in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// Its bytes in the row.
    pub place: Range<usize>,
    /// Index of its rule. Where findings overlap, the lower one counts.
    pub rule: usize,
    pub node: Node,
}

/// How deep a string is in JSON within strings, and where a member there is found.
#[derive(Clone, Copy)]
struct Level {
    depth: usize,
    members: values::Found,
}

impl Level {
    const ROW: Level = Level { depth: 0, members: values::Found::Member };

    fn below(self, members: values::Found) -> Level {
        // Quotes may mean something else in the text around it, so its findings end with it.
        let is_in_text = self.members == values::Found::Embedded;
        Level { depth: self.depth + 1, members: if is_in_text { self.members } else { members } }
    }
}

/// The search of one row.
struct Found<'s> {
    search: &'s Search,
    row: &'s [u8],
    /// Try all rules, whether or not their anchors are there.
    plainly: bool,
    inside_key: bool,
    findings: Vec<Finding>,
}

impl Search {
    /// The built-in kinds except `skipped`, and the logbook's `own`. A value that matches one of
    /// `allowed` is not a secret.
    pub(crate) fn of(skipped: &[String], own: &[Own], allowed: &[Regex]) -> Result<Search> {
        let built_in = Rule::built_in().filter(|rule| !skipped.contains(&rule.kind));
        let rules: Vec<_> = built_in.chain(own.iter().map(Rule::own)).map(|rule| (rule, OnceCell::new())).collect();
        let (mut anchors, mut rule_of) = (Vec::new(), Vec::new());
        for (at, (rule, _)) in rules.iter().enumerate() {
            for anchor in &rule.anchors {
                anchors.push(anchor.as_str());
                rule_of.push(at);
            }
        }
        let anchors = in_any_case(&anchors)?;
        let by_name = rules.iter().position(|(rule, _)| rule.by == By::Name);
        Ok(Search { rules, anchors, rule_of, allowed: allowed.to_vec(), by_name })
    }

    /// The name of a kind.
    pub(crate) fn kind(&self, finding: &Finding) -> &str {
        self.rules.get(finding.rule).map_or("", |(rule, _)| &rule.kind)
    }

    /// The secrets in `row`, sorted and without overlaps, and its strings. `None` if it is not an
    /// object or an array.
    pub(crate) fn row(&self, row: &[u8], plainly: bool) -> Option<(Vec<Finding>, Pieces)> {
        let text = Text::of_row(row);
        let pieces = row::pieces(&text)?;
        let mut found = Found { search: self, row, plainly, inside_key: false, findings: Vec::new() };
        found.pieces(&text, &pieces, Level::ROW);
        Some((apart(found.findings), pieces))
    }

    /// The secrets in plain text, sorted and without overlaps. With `inside_key` it begins inside a
    /// private key.
    pub(crate) fn text(&self, text: &[u8], inside_key: bool) -> Vec<Finding> {
        let mut found = Found { search: self, row: text, plainly: false, inside_key, findings: Vec::new() };
        found.string(Text::of_row(text), 0, Level::ROW);
        apart(found.findings)
    }
}

/// Sorts findings and joins those that overlap.
fn apart(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.place.start);
    let mut apart: Vec<Finding> = Vec::new();
    for finding in findings {
        match apart.last_mut() {
            Some(last) if finding.place.start < last.place.end => {
                last.place.end = last.place.end.max(finding.place.end);
                last.rule = last.rule.min(finding.rule);
            }
            _ => apart.push(finding),
        }
    }
    apart
}

impl Found<'_> {
    fn pieces(&mut self, text: &Text<'_>, pieces: &Pieces, level: Level) {
        for piece in &pieces.all {
            match piece {
                Piece::One(it) => {
                    let value = self.begin(text, it, level);
                    self.string(value, it.node, level);
                }
                Piece::Words(words) => self.words(text, words, level),
            }
        }
    }

    /// Searches the string, decoded. If a name announces a secret, it is considered as a whole.
    fn begin<'t>(&mut self, text: &'t Text<'_>, it: &Str, level: Level) -> Text<'t> {
        let raw = text.piece(it.range.clone());
        let value = raw.decoded().unwrap_or(raw);
        if let Some(family) = it.family {
            self.value(family, &value, it.node, level);
        }
        value
    }

    fn value(&mut self, family: Family, value: &Text<'_>, node: Node, level: Level) {
        let Some(rule) = self.search.by_name else { return };
        for seen in value.seen() {
            let bytes = &seen.bytes;
            let is_blank = |byte: &u8| byte.is_ascii_whitespace();
            let from = bytes.iter().take_while(|byte| is_blank(byte)).count();
            let to = bytes.iter().rposition(|byte| !is_blank(byte)).map_or(from, |at| at + 1);
            let ranges = match family {
                Family::Authorization | Family::Cookie => assigned::credentials(family, bytes),
                _ if from < to && could_be_secret(family, &bytes[from..to], level.members) => {
                    iter::once(from..to).collect()
                }
                _ => Vec::new(),
            };
            for range in ranges {
                self.put(&seen, range, rule, node);
            }
        }
    }

    fn words(&mut self, text: &Text<'_>, words: &[Str], level: Level) {
        let mut read: Vec<Text<'_>> = Vec::new();
        for word in words {
            // Words may be a command, whatever the name of their array.
            let members = if level.depth == 0 { values::Found::Nested } else { level.members };
            let value = self.begin(text, word, Level { members, ..level });
            if self.nested(&value, word.node, level) {
                read.push(Text::of_row(b""));
                continue;
            }
            for decoded in value.clone().levels().iter().skip(1) {
                self.levels(decoded, word.node, level);
            }
            read.push(value);
        }
        let seen: Vec<Vec<Text<'_>>> = read.iter().map(Text::seen).collect();
        let before = self.findings.len();
        self.seen(&Text::joined(seen.iter().filter_map(|seen| seen.first())), 0, level);
        if seen.iter().any(|seen| seen.len() > 1) {
            self.seen(&Text::joined(seen.iter().filter_map(|seen| seen.last())), 0, level);
        }
        if let [name, value] = &seen[..] {
            self.pair(name, value);
        }
        // Finds the word that each of them is in.
        for finding in &mut self.findings[before..] {
            let at = words.partition_point(|word| text.begins_at(word.range.start) <= finding.place.start);
            finding.node = at.checked_sub(1).and_then(|at| words.get(at)).map_or(0, |word| word.node);
        }
    }

    /// Two strings, of which the first is the name of the second: a header in a list of headers.
    fn pair(&mut self, name: &[Text<'_>], value: &[Text<'_>]) {
        let family = name.last().and_then(|name| names::family(&name.bytes));
        let (Some(family), Some(rule)) = (family, self.search.by_name) else { return };
        for seen in value {
            if could_be_secret(family, &seen.bytes, values::Found::Text) {
                self.put_value(seen, 0..seen.bytes.len(), rule, 0);
            }
        }
    }

    fn string(&mut self, value: Text<'_>, node: Node, level: Level) {
        if !self.nested(&value, node, level) {
            for decoded in value.levels() {
                self.levels(&decoded, node, level);
            }
        }
    }

    /// Searches the string as JSON, if it is JSON.
    fn nested(&mut self, value: &Text<'_>, node: Node, level: Level) -> bool {
        if level.depth >= NESTED_MAX {
            return false;
        }
        let is_json =
            matches!(trim(&value.bytes).first(), Some(b'{' | b'[')) && validate(&value.bytes, Limits::GRAMMAR).is_ok();
        let Some(pieces) = row::pieces(value).filter(|_| is_json) else { return false };
        let before = self.findings.len();
        self.pieces(value, &pieces, level.below(values::Found::Nested));
        // Paths end at this string.
        self.findings[before..].iter_mut().for_each(|finding| finding.node = node);
        true
    }

    /// Searches one level of decoding.
    fn levels(&mut self, text: &Text<'_>, node: Node, level: Level) {
        for seen in text.seen() {
            self.seen(&seen, node, level);
        }
    }

    /// Searches the JSON objects in a text, such as the body in the command that sends it.
    fn embedded(&mut self, text: &Text<'_>, node: Node, level: Level) {
        let bytes = &*text.bytes;
        let (mut at, mut left) = (0, bytes.len().saturating_mul(READS_MAX));
        while let Some(from) = memchr::memchr(b'{', &bytes[at..]).map(|from| at + from) {
            at = from + 1;
            if level.depth >= NESTED_MAX || bytes.get(skip_white(bytes, at)) != Some(&b'"') {
                continue;
            }
            let end = skip_value(bytes, from);
            let read = end.unwrap_or(bytes.len()) - from;
            let Some(rest) = left.checked_sub(read) else { return };
            left = rest;
            let object = end.filter(|end| validate(&bytes[from..*end], Limits::GRAMMAR).is_ok());
            let Some(end) = object else { continue };
            let object = text.piece(from..end);
            let before = self.findings.len();
            if let Some(pieces) = row::pieces(&object) {
                self.pieces(&object, &pieces, level.below(values::Found::Embedded));
            }
            self.findings[before..].iter_mut().for_each(|finding| finding.node = node);
            at = end;
        }
    }

    fn seen(&mut self, text: &Text<'_>, node: Node, level: Level) {
        let bytes = &*text.bytes;
        let mut hit = vec![self.plainly; self.search.rules.len()];
        if !self.plainly {
            for anchor in self.search.anchors.find_overlapping_iter(bytes) {
                hit[self.search.rule_of[anchor.pattern().as_usize()]] = true;
            }
        }
        for (number, (rule, compiled)) in self.search.rules.iter().enumerate() {
            let inside_key = self.inside_key && rule.by == By::KeyLine;
            if !hit[number] && !inside_key {
                continue;
            }
            match rule.by {
                By::Name => {
                    self.embedded(text, node, level);
                    assigned::find(bytes).into_iter().for_each(|range| self.put_value(text, range, number, node));
                }
                By::KeyLine => {
                    private_key::find(bytes, inside_key)
                        .into_iter()
                        .for_each(|range| self.put_value(text, range, number, node));
                }
                By::Pattern { looks, .. } => {
                    // The tests compile all built-in patterns; the others were checked when they
                    // were read.
                    let Some(regex) = compiled.get_or_init(|| rule.compile()?.ok()) else { continue };
                    for range in matches(regex, bytes) {
                        if looks.fit(&bytes[range.clone()]) {
                            self.put_value(text, range, number, node);
                        }
                    }
                }
            }
        }
    }

    /// A secret in text, which may be a command: what could run is shown, whatever the rule.
    fn put_value(&mut self, text: &Text<'_>, range: Range<usize>, rule: usize, node: Node) {
        let (before, from_here) = text.bytes.split_at(range.start);
        let opens = matches!(text.bytes.get(range.end), Some(b'(' | b'{' | b'I'));
        let value = &from_here[..range.len()];
        let value = if opens { value.strip_suffix(b"$").unwrap_or(value) } else { value };
        let range = range.start..range.start + value.len();
        // After a slash nothing is an option.
        let value = if before.ends_with(b"/") { value.strip_prefix(b"-").unwrap_or(value) } else { value };
        if !value.is_empty() && !could_run(value) && !names_an_option(before) {
            self.put(text, range, rule, node);
        }
    }

    fn put(&mut self, text: &Text<'_>, range: Range<usize>, rule: usize, node: Node) {
        if self.search.allowed.iter().any(|allowed| allowed.is_match(&text.bytes[range.clone()])) {
            return;
        }
        let places = text.places_of(range, self.row).into_iter();
        self.findings.extend(places.map(|place| Finding { place, rule, node }));
    }
}

/// Whether what follows `before` is the name of an option or of a variable.
fn names_an_option(before: &[u8]) -> bool {
    let hyphens = before.iter().rev().take_while(|byte| **byte == b'-').count();
    let rest = &before[..before.len() - hyphens];
    let is_word = rest.last().is_none_or(|byte| byte.is_ascii_whitespace() || b"\x0b\"'`".contains(byte));
    before.ends_with(b"$") || hyphens > 0 && is_word
}

/// Ranges of the secrets that a pattern finds. The edge after one may be the edge before the next.
fn matches(regex: &Regex, text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(captures) = regex.captures_at(text, at) {
        let Some(secret) = captures.name("s") else { break };
        at = secret.end().max(at + 1);
        if !secret.is_empty() {
            found.push(secret.range());
        }
        if at > text.len() {
            break;
        }
    }
    found
}
