//! Slices and computed indices as in jq: a slice of null is null, and an index between two elements
//! means the first. `rewrite.rs` turns `.[a:b]` into these.

use jaq_core::data::JustLut;
use jaq_core::native::{Filter, bome, run, v};
use jaq_core::{Bind, Ctx, Native, ValR, ValT as _, ValX};
use jaq_json::{Map, Num, Val};
use jaq_std::ValT as _;

type Data = JustLut<Val>;

/// `__slice(values; $from; $to)`; `__slice_if`, which skips values that have no slices; and
/// `__index`.
pub(super) fn functions() -> impl Iterator<Item = Filter<Native<Data>>> {
    let index = run::<Data>(("__index", v(0), |cv| bome(Ok(whole(cv.1, f64::floor)))));
    [slices::<false>("__slice"), slices::<true>("__slice_if"), index].into_iter()
}

fn slices<const IF: bool>(name: &'static str) -> Filter<Native<Data>> {
    let native = Native::new(|mut cv| {
        let (from, to) = bounds(&mut cv.0);
        let (values, context) = cv.0.pop_fun();
        let values = values.run((context, cv.1));
        Box::new(values.filter_map(move |value| skip_errors_if::<IF, _>(value.map(|value| slice(value, &from, &to)))))
    });
    let native = native.with_paths(|mut cv| {
        let (from, to) = bounds(&mut cv.0);
        let (values, context) = cv.0.pop_fun();
        let found = values.paths((context, cv.1));
        Box::new(found.filter_map(move |found| {
            let sliced = found.map(|(value, path)| {
                let key = [("start", &from), ("end", &to)].map(|(name, at)| (Val::utf8_str(name), at.clone()));
                slice(value, &from, &to).map(|part| (part, path.cons(Val::obj(Map::from_iter(key)))))
            });
            skip_errors_if::<IF, _>(sliced)
        }))
    });
    (name, [Bind::Fun(()), Bind::Var(()), Bind::Var(())].into(), native)
}

/// A slice, or the error that there is none, which `?` skips.
fn skip_errors_if<'a, const IF: bool, T>(sliced: ValX<'a, ValR<T, Val>, Val>) -> Option<ValX<'a, T, Val>> {
    match sliced {
        Ok(Err(_)) if IF => None,
        Ok(sliced) => Some(sliced.map_err(Into::into)),
        Err(exception) => Some(Err(exception)),
    }
}

fn bounds(context: &mut Ctx<'_, Data>) -> (Val, Val) {
    let to = whole(context.pop_var(), f64::ceil);
    (whole(context.pop_var(), f64::floor), to)
}

fn slice(value: Val, from: &Val, to: &Val) -> ValR<Val> {
    if let Val::Null = value { Ok(value) } else { value.range(Some(from)..Some(to)) }
}

/// A number without its fraction; anything else unchanged.
fn whole(value: Val, cut: fn(f64) -> f64) -> Val {
    match (&value, value.as_f64()) {
        (Val::Num(Num::Int(_) | Num::BigInt(_)), _) | (_, None) => value,
        // NaN is no element's index.
        (_, Some(float)) if float.is_nan() => Val::from(isize::MAX),
        (_, Some(float)) => Val::from(cut(float) as isize),
    }
}
