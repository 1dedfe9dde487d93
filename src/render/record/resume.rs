//! What an agent reads when it comes back, as Markdown or JSON, in about so many tokens.
//!
//! A token is taken as four bytes of what is written out: near enough for English and JSON in today's models, and the same on
//! every machine. No clock and no zone has a part in it: the same rows give the same bytes.

use super::markdown::escape;
use crate::json::{self, Kind, Limits};
use crate::render::safe;
use crate::view::record::json::Object;
use crate::view::record::resume::{Item, Resume, Section};

/// Bytes that count as one token.
pub const TOKEN_BYTES: usize = 4;
/// Bytes kept for what says that something was left out.
const TAIL_BYTES: usize = 200;

/// Title on a page, name in JSON.
fn names(section: Section) -> (&'static str, &'static str) {
    match section {
        Section::Held => ("Held: do not go on", "held"),
        Section::Answered => ("Answered since", "answered"),
        Section::Stands => ("Where it stands", "stands"),
        Section::OpenApprovals => ("Not decided yet", "open_approvals"),
        Section::OpenCalls => ("Calls without a result: look whether they took place", "open_calls"),
        Section::Decisions => ("Decided before", "decisions"),
        Section::Artifacts => ("Artifacts", "artifacts"),
        Section::Failures => ("Failures", "failures"),
        Section::Steps => ("Newest steps", "steps"),
    }
}

/// As Markdown.
pub fn markdown(resume: Resume, tokens_max: usize) -> String {
    let title = format!("# Run {}\n", escape(&resume.run_id));
    let heading = |section: Section| format!("\n## {}\n\n", names(section).0);
    let bare = title.len() + TAIL_BYTES;
    let resume = resume.cut(tokens_max.saturating_mul(TOKEN_BYTES), bare, |item, first| {
        line(item).len() + if first { heading(item.section).len() } else { 0 }
    });
    let mut out = title;
    let mut last = None;
    for item in &resume.items {
        if last != Some(item.section) {
            out.push_str(&heading(item.section));
            last = Some(item.section);
        }
        out.push_str(&line(item));
    }
    if !resume.left_out.is_empty() {
        let left: Vec<String> =
            resume.left_out.iter().map(|(section, count)| format!("{count} of {}", names(*section).1)).collect();
        let command = escape(&format!("logbook show {}", resume.run_id));
        out.push_str(&format!(
            "\nLeft out to keep to about {tokens_max} tokens: {}. All: {command}\n",
            left.join(", ")
        ));
    }
    out
}

/// As JSON, one object.
pub fn json(resume: Resume, tokens_max: usize) -> Vec<u8> {
    let bare = resume.run_id.len() + TAIL_BYTES;
    let resume = resume.cut(tokens_max.saturating_mul(TOKEN_BYTES), bare, |item, first| {
        object(item).len() + 1 + if first { names(item.section).1.len() + 6 } else { 0 }
    });
    let mut out = Object::default();
    out.text("run_id", &resume.run_id);
    let of = |section: Section| resume.items.iter().filter(move |item| item.section == section);
    for section in [Section::Held, Section::Answered] {
        out.list(names(section).1, of(section).map(object));
    }
    // Each of them is a fact of its own.
    for (name, text) in of(Section::Stands).flat_map(|item| &item.parts) {
        put(&mut out, name, text);
    }
    for section in [
        Section::OpenApprovals,
        Section::OpenCalls,
        Section::Decisions,
        Section::Artifacts,
        Section::Failures,
        Section::Steps,
    ] {
        out.list(names(section).1, of(section).map(object));
    }
    if !resume.left_out.is_empty() {
        let mut left = Object::default();
        for (section, count) in &resume.left_out {
            left.raw(names(*section).1, count.to_string().as_bytes());
        }
        out.raw("left_out", &left.end());
    }
    let mut text = out.end();
    text.push(b'\n');
    safe::escape_json(&text).into_owned()
}

fn object(item: &Item) -> Vec<u8> {
    let mut out = Object::default();
    for (name, text) in &item.parts {
        put(&mut out, name, text);
    }
    out.end()
}

/// Objects and arrays as they are, anything else as a text.
fn put(out: &mut Object, name: &str, text: &str) {
    let raw = text.as_bytes();
    match json::kind(raw) {
        Some(Kind::Object | Kind::Array) if json::validate(raw, Limits::GRAMMAR).is_ok() => out.raw(name, raw),
        _ => out.text(name, text),
    };
}

/// `- #4 · blocked on: nora: mail 41 readers`
fn line(item: &Item) -> String {
    let named = |(name, text): &(&'static str, String)| match *name {
        "row" | "time" | "kind" | "phase" | "action" | "artifact" | "tool" | "outcome"
            if item.section != Section::Stands =>
        {
            escape(text)
        }
        name => format!("{}: {}", name.replace('_', " "), escape(text)),
    };
    format!("- {}\n", item.parts.iter().map(named).collect::<Vec<_>>().join(" · "))
}
