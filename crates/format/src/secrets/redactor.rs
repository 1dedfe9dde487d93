//! Replaces secrets by marks: `[redacted:KIND:8 hexadecimal digits]`. The digits are an HMAC under
//! the logbook's key, so that equal secrets have equal marks and weak secrets cannot be guessed.
//! Keeps a report of what was found.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use hmac::{Hmac, KeyInit, Mac};
use regex::bytes::Regex;
use sha2::Sha256;

use super::prefilter::{self, Prefilter, in_any_case};
use super::row::Pieces;
use super::rule::{Own, Rule};
use super::search::{Finding, Search};
use super::text::{MARK_BEGINS, Text, is_kind};
use logbook_json::{self as json, Members, Object};
use logbook_model::error::{Error, Result};

/// The key of the marks.
pub type Key = [u8; 32];

/// Finds secrets and replaces them. The search and the key are made when the first row needs them;
/// for most rows the prefilter is enough.
pub struct Redactor {
    skipped: Vec<String>,
    own: Vec<Own>,
    /// The anchors of the logbook's own rules, if it has any. The prefilter does not know them.
    own_anchors: Option<OwnAnchors>,
    allowed: Vec<Regex>,
    search: OnceCell<Search>,
    prefilter: Prefilter,
    key: OnceCell<Key>,
    ask: Box<dyn Fn() -> Result<Key> + Send>,
    /// Arguments of calls, and the actions made of them, are kept.
    leaves_arguments: Cell<bool>,
    report: RefCell<Report>,
}

struct OwnAnchors {
    search: AhoCorasick,
    /// One of them has characters that JSON may spell in several ways.
    has_odd: bool,
}

impl OwnAnchors {
    fn could_be_in(&self, row: &[u8]) -> bool {
        self.has_odd && prefilter::has_odd(row) || self.search.is_match(row) || prefilter::has_numbers(row)
    }
}

/// Times that a row is searched. After a new mark there may be a secret that was part of a longer
/// word before.
const ROUNDS_MAX: usize = 8;

/// Fields that are left alone when the arguments of calls are to be kept.
const OF_ARGUMENTS: [&str; 3] = ["tool_call.args", "action", "blocked_on"];

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} own rules)", self.own.len())
    }
}

