//! Fields given as flags, `key=value` and `key:=json`, made into the text of one JSON object.
//! Standard fields are typed (`cost_usd=0.12` is a number), others are strings. A dotted key
//! reaches into an object.

use super::fields::{shown, wanted};
use super::rules::check_given;
use logbook_json::validate::line_column;
use logbook_json::{self as json, Array, Kind, Limits, Object, kind, quote, validate};
use logbook_model::DEPTH_MAX;
use logbook_model::error::{Error, Result};
use logbook_model::names::{self, Type};

/// Fields gathered so far.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    fields: Vec<(String, Node)>,
}

#[derive(Debug, Clone)]
enum Node {
    Raw(Vec<u8>),
    Object(Vec<(String, Node)>),
}

impl Pairs {
    /// No fields.
    pub fn new() -> Self {
        Pairs::default()
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds `key=value` or `key:=json`, as typed. Fields that record decisions are refused.
    pub fn argument(&mut self, argument: &str) -> Result<()> {
        let Some((key, value)) = argument.split_once('=') else {
            return Err(not_a_pair(argument));
        };
        let given = |key: &str, raw: &[u8]| {
            // A key that reaches into a field gives that field too.
            let first = key.split('.').next().unwrap_or(key);
            check_given(&names::from_camel_case(first).unwrap_or_else(|| first.to_owned()), raw)
        };
        match key.strip_suffix(':') {
            Some(key) => given(key, json::trim(value.as_bytes())).and_then(|()| self.json(key, value)),
            None => given(key, &quote(value)).and_then(|()| self.text(key, value)),
        }
    }

    /// Adds a field with a text as its value, which is typed if the field is a standard one.
    pub fn text(&mut self, key: &str, value: &str) -> Result<()> {
        let name = names::from_camel_case(key).unwrap_or_else(|| key.to_owned());
        let of = if name == "step" { Some(Type::Integer(1)) } else { names::type_of(&name) };
        let literal = || -> Result<Vec<u8>> {
            let fits = validate(value.as_bytes(), Limits::GRAMMAR).is_ok()
                && matches!(
                    (of, kind(value.as_bytes())),
                    (Some(Type::Number | Type::Integer(_)), Some(Kind::Number))
                        | (Some(Type::Boolean), Some(Kind::Boolean))
                );
            match (fits, of) {
                (true, _) => Ok(value.as_bytes().to_vec()),
                (false, Some(of)) => {
                    let error = Error::usage(format!("{name} must be {}, not {}", wanted(of), shown(&quote(value))));
                    Err(if value.is_empty() { error.hint(ate_it(&name)) } else { error })
                }
                (false, None) => Ok(quote(value)),
            }
        };
        let raw = match of {
            Some(Type::Number | Type::Integer(_) | Type::Boolean) => literal()?,
            Some(Type::NumberOrString)
                if kind(value.as_bytes()) == Some(Kind::Number)
                    && validate(value.as_bytes(), Limits::GRAMMAR).is_ok() =>
            {
                value.as_bytes().to_vec()
            }
            Some(Type::ToolCall) => {
                return Err(Error::usage("tool_call is an object")
                    .hint("give its members: tool_call.tool=bash tool_call.side_effect=exec"));
            }
            _ => quote(value),
        };
        self.put(key, raw)
    }

    /// Adds the fields that have a text.
    pub fn known<'t>(&mut self, texts: impl IntoIterator<Item = (&'t str, Option<&'t str>)>) -> Result<()> {
        texts.into_iter().try_for_each(|(key, value)| value.map_or(Ok(()), |value| self.text(key, value)))
    }

    /// Adds a field with JSON as its value.
    pub fn json(&mut self, key: &str, value: &str) -> Result<()> {
        let limits = Limits { depth_max: DEPTH_MAX, unique_keys: true, whole_surrogates: true };
        if let Err(fault) = validate(value.as_bytes(), limits) {
            let (_, column) = line_column(value.as_bytes(), fault.at);
            return Err(Error::usage(format!("{key}:={}: column {column}: {fault}", shown(value.as_bytes()))).hint(
                format!(
                    "quote JSON for the shell: '{key}:=[\"a\",\"b\"]'; for a string write {key}={}",
                    shell_word(value)
                ),
            ));
        }
        self.put(key, json::trim(value.as_bytes()).to_vec())
    }

