//! Dotted paths on raw JSON, followed without building values.
//!
//! One rule for arrays: wherever the path meets one, on the way or at its end, it continues in
//! every element, also of nested arrays. Of two equal keys the last counts, at every depth. What is
//! not valid JSON on the way is missing.

use std::ops::ControlFlow;

use logbook_json::{Kind, Leaves, Members, kind};

use crate::row::Row;

/// A compiled path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The slot of the first key among the fields of the row.
    pub slot: usize,
    /// The keys below it.
    pub rest: Box<[Box<[u8]>]>,
}

/// How far a path leads in one row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// At least one value was reached; an empty array counts.
    pub present: bool,
    /// For some element or for the row, the path ended early.
    pub missing: bool,
}

impl Path {
    /// Visits every value at the end of the path, and the elements of arrays there, until `visit`
    /// breaks.
    pub fn leaves<'a>(&self, row: &Row<'a>, mut visit: impl FnMut(&'a [u8]) -> ControlFlow<()>) -> Reach {
        self.ends(row, |value| leaves_of(value, &mut visit))
    }

    /// Visits every value at the end of the path; an array there is one value.
    pub(crate) fn ends<'a>(&self, row: &Row<'a>, mut visit: impl FnMut(&'a [u8]) -> ControlFlow<()>) -> Reach {
        let mut reach = Reach::default();
        match row.field(self.slot) {
            None => reach.missing = true,
            Some(value) => {
                let _ = walk(value, &self.rest, &mut reach, &mut visit);
            }
        }
        reach
    }

    /// Whether the row has a value at the path, null included.
    pub fn is_present(&self, row: &Row<'_>) -> bool {
        self.ends(row, |_| ControlFlow::Break(())).present
    }

    /// The value that a column shows: the one at the end of the path. If the path leads through an
    /// array, an array of all values found.
    pub(crate) fn value<'a>(&self, row: &Row<'a>) -> Option<std::borrow::Cow<'a, [u8]>> {
        let root = row.field(self.slot)?;
        if self.rest.is_empty() {
            return Some(root.into());
        }
        let mut through_array = false;
        let mut value = root;
        for key in &self.rest {
            match kind(value) {
                Some(Kind::Object) => value = member(value, key)?,
                Some(Kind::Array) => {
                    through_array = true;
                    break;
                }
                _ => return None,
            }
        }
        if !through_array {
            return Some(value.into());
        }
        let mut list = vec![b'['];
        let reach = self.ends(row, |value| {
            if list.len() > 1 {
                list.push(b',');
            }
            list.extend_from_slice(value);
            ControlFlow::Continue(())
        });
        list.push(b']');
        reach.present.then(|| list.into())
    }
}

/// Visits `value`, or its elements if it is an array.
#[inline]
pub(crate) fn leaves_of<'a>(value: &'a [u8], visit: &mut impl FnMut(&'a [u8]) -> ControlFlow<()>) -> ControlFlow<()> {
    if kind(value) == Some(Kind::Array) { Leaves::new(value).try_for_each(visit) } else { visit(value) }
}

// Recurses with the path, which `compile` keeps short, and not with the row.
fn walk<'a>(
    value: &'a [u8],
    keys: &[Box<[u8]>],
    reach: &mut Reach,
    visit: &mut impl FnMut(&'a [u8]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((key, deeper)) = keys.split_first() else {
        reach.present = true;
        return visit(value);
    };
    match kind(value) {
        Some(Kind::Object) => match member(value, key) {
            Some(member) => walk(member, deeper, reach, visit),
            None => {
                reach.missing = true;
                ControlFlow::Continue(())
            }
        },
        Some(Kind::Array) => Leaves::new(value).try_for_each(|element| walk(element, keys, reach, visit)),
        _ => {
            reach.missing = true;
            ControlFlow::Continue(())
        }
    }
}

fn member<'a>(object: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut found = None;
    for member in Members::new(object) {
        let member = member.ok()?;
        if member.is(key) {
            found = Some(member.value);
        }
    }
    found
}