impl Redactor {
    /// With the built-in rules except the kinds in `skipped`, and the logbook's `own`. A value that
    /// matches one of `allowed` is not a secret. `ask` gives the key. Errors: a pattern or the name
    /// of a kind is not valid.
    pub fn new(
        skipped: &[String],
        own: &[Own],
        allowed: &[String],
        ask: Box<dyn Fn() -> Result<Key> + Send>,
    ) -> Result<Redactor> {
        for rule in own.iter().map(Rule::own) {
            if let Some(Err(error)) = rule.compile() {
                return Err(Error::io(format!("redact rule {:?}: {error}", rule.kind)));
            }
        }
        if let Some(rule) = own.iter().find(|rule| !is_kind(rule.kind.as_bytes())) {
            return Err(Error::io(format!(
                "redact rule {:?}: a kind is made of letters, digits, - _ and .",
                rule.kind
            )));
        }
        let allowed = allowed.iter().map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$")).map_err(|error| Error::io(format!("redact allow: {error}")))
        });
        let anchors: Vec<&str> = own.iter().map(|rule| rule.anchor.as_str()).collect();
        let own_anchors = match own {
            [] => None,
            _ => Some(OwnAnchors {
                search: in_any_case(&anchors)?,
                has_odd: anchors.iter().any(|anchor| prefilter::has_spellings(anchor)),
            }),
        };
        Ok(Redactor {
            skipped: skipped.to_vec(),
            own: own.to_vec(),
            own_anchors,
            allowed: allowed.collect::<Result<_>>()?,
            search: OnceCell::new(),
            prefilter: Prefilter::default(),
            key: OnceCell::new(),
            ask,
            leaves_arguments: Cell::new(false),
            report: RefCell::default(),
        })
    }

    /// Keeps the arguments of calls from now on, and actions, which are made of them.
    pub fn leave_arguments(&self) {
        self.leaves_arguments.set(true);
    }

    /// What was found so far.
    pub fn report(&self) -> std::cell::RefMut<'_, Report> {
        self.report.borrow_mut()
    }

    /// `row`, an object or an array, with its secrets replaced. `None` if it has none, or is
    /// something else.
    #[inline]
    pub fn redact(&self, row: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.could_have_one(row) { self.redacted(row, false, true) } else { Ok(None) }
    }

    /// The same, without the prefilter and with all rules tried on all strings.
    /// [`Redactor::redact`] must agree with it.
    pub fn redact_plainly(&self, row: &[u8]) -> Result<Option<Vec<u8>>> {
        self.redacted(row, true, false)
    }

    /// The string `value` as the member `name` of a row would store it.
    pub fn member(&self, name: &str, value: &str) -> Result<String> {
        let redacted = self.redact(&Object::new().text(name, value).end())?;
        let text = redacted.as_deref().and_then(|row| json::decode(Members::new(row).next()?.ok()?.value));
        Ok(text.map_or_else(|| value.to_owned(), |text| String::from_utf8_lossy(&text).into_owned()))
    }

    /// The arguments of a call, JSON, as a row would store them.
    pub fn arguments(&self, json: &str) -> Result<String> {
        let (before, after) = ("{\"tool_call\":{\"args\":", "}}");
        let row = [before, json, after].concat();
        Ok(match self.redact(row.as_bytes())? {
            Some(row) => String::from_utf8_lossy(&row[before.len()..row.len() - after.len()]).into_owned(),
            None => json.to_owned(),
        })
    }

    /// Plain text with its secrets replaced. The report names the field `path`. With `inside_key`
    /// the text begins inside a private key.
    pub fn text(&self, path: &str, text: &str, inside_key: bool) -> Result<String> {
        // The prefilter reads JSON.
        if !inside_key && !self.could_have_one(&json::quote(text)) {
            return Ok(text.to_owned());
        }
        let search = self.search()?;
        let mut text = text.as_bytes().to_vec();
        let mut found = Vec::new();
        for round in 0..ROUNDS_MAX {
            let findings = search.text(&text, inside_key && round == 0);
            if findings.is_empty() {
                break;
            }
            found.extend(findings.iter().map(|it| (path.to_owned(), search.kind(it).to_owned())));
            text = self.marked(&text, &findings)?;
        }
        if !found.is_empty() {
            self.report.borrow_mut().add(found);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Path and kind of each secret in `row`.
    pub fn find(&self, row: &[u8]) -> Result<Vec<(String, &str)>> {
        if !self.could_have_one(row) {
            return Ok(Vec::new());
        }
        let search = self.search()?;
        let Some((findings, pieces)) = search.row(row, false) else { return Ok(Vec::new()) };
        Ok(findings.iter().map(|it| (path(&pieces, it, row, &findings), search.kind(it))).collect())
    }

    fn search(&self) -> Result<&Search> {
        made(&self.search, || Search::of(&self.skipped, &self.own, &self.allowed))
    }

    /// Whether the row must be searched. If not, it has no secret, in any spelling.
    #[inline]
    fn could_have_one(&self, row: &[u8]) -> bool {
        self.prefilter.must_search(row) || self.own_anchors.as_ref().is_some_and(|own| own.could_be_in(row))
    }

    fn redacted(&self, row: &[u8], plainly: bool, is_reported: bool) -> Result<Option<Vec<u8>>> {
        let search = self.search()?;
        let mut now: Option<Vec<u8>> = None;
        let mut found = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let text = now.as_deref().unwrap_or(row);
            let Some((mut findings, pieces)) = search.row(text, plainly) else { break };
            let path = |it: &Finding| path(&pieces, it, text, &findings);
            let paths: Vec<String> = findings.iter().map(path).collect();
            found.extend(paths.iter().zip(&findings).map(|(path, it)| (path.clone(), search.kind(it).to_owned())));
            if self.leaves_arguments.get() {
                let mut paths = paths.iter();
                let is_left = |path: &String| {
                    OF_ARGUMENTS.iter().any(|left| {
                        path.strip_prefix(left).is_some_and(|rest| !rest.starts_with(|c: char| c != '.' && c != '['))
                    })
                };
                findings.retain(|_| paths.next().is_none_or(|path| !is_left(path)));
                found.retain(|(path, _)| !is_left(path));
            }
            if findings.is_empty() {
                break;
            }
            now = Some(self.marked(text, &findings)?);
        }
        if is_reported && now.is_some() {
            self.report.borrow_mut().add(found);
        }
        Ok(now)
    }

    fn marked(&self, text: &[u8], findings: &[Finding]) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len());
        let mut from = 0;
        for finding in findings {
            out.extend_from_slice(&text[from..finding.place.start]);
            out.extend_from_slice(self.mark(self.search()?.kind(finding), text, finding.place.clone())?.as_bytes());
            from = finding.place.end;
        }
        out.extend_from_slice(&text[from..]);
        Ok(out)
    }

    /// The mark for the secret at `place`. It does not depend on the spelling.
    fn mark(&self, kind: &str, text: &[u8], place: Range<usize>) -> Result<String> {
        let row = Text::of_row(text);
        let levels = row.piece(place).levels();
        let secret = levels
            .last()
            .map_or_else(Vec::new, |level| level.seen().last().map_or_else(Vec::new, |it| it.bytes.to_vec()));
        let key = match self.key.get() {
            Some(key) => key,
            None => {
                let asked = (self.ask)()?;
                self.key.get_or_init(|| asked)
            }
        };
        let mut mac =
            Hmac::<Sha256>::new_from_slice(key).map_err(|error| Error::io(format!("the key of the marks: {error}")))?;
        mac.update(&secret);
        let digest = mac.finalize().into_bytes();
        let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("{}{kind}:{digits}]", MARK_BEGINS))
    }
}

