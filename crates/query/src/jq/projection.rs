//! A program that makes one flat object of members of its row, `{run_id, at: .a.b, n: (.c |
//! length)}`, alone or after conditions (`head`): its output is put together from the row's own
//! text.
//!
//! The engine runs instead wherever jq might fail, or write a value differently than the row does:
//! a path through a value that is not an object, escapes, numbers that are not short integers,
//! arrays and objects.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::{Part, Path};
use memchr::memchr;

use crate::jq::head::member;
use logbook_json::{Kind, Members, Spans, kind, quote_into, skip_value, skip_white};

/// Numbers with more digits may be written differently than they were read.
const DIGITS_MAX: usize = 15;

pub(super) struct Projection {
    columns: Vec<Column>,
}

struct Column {
    /// The key as it is written, with its colon.
    key: Vec<u8>,
    path: Vec<String>,
    /// The value is the length of what the path leads to.
    length: bool,
}

impl Projection {
    /// The projection that `program` makes after `conditions` times `select(…)`.
    pub(crate) fn of(program: &Term<&str>, conditions: usize) -> Option<Projection> {
        let mut stages = Vec::new();
        stages_of(program, &mut stages);
        let (last, before) = stages.split_last()?;
        let selects =
            before.iter().all(|stage| matches!(stage, Term::Call("select", arguments) if arguments.len() == 1));
        let Term::Obj(members) = last else { return None };
        if before.len() != conditions || !selects || members.is_empty() {
            return None;
        }
        let columns: Vec<Column> =
            members.iter().map(|(key, value)| Column::of(key, value.as_ref())).collect::<Option<_>>()?;
        let mut keys: Vec<_> = columns.iter().map(|column| &column.key).collect();
        keys.sort_unstable();
        keys.windows(2).all(|two| two[0] != two[1]).then_some(Projection { columns })
    }

    /// Writes the object for the row `text`, which is valid and has its members at `spans`. `None`
    /// if jq must run.
    pub fn write(&self, text: &[u8], spans: &Spans, out: &mut Vec<u8>) -> Option<()> {
        let escaped = |key: &[u8]| memchr(b'\\', key).is_some();
        if spans.members.iter().any(|span| escaped(span.key_of(text))) {
            return None;
        }
        out.clear();
        out.push(b'{');
        for column in &self.columns {
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend_from_slice(&column.key);
            let (first, deeper) = column.path.split_first()?;
            let last = spans.members.iter().rfind(|span| span.key_of(text) == first.as_bytes());
            let mut value = last.map(|span| &text[span.value().0..span.value().1]);
            for name in deeper {
                value = match value.map(|raw| (raw, kind(raw))) {
                    // In jq, null.a is null.
                    None | Some((_, Some(Kind::Null))) => None,
                    Some((raw, Some(Kind::Object))) => member(raw, name.as_bytes()).ok()?,
                    Some(_) => return None,
                };
            }
            let value = value.unwrap_or(b"null");
            match column.length {
                true => out.extend_from_slice(length(value)?.to_string().as_bytes()),
                false => out.extend_from_slice(same_in_jq(value)?),
            }
        }
        out.push(b'}');
        Some(())
    }
}

impl Column {
    fn of(key: &Term<&str>, value: Option<&Term<&str>>) -> Option<Column> {
        let name = text_of(key)?;
        let mut column = Column { key: Vec::new(), path: vec![name.to_owned()], length: false };
        quote_into(name, &mut column.key);
        column.key.push(b':');
        match value {
            None => {}
            Some(Term::BinOp(of, BinaryOp::Pipe(None), then)) if matches!(&**then, Term::Call("length", none) if none.is_empty()) =>
            {
                (column.path, column.length) = (path_of(of)?, true);
            }
            Some(value) => column.path = path_of(value)?,
        }
        Some(column)
    }
}

/// The stages of `a | b | c`. Recurses as the parser did.
fn stages_of<'t, 's>(term: &'t Term<&'s str>, stages: &mut Vec<&'t Term<&'s str>>) {
    match term {
        Term::BinOp(left, BinaryOp::Pipe(None), right) => {
            stages_of(left, stages);
            stages_of(right, stages);
        }
        term => stages.push(term),
    }
}

/// The keys of `.a.b`.
fn path_of(term: &Term<&str>) -> Option<Vec<String>> {
    let Term::Path(start, Path(parts)) = term else { return None };
    let name = |part: &Part<Term<&str>>| match part {
        Part::Index(name) => text_of(name).map(str::to_owned),
        Part::Range(..) => None,
    };
    let names: Vec<String> = parts.iter().map(|(part, _)| name(part)).collect::<Option<_>>()?;
    (matches!(**start, Term::Id) && !names.is_empty()).then_some(names)
}

/// The characters of a string literal, if it contains no replacement character, as which broken
/// escapes are read. Readers differ there.
fn text_of<'s>(term: &Term<&'s str>) -> Option<&'s str> {
    match term {
        Term::Str(None, parts) => match parts.as_slice() {
            [StrPart::Str(text)] => Some(*text).filter(|text| !text.contains('\u{FFFD}')),
            _ => None,
        },
        _ => None,
    }
}

/// `value`, if jq writes it unchanged.
fn same_in_jq(value: &[u8]) -> Option<&[u8]> {
    let same = match kind(value)? {
        Kind::Null | Kind::Boolean => true,
        Kind::String => memchr(b'\\', value).is_none(),
        Kind::Number => value.len() <= DIGITS_MAX && value.iter().all(u8::is_ascii_digit),
        Kind::Array | Kind::Object => false,
    };
    same.then_some(value)
}

/// jq's `length` of the value, if it is certain.
fn length(value: &[u8]) -> Option<usize> {
    match kind(value)? {
        Kind::Null => Some(0),
        Kind::String if memchr(b'\\', value).is_none() => {
            // The number of bytes that begin a character, without the quotes.
            Some(value.iter().filter(|byte| **byte & 0xC0 != 0x80).count() - 2)
        }
        Kind::Array => {
            let (mut at, mut count) = (skip_white(value, 1), 0);
            while let Some(end) = skip_value(value, at) {
                count += 1;
                at = skip_white(value, skip_white(value, end) + 1);
            }
            Some(count)
        }
        Kind::Object => {
            let mut keys = Vec::new();
            for member in Members::new(value) {
                let key = member.ok()?.key;
                // Of two equal keys only one counts.
                if keys.contains(&key) || memchr(b'\\', key).is_some() {
                    return None;
                }
                keys.push(key);
            }
            Some(keys.len())
        }
        _ => None,
    }
}
