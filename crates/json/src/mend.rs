//! Makes a row JSON if its frame ([`super::frame`]) is valid but the rest is not. What should be a
//! value and is not (`NaN`, `undefined`) becomes null, bytes that are not a character become
//! U+FFFD, and text between members is dropped. All else stays as it was written. So a row is one
//! line of JSON to other programs, and has the same members for them as for a query.

use super::frame;
use super::skip::{Kind, kind, skip_scalar, skip_value, skip_white};
use super::string::{decode_raw, quote_into};
use super::validate::is_value;

/// An object or array below this depth that is not valid JSON becomes null as a whole.
const DEPTH_MAX: usize = 8;

/// The row as JSON. A row without a valid frame becomes an object without members.
pub fn mend(row: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(row.len());
    if !put_object(row, &mut out, 0) {
        out.extend_from_slice(b"{}");
    }
    out
}

fn put_object(text: &[u8], out: &mut Vec<u8>, depth: usize) -> bool {
    let from = out.len();
    out.push(b'{');
    let walked = frame::walk(text, |key, at| {
        if out.last() != Some(&b'{') || out.len() > from + 1 {
            out.push(b',');
        }
        put_string(key, out);
        out.push(b':');
        match frame::value(text, at) {
            Ok(value) => put_value(value, out, depth),
            Err(_) => out.extend_from_slice(b"null"),
        }
        Ok(())
    });
    match walked {
        Ok(()) => out.push(b'}'),
        Err(_) => out.truncate(from),
    }
    walked.is_ok()
}

/// Recursion ends at [`DEPTH_MAX`].
fn put_value(raw: &[u8], out: &mut Vec<u8>, depth: usize) {
    if is_value(raw) {
        return out.extend_from_slice(raw);
    }
    match kind(raw) {
        Some(Kind::String) => put_string(raw.get(1..raw.len() - 1).unwrap_or_default(), out),
        Some(Kind::Array) if depth < DEPTH_MAX => put_array(raw, out, depth + 1),
        Some(Kind::Object) if depth < DEPTH_MAX && put_object(raw, out, depth + 1) => {}
        _ => out.extend_from_slice(b"null"),
    }
}

fn put_array(raw: &[u8], out: &mut Vec<u8>, depth: usize) {
    out.push(b'[');
    let mut at = skip_white(raw, 1);
    let mut first = true;
    while at < raw.len() && !matches!(raw[at], b']' | b'}') {
        if !std::mem::replace(&mut first, false) {
            out.push(b',');
        }
        let end = match skip_value(raw, at).filter(|end| *end <= raw.len()) {
            Some(end) => {
                put_value(&raw[at..end], out, depth);
                end
            }
            None => {
                out.extend_from_slice(b"null");
                skip_scalar(raw, at)
            }
        };
        let comma = skip_white(raw, end);
        if raw.get(comma) != Some(&b',') {
            break;
        }
        at = skip_white(raw, comma + 1);
    }
    out.push(b']');
}

fn put_string(inner: &[u8], out: &mut Vec<u8>) {
    quote_into(&String::from_utf8_lossy(&decode_raw(inner)), out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Limits, validate};
    use super::*;

    const PIECES: [&[u8]; 24] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"a\"",
        b"\"b\"",
        b"\"a\":",
        b"\"b\":",
        b"NaN",
        b"1",
        b"01",
        b"true",
        b"undefined",
        b"null",
        b"\"\xFF\"",
        b"\"\t\"",
        b"\"\\x\"",
        b"\"\\ud800\":",
        b" ",
        b"'",
        b"{\"a\":NaN,\"c\":[1,NaN,2]}",
        b"-",
    ];

    #[test]
    fn examples() {
        let mended = |row: &[u8]| String::from_utf8_lossy(&mend(row)).into_owned();
        assert_eq!(mended(br#"{"a":NaN,"b":5.0}"#), r#"{"a":null,"b":5.0}"#);
        assert_eq!(mended(b"{\"a\":\"x\xFFy\",\"b\":\"\t\"}"), "{\"a\":\"x\u{FFFD}y\",\"b\":\"\\t\"}");
        assert_eq!(
            mended(br#"{"a":{"x":[1,Infinity,{"y":-}],"z":"k"}, "b" : [ 1 ] }"#),
            r#"{"a":{"x":[1,null,{"y":null}],"z":"k"},"b":[ 1 ]}"#
        );
        assert_eq!(mended(br#"{"a":1,,"b":2,}"#), r#"{"a":1,"b":2}"#);
        assert_eq!(mended(br#"{"a":None,"b":'x'}"#), r#"{"a":null,"b":null}"#);
    }

    /// Like [`frame::pick`], but a value that is not JSON is null.
    fn pick_mended<'a>(
        text: &'a [u8],
        names: &[&str],
        out: &mut Vec<Option<&'a [u8]>>,
    ) -> Result<(), crate::members::Fault> {
        out.clear();
        out.resize(names.len(), None);
        frame::walk(text, |key, at| {
            let key = decode_raw(key);
            if let Some(slot) = names.iter().position(|name| name.as_bytes() == &*key) {
                out[slot] = Some(frame::value(text, at).unwrap_or(b"null"));
            }
            Ok(())
        })
    }

    proptest! {
        #[test]
        fn what_is_framed_becomes_json_with_the_same_members(
            pieces in proptest::collection::vec(prop::sample::select(&PIECES[..]), 0..14),
        ) {
            let row = [b"{", &pieces.concat()[..], b"}"].concat();
            let names = ["a", "b", "c"];
            let (mut was, mut is, mut none) = (Vec::new(), Vec::new(), Vec::new());
            let framed = frame::pick(&row, &[""; 0], &mut none).is_ok();
            let mended = mend(&row);
            prop_assert!(validate(&mended, Limits::GRAMMAR).is_ok(), "{}", String::from_utf8_lossy(&mended));
            if framed {
                prop_assert_eq!(pick_mended(&row, &names, &mut was), Ok(()));
                prop_assert_eq!(frame::pick(&mended, &names, &mut is), Ok(()));
                for (was, is) in was.iter().zip(&is) {
                    prop_assert_eq!(was.is_some(), is.is_some());
                    if let (Some(was), Some(is)) = (was, is) && is_value(was) {
                        prop_assert_eq!(was, is);
                    }
                }
            }
        }
    }
}
