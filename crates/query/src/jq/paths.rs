//! `setpath` and `delpaths` as in jq: missing parts of a path are created, and missing values need
//! no removal. The engine's own versions fail on null.

use jaq_core::data::JustLut;
use jaq_core::native::{Filter, bome, run, v};
use jaq_core::{Error, Native, RunPtr, ValR};
use jaq_json::{Map, Rc, Val};
use jaq_std::ValT as _;

type Data = JustLut<Val>;

/// The longest array that setting an element may create, as in jq.
const INDEX_MAX: usize = (1 << 29) - 1;
/// The longest path in keys, since walking one recurses with it.
const KEYS_MAX: usize = 10_000;

pub(super) fn functions() -> impl Iterator<Item = Filter<Native<Data>>> {
    let functions: [Filter<RunPtr<Data>>; 2] = [
        ("__setpath", v(2), |mut cv| {
            let value = cv.0.pop_var();
            let path = cv.0.pop_var();
            bome(keys_of(&path).and_then(|path| set(cv.1, path, value)))
        }),
        ("__delpaths", v(1), |mut cv| {
            let paths = cv.0.pop_var();
            let paths = match &paths {
                Val::Arr(paths) => paths.iter().map(|path| Ok(keys_of(path)?.to_vec())).collect(),
                _ => Err(Error::str("Paths must be specified as an array")),
            };
            bome(paths.and_then(|paths| delete_all(cv.1, paths)))
        }),
    ];
    functions.into_iter().map(run::<Data>)
}

fn keys_of(path: &Val) -> Result<&[Val], Error<Val>> {
    match path {
        Val::Arr(path) => keys(path),
        _ => Err(Error::str("Path must be specified as an array")),
    }
}

/// Checks that the path is short enough to be walked.
pub(super) fn keys(path: &[Val]) -> Result<&[Val], Error<Val>> {
    if path.len() <= KEYS_MAX { Ok(path) } else { Err(Error::str("a path of more than 10000 keys")) }
}

/// Takes the value at `path`, null if there is none, and leaves null in its place, so that it can
/// be changed without a copy.
pub(super) fn take(value: &mut Val, path: &[Val]) -> ValR<Val> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(std::mem::take(value));
    };
    match (value, key) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Obj(map), Val::TStr(_)) if !map.contains_key(key) => Ok(Val::Null),
        (Val::Obj(map), Val::TStr(_)) => Rc::make_mut(map).get_mut(key).map_or(Ok(Val::Null), |slot| take(slot, rest)),
        (Val::Arr(array), Val::Num(_)) => match place(key, array.len())? {
            Some(index) if index < array.len() => {
                Rc::make_mut(array).get_mut(index).map_or(Ok(Val::Null), |slot| take(slot, rest))
            }
            _ => Ok(Val::Null),
        },
        (Val::Arr(array), Val::Obj(range)) => {
            let (from, to) = bounds(range, array.len())?;
            take(&mut Val::Arr(Rc::new(array.get(from..to).unwrap_or_default().to_vec())), rest)
        }
        (value, key) => Err(Error::index(value.clone(), key.clone())),
    }
}

/// `value` with `new` at `path`.
pub(super) fn set(value: Val, path: &[Val], new: Val) -> ValR<Val> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(new);
    };
    match (value, key) {
        (Val::Null, Val::TStr(_)) => {
            let mut map = Map::default();
            map.insert(key.clone(), set(Val::Null, rest, new)?);
            Ok(Val::obj(map))
        }
        (Val::Obj(mut map), Val::TStr(_)) => {
            let slot = Rc::make_mut(&mut map).entry(key.clone()).or_insert(Val::Null);
            *slot = set(std::mem::replace(slot, Val::Null), rest, new)?;
            Ok(Val::Obj(map))
        }
        (value @ (Val::Null | Val::Arr(_)), Val::Num(_)) => {
            let mut array = if let Val::Arr(array) = value { array } else { Rc::default() };
            let index = place(key, array.len())?.ok_or_else(|| Error::str("Out of bounds negative array index"))?;
            if index > INDEX_MAX {
                return Err(Error::str("Array index too large"));
            }
            let elements = Rc::make_mut(&mut array);
            if elements.len() <= index {
                elements.resize(index + 1, Val::Null);
            }
            if let Some(slot) = elements.get_mut(index) {
                *slot = set(std::mem::replace(slot, Val::Null), rest, new)?;
            }
            Ok(Val::Arr(array))
        }
        (value @ (Val::Null | Val::Arr(_)), Val::Obj(range)) => {
            let mut array = if let Val::Arr(array) = value { array } else { Rc::default() };
            let (from, to) = bounds(range, array.len())?;
            let part = Val::Arr(Rc::new(array.get(from..to).unwrap_or_default().to_vec()));
            let Val::Arr(part) = set(part, rest, new)? else {
                return Err(Error::str("A slice of an array can only be assigned another array"));
            };
            Rc::make_mut(&mut array).splice(from..to, part.iter().cloned());
            Ok(Val::Arr(array))
        }
        (value, key) => Err(Error::index(value, key.clone())),
    }
}

