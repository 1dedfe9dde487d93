//! The conditions at the start of a jq program (its head), evaluated without jq: `select(.status ==
//! "failed") | …`. A row for which such a condition is certainly false gives no output and no
//! error, so it need not be parsed for the engine. Databases call this predicate pushdown.
//!
//! The program is not changed: rows that are not ruled out here run through all of it. So a row may
//! be ruled out only if jq would drop it too. A condition has no result (and the row goes to jq)
//! wherever jq might fail or compare differently: a path through a value that is not an object,
//! numbers that a float would round, the order of strings, broken escapes.
//!
//! The head consists of `select(C and …)`, one or more joined by `|`, at the start of the program
//! and followed by `|` or its end. C is `.a.b == literal`, also with `!=`, `<`, `<=`, `>`, `>=` for
//! numbers, or `.a.b` alone.

use std::cmp::Ordering;

use crate::row::Row;
use logbook_json::{Decimal, Kind, Members, decode, kind};

/// The conditions at the start of a program, in the order in which jq evaluates them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    conditions: Vec<Condition>,
    /// The number of `select(…)` that they come from.
    selects: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    path: Vec<String>,
    test: Test,
    /// The slot of the first key of the path.
    slot: usize,
    /// The condition as it was written.
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// The value is neither false nor null.
    Truth,
    /// `==` (or `!=`) a literal.
    Equal(Literal, bool),
    /// The order of the value relative to the number is one of these.
    Order(Decimal, &'static [Ordering]),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Literal {
    Null,
    Boolean(bool),
    Number(Decimal),
    String(Vec<u8>),
}

/// The result of one condition for a row, or of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It holds, as jq would find.
    True,
    /// jq would output nothing for the row, and would not fail on it.
    False,
    /// jq must evaluate the row.
    Unknown,
}

impl Head {
    /// The head of `program`; empty if it has none of this form.
    pub fn of(program: &str) -> Head {
        let mut cursor = Cursor { text: program, at: 0 };
        let mut head = Head::default();
        while let Some(conditions) = cursor.select() {
            // A `select(…)` that is not a whole stage may be part of something else: `select(…),
            // 1`.
            let ended = cursor.ended();
            if !ended && !cursor.take("|") {
                break;
            }
            head.conditions.extend(conditions);
            head.selects += 1;
            if ended {
                break;
            }
        }
        head
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Assigns a slot to the first key of each path.
    pub(crate) fn place(&mut self, mut slot: impl FnMut(&str) -> usize) {
        for condition in &mut self.conditions {
            condition.slot = condition.path.first().map_or(0, |name| slot(name));
        }
    }

    /// The conditions as they were written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.text.as_str())
    }

    /// The result of all conditions for a row, in their order.
    pub(crate) fn evaluate(&self, row: &Row<'_>) -> Outcome {
        let outcomes = self.conditions.iter().map(|condition| condition.evaluate(row));
        outcomes.into_iter().find(|outcome| *outcome != Outcome::True).unwrap_or(Outcome::True)
    }

    /// The number of `select(…)` that make up the head.
    pub(crate) fn selects(&self) -> usize {
        self.selects
    }

    /// A string that a field of every row must equal, by a condition before any that could fail.
    pub(crate) fn string(&self) -> Option<&[u8]> {
        let safe = self.conditions.iter().take_while(|condition| condition.path.len() == 1);
        let mut strings = safe.filter_map(|condition| match &condition.test {
            Test::Equal(Literal::String(text), true) => Some(text.as_slice()),
            _ => None,
        });
        strings.next()
    }
}

impl Condition {
    fn evaluate(&self, row: &Row<'_>) -> Outcome {
        let mut value = row.field(self.slot);
        for name in self.path.iter().skip(1) {
            value = match value.map(|raw| (raw, kind(raw))) {
                // In jq, null.a is null.
                None | Some((_, Some(Kind::Null))) => None,
                Some((raw, Some(Kind::Object))) => match member(raw, name.as_bytes()) {
                    Ok(value) => value,
                    Err(()) => return Outcome::Unknown,
                },
                Some(_) => return Outcome::Unknown,
            };
        }
        let value = value.unwrap_or(b"null");
        match self.test.holds(value) {
            Some(true) => Outcome::True,
            Some(false) => Outcome::False,
            None => Outcome::Unknown,
        }
    }
}

impl Test {
    /// `None` if the result is not certain.
    fn holds(&self, raw: &[u8]) -> Option<bool> {
        let kind = kind(raw)?;
        match self {
            Test::Truth => Some(!matches!(kind, Kind::Null) && raw != b"false"),
            Test::Equal(literal, wanted) => {
                let equal = match (literal, kind) {
                    (Literal::Null, Kind::Null) => true,
                    (Literal::Boolean(boolean), Kind::Boolean) => *boolean == (raw == b"true"),
                    (Literal::Number(number), Kind::Number) => *number == float(raw)?,
                    (Literal::String(text), Kind::String) => {
                        let characters = decode(raw)?;
                        if std::str::from_utf8(&characters).is_err() || has_replacement(&characters) {
                            return None;
                        }
                        *characters == **text
                    }
                    _ => false,
                };
                Some(equal == *wanted)
            }
            Test::Order(number, orders) => {
                // null < false < true < numbers < strings < arrays < objects
                let order = match kind {
                    Kind::Null | Kind::Boolean => Ordering::Less,
                    Kind::Number => float(raw)?.cmp(number),
                    Kind::String | Kind::Array | Kind::Object => Ordering::Greater,
                };
                Some(orders.contains(&order))
            }
        }
    }
}

