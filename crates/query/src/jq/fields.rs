//! Which members of its row a program can see, where that is plain:
//! `{run_id, n: (.tool_call.args | length)}` sees two. Then the engine need not be given the
//! others, and most of what it costs is to read a row.
//!
//! A program sees the whole row wherever it does anything with it but take a member by a name that
//! is written out, or test it in `select`. In doubt it sees all of it. Behind a pipe it sees what
//! came before, not the row.

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::{Part, Path};

/// What of the row a part of a program puts out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Puts {
    /// The row, or nothing of it.
    Row,
    /// What is made of members that it has seen.
    Others,
}

/// The members that `program` sees, once rewritten; `None`: all of them, or it cannot be told.
pub(super) fn seen(program: &Term<&str>) -> Option<Vec<String>> {
    let mut names = BTreeSet::new();
    (look(program, &mut names)? == Puts::Others).then(|| names.into_iter().collect())
}

/// Recurses as the parser did.
fn look(term: &Term<&str>, names: &mut BTreeSet<String>) -> Option<Puts> {
    match term {
        Term::Id => return Some(Puts::Row),
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
        Term::TryCatch(tried, None) => return look(tried, names),
        Term::IfThenElse(branches, otherwise) => {
            let mut puts = if otherwise.is_some() { Puts::Others } else { Puts::Row };
            for (condition, then) in branches {
                value(condition, names)?;
                puts = either(puts, look(then, names)?);
            }
            return match otherwise {
                Some(otherwise) => Some(either(puts, look(otherwise, names)?)),
                None => Some(puts),
            };
        }
        Term::BinOp(left, operator, right) => match operator {
            BinaryOp::Pipe(None) => {
                return match look(left, names)? {
                    Puts::Row => look(right, names),
                    Puts::Others => Some(Puts::Others),
                };
            }
            BinaryOp::Pipe(Some(Pattern::Var(_))) => {
                value(left, names)?;
                return look(right, names);
            }
            BinaryOp::Comma | BinaryOp::Alt => return Some(either(look(left, names)?, look(right, names)?)),
            BinaryOp::Or | BinaryOp::And | BinaryOp::Math(_) | BinaryOp::Cmp(_) => {
                value(left, names)?;
                value(right, names)?;
            }
            _ => return None,
        },
        Term::Call("select", arguments) => {
            arguments.iter().try_for_each(|argument| value(argument, names))?;
            return Some(Puts::Row);
        }
        Term::Call("true" | "false" | "null" | "empty", _) => {}
        Term::Path(start, Path(parts)) => {
            let mut parts = parts.iter().map(|(part, _)| part);
            if look(start, names)? == Puts::Row {
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
    Some(Puts::Others)
}

/// A part whose output is looked at: that must not be the row.
fn value(term: &Term<&str>, names: &mut BTreeSet<String>) -> Option<()> {
    (look(term, names)? == Puts::Others).then_some(())
}

/// A member of the row, by a name that is written out.
fn member(name: &Term<&str>, names: &mut BTreeSet<String>) -> Option<()> {
    let Term::Str(None, parts) = name else { return None };
    let [StrPart::Str(name)] = parts.as_slice() else { return None };
    // What a broken escape reads as: there readers differ.
    if name.contains('\u{FFFD}') {
        return None;
    }
    names.insert((*name).to_owned());
    Some(())
}

fn either(one: Puts, other: Puts) -> Puts {
    if one == Puts::Row { one } else { other }
}
