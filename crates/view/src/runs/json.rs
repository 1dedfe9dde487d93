//! A run as a JSON object, which filters test, `--sort` sorts by and every format prints.

use super::run::{ONCE, Run, STANDING, SUMMED, what_now};
use super::tree::Tree;
use logbook_json::{self as json, Sum};
use logbook_model::Instant;

/// All fields, in order.
pub const FIELDS: [&str; 34] = [
    "run_id",
    "parent_run_id",
    "task",
    "requester",
    "owner",
    "agent_id",
    "model",
    "phase",
    "status",
    "action",
    "next_intent",
    "blocked_on",
    "what_now",
    "final_status",
    "rating",
    "rating_reason",
    "rows",
    "steps",
    "children",
    "cost_usd",
    "cost_usd_with_children",
    "tokens_in",
    "tokens_out",
    "wrote",
    "denied",
    "held",
    "open_calls",
    "open_approvals",
    "retries",
    "started_at",
    "timestamp",
    "age_ms",
    "ended_before",
    "rows_since_end",
];

/// Appends run `at` of the runs of `tree` to `out`. Texts and times that no row has are left out,
/// and so is a sum that cannot be written out because its exponents are too far apart.
pub fn write(run: &Run<'_>, tree: &Tree, at: usize, now: Instant, out: &mut Vec<u8>) {
    out.push(b'{');
    text("run_id", &run.run_id, out);
    text("parent_run_id", run.parent(), out);
    for (field, said) in ONCE.iter().zip(&run.once).take(5) {
        text(field.name(), said, out);
    }
    for (field, said) in STANDING.iter().zip(run.standing().into_iter().flat_map(|texts| texts.iter())) {
        text(field.name(), said, out);
    }
    text("what_now", what_now(run), out);
    if let Some((rating, why)) = &run.rating {
        text("rating", rating, out);
        text("rating_reason", why, out);
    }
    whole("rows", run.rows, out);
    whole("steps", run.steps, out);
    whole("children", tree.children(at), out);
    for (index, (field, sum)) in SUMMED.iter().zip(&run.sums).enumerate() {
        total(field.name(), sum, out);
        if index == 0 {
            total("cost_usd_with_children", tree.cost_with_children(at).unwrap_or(sum), out);
        }
    }
    flag("wrote", run.wrote, out);
    flag("denied", run.denied, out);
    flag("held", run.is_held(), out);
    whole("open_calls", run.calls.count(), out);
    whole("open_approvals", run.requests.count(now), out);
    whole("retries", run.retries, out);
    for (name, at) in [("started_at", run.first_at), ("timestamp", run.last_at)] {
        if let Some(at) = at {
            key(name, out);
            out.push(b'"');
            at.write_to(out);
            out.push(b'"');
        }
    }
    if let Some(age) = run.age_ms(now) {
        key("age_ms", out);
        out.extend_from_slice(age.to_string().as_bytes());
    }
    text("ended_before", run.ended_before(), out);
    if run.rows_since_end() > 0 {
        whole("rows_since_end", run.rows_since_end(), out);
    }
    out.push(b'}');
}

fn key(name: &str, out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn text(name: &str, text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        key(name, out);
        json::quote_into(text, out);
    }
}

fn whole(name: &str, number: u64, out: &mut Vec<u8>) {
    key(name, out);
    json::number_into(number, out);
}

fn total(name: &str, sum: &Sum, out: &mut Vec<u8>) {
    if let Ok(total) = sum.total() {
        key(name, out);
        out.extend_from_slice(total.to_string().as_bytes());
    }
}

fn flag(name: &str, on: bool, out: &mut Vec<u8>) {
    key(name, out);
    out.extend_from_slice(if on { b"true" } else { b"false" });
}