/// The number of `raw`, if a float holds it exactly: then jq compares it in the same way.
fn float(raw: &[u8]) -> Option<Decimal> {
    Decimal::parse(raw).filter(Decimal::is_the_same_as_a_float)
}

/// Whether there is a replacement character, as which broken escapes are read. Readers differ
/// there.
fn has_replacement(characters: &[u8]) -> bool {
    memchr::memmem::find(characters, "\u{FFFD}".as_bytes()).is_some()
}

/// The last member called `name`; fails if the object is not valid.
pub(super) fn member<'a>(object: &'a [u8], name: &[u8]) -> Result<Option<&'a [u8]>, ()> {
    let mut found = None;
    for member in Members::new(object) {
        let member = member.map_err(drop)?;
        if member.is(name) {
            found = Some(member.value);
        }
    }
    Ok(found)
}

/// A reader of the program from its start.
struct Cursor<'p> {
    text: &'p str,
    at: usize,
}

impl<'p> Cursor<'p> {
    fn rest(&mut self) -> &'p str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn ended(&mut self) -> bool {
        self.rest().is_empty()
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest();
        let word = token.ends_with(|last: char| last.is_ascii_alphabetic());
        // `||` and `|=` are not `|`, and `selected` is not `select`.
        let goes_on = |next: char| if word { is_name(next) } else { token == "|" && matches!(next, '|' | '=') };
        match rest.strip_prefix(token) {
            Some(after) if !after.starts_with(goes_on) => {
                self.at += token.len();
                true
            }
            _ => false,
        }
    }

    /// Reads `select(C and …)`; `None` without moving if it is not here.
    fn select(&mut self) -> Option<Vec<Condition>> {
        let start = self.at;
        let conditions = self.conditions();
        if conditions.is_none() {
            self.at = start;
        }
        conditions
    }

    fn conditions(&mut self) -> Option<Vec<Condition>> {
        if !(self.take("select") && self.take("(")) {
            return None;
        }
        let mut conditions = vec![self.condition()?];
        while self.take("and") {
            conditions.push(self.condition()?);
        }
        self.take(")").then_some(conditions)
    }

    fn condition(&mut self) -> Option<Condition> {
        self.rest();
        let start = self.at;
        let path = self.path()?;
        const ORDERS: [(&str, &[Ordering]); 4] = [
            ("<=", &[Ordering::Less, Ordering::Equal]),
            (">=", &[Ordering::Greater, Ordering::Equal]),
            ("<", &[Ordering::Less]),
            (">", &[Ordering::Greater]),
        ];
        let test = if self.take("==") {
            Test::Equal(self.literal()?, true)
        } else if self.take("!=") {
            Test::Equal(self.literal()?, false)
        } else if let Some((_, orders)) = ORDERS.iter().find(|(token, _)| self.take(token)) {
            match self.literal()? {
                Literal::Number(number) => Test::Order(number, orders),
                _ => return None,
            }
        } else {
            Test::Truth
        };
        Some(Condition { path, test, slot: 0, text: self.text[start..self.at].to_owned() })
    }

    /// Reads `.a.b`, with names of letters, digits and underscores.
    fn path(&mut self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut rest = self.rest();
        while let Some(after) = rest.strip_prefix('.') {
            let length = after.find(|next: char| !is_name(next)).unwrap_or(after.len());
            let name = &after[..length];
            if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
                return None;
            }
            names.push(name.to_owned());
            rest = &after[length..];
        }
        self.at = self.text.len() - rest.len();
        // A path that continues with `[0]`, `?`, `::b` or the like is more than names.
        (!names.is_empty() && !rest.starts_with(['[', '?', '"', ':', '$'])).then_some(names)
    }

    fn literal(&mut self) -> Option<Literal> {
        for (word, literal) in
            [("null", Literal::Null), ("true", Literal::Boolean(true)), ("false", Literal::Boolean(false))]
        {
            if self.take(word) {
                return Some(literal);
            }
        }
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix('"') {
            let length = after.find('"')?;
            let text = &after[..length];
            if text.contains(['\\', '\u{FFFD}']) || text.bytes().any(|byte| byte < 0x20) {
                return None;
            }
            self.at += length + 2;
            return Some(Literal::String(text.as_bytes().to_vec()));
        }
        let length = rest.find(|next: char| !matches!(next, '0'..='9' | '.')).unwrap_or(rest.len());
        let number = float(&rest.as_bytes()[..length])?;
        if rest[length..].starts_with(is_name) {
            return None;
        }
        self.at += length;
        Some(Literal::Number(number))
    }
}

fn is_name(next: char) -> bool {
    next.is_ascii_alphanumeric() || next == '_'
}
