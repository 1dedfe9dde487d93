//! Checks of conditions that decide whether a call is made. A condition that names a field or a
//! value that no call has is never met, and a gate that never closes is useless.
//!
//! What is refused (`docs/accountability.md`, What a rule may name):
//! - a member of `tool_call` that is not standard, or that is known only after the call; fields
//!   that only decisions have
//! - a name that is similar to a standard one, in camel case (`toolCall`), or a member of
//!   `tool_call` without it; in quotes such a name is accepted
//! - an argument that the contract does not declare, if it is closed or the name is similar to a
//!   declared one
//! - a word that the field cannot have
//!
//! Not here: warnings about a query of rows (`check`).

use crate::ast::{Expr, Form, JqText, Literal, Op, Operand, Path, Query, Right, Span, Test};
use crate::jq::named::{NamedField, named_fields};
use crate::problem::{Problem, quoted};
use logbook_model::error::nearest;
use logbook_model::names::{self, TOOL_CALL, Type};
use logbook_model::{Kind, Status};

/// The arguments that a contract declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Arguments {
    /// The names of the arguments.
    pub names: Vec<String>,
    /// Whether the contract allows no others.
    pub closed: bool,
}

/// Members of `tool_call` that a row has before the call, beside the standard ones.
const MORE_MEMBERS: [&str; 1] = ["contract"];
/// Members that are known only after the call.
const AFTER: [&str; 4] = ["result", "result_sha256", "exit_code", "signal"];
/// Fields that a row gets when it is stored, after the rule was evaluated.
const STORED: [&str; 2] = ["timestamp", "step"];
/// Fields that have the same value in every row for which rules are evaluated.
const FIXED: [(&str, &str); 2] = [("kind", Kind::CallIntent.word()), ("status", Status::InProgress.word())];

/// Why the condition of `query`, whose text is `text`, can never decide as it says; `None` if
/// nothing is wrong.
pub fn fault(query: &Query, text: &str, arguments: Option<&Arguments>) -> Option<Problem> {
    let look = Look { text, arguments };
    query.filter.as_ref().and_then(|filter| look.condition(filter))
}

struct Look<'l> {
    text: &'l str,
    arguments: Option<&'l Arguments>,
}

impl Look<'_> {
    /// Recursion is bounded by the parser's limit on nesting.
    fn condition(&self, expr: &Expr) -> Option<Problem> {
        match expr {
            Expr::And(terms) | Expr::Or(terms) => terms.iter().find_map(|term| self.condition(term)),
            Expr::Not(term) => self.condition(term),
            Expr::Has(path) => self.path(path),
            Expr::Jq(program) => self.program(program),
            Expr::Test(test) => match &test.left {
                Operand::Path(path) => self.path(path).or_else(|| value_fault(test, path)),
                Operand::Bucket(bucket) => self.path(&bucket.path),
                Operand::Age(span) => Some(stored("age", *span)),
                Operand::Jq(program) => self.program(program),
            },
        }
    }

    fn path(&self, path: &Path) -> Option<Problem> {
        let is_quoted = self.text.get(path.span.from..).is_some_and(|text| text.starts_with(['"', '\'']));
        self.name(&path.keys, is_quoted, path.span)
    }

    fn program(&self, program: &JqText) -> Option<Problem> {
        named_fields(&program.code).into_iter().find_map(|NamedField { path, equals }| {
            let name = self.name(&path, false, program.span);
            name.or_else(|| word_fault(&path.join("."), &equals?, program.span))
        })
    }

    /// What is wrong with a field of this name.
    fn name(&self, keys: &[String], is_quoted: bool, span: Span) -> Option<Problem> {
        let name = keys.join(".");
        let no_call = || Problem::new(span, format!("no call has the field {}", quoted(&name)));
        let near = |problem: Problem, meant: &str| problem.hint(format!("did you mean `{meant}`?"));
        match keys {
            [first] if first == "tool_call" => None,
            [first, member, rest @ ..] if first == "tool_call" => {
                if AFTER.contains(&member.as_str()) {
                    let late = Problem::new(span, format!("{} is known only after the call", quoted(&name)));
                    return Some(late.hint("rules are evaluated before it"));
                }
                let of = names::type_of(&format!("tool_call.{member}"));
                match of.or_else(|| MORE_MEMBERS.contains(&member.as_str()).then_some(Type::String)) {
                    None => {
                        let known = members();
                        let meant = names::call_member_from_camel_case(member)
                            .or_else(|| nearest(member, known.iter().copied()).map(str::to_owned));
                        Some(match meant {
                            Some(meant) => near(no_call(), &format!("tool_call.{meant}")),
                            None => no_call().hint(format!("members of tool_call are {}", known.join(", "))),
                        })
                    }
                    Some(Type::Any) => self.argument(rest, span),
                    Some(_) if rest.is_empty() => None,
                    Some(_) => Some(no_call().hint(format!("tool_call.{member} has no members"))),
                }
            }
            [first, ..] if STORED.contains(&first.as_str()) => Some(stored(first, span)),
            [first, ..] if names::OF_DECISIONS.contains(&first.as_str()) && first != "approval_state" => {
                let late = Problem::new(span, format!("{} is known only after a decision", quoted(&name)));
                Some(late.hint("rules are evaluated before it"))
            }
            [first, rest @ ..] if names::is_standard(first) => {
                let has_members = matches!(names::type_of(first), Some(Type::Any | Type::ToolCall));
                let wrong = !rest.is_empty() && !has_members;
                wrong.then(|| no_call().hint(format!("{first} has no members")))
            }
            [first, ..] if !is_quoted => {
                let meant = meant(first)?;
                let own = format!("; a field of your own with that name needs quotes: \"{first}\"");
                Some(no_call().hint(format!("did you mean `{meant}`?{own}")))
            }
            _ => None,
        }
    }

    /// What is wrong with an argument of this name.
    fn argument(&self, rest: &[String], span: Span) -> Option<Problem> {
        let (declared, name) = (self.arguments?, rest.first()?);
        if declared.names.is_empty() || declared.names.contains(name) {
            return None;
        }
        let fault = Problem::new(span, format!("the contract declares no argument {}", quoted(name)));
        match declared.names.iter().find(|known| is_near(name, known)) {
            Some(near) => Some(fault.hint(format!("did you mean `tool_call.args.{near}`?"))),
            None if declared.closed => Some(fault.hint(format!("it takes {}", declared.names.join(", ")))),
            None => None,
        }
    }
}