    /// Adds a field with an array of strings as its value.
    pub fn texts(&mut self, key: &str, values: &[String]) -> Result<()> {
        let mut raw = Array::new();
        values.iter().for_each(|value| _ = raw.text(value));
        self.put(key, raw.end())
    }

    /// Adds all fields of `others`, none of which may exist here.
    pub fn join(&mut self, others: &Pairs) -> Result<()> {
        others.leaves().into_iter().try_for_each(|(keys, raw)| self.put(&keys.join("."), raw.to_vec()))
    }

    /// The object's text.
    pub fn object(&self) -> Vec<u8> {
        print(&self.fields)
    }

    /// The fields one by one: the path of keys, and the value.
    pub(crate) fn leaves(&self) -> Vec<(Vec<&str>, &[u8])> {
        let mut leaves = Vec::new();
        let mut open: Vec<(Vec<&str>, &Node)> = Vec::new();
        open.extend(self.fields.iter().rev().map(|(name, node)| (vec![name.as_str()], node)));
        while let Some((keys, node)) = open.pop() {
            match node {
                Node::Raw(raw) => leaves.push((keys, raw.as_slice())),
                Node::Object(inner) => open.extend(inner.iter().rev().map(|(name, node)| {
                    let mut keys = keys.clone();
                    keys.push(name);
                    (keys, node)
                })),
            }
        }
        leaves
    }

    fn put(&mut self, key: &str, raw: Vec<u8>) -> Result<()> {
        if key.is_empty() || key.split('.').any(str::is_empty) {
            return Err(Error::usage(format!("{key:?} is not the name of a field")).hint("write key=value"));
        }
        if key.split('.').count() > DEPTH_MAX - 1 {
            return Err(Error::usage(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        let twice = || Error::usage(format!("{key} is given twice"));
        let mut fields = &mut self.fields;
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            let at = match fields.iter().position(|(name, _)| name == part) {
                Some(_) if last => return Err(twice()),
                Some(at) => at,
                None if last => {
                    fields.push((part.to_owned(), Node::Raw(raw)));
                    return Ok(());
                }
                None => {
                    fields.push((part.to_owned(), Node::Object(Vec::new())));
                    fields.len() - 1
                }
            };
            match &mut fields[at].1 {
                Node::Object(inner) => fields = inner,
                Node::Raw(_) => {
                    return Err(Error::usage(format!(
                        "{key} reaches into {part}, which is given as a value of its own"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// Prints the tree with an explicit stack: no function recurses with its input.
fn print(fields: &[(String, Node)]) -> Vec<u8> {
    let mut around = Vec::new();
    let (mut level, mut object) = (fields.iter(), Object::new());
    loop {
        match level.next() {
            Some((name, Node::Raw(raw))) => _ = object.raw(name, raw),
            Some((name, Node::Object(inner))) => {
                around.push((level, std::mem::take(&mut object), name));
                level = inner.iter();
            }
            None => {
                let text = object.end();
                let Some((outer, mut outer_object, name)) = around.pop() else { return text };
                outer_object.raw(name, &text);
                (level, object) = (outer, outer_object);
            }
        }
    }
}

/// The hint when the shell seems to have removed a `>` or a `$word`.
fn ate_it(name: &str) -> String {
    format!("the value is empty: if a $variable or a '>' stood there, quote the argument: '{name}=…'")
}

fn not_a_pair(argument: &str) -> Error {
    let error = Error::usage(format!("{argument:?} is neither a row, nor '-', nor key=value"));
    if argument.starts_with('[') {
        return error.hint("a row is a JSON object; for many rows: jq -c '.[]' FILE | logbook append -");
    }
    if kind(argument.as_bytes()) == Some(Kind::Number) {
        return error.hint("did the shell eat a '>' or '<' before it? quote the whole argument: 'note=cost > 0.5'");
    }
    error.hint(format!("what was done goes into -a: logbook append -a {}", shell_word(argument)))
}

/// `text` as one word for a POSIX shell. Not `shlex`: that switches between single and double
/// quotes within a word, quotes harmless `,` and `%` (as in `@000041:12,7`), and has an error for
/// NULs, which no argument can contain.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
