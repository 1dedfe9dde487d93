//! The members of its row that a program uses, if they can be determined: `{run_id, n:
//! (.tool_call.args | length)}` uses two. The engine is then given no others, since most of its
//! time goes into parsing rows.
//!
//! A program uses the whole row wherever it does anything with it but take a member by a literal
//! name, or test it in `select`. In doubt it uses all of it. After a pipe its input is what came
//! before, not the row.

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::{Part, Path};

/// What a part of a program outputs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    /// The row, or nothing.
    Row,
    /// Values made of members that were seen.
    Values,
}

/// The members that `program` uses, once rewritten; `None` if it may use all of them.
pub(super) fn seen(program: &Term<&str>) -> Option<Vec<String>> {
    let mut names = BTreeSet::new();
    (visit(program, &mut names)? == Output::Values).then(|| names.into_iter().collect())
}

/// Recurses as the parser did.
fn visit(term: &Term<&str>, names: &mut BTreeSet<String>) -> Option<Output> {
    match term {
        Term::Id => return Some(Output::Row),
        Term::Num(_) | Term::Var(_) | Term::Arr(None) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(term) = part {
                    value(term, names)?;
                }
            }
        }
        Term::Arr(Some(inner)) | Term::Neg(inner) => value(inner, names)?,
        Term::Obj(members) => {
            for (key, of) in members {
                match of {
                    Some(of) => {
                        value(key, names)?;
                        value(of, names)?;
                    }
                    None if matches!(key, Term::Var(_)) => {}
                    None => member(key, names)?,
                }
            }
        }
        Term::TryCatch(tried, None) => return visit(tried, names),
        Term::IfThenElse(branches, otherwise) => {
            let mut puts = if otherwise.is_some() { Output::Values } else { Output::Row };
            for (condition, then) in branches {
                value(condition, names)?;
                puts = either(puts, visit(then, names)?);
            }
            return match otherwise {
                Some(otherwise) => Some(either(puts, visit(otherwise, names)?)),
                None => Some(puts),
            };
        }
        Term::BinOp(left, operator, right) => match operator {
            BinaryOp::Pipe(None) => {
                return match visit(left, names)? {
                    Output::Row => visit(right, names),
                    Output::Values => Some(Output::Values),
                };
            }
            BinaryOp::Pipe(Some(Pattern::Var(_))) => {
                value(left, names)?;
                return visit(right, names);
            }
            BinaryOp::Comma | BinaryOp::Alt => return Some(either(visit(left, names)?, visit(right, names)?)),
            BinaryOp::Or | BinaryOp::And | BinaryOp::Math(_) | BinaryOp::Cmp(_) => {
                value(left, names)?;
                value(right, names)?;
            }
            _ => return None,
        },
        Term::Call("select", arguments) => {
            arguments.iter().try_for_each(|argument| value(argument, names))?;
            return Some(Output::Row);
        }
        Term::Call("true" | "false" | "null" | "empty", _) => {}
        Term::Path(start, Path(parts)) => {
            let mut parts = parts.iter().map(|(part, _)| part);
            if visit(start, names)? == Output::Row {
                match parts.next()? {
                    Part::Index(name) => member(name, names)?,
                    Part::Range(..) => return None,
                }
            }
            for part in parts {
                match part {
                    Part::Index(index) => value(index, names)?,
                    Part::Range(None, None) => {}
                    Part::Range(..) => return None,
                }
            }
        }
        _ => return None,
    }
    Some(Output::Values)
}

/// A part whose output is used, so it must not be the row.
fn value(term: &Term<&str>, names: &mut BTreeSet<String>) -> Option<()> {
    (visit(term, names)? == Output::Values).then_some(())
}

/// A member of the row, by a literal name.
fn member(name: &Term<&str>, names: &mut BTreeSet<String>) -> Option<()> {
    let Term::Str(None, parts) = name else { return None };
    let [StrPart::Str(name)] = parts.as_slice() else { return None };
    // Readers differ in what a broken escape means.
    if name.contains('\u{FFFD}') {
        return None;
    }
    names.insert((*name).to_owned());
    Some(())
}

fn either(one: Output, other: Output) -> Output {
    if one == Output::Row { one } else { other }
}
