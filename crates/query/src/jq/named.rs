//! The fields of its row that a program names literally: `.tool_call.side_effect`, also after a
//! pipe.
//!
//! Not here: the members that a program uses (`fields`). That list must not miss any, and this one
//! must not contain any that the program does not name.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::ops::Cmp;
use jaq_core::path::{Part, Path};

use super::program::parsed;

/// A field that a program names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedField {
    /// The keys, outermost first.
    pub path: Vec<String>,
    /// The string with which it is compared by `==` or `!=`.
    pub equals: Option<String>,
}

/// The fields that `code` names; none if it is not valid.
pub(crate) fn named_fields(code: &str) -> Vec<NamedField> {
    parsed(code, |program| {
        let mut found = Vec::new();
        walk(program, Some(&[]), &mut found);
        found
    })
    .unwrap_or_default()
}

/// Functions whose arguments get the same input as they do.
const SAME_INPUT: [&str; 9] =
    ["select", "first", "last", "isvalid", "test", "startswith", "endswith", "contains", "IN"];

/// Visits `term`, whose input is at a path of the row. Returns the path of its output, if that is
/// known. Recurses as the parser did.
fn walk(term: &Term<&str>, at: Option<&[String]>, found: &mut Vec<NamedField>) -> Option<Vec<String>> {
    match term {
        Term::Id => return at.map(<[String]>::to_vec),
        Term::Str(_, parts) => parts.iter().for_each(|part| {
            if let StrPart::Term(term) = part {
                walk(term, at, found);
            }
        }),
        Term::Arr(Some(inner)) | Term::Neg(inner) => {
            walk(inner, at, found);
        }
        Term::Label(_, inner) | Term::TryCatch(inner, None) => return walk(inner, at, found),
        Term::TryCatch(inner, Some(_)) => {
            walk(inner, at, found);
        }
        Term::Obj(members) => members.iter().for_each(|(key, value)| {
            match value {
                Some(value) => {
                    walk(key, at, found);
                    walk(value, at, found);
                }
                // `{action}` takes the member of that name.
                None => {
                    if let (Some(at), Some(name)) = (at, text(key)) {
                        push(at, &[name], found);
                    }
                }
            };
        }),
        Term::BinOp(left, BinaryOp::Pipe(None), right) => {
            let left = walk(left, at, found);
            return walk(right, left.as_deref(), found);
        }
        Term::BinOp(left, BinaryOp::Pipe(Some(Pattern::Var(_))), right) => {
            walk(left, at, found);
            return walk(right, at, found);
        }
        Term::BinOp(left, operator, right) => {
            let (one, other) = (walk(left, at, found), walk(right, at, found));
            if let BinaryOp::Cmp(Cmp::Eq | Cmp::Ne) = operator {
                let compared = [(one, text(right)), (other, text(left))];
                for (path, equals) in compared.into_iter().filter_map(|(path, text)| path.zip(text)) {
                    found.push(NamedField { path, equals: Some(equals) });
                }
            }
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                walk(condition, at, found);
                walk(then, at, found);
            }
            otherwise.iter().for_each(|otherwise| drop(walk(otherwise, at, found)));
        }
        Term::Fold(_, source, ..) => {
            walk(source, at, found);
        }
        Term::Call("has", arguments) => {
            if let (Some(at), [Some(name)]) = (at, &arguments.iter().map(text).collect::<Vec<_>>()[..]) {
                push(at, std::slice::from_ref(name), found);
            }
        }
        Term::Call(name, arguments) if SAME_INPUT.contains(name) => {
            arguments.iter().for_each(|argument| drop(walk(argument, at, found)));
            // `select` outputs its input.
            return if *name == "select" { at.map(<[String]>::to_vec) } else { None };
        }
        Term::Path(start, Path(parts)) => {
            let mut path = walk(start, at, found);
            let mut keys = Vec::new();
            for (part, _) in parts {
                match part {
                    Part::Index(index) => match text(index) {
                        Some(key) if path.is_some() => keys.push(key),
                        _ => {
                            // An element of an array, whose members are not tracked.
                            walk(index, at, found);
                            path.iter().for_each(|path| push(path, &keys, found));
                            path = None;
                        }
                    },
                    Part::Range(..) => {
                        path.iter().for_each(|path| push(path, &keys, found));
                        path = None;
                    }
                }
            }
            let path = path?;
            push(&path, &keys, found);
            return Some([path, keys].concat());
        }
        _ => {}
    }
    None
}

fn push(at: &[String], keys: &[String], found: &mut Vec<NamedField>) {
    if !keys.is_empty() {
        found.push(NamedField { path: [at, keys].concat(), equals: None });
    }
}

/// The string, if it is a literal.
fn text(term: &Term<&str>) -> Option<String> {
    let Term::Str(None, parts) = term else { return None };
    let mut out = String::new();
    for part in parts {
        match part {
            StrPart::Str(text) => out.push_str(text),
            StrPart::Char(character) => out.push(*character),
            StrPart::Term(_) => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(code: &str) -> String {
        let told = |named: &NamedField| {
            let equals = named.equals.iter().map(|text| format!("={text}"));
            named.path.join(".") + &equals.collect::<String>()
        };
        named_fields(code).iter().map(told).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn fields_that_are_written_out_are_named() {
        assert_eq!(
            paths(r#".tool_call.side_effects == "delete""#),
            "tool_call.side_effects tool_call.side_effects=delete"
        );
        assert_eq!(paths(r#"."tool_call"["x"] | .y"#), "tool_call.x tool_call.x.y");
        assert_eq!(paths(".tool_call | select(.x) | .y"), "tool_call tool_call.x tool_call.y");
        assert_eq!(paths(r#".tool_call | has("x")"#), "tool_call tool_call.x");
        assert_eq!(paths("[.a, .b?] | .c"), "a b");
        assert_eq!(paths("{a, b: .c}"), "a c");
        assert_eq!(paths("if .a then .b else .c end | .d"), "a b c");
        assert_eq!(paths(".a[0].b, .a[].b, .a[1:].b"), "a a a");
        assert_eq!(paths(".a as $x | .b, $x.c"), "a b");
        assert_eq!(paths("any(.a[]; .b)"), "");
        assert_eq!(paths("def f: .a; f"), "");
        assert_eq!(paths("not a program"), "");
        assert_eq!(paths("\".a\""), "");
    }
}
