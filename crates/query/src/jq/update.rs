//! Assignment as in jq: the paths are those of the original value, and at each in turn the new
//! value is set. Missing parts of a path are created. `rewrite.rs` turns `=`, `|=` and similar
//! operators into these.

use jaq_core::data::JustLut;
use jaq_core::native::{Filter, run};
use jaq_core::{Bind, Native, RunPtr, ValX};
use jaq_json::Val;

use crate::jq::paths::{delete_all, keys, set, take};

type Data = JustLut<Val>;

/// `__assign(paths; $value)` and `__update(paths; f)`.
pub(super) fn functions() -> impl Iterator<Item = Filter<Native<Data>>> {
    let functions: [Filter<RunPtr<Data>>; 2] = [
        ("__assign", [Bind::Fun(()), Bind::Var(())].into(), |mut cv| {
            let new = cv.0.pop_var();
            let (paths, context) = cv.0.pop_fun();
            let found = paths.paths((context, (cv.1.clone(), Default::default())));
            let found = found.map(|found| found.map(|(_, path)| path.iter().cloned().collect()));
            Box::new(std::iter::once_with(move || {
                at_each(cv.1, found, |value, path| Ok(set(value, path, new.clone())?))
            }))
        }),
        ("__update", [Bind::Fun(()), Bind::Fun(())].into(), |mut cv| {
            let (f, inner) = cv.0.pop_fun();
            let (paths, context) = cv.0.pop_fun();
            let found = paths.paths((context, (cv.1.clone(), Default::default())));
            let found = found.map(|found| found.map(|(_, path)| path.iter().cloned().collect()));
            Box::new(std::iter::once_with(move || {
                let mut emptied = Vec::new();
                let value = at_each(cv.1, found, |mut value, path| {
                    let old = take(&mut value, path)?;
                    match f.run((inner.clone(), old)).next() {
                        Some(new) => Ok(set(value, path, new?)?),
                        None => {
                            emptied.push(path.to_vec());
                            Ok(value)
                        }
                    }
                })?;
                Ok(delete_all(value, emptied)?)
            }))
        }),
    ];
    functions.into_iter().map(run::<Data>)
}

/// Folds `step` over the paths, which come with their last key first.
fn at_each<'a>(
    value: Val,
    mut paths: impl Iterator<Item = ValX<'a, Vec<Val>, Val>>,
    mut step: impl FnMut(Val, &[Val]) -> ValX<'a, Val>,
) -> ValX<'a, Val> {
    let mut step = |value, path: ValX<'a, Vec<Val>, Val>| {
        let mut path = path?;
        path.reverse();
        step(value, keys(&path)?)
    };
    let Some(first) = paths.next() else { return Ok(value) };
    let second = paths.next();
    // The search for further paths shares the value, and a shared value is copied when it is
    // changed. So if there is only one path, the search ends before the change: otherwise `reduce …
    // (…; .[$key] += 1)` would copy everything at every step.
    let Some(second) = second else {
        drop(paths);
        return step(value, first);
    };
    [first, second].into_iter().chain(paths).try_fold(value, step)
}
