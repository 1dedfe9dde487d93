//! Which fields rows have: in how many rows, with which types, and an example. Fields inside
//! objects are named by their path. Objects in arrays count as in a query, where a path means any
//! element.

use std::borrow::Cow;
use std::collections::HashMap;

use logbook_json::{self as json, Kind, Leaves, Members, Object};
use logbook_model::names::ENVELOPE;
use logbook_query::ast::{Path, Span};
use logbook_query::text::print;

/// Further fields are not counted: their names are probably data, such as ids.
const FIELDS_MAX: usize = 10_000;
/// Longer paths are not followed.
pub const KEYS_MAX: usize = 16;
/// The longest example; fields with only longer values have none.
const EXAMPLE_BYTES_MAX: usize = 200;

/// The fold.
#[derive(Debug, Default)]
pub struct Fields {
    rows: u64,
    index: HashMap<Vec<String>, usize>,
    found: Vec<Field>,
    /// Whether there are more fields than were counted.
    pub truncated: bool,
    /// Whether there are fields below the deepest that was counted.
    pub deeper: bool,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path, as a query writes it.
    pub name: String,
    /// The number of rows that have it.
    pub rows: u64,
    /// Its types, in the order in which they occurred.
    pub types: Vec<&'static str>,
    /// A raw example value; `None` for objects and arrays of objects.
    pub example: Option<Vec<u8>>,
    last_row: u64,
}

impl Fields {
    /// Adds one row.
    pub fn push(&mut self, row: &[u8]) {
        self.rows += 1;
        let mut open: Vec<(Vec<String>, &[u8])> = vec![(Vec::new(), row)];
        while let Some((path, object)) = open.pop() {
            for (name, value) in counting(object) {
                let mut path = path.clone();
                path.push(String::from_utf8_lossy(&name).into_owned());
                if !self.note(&path, value) {
                    continue;
                }
                match json::kind(value) {
                    Some(Kind::Object | Kind::Array) if path.len() == KEYS_MAX => {
                        self.deeper |= holds_members(value);
                    }
                    Some(Kind::Object) => open.push((path, value)),
                    Some(Kind::Array) => {
                        let leaves = Leaves::new(value).filter(|leaf| leaf.first() == Some(&b'{'));
                        let objects: Vec<&[u8]> = leaves.collect();
                        // Pushed in reverse, so that the first object gives the example.
                        open.extend(objects.into_iter().rev().map(|object| (path.clone(), object)));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Counts a field of the current row. Returns whether the field is counted at all.
    fn note(&mut self, path: &[String], value: &[u8]) -> bool {
        let at = match self.index.get(path) {
            Some(at) => *at,
            None if self.found.len() == FIELDS_MAX => {
                self.truncated = true;
                return false;
            }
            None => {
                self.index.insert(path.to_vec(), self.found.len());
                let name = print::path(&Path { keys: path.to_vec(), span: Span::default() });
                self.found.push(Field { name, rows: 0, types: Vec::new(), example: None, last_row: 0 });
                self.found.len() - 1
            }
        };
        let Some(field) = self.found.get_mut(at) else { return false };
        if field.last_row != self.rows {
            field.last_row = self.rows;
            field.rows += 1;
        }
        let word = type_word(value);
        if !field.types.contains(&word) {
            field.types.push(word);
        }
        let telling = match json::kind(value) {
            None | Some(Kind::Null | Kind::Object) => false,
            Some(Kind::Array) => value.len() > 2 && !Leaves::new(value).any(|leaf| leaf.first() == Some(&b'{')),
            Some(_) => value != b"\"\"",
        };
        if field.example.is_none() && telling && value.len() <= EXAMPLE_BYTES_MAX {
            field.example = Some(value.to_vec());
        }
        true
    }

    /// The paths of the fields, as lists of keys.
    pub fn paths(&self) -> impl Iterator<Item = &Vec<String>> {
        self.index.keys()
    }

    /// The fields: those of the envelope in their order, then the others by number of rows.
    pub fn finish(mut self) -> Vec<Field> {
        let rank = |field: &Field| ENVELOPE.iter().position(|name| *name == field.name).unwrap_or(ENVELOPE.len());
        self.found.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.rows.cmp(&a.rows)).then_with(|| a.name.cmp(&b.name)));
        self.found
    }
}

/// The members that count: the last of equal keys.
fn counting(object: &[u8]) -> Vec<(Cow<'_, [u8]>, &[u8])> {
    let mut members: Vec<_> = Members::new(object).flatten().map(|member| (member.name(), member.value)).collect();
    let mut last: HashMap<Cow<'_, [u8]>, usize> = HashMap::with_capacity(members.len());
    for (at, (name, _)) in members.iter().enumerate() {
        last.insert(name.clone(), at);
    }
    if last.len() < members.len() {
        let mut at = 0..;
        members.retain(|(name, _)| last.get(name).copied() == at.next());
    }
    members
}

/// Whether an object, or an object in an array, has any member.
fn holds_members(value: &[u8]) -> bool {
    let has_any = |object: &[u8]| object.first() == Some(&b'{') && Members::new(object).next().is_some();
    has_any(value) || Leaves::new(value).any(has_any)
}

impl Field {
    /// The field as a row of the result.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Object::new();
        out.text("field", &self.name).number("rows", self.rows).text("types", &self.types.join(", "));
        if let Some(example) = &self.example {
            out.raw("example", example);
        }
        out.end()
    }
}

fn type_word(value: &[u8]) -> &'static str {
    match json::kind(value) {
        Some(Kind::Null) | None => "null",
        Some(Kind::Boolean) => "boolean",
        Some(Kind::Number) => "number",
        Some(Kind::String) => "string",
        Some(Kind::Array) => "array",
        Some(Kind::Object) => "object",
    }
}
