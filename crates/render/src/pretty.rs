//! One row as indented JSON, safe on a terminal. It works on the text, so that no number changes
//! and no depth is too deep.

use super::safe;
use logbook_json::{skip, skip_white};

/// Lays out `text`, one valid JSON value, over several lines.
pub fn draw(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len() * 2);
    let (mut at, mut depth) = (0, 0usize);
    let newline = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', 2 * depth));
    };
    while at < text.len() {
        match text[at] {
            b'"' => {
                let end = skip::skip_string(text, at).unwrap_or(text.len());
                out.extend_from_slice(&text[at..end]);
                at = end;
                continue;
            }
            open @ (b'{' | b'[') => {
                out.push(open);
                let next = skip_white(text, at + 1);
                if matches!(text.get(next), Some(b'}' | b']')) {
                    out.push(text[next]);
                    at = next + 1;
                    continue;
                }
                depth += 1;
                newline(&mut out, depth);
            }
            close @ (b'}' | b']') => {
                depth = depth.saturating_sub(1);
                newline(&mut out, depth);
                out.push(close);
            }
            b',' => {
                out.push(b',');
                newline(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            byte if skip::is_white(byte) => {}
            byte => out.push(byte),
        }
        at += 1;
    }
    out.push(b'\n');
    String::from_utf8_lossy(&safe::escape_json(&out)).into_owned()
}
