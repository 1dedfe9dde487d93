//! A row as another program might write it: what came back first and the
//! envelope behind it, blanks after colons and commas, deeper nesting.

use std::io::Write;

use super::Dice;
use super::agents::Facts;
use super::words::{ACTIONS, FILES, NEXT, prose, spelled};

/// One row without its newline. Writing to memory cannot fail.
pub fn write(facts: &Facts, dice: &mut Dice, text: &mut Vec<u8>) {
    let _ = write!(text, r#"{{"v": 3, "duration_ms": {}.{}"#, facts.duration_ms, dice.below(10));
    if facts.output_bytes > 0 {
        text.extend_from_slice(br#", "response_text": ""#);
        prose(dice, facts.output_bytes, text);
        text.push(b'"');
    }
    if let Some((tool, side_effect)) = facts.tool {
        text.extend_from_slice(br#", "tool_call": {"args": "#);
        arguments(facts, dice, text);
        text.extend_from_slice(br#", "side_effect": ""#);
        spelled(dice, side_effect, text);
        text.extend_from_slice(br#"", "tool": ""#);
        spelled(dice, tool, text);
        text.extend_from_slice(br#""}"#);
    }
    if dice.falls(1, 2) {
        let _ = write!(text, r#", "usage": {{"total": {{"in": {}, "cached": []}}, "#, dice.below(20_000));
        let _ = write!(text, r#""status": "ok", "by": [{{"model": "{}"}}]}}"#, facts.model);
    }
    text.extend_from_slice(br#", "status": ""#);
    spelled(dice, facts.status, text);
    let _ = write!(text, r#"", "phase": "{}""#, facts.phase);
    if let Some(blocker) = facts.blocked_on {
        let _ = write!(text, r#", "blocked_on": "{blocker}""#);
    }
    text.extend_from_slice(br#", "action": ""#);
    spelled(dice, facts.action.0, text);
    let _ = write!(text, r#" {}", "cost_usd": {}e-5"#, facts.action.1, facts.cost);
    if let Some(next) = facts.next {
        let _ = write!(text, r#", "next": "{next}""#);
    }
    let _ = write!(text, r#", "run_id": "agent/{}/{:06}", "timestamp": "{}"#, facts.agent, facts.run, facts.time());
    let _ = write!(text, "{:03}Z\"}}", dice.below(1000));
}

/// An array or an object, some with the names that the row itself has.
fn arguments(facts: &Facts, dice: &mut Dice, text: &mut Vec<u8>) {
    if facts.delegates {
        let (action, number) = (dice.one_of(ACTIONS), dice.below(1000));
        let status = if dice.falls(1, 30) { "blocked" } else { "in-progress" };
        let _ = write!(text, r#"{{"plan": [{{"action": "{action} {number}", "status": "{status}"}}, "#);
        let _ = write!(text, r#"{{"then": {{"action": "{}", "run_id": null}}}}]}}"#, dice.one_of(NEXT));
    } else if dice.falls(1, 2) {
        let _ = write!(text, r#"["-c", "echo \"{}\"", ["a", [{}]]]"#, dice.below(100), dice.below(10));
    } else {
        let _ = write!(text, r#"{{"file": {{"path": "{}"}}, "at": [{}, 1]}}"#, dice.one_of(FILES), dice.below(2000));
    }
}
