//! Dotted paths on raw JSON: digging without building values.
//!
//! One rule for arrays: wherever one is met, on the way or at the end, its
//! elements are meant, those of arrays within it too. Of two equal keys the
//! last counts, at every depth. What is not JSON on the way is missing.

use std::ops::ControlFlow;

use logbook_json::{Kind, Leaves, Members, kind};

use crate::row::Row;

/// A path as compiled: the slot of its first name, then the other names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Which of the stage's fields holds the first name.
    pub slot: usize,
    /// The names below it.
    pub rest: Box<[Box<[u8]>]>,
}

/// What a walk came by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// At least one value was reached (an empty array counts).
    pub present: bool,
    /// Somewhere the way ended before the path did.
    pub missing: bool,
}

impl Path {
    /// Visits every value at the end of the path, arrays entered, until
    /// `visit` breaks.
    pub fn leaves<'a>(&self, row: &Row<'a>, mut visit: impl FnMut(&'a [u8]) -> ControlFlow<()>) -> Reach {
        self.ends(row, |value| leaves_of(value, &mut visit))
    }

    /// Visits every value at the end of the path, an array as one value.
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

    /// Whether the row has it, null included.
    pub fn is_present(&self, row: &Row<'_>) -> bool {
        self.ends(row, |_| ControlFlow::Break(())).present
    }

    /// The value a column shows: the one at the end of the path. Where the way
    /// led through an array, an array of those found.
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

/// Visits `value`, or the elements of the array that it is.
#[inline]
pub(crate) fn leaves_of<'a>(value: &'a [u8], visit: &mut impl FnMut(&'a [u8]) -> ControlFlow<()>) -> ControlFlow<()> {
    if kind(value) == Some(Kind::Array) { Leaves::new(value).try_for_each(visit) } else { visit(value) }
}

// Recurses with the path, which `compile` keeps short, never with the row.
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
