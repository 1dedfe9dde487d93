//! Rewrites a parsed program where the engine would evaluate it differently from jq. Nothing is
//! read or run here.
//!
//! - Assignments (`=`, `|=`, `+=`, `//=`, …) become calls of `__assign` and `__update`
//!   (`update.rs`). The engine updates in place, step by step along the path, and fails on null; jq
//!   collects the paths first, and creates what is missing.
//! - Slices `.[a:b]` become calls of `__slice`, and computed indices go through `__index`
//!   (`slices.rs`): the engine has no slice of null, and no index 4/2.
//! - `$__loc__` becomes the object of its place.

use jaq_core::load::Arena;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Opt, Part, Path};

const OPERAND: &str = "$__operand";
const LOCATION: &str = "$__loc__";

/// Rewrites `term`, parsed from `code`. Recurses as the parser did.
pub(super) fn rewrite<'s>(term: &mut Term<&'s str>, code: &'s str, arena: &'s Arena) {
    let again = |term: &mut Term<&'s str>| rewrite(term, code, arena);
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Arr(None) => {}
        Term::Var(LOCATION) => *term = location(term, code, arena),
        Term::Var(_) => {}
        Term::Str(_, parts) => parts.iter_mut().for_each(|part| match part {
            StrPart::Term(term) => again(term),
            StrPart::Str(_) | StrPart::Char(_) => {}
        }),
        Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => again(inner),
        Term::Obj(members) => members.iter_mut().for_each(|(key, value)| {
            if let (Term::Var(LOCATION), None) = (&*key, &*value) {
                let found = location(key, code, arena);
                (*key, *value) = (text("__loc__"), Some(found));
            }
            again(key);
            value.iter_mut().for_each(again);
        }),
        Term::BinOp(left, operator, right) => {
            again(left);
            again(right);
            if let BinaryOp::Pipe(Some(names)) = operator {
                pattern(names, &again);
            }
            assignment(term);
        }
        Term::Fold(_, source, names, arguments) => {
            again(source);
            pattern(names, &again);
            arguments.iter_mut().for_each(again);
        }
        Term::TryCatch(tried, caught) => {
            again(tried);
            caught.iter_mut().for_each(|caught| again(caught));
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                again(condition);
                again(then);
            }
            otherwise.iter_mut().for_each(|otherwise| again(otherwise));
        }
        Term::Def(definitions, rest) => {
            definitions.iter_mut().for_each(|Def { body, .. }| again(body));
            again(rest);
        }
        Term::Call(_, arguments) => arguments.iter_mut().for_each(again),
        Term::Path(start, Path(parts)) => {
            again(start);
            for (part, _) in parts.iter_mut() {
                match part {
                    Part::Index(index) => again(index),
                    Part::Range(from, to) => from.iter_mut().chain(to).for_each(again),
                }
            }
            *term = path(std::mem::take(start), std::mem::take(parts));
        }
    }
}

fn pattern<'s>(names: &mut Pattern<&'s str>, again: &dyn Fn(&mut Term<&'s str>)) {
    match names {
        Pattern::Var(_) => {}
        Pattern::Arr(inner) => inner.iter_mut().for_each(|names| pattern(names, again)),
        Pattern::Obj(members) => members.iter_mut().for_each(|(key, names)| {
            again(key);
            pattern(names, again);
        }),
    }
}

/// `paths = value` → `__assign(paths; value)`, `paths |= f` → `__update(paths; f)`,
/// `paths += value` → `value as $__operand | __update(paths; . + $__operand)`.
fn assignment(term: &mut Term<&str>) {
    if !matches!(
        term,
        Term::BinOp(_, BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt, _)
    ) {
        return;
    }
    let Term::BinOp(paths, operator, right) = std::mem::take(term) else { return };
    let with_operand = |operator: BinaryOp<_>, right| {
        let f = Term::BinOp(Box::new(Term::Id), operator, Box::new(Term::Var(OPERAND)));
        let update = Term::Call("__update", vec![*paths.clone(), f]);
        Term::BinOp(right, BinaryOp::Pipe(Some(Pattern::Var(OPERAND))), Box::new(update))
    };
    *term = match operator {
        BinaryOp::Assign => Term::Call("__assign", vec![*paths, *right]),
        BinaryOp::UpdateMath(math) => with_operand(BinaryOp::Math(math), right),
        BinaryOp::UpdateAlt => with_operand(BinaryOp::Alt, right),
        _ => Term::Call("__update", vec![*paths, *right]),
    };
}

/// `start.a[i][2:]` → `__slice(start.a[i | __index]; 2; null)`.
fn path<'s>(start: Term<&'s str>, parts: Vec<(Part<Term<&'s str>>, Opt)>) -> Term<&'s str> {
    let mut before = start;
    let mut since = Vec::new();
    let reach = |before, since: Vec<_>| {
        if since.is_empty() { before } else { Term::Path(Box::new(before), Path(since)) }
    };
    for (part, opt) in parts {
        match part {
            Part::Range(None, None) => since.push((part, opt)),
            Part::Range(from, to) => {
                let name = if let Opt::Optional = opt { "__slice_if" } else { "__slice" };
                let bound = |bound: Option<_>| bound.unwrap_or_else(|| Term::Call("null", Vec::new()));
                let whole = reach(before, std::mem::take(&mut since));
                before = Term::Call(name, vec![whole, bound(from), bound(to)]);
            }
            Part::Index(index @ Term::Str(..)) => since.push((Part::Index(index), opt)),
            Part::Index(Term::Num(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                since.push((Part::Index(Term::Num(text)), opt));
            }
            Part::Index(index) => {
                let whole = Term::Call("__index", Vec::new());
                let index = Term::BinOp(Box::new(index), BinaryOp::Pipe(None), Box::new(whole));
                since.push((Part::Index(index), opt));
            }
        }
    }
    reach(before, since)
}

/// The object for `$__loc__`: its line is found by the address of its name in the program.
fn location<'s>(term: &Term<&'s str>, code: &'s str, arena: &'s Arena) -> Term<&'s str> {
    let at = match term {
        Term::Var(name) => (name.as_ptr() as usize).wrapping_sub(code.as_ptr() as usize),
        _ => 0,
    };
    let newlines = code.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let line: &str = arena.alloc((newlines + 1).to_string());
    Term::Obj(vec![(text("file"), Some(text("<top-level>"))), (text("line"), Some(Term::Num(line)))])
}

fn text(text: &str) -> Term<&str> {
    Term::Str(None, vec![StrPart::Str(text)])
}
