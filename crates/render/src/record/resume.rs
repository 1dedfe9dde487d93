//! What an agent reads when it comes back, as Markdown or JSON, in about a given number of tokens.
//!
//! A token counts as four bytes of output: near enough for English and JSON in current models, and
//! the same on every machine. The result depends on no clock and no zone: the same rows give the
//! same bytes.

use super::markdown::escape;
use crate::safe;
use logbook_format::rows::is_own_word;
use logbook_json::{self as json, Limits};
use logbook_model::{Kind, Verdict};
use logbook_view::record::json::Object;
use logbook_view::record::resume::{Item, Resume, Section};

/// Bytes per token.
pub(crate) const TOKEN_BYTES: usize = 4;
/// Bytes reserved for the note that something was left out.
const TAIL_BYTES: usize = 200;

/// The title in Markdown, and the name in JSON.
fn names(section: Section) -> (&'static str, &'static str) {
    match section {
        Section::Held => ("Held: do not go on", "held"),
        Section::Waits => ("Waits for", "waits"),
        Section::Answered => ("Answered since", "answered"),
        Section::Stands => ("Where it stands", "stands"),
        Section::OpenApprovals => ("Not decided yet", "open_approvals"),
        Section::OpenCalls => ("Calls without a result: check whether they took place", "open_calls"),
        Section::Decisions => ("Decided before", "decisions"),
        Section::Artifacts => ("Artifacts", "artifacts"),
        Section::Failures => ("Failures", "failures"),
        Section::Steps => ("Newest steps", "steps"),
    }
}

/// The resume as Markdown.
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

/// The resume as one JSON object.
pub fn json(resume: Resume, tokens_max: usize) -> Vec<u8> {
    let bare = resume.run_id.len() + TAIL_BYTES;
    let resume = resume.cut(tokens_max.saturating_mul(TOKEN_BYTES), bare, |item, first| {
        object(item).len() + 1 + if first { names(item.section).1.len() + 6 } else { 0 }
    });
    let mut out = Object::default();
    out.text("run_id", &resume.run_id);
    let of = |section: Section| resume.items.iter().filter(move |item| item.section == section);
    for section in [
        Section::Held,
        Section::Waits,
        Section::Answered,
        Section::Stands,
        Section::OpenApprovals,
        Section::OpenCalls,
        Section::Decisions,
        Section::Artifacts,
        Section::Failures,
        Section::Steps,
    ] {
        match section {
            // The parts of these items are members of their own.
            Section::Waits | Section::Stands => {
                of(section).flat_map(|item| &item.parts).for_each(|(name, text)| put(&mut out, name, text));
            }
            section => drop(out.list(names(section).1, of(section).map(object))),
        }
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

/// Adds objects and arrays as raw values, anything else as a text.
fn put(out: &mut Object, name: &str, text: &str) {
    let raw = text.as_bytes();
    match json::kind(raw) {
        Some(json::Kind::Object | json::Kind::Array) if json::validate(raw, Limits::GRAMMAR).is_ok() => {
            out.raw(name, raw)
        }
        _ => out.text(name, text),
    };
}

/// One item as a line; empty if only a program has a use for it.
fn line(item: &Item) -> String {
    let text = match item.section {
        Section::Held | Section::Answered | Section::Decisions => decided(item),
        Section::Waits => waits(item),
        Section::Stands if !part(item, "next_intent").is_empty() => next(item),
        _ => parts(item),
    };
    if text.is_empty() { text } else { format!("- {text}\n") }
}

/// `#4 · 2026-04-15T18:00:05.018Z · handoff · hand over to scribe · handed to: scribe`
fn parts(item: &Item) -> String {
    let stands = item.section == Section::Stands;
    let own_word = is_own_word(Kind::named(part(item, "kind")), part(item, "action").as_bytes());
    let told = item.parts.iter().filter(|(name, _)| match *name {
        "action" => !own_word,
        "kind" => !stands,
        _ => true,
    });
    let named = |(name, text): &(&'static str, String)| match *name {
        "row" | "time" | "kind" | "phase" | "action" | "artifact" | "tool" | "outcome" if !stands => escape(text),
        name => format!("{}: {}", name.replace('_', " "), escape(text)),
    };
    told.map(named).collect::<Vec<_>>().join(" · ")
}

/// `maria denied "rm -rf build" (#5): too risky`
fn decided(item: &Item) -> String {
    let of = |name: &str| escape(part(item, name));
    let (by, row, why) = (of("approver"), of("row"), part(item, "reason"));
    let by = if by.is_empty() { of("by") } else { by };
    let by = if by.is_empty() { "somebody".to_owned() } else { by };
    let why = said(": ", why);
    if item.section == Section::Held {
        return format!("{by} holds the run ({row}){why}");
    }
    if item.parts.iter().any(|(name, _)| *name == Kind::Answer.word()) {
        let question = match part(item, "question") {
            "" => String::new(),
            question => format!(" \"{}\" ({})", escape(question), of("question_row")),
        };
        return format!("{by} answered{question} at {row}: {}", of(Kind::Answer.word()));
    }
    let action = match part(item, "action") {
        "" => String::new(),
        action => format!(" \"{}\"", escape(action)),
    };
    match (part(item, "outcome"), Verdict::of(part(item, "outcome"))) {
        (_, Some(Verdict::Expired)) => format!("nobody decided on{action} ({row}) in time"),
        (outcome, Some(_)) => format!("{by} {outcome}{action} ({row}){why}"),
        (outcome, None) => format!("{by} judged{action} ({row}){}{why}", said(": ", outcome)),
    }
}

/// `lea: the shelf (#3, since 2026-04-16T01:02:00Z) · a person continues it with: logbook answer …`
fn waits(item: &Item) -> String {
    let of = |name: &str| part(item, name);
    let what = if of("blocked_on").is_empty() { "it does not say what" } else { of("blocked_on") };
    format!(
        "{} ({}{}{}){} · a person continues it with: {}",
        escape(what),
        escape(of("blocked_row")),
        said(", since ", of("blocked_since")),
        said(", expires ", of("expires_at")),
        said(" · escalated to ", of("escalated_to")),
        escape(of("go_on"))
    )
}

/// `next intent: post the fees (said at #5, 2026-04-15T18:31:30Z; since then: 2 calls, 1 error)`
fn next(item: &Item) -> String {
    let mut members: Vec<String> = Vec::new();
    for member in json::Members::new(part(item, "since_then").as_bytes()).flatten() {
        let (name, count) = (String::from_utf8_lossy(member.key), String::from_utf8_lossy(member.value));
        let one = || name.replace("calls", "call").trim_end_matches('s').to_owned();
        let name = if count == "1" { one() } else { name.to_string() };
        members.push(format!("{count} {}", name.replace('_', " ")));
    }
    let since = if members.is_empty() { "nothing".to_owned() } else { members.join(", ") };
    format!(
        "next intent: {} (said at {}{}; since then: {since})",
        escape(part(item, "next_intent")),
        escape(part(item, "next_intent_row")),
        said(", ", part(item, "next_intent_time"))
    )
}

/// The part of an item with this name; empty if it has none.
fn part<'i>(item: &'i Item, name: &str) -> &'i str {
    item.parts.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
}

/// `before` and `text`; empty if `text` is.
fn said(before: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{before}{}", escape(text)) }
}
