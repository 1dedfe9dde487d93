//! Finds secrets in the text of a row, and puts marks in their place: `[redacted:KIND:8 hexadecimal digits]`. The digits
//! are an HMAC under the logbook's key, so that equal secrets have equal marks, and weak ones cannot be guessed from them.

use std::cell::OnceCell;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use hmac::{Hmac, KeyInit, Mac};
use regex::bytes::Regex;
use sha2::Sha256;

use super::glance::{Glance, glance};
use super::rule::{Own, Rule};
use crate::error::{Error, Result};

/// The key of the marks.
pub type Key = [u8; 32];

/// What finds them. Most rows have none, which a glance tells: what it takes to look closely, and the key, are made when the
/// first row needs them.
pub struct Redactor {
    skipped: Vec<String>,
    own: Vec<Own>,
    /// Anchors of the logbook's own rules, which a glance knows nothing of; `None`: it has none.
    own_anchors: Option<AhoCorasick>,
    allowed: Vec<Regex>,
    search: OnceCell<Search>,
    key: OnceCell<Key>,
    ask: Box<dyn Fn() -> Result<Key>>,
}

/// What looks closely.
struct Search {
    /// Patterns are compiled when the first row has their anchor.
    rules: Vec<(Rule, OnceCell<Option<Regex>>)>,
    anchors: AhoCorasick,
    /// The rule that each anchor belongs to.
    rule_of: Vec<usize>,
    /// Anchors of built-in kinds as they are spelled, searched for in rows with what could be a token: much faster than the
    /// search for all in any case.
    tokens: Tokens,
}

/// How tokens of the built-in kinds begin, or what stands in them.
struct Tokens {
    /// The short ones apart: a search looks at as many bytes as its shortest has. `None`: this processor has no such search.
    searches: Option<Vec<packed::Searcher>>,
}

/// How many anchors one search may have.
const SEARCHED_MAX: usize = 48;

impl Tokens {
    fn of(rules: &[(Rule, OnceCell<Option<Regex>>)]) -> Tokens {
        // A glance tells URLs with a password from others.
        let of_token = |anchor: &&String| *anchor != "://";
        let tokens = rules.iter().filter(|(rule, _)| !rule.any_case);
        let mut all: Vec<&String> = tokens.flat_map(|(rule, _)| &rule.anchors).filter(of_token).collect();
        all.sort_by_key(|anchor| anchor.len());
        let search = |anchors: &[&String]| packed::Config::new().builder().extend(anchors).build();
        Tokens { searches: all.chunks(SEARCHED_MAX).map(search).collect() }
    }

    fn could_stand_in(&self, text: &[u8]) -> bool {
        let Some(searches) = &self.searches else { return true };
        searches.iter().any(|search| search.find(text).is_some())
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} own rules)", self.own.len())
    }
}

/// Bits of chance in each character of a secret that must look like it, at least.
const BITS_MIN: f64 = 2.75;