fn stored(name: &str, span: Span) -> Problem {
    let fault = Problem::new(span, format!("{} is not known before the row is stored", quoted(name)));
    fault.hint("rules are evaluated before it; jq(now | …) knows the time")
}

/// The members of `tool_call` that are known before the call.
fn members() -> Vec<&'static str> {
    let standard = TOOL_CALL.iter().map(|field| field.name).filter(|name| !AFTER.contains(name));
    standard.chain(MORE_MEMBERS).collect()
}

/// The standard field that is most likely meant by another name.
fn meant(name: &str) -> Option<String> {
    if let Some(standard) = names::from_camel_case(name) {
        return Some(standard);
    }
    let of_call = |name: &str| members().contains(&name).then(|| format!("tool_call.{name}"));
    let standard: Vec<String> = names::all().filter(|known| !known.contains('.')).collect();
    let goes_on =
        |known: &&String| known.strip_prefix(name).is_some_and(|rest| name.len() >= 3 && rest.starts_with('_'));
    of_call(name)
        .or_else(|| names::call_member_from_camel_case(name).and_then(|name| of_call(&name)))
        .or_else(|| standard.iter().find(|known| is_near(name, known)).cloned())
        .or_else(|| members().into_iter().find(|known| is_near(name, known)).and_then(of_call))
        .or_else(|| standard.iter().find(goes_on).cloned())
}

/// Whether one name may be a misspelling of the other: it differs in at most two letters, or one if
/// it is short. Very short names are never similar.
fn is_near(name: &str, known: &str) -> bool {
    let reach = match name.chars().count().min(known.chars().count()) {
        0..=3 => 0,
        4..=5 => 1,
        _ => 2,
    };
    strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase()) <= reach
}

/// What is wrong with the values that a field is compared with.
fn value_fault(test: &Test, path: &Path) -> Option<Problem> {
    let name = path.keys.join(".");
    let values: &[Literal] = match &test.right {
        Right::One(value) => std::slice::from_ref(value),
        Right::List(values) => values,
        Right::File(..) => &[],
    };
    if let Some((_, only)) = FIXED.iter().find(|(fixed, _)| *fixed == name)
        && matches!(test.op, Op::Equal | Op::In)
        && !values.is_empty()
        && values.iter().all(|value| value.text != *only)
    {
        let fault = Problem::new(test.span, format!("{name} is {only} in every row for which rules are evaluated"));
        return Some(fault.hint("rules are evaluated for calls that are about to be made"));
    }
    if !matches!(test.op, Op::Equal | Op::NotEqual | Op::In | Op::NotIn) {
        return None;
    }
    let is_null = |value: &Literal| value.form == Form::Bare && value.text == "null";
    values.iter().filter(|value| !is_null(value)).find_map(|value| match names::type_of(&name) {
        Some(Type::Boolean) if value.form == Form::Quoted || !matches!(&*value.text, "true" | "false") => {
            let fault = Problem::new(value.span, format!("{name} is true or false, never {}", quoted(&value.text)));
            Some(fault.hint("without quotes"))
        }
        _ => word_fault(&name, &value.text, value.span),
    })
}

/// What is wrong with a word that a field is compared with.
fn word_fault(name: &str, word: &str, span: Span) -> Option<Problem> {
    let Some(Type::OneOf(known)) = names::type_of(name) else { return None };
    if known.contains(&word) {
        return None;
    }
    let fault = Problem::new(span, format!("no {name} is called {}", quoted(word)));
    Some(match nearest(word, known.iter().copied()) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint(format!("they are {}", known.join(", "))),
    })
}
