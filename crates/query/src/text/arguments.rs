//! Which arguments of `logbook query` are query text, and which are inputs. Syntax alone decides,
//! so that no file on the disk changes the meaning of a command.

use crate::problem::ProblemKind;
use crate::text::grammar::{Clause, clause_of};
use crate::text::lex::{Cursor, SIGNS};
use crate::text::parse::parse;
use logbook_model::names;

/// Whether `argument` is query text: it begins with a field and an operator, with `(` or `!`, or is
/// or begins with `not`, `and`, `or`, `has`, `jq(`, `all(` or a clause word. Everything else is an
/// input; `./x` always is.
pub fn is_query_text(argument: &str) -> bool {
    let mut c = Cursor::new(argument, 0, argument.len());
    c.skip_white();
    if c.rest().starts_with(['(', '!']) {
        return true;
    }
    let word = c.name();
    let after = &c.rest()[word.len()..];
    let alone = after.is_empty() || after.starts_with(char::is_whitespace);
    if clause_of(word) == Some(Clause::Latest) && after.trim().is_empty() {
        // A common name for a file.
        return false;
    }
    if ["not", "and", "or", "has"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) || clause_of(word).is_some()
    {
        return alone || after.starts_with('(') || operator_begins(&c, word.len());
    }
    if ["jq", "all"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) && after.starts_with('(') {
        return true;
    }
    skip_path(&mut c) && operator_begins(&c, 0)
}

/// Whether the argument after this query text is query text too, though it does not look like it:
/// an operand (`group_by` `blocked_on`, `has` `artifact_ref`), or, if this one was such an operand
/// itself, the rest of a list.
pub fn continues(argument: &str, is_operand: bool) -> bool {
    let word = argument.trim();
    let joins = ["not", "and", "or", "has"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
    joins || clause_of(word).is_some_and(|clause| clause != Clause::Latest) || is_operand && word.ends_with(',')
}

/// Joins several arguments to one query text: by a blank, or by a new line where a comment would
/// swallow what follows.
pub fn join<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for argument in arguments {
        if !text.is_empty() {
            text.push(if text.contains('#') { '\n' } else { ' ' });
        }
        text.push_str(argument);
    }
    text
}

/// For an argument that is taken as an input that does not exist: what to write if a query was
/// meant (`status: blocked`, `status blocked`, `blocked`).
pub fn hint(argument: &str) -> Option<String> {
    let mut c = Cursor::new(argument, 0, argument.len());
    c.skip_white();
    if let Some(hint) = as_jq(c.rest()).or_else(|| of_other_tools(argument)).or_else(|| as_query(argument)) {
        return Some(hint);
    }
    let word = c.name();
    let rest = c.rest()[word.len()..].trim_start().trim_start_matches(':').trim();
    if names::is_standard(word) && !rest.is_empty() && !rest.starts_with('.') {
        return Some(format!("if a condition was meant, write '{word}={rest}'"));
    }
    if names::is_standard(argument) {
        return Some(format!(
            "a condition names a field and a value in single quotes, as '{argument}=…'; without quotes the shell interprets > and <"
        ));
    }
    match argument.to_ascii_lowercase().as_str() {
        "where" => return Some("a condition has no word before it: logbook query 'status=done'".to_owned()),
        "order" | "by" | "sort" => return Some("sort with --sort, as --sort -timestamp".to_owned()),
        "from" => {
            return Some("name files without a word before them: logbook query 'status=done' logs/*.jsonl".to_owned());
        }
        _ => {}
    }
    if argument.contains('-')
        && argument.ends_with(|last: char| last.is_ascii_digit())
        && !argument.contains([' ', '/', '.'])
    {
        return Some(format!("if a run was meant, write 'run_id={argument}', or logbook show {argument}"));
    }
    let bare = !argument.is_empty() && !argument.contains(['/', '.', '*', '?']);
    bare.then(|| match logbook_model::Status::of(argument).is_some() {
        true => format!("if a condition was meant, write 'status={argument}'"),
        false => format!("if a condition was meant, name a field, as 'action*={argument}'"),
    })
}

/// The hint for a jq program: `.status == "blocked"`, `.[] | .status`, but not `./status` or
/// `.log`.
fn as_jq(text: &str) -> Option<String> {
    let field = text.strip_prefix('.')?.starts_with(|first: char| first.is_alphabetic() || "_[\"".contains(first));
    if !field || text.contains('/') || text.contains(".json") {
        return None;
    }
    let text = text.strip_prefix(".[]").map_or(text, |rest| rest.trim_start().trim_start_matches('|').trim_start());
    let text = if text.is_empty() { "." } else { text };
    let is_condition = ["==", "!=", "<", ">"].iter().any(|sign| text.contains(sign));
    Some(match is_condition {
        true => format!("jq is a condition in jq(…): logbook query 'jq({text})'"),
        false => format!("jq runs on each row with --jq: logbook query --jq '{text}'"),
    })
}

/// The hint for words by which other tools name a clause.
fn of_other_tools(argument: &str) -> Option<String> {
    let word = argument.split(char::is_whitespace).next()?.to_ascii_lowercase();
    let hint = match word.as_str() {
        "head" | "top" | "take" => "at most this many rows: logbook query 'limit 10', or -n 10",
        "last" | "tail" => "the newest first: logbook query 'sort_by -timestamp limit 10'",
        "distinct" | "uniq" | "unique" => "the values of a field, counted: logbook query 'group_by status'",
        "count" | "count(*)" | "count()" => "--count counts rows: logbook query 'status=done' --count",
        "grep" | "search" | "find" => "text is searched in one field: logbook query 'action~text', or 'error*=text'",
        _ if argument.len() > 2 && argument.starts_with('/') && argument[1..].find('/') == Some(argument.len() - 2) => {
            let text = argument.trim_matches('/');
            return Some(format!("if a regular expression was meant, name a field, as 'action~{text}'"));
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The hint for a query in another dialect.
fn as_query(argument: &str) -> Option<String> {
    if !argument.contains([' ', '(']) || argument.contains(['/', ':']) || argument.contains(".json") {
        return None;
    }
    let wrong = parse(argument).err()?.list.into_iter().next()?;
    if wrong.kind != ProblemKind::Other {
        return None;
    }
    Some(format!("if a query was meant: {}; {}", wrong.message, wrong.hint?))
}

fn skip_path(c: &mut Cursor<'_>) -> bool {
    loop {
        if c.rest().starts_with(['\'', '"']) {
            if c.string().is_err() {
                return false;
            }
        } else {
            let name = c.name();
            if name.is_empty() {
                return false;
            }
            c.at += name.len();
        }
        if !c.eat(".") {
            return true;
        }
    }
}

/// Whether an operator follows `skip` bytes on: signs after any white space; `in` and `not in` as
/// separate words, with their list.
fn operator_begins(c: &Cursor<'_>, skip: usize) -> bool {
    let mut c = c.clone();
    c.at += skip;
    let from = c.at;
    c.skip_white();
    if SIGNS.iter().any(|(sign, _)| c.rest().starts_with(sign)) {
        return true;
    }
    let apart = c.at > from;
    if apart && c.eat_word("not") {
        c.skip_white();
    }
    if !apart || !c.eat_word("in") {
        return false;
    }
    c.skip_white();
    c.rest().starts_with(['(', '@', '$']) || c.rest().is_empty()
}