impl Redactor {
    /// With the built-in rules but those of the kinds `skipped`, and the logbook's `own`; what matches one of `allowed` whole is no
    /// secret. `ask` gives the key. Errors: a pattern that is none.
    pub fn new(
        skipped: &[String],
        own: &[Own],
        allowed: &[String],
        ask: Box<dyn Fn() -> Result<Key>>,
    ) -> Result<Redactor> {
        for rule in own.iter().map(Rule::own) {
            rule.compile().map_err(|error| Error::io(format!("redact rule {:?}: {error}", rule.kind)))?;
        }
        let allowed = allowed.iter().map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$")).map_err(|error| Error::io(format!("redact allow: {error}")))
        });
        let allowed = allowed.collect::<Result<_>>()?;
        let own_anchors: Vec<_> = own.iter().map(|rule| rule.anchor.as_str()).collect();
        let own_anchors = if own.is_empty() { None } else { Some(in_any_case(&own_anchors)?) };
        let (skipped, own) = (skipped.to_vec(), own.to_vec());
        Ok(Redactor { skipped, own, own_anchors, allowed, search: OnceCell::new(), key: OnceCell::new(), ask })
    }

    fn search(&self) -> Result<&Search> {
        if self.search.get().is_none() {
            // Nobody else does so meanwhile.
            let _ = self.search.set(Search::of(&self.skipped, &self.own)?);
        }
        self.search.get().ok_or_else(|| Error::io("redact: no search"))
    }

    /// `text`, one JSON value or a piece of one, with marks for its secrets; `None`: it has none.
    #[inline]
    pub fn redact(&self, text: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.could_have_one(text)? { self.redact_plainly(text) } else { Ok(None) }
    }

    /// The same without a look before: what [`Redactor::redact`] must agree with.
    pub fn redact_plainly(&self, text: &[u8]) -> Result<Option<Vec<u8>>> {
        let search = self.search()?;
        match search.anchors.find(text) {
            None => Ok(None),
            Some(first) => self.look_closely(search, text, first.start()),
        }
    }

    /// Where secrets stand in `text`, and of which kind; in order, none in another.
    pub fn find(&self, text: &[u8]) -> Result<Vec<(std::ops::Range<usize>, &str)>> {
        if !self.could_have_one(text)? {
            return Ok(Vec::new());
        }
        let search = self.search()?;
        let first = search.anchors.find(text);
        Ok(first.map_or_else(Vec::new, |first| search.found(text, first.start(), &self.allowed)))
    }

    #[inline]
    fn could_have_one(&self, text: &[u8]) -> Result<bool> {
        let Glance { token, other } = glance(text);
        Ok(other
            || token && self.search()?.tokens.could_stand_in(text)
            || self.own_anchors.as_ref().is_some_and(|anchors| anchors.is_match(text)))
    }

    #[cold]
    fn look_closely(&self, search: &Search, text: &[u8], first: usize) -> Result<Option<Vec<u8>>> {
        let found = search.found(text, first, &self.allowed);
        if found.is_empty() {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(text.len());
        let mut from = 0;
        for (range, kind) in found {
            out.extend_from_slice(&text[from..range.start]);
            out.extend_from_slice(self.mark(kind, &text[range.clone()])?.as_bytes());
            from = range.end;
        }
        out.extend_from_slice(&text[from..]);
        Ok(Some(out))
    }

    fn mark(&self, kind: &str, secret: &[u8]) -> Result<String> {
        let key = match self.key.get() {
            Some(key) => key,
            None => {
                let asked = (self.ask)()?;
                self.key.get_or_init(|| asked)
            }
        };
        let mut mac =
            Hmac::<Sha256>::new_from_slice(key).map_err(|error| Error::io(format!("the key of the marks: {error}")))?;
        mac.update(secret);
        let digest = mac.finalize().into_bytes();
        let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("[redacted:{kind}:{digits}]"))
    }
}

impl Search {
    fn of(skipped: &[String], own: &[Own]) -> Result<Search> {
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
        let tokens = Tokens::of(&rules);
        Ok(Search { rules, anchors, rule_of, tokens })
    }

    fn found(&self, text: &[u8], first: usize, allowed: &[Regex]) -> Vec<(std::ops::Range<usize>, &str)> {
        let mut hit = vec![false; self.rules.len()];
        let mut at = first;
        // Anchors may overlap; none begins another, so that one at each place is all.
        while let Some(anchor) = self.anchors.find(aho_corasick::Input::new(text).range(at..)) {
            hit[self.rule_of[anchor.pattern().as_usize()]] = true;
            at = anchor.start() + 1;
        }
        let mut found = Vec::new();
        for (rule, compiled) in self.rules.iter().zip(&hit).filter_map(|(rule, hit)| hit.then_some(rule)) {
            // Built-in patterns are tried by the tests, the others were when they were read.
            let Some(regex) = compiled.get_or_init(|| rule.compile().ok()) else { continue };
            for captures in regex.captures_iter(text) {
                let Some(secret) = captures.name("s") else { continue };
                let bytes = secret.as_bytes();
                let is_chance = !rule.by_chance || looks_like_chance(bytes);
                if is_chance && !allowed.iter().any(|allowed| allowed.is_match(bytes)) {
                    found.push((secret.range(), rule.kind.as_str()));
                }
            }
        }
        // The first rule in the list says of what kind it is.
        found.sort_by_key(|(range, _)| range.start);
        let mut end = 0;
        found.retain(|(range, _)| {
            let apart = range.start >= end;
            end = end.max(range.end);
            apart
        });
        found
    }
}

fn in_any_case(anchors: &[&str]) -> Result<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostFirst);
    builder.build(anchors).map_err(|error| Error::io(format!("redact: {error}")))
}

/// Whether the text of an assignment could be a secret: no path, no word, but characters of several sorts that seldom repeat.
fn looks_like_chance(text: &[u8]) -> bool {
    if text.starts_with(b"/") || text.starts_with(b".") || text.starts_with(b"~") || text.starts_with(b"http") {
        return false;
    }
    let sorts: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, u8::is_ascii_punctuation];
    let several = sorts.iter().filter(|sort| text.iter().any(**sort)).count();
    let has_digit_or_case = text.iter().any(u8::is_ascii_digit)
        || (text.iter().any(u8::is_ascii_lowercase) && text.iter().any(u8::is_ascii_uppercase));
    several >= 2 && has_digit_or_case && bits_each(text) >= BITS_MIN
}

/// Bits of chance in each character, as far as their counts tell.
fn bits_each(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    text.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = text.len() as f64;
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|part| -part * part.log2()).sum()
}