/// `value` without the values at `paths`, all of them relative to the original: a path that is
/// given twice, or counted from the end, means one element.
pub(super) fn delete_all(value: Val, mut paths: Vec<Vec<Val>>) -> ValR<Val> {
    for path in &mut paths {
        let mut at = Some(&value);
        for key in path {
            at = match (at, &*key) {
                (Some(Val::Arr(array)), Val::Num(_)) => place(key, array.len())?.and_then(|index| {
                    *key = Val::from(index as isize);
                    array.get(index)
                }),
                (Some(Val::Obj(map)), _) => map.get(key),
                _ => None,
            };
        }
    }
    // From last to first, since removing an element moves those after it.
    paths.sort();
    paths.dedup();
    paths.iter().rev().try_fold(value, |value, path| delete(value, path))
}

fn delete(value: Val, path: &[Val]) -> ValR<Val> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(Val::Null);
    };
    match (value, key) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Obj(mut map), Val::TStr(_)) => {
            if rest.is_empty() {
                Rc::make_mut(&mut map).shift_remove(key);
            } else if map.contains_key(key)
                && let Some(slot) = Rc::make_mut(&mut map).get_mut(key)
            {
                *slot = delete(std::mem::replace(slot, Val::Null), rest)?;
            }
            Ok(Val::Obj(map))
        }
        (Val::Arr(mut array), Val::Num(_)) => {
            if let Some(index) = place(key, array.len())?.filter(|index| *index < array.len()) {
                let elements = Rc::make_mut(&mut array);
                if rest.is_empty() {
                    elements.remove(index);
                } else if let Some(slot) = elements.get_mut(index) {
                    *slot = delete(std::mem::replace(slot, Val::Null), rest)?;
                }
            }
            Ok(Val::Arr(array))
        }
        (Val::Arr(mut array), Val::Obj(range)) => {
            let (from, to) = bounds(range, array.len())?;
            let part = Val::Arr(Rc::new(array.get(from..to).unwrap_or_default().to_vec()));
            let kept = if rest.is_empty() { Val::Null } else { delete(part, rest)? };
            let kept = if let Val::Arr(kept) = kept { kept } else { Rc::default() };
            Rc::make_mut(&mut array).splice(from..to, kept.iter().cloned());
            Ok(Val::Arr(array))
        }
        (value, key) => Err(Error::index(value, key.clone())),
    }
}

/// The position of an index; `None` if it is before the first element.
fn place(index: &Val, length: usize) -> Result<Option<usize>, Error<Val>> {
    let index = number(index)?;
    if index >= 0 { Ok(usize::try_from(index).ok()) } else { Ok(length.checked_sub(index.unsigned_abs() as usize)) }
}

fn number(value: &Val) -> Result<i64, Error<Val>> {
    match (value.as_isize(), value.as_f64()) {
        (Some(whole), _) => Ok(whole as i64),
        (None, Some(float)) => Ok(float.floor() as i64),
        (None, None) => Err(Error::typ(value.clone(), "number")),
    }
}

fn bounds(range: &Rc<Map>, length: usize) -> Result<(usize, usize), Error<Val>> {
    let bound = |name: &str, default: usize| match range.get(&Val::utf8_str(name.to_owned())) {
        None | Some(Val::Null) => Ok(default),
        Some(value) => Ok(place(value, length)?.unwrap_or(0).min(length)),
    };
    let from = bound("start", 0)?;
    Ok((from, bound("end", length)?.max(from)))
}
