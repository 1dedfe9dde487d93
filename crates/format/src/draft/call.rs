//! The members of `tool_call`: standard members are checked, camelCase members are renamed, and
//! `toolCallId` and the like, given beside it, are moved into it.

use super::fields::{check, find_in_call, surely_fits};
use logbook_json::{Members, Object, Span, quote};
use logbook_model::error::{Error, Result};
use logbook_model::names::{TOOL_CALL, call_member_from_camel_case};

/// Checks the object `value` (valid, keys unique), whose members are at `spans` of `text`. Returns
/// a new text if `moved` members were given beside it or a member was in camelCase, and `None` if
/// it can stay as it is.
pub(crate) fn normalize(
    value: Option<&[u8]>,
    text: &[u8],
    spans: &[Span],
    moved: &[(String, &[u8])],
) -> Result<Option<Vec<u8>>> {
    // The common case allocates nothing.
    if moved.is_empty() {
        let odd = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'\\';
        let mut plain = true;
        for span in spans {
            let (key, value) = (&text[span.key().0..span.key().1], &text[span.value().0..span.value().1]);
            match find_in_call(key, span.hash) {
                Some(field) if surely_fits(field.of, value) => {}
                Some(field) => check(field.name, field.of, value).map_err(|error| error.within("tool_call"))?,
                None => plain &= !key.iter().any(odd),
            }
        }
        if plain {
            return Ok(None);
        }
    }
    let mut members: Vec<(String, &[u8])> = Vec::new();
    let mut rewritten = !moved.is_empty();
    for member in value.map(Members::new).into_iter().flatten().flatten() {
        let name = String::from_utf8_lossy(&member.name()).into_owned();
        let snake = call_member_from_camel_case(&name);
        rewritten |= snake.is_some();
        let key = match snake {
            Some(snake) => snake,
            None => name,
        };
        check_member(&key, member.value)?;
        members.push((key, member.value));
    }
    for (key, value) in moved {
        check_member(key, value)?;
        members.push((key.clone(), value));
    }
    if !rewritten {
        return Ok(None);
    }
    let mut out = Object::new();
    for (index, (key, value)) in members.iter().enumerate() {
        if members[..index].iter().any(|(other, _)| other == key) {
            let name = String::from_utf8_lossy(&quote(key)).into_owned();
            return Err(Error::usage(format!("tool_call member {name} is given twice (in two spellings)")));
        }
        out.raw(key, value);
    }
    Ok(Some(out.end()))
}

fn check_member(key: &str, value: &[u8]) -> Result<()> {
    match TOOL_CALL.iter().find(|field| field.name == key) {
        Some(field) => check(field.name, field.of, value).map_err(|error| error.within("tool_call")),
        None => Ok(()),
    }
}
