//! Splits a row into its strings. Each knows whether a name above it announces a secret, and which
//! strings are next to it.
//!
//! Not here: the search itself (`search`).

use std::ops::Range;

use super::names::{Family, family, is_holder, is_label, is_value};
use super::text::Text;
use logbook_json::skip::{skip_scalar, skip_string, skip_white};

/// Longest key that is shown in a path.
const KEY_BYTES_MAX: usize = 40;

/// Index of a member or an element in [`Pieces`].
pub(super) type Node = usize;

/// A string, without its quotes.
#[derive(Debug, Clone)]
pub(super) struct Str {
    pub range: Range<usize>,
    /// What a name above it announces.
    pub family: Option<Family>,
    pub node: Node,
}

/// Strings that are searched together.
#[derive(Debug)]
pub(super) enum Piece {
    /// A key, or the value of a member.
    One(Str),
    /// Neighbours in an array, such as the words of a command.
    Words(Vec<Str>),
}

/// All strings of a row.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub all: Vec<Piece>,
    nodes: Vec<(Node, Step)>,
}

#[derive(Debug, Clone)]
enum Step {
    /// A member, and the range of its key.
    Member(Range<usize>),
    /// An element, and its index.
    Element(usize),
}

/// An object or array that has not ended yet.
struct Open {
    node: Node,
    /// What a name above it announces.
    family: Option<Family>,
    of: Of,
}

enum Of {
    Array {
        next: usize,
        words: Vec<Str>,
    },
    Object {
        /// The member whose value comes next, and what its name announces.
        member: Option<(Node, Option<Family>)>,
        /// What a label announces, and which piece is the value beside it:
        /// `{"name": "DB_PASSWORD", "value": …}`.
        label: Option<Family>,
        holder: Option<usize>,
        /// The part that the member plays in its object.
        role: Role,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Value,
    Holder,
    Label,
    Other,
}

/// Splits `text`. `None` if it is not an object or an array.
pub(super) fn pieces(text: &Text<'_>) -> Option<Pieces> {
    let bytes = &*text.bytes;
    let mut pieces = Pieces { all: Vec::new(), nodes: vec![(0, Step::Element(0))] };
    let mut open: Vec<Open> = Vec::new();
    let mut at = skip_white(bytes, 0);
    if !matches!(bytes.get(at), Some(b'{' | b'[')) {
        return None;
    }
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                let (node, family) = pieces.place(open.last_mut());
                let of = match byte {
                    b'[' => Of::Array { next: 0, words: Vec::new() },
                    _ => Of::Object { member: None, label: None, holder: None, role: Role::Other },
                };
                open.push(Open { node, family, of });
                at += 1;
            }
            b'}' | b']' => {
                pieces.close(open.pop()?.of);
                at += 1;
                if open.is_empty() {
                    return (skip_white(bytes, at) == bytes.len()).then_some(pieces);
                }
            }
            b',' | b':' => {
                if let (b',', Some(Open { of: Of::Object { member, .. }, .. })) = (byte, open.last_mut()) {
                    *member = None;
                }
                at += 1;
            }
            b'"' => {
                let end = skip_string(bytes, at)?;
                pieces.string(at + 1..end - 1, text, open.last_mut()?);
                at = end;
            }
            _ => {
                pieces.place(open.last_mut());
                at = skip_scalar(bytes, at);
            }
        }
        at = skip_white(bytes, at);
    }
    None
}

impl Pieces {
    fn node(&mut self, above: Node, step: Step) -> Node {
        self.nodes.push((above, step));
        self.nodes.len() - 1
    }

    /// The node of the value that comes next, which is not a string. Strings on both sides of it
    /// are not neighbours.
    fn place(&mut self, open: Option<&mut Open>) -> (Node, Option<Family>) {
        let Some(Open { node, family, of }) = open else { return (0, None) };
        match of {
            Of::Array { next, words } => {
                self.words(std::mem::take(words));
                *next += 1;
                (self.node(*node, Step::Element(*next - 1)), *family)
            }
            Of::Object { member, .. } => member.unwrap_or((*node, None)),
        }
    }

    fn string(&mut self, range: Range<usize>, text: &Text<'_>, open: &mut Open) {
        match &mut open.of {
            Of::Array { next, words } => {
                let node = self.node(open.node, Step::Element(*next));
                *next += 1;
                words.push(Str { range, family: open.family, node });
            }
            Of::Object { member: member @ None, role, .. } => {
                let key = plain(text, range.clone());
                *role = match () {
                    () if is_value(&key) => Role::Value,
                    () if is_holder(&key) => Role::Holder,
                    () if is_label(&key) => Role::Label,
                    () => Role::Other,
                };
                let inherited =
                    open.family.filter(|_| matches!(role, Role::Value | Role::Holder)).map(|family| match family {
                        // Inside an object it is the secret, not the name of one.
                        Family::Secret => Family::Password,
                        family => family,
                    });
                let node = self.node(open.node, Step::Member(range.clone()));
                *member = Some((node, family(&key).or(inherited)));
                self.all.push(Piece::One(Str { range, family: None, node: open.node }));
            }
            Of::Object { member: Some((node, of_member)), label, holder, role } => {
                match role {
                    Role::Value => *holder = Some(self.all.len()),
                    Role::Label => *label = label.or_else(|| family(&plain(text, range.clone()))),
                    Role::Holder | Role::Other => {}
                }
                self.all.push(Piece::One(Str { range, family: *of_member, node: *node }));
            }
        }
    }

    fn close(&mut self, of: Of) {
        match of {
            Of::Array { words, .. } => self.words(words),
            Of::Object { label: Some(label), holder: Some(holder), .. } => {
                if let Some(Piece::One(held)) = self.all.get_mut(holder) {
                    held.family = held.family.or(Some(label));
                }
            }
            Of::Object { .. } => {}
        }
    }

    fn words(&mut self, words: Vec<Str>) {
        if !words.is_empty() {
            self.all.push(Piece::Words(words));
        }
    }

    /// The path of a node, such as `tool_call.args[3]`. Keys that are unusual, or that `is_secret`,
    /// are shown as `*`.
    pub(crate) fn path(&self, node: Node, row: &[u8], is_secret: impl Fn(&Range<usize>) -> bool) -> String {
        let mut steps = Vec::new();
        let mut at = node;
        while at > 0 {
            let (above, step) = &self.nodes[at];
            steps.push(step);
            at = *above;
        }
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Step::Element(number) => path.push_str(&format!("[{number}]")),
                Step::Member(range) => {
                    let key = &row[range.clone()];
                    let is_plain = key.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
                    let is_shown = is_plain && (1..=KEY_BYTES_MAX).contains(&key.len()) && !is_secret(range);
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(if is_shown { std::str::from_utf8(key).unwrap_or("*") } else { "*" });
                }
            }
        }
        path
    }
}

/// A string as a reader sees it, decoded.
fn plain(text: &Text<'_>, range: Range<usize>) -> Vec<u8> {
    let piece = text.piece(range);
    let piece = piece.decoded().unwrap_or(piece);
    piece.seen().last().map_or_else(Vec::new, |seen| seen.bytes.to_vec())
}