/// The value in `cell`, made on first use.
fn made<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if cell.get().is_none() {
        // It was empty a moment ago, and there is one thread.
        let _ = cell.set(make()?);
    }
    cell.get().ok_or_else(|| Error::io("redact: no search"))
}

fn path(pieces: &Pieces, it: &Finding, row: &[u8], findings: &[Finding]) -> String {
    // They are sorted and do not overlap.
    let is_secret = |key: &Range<usize>| {
        let at = findings.partition_point(|it| it.place.end <= key.start);
        findings.get(at).is_some_and(|it| it.place.start < key.end)
    };
    pieces.path(it.node, row, is_secret)
}

/// Places that one note names, at most.
const NAMED_MAX: usize = 8;
/// Places that are remembered, at most, so that none is named twice.
const KNOWN_MAX: usize = 1024;

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows with a secret.
    pub rows: u64,
    /// Secrets in all of them.
    pub secrets: u64,
    /// Paths and kinds that were reported.
    known: BTreeSet<(String, String)>,
    /// Those that are not reported yet, and how many more there are.
    new: Vec<(String, String)>,
    more: u64,
}

impl Report {
    /// Adds the paths and kinds of one row.
    fn add(&mut self, found: Vec<(String, String)>) {
        self.rows += 1;
        self.secrets += found.len() as u64;
        for it in found {
            if self.known.contains(&it) {
                continue;
            }
            if self.known.len() < KNOWN_MAX {
                self.known.insert(it.clone());
            }
            if self.new.len() < NAMED_MAX {
                self.new.push(it);
            } else {
                self.more += 1;
            }
        }
    }

    /// Paths and kinds that were not reported before, such as `action (github-token)`.
    pub fn take_new(&mut self) -> Option<String> {
        let named: Vec<String> = self.new.drain(..).map(|(path, kind)| format!("{path} ({kind})")).collect();
        let more = match std::mem::take(&mut self.more) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!named.is_empty()).then(|| named.join(", ") + &more)
    }
}
