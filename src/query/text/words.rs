//! Which arguments of `logbook query` are query text and which are inputs:
//! told apart by syntax alone, so that no file on the disk changes what a
//! command means.

use crate::model::names;
use crate::query::text::lex::{Cursor, SIGNS};
use crate::query::text::parse::clause_of;

/// Whether `argument` is query text: it begins with a field and an operator,
/// with `(` or `!`, or is or begins with `not`, `and`, `or`, `has`, `jq(`,
/// `all(` or a clause word. Anything else is an input; `./x` always is.
pub fn is_query_text(argument: &str) -> bool {
    let mut c = Cursor::new(argument, 0, argument.len());
    c.skip_white();
    if c.rest().starts_with(['(', '!']) {
        return true;
    }
    let word = c.name();
    let after = &c.rest()[word.len()..];
    let alone = after.is_empty() || after.starts_with(char::is_whitespace);
    if ["not", "and", "or", "has"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) || clause_of(word).is_some()
    {
        return alone || after.starts_with('(') || operator_begins(&c, word.len());
    }
    if ["jq", "all"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) && after.starts_with('(') {
        return true;
    }
    skip_path(&mut c) && operator_begins(&c, 0)
}

/// The query text of several arguments: joined by a blank, or by a new line
/// where a comment would swallow what follows.
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

/// For an argument that is taken as an input which is not there: what to write
/// if a query was meant (`status: blocked`, `status blocked`, `blocked`).
pub fn hint(argument: &str) -> Option<String> {
    let mut c = Cursor::new(argument, 0, argument.len());
    c.skip_white();
    let word = c.name();
    let rest = c.rest()[word.len()..].trim_start().trim_start_matches(':').trim();
    if names::is_standard(word) && !rest.is_empty() && !rest.starts_with('.') {
        return Some(format!("if a condition was meant, write '{word}={rest}'"));
    }
    if names::is_standard(argument) {
        return Some(format!(
            "a condition names a field and a value in single quotes, as '{argument}=…'; bare, the shell takes > and < for itself"
        ));
    }
    match argument.to_ascii_lowercase().as_str() {
        "where" => return Some("a condition needs no word before it: logbook query 'status=done'".to_owned()),
        "order" | "by" | "sort" => return Some("sort with --sort, as --sort -timestamp".to_owned()),
        "from" => {
            return Some("name files without a word before them: logbook query 'status=done' logs/*.jsonl".to_owned());
        }
        _ => {}
    }
    let bare = !argument.is_empty() && !argument.contains(['/', '.', '*', '?']);
    bare.then(|| match crate::model::vocabulary::STATUSES.contains(&argument) {
        true => format!("if a condition was meant, write 'status={argument}'"),
        false => format!("if a condition was meant, name a field, as 'action*={argument}'"),
    })
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

/// An operator `skip` bytes on: signs after any white space; `in` and `not in`
/// as words of their own, with their list.
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
