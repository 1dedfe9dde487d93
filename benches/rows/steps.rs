//! A row as `append` writes it: the envelope first, no white space.

use std::io::Write;

use super::Dice;
use super::agents::Facts;
use super::words::{ACTIONS, FILES, PHASES, prose, spelled};

/// One row without its newline. Writing to memory cannot fail.
pub fn write(facts: &Facts, dice: &mut Dice, text: &mut Vec<u8>) {
    let _ = write!(text, r#"{{"run_id":"r-{:06}","step":{},"timestamp":"{}Z""#, facts.run, facts.step, facts.time());
    let _ = write!(text, r#","phase":"{}","action":""#, facts.phase);
    spelled(dice, facts.action.0, text);
    let _ = write!(text, r#" {}","status":""#, facts.action.1);
    spelled(dice, facts.status, text);
    text.push(b'"');
    if let Some(next) = facts.next {
        let _ = write!(text, r#","next_intent":"{next}""#);
    }
    if let Some(blocker) = facts.blocked_on {
        let _ = write!(text, r#","blocked_on":"{blocker}""#);
    }
    let _ = write!(text, r#","agent_id":"{}","model":"{}""#, facts.agent, facts.model);
    if let Some((tool, side_effect)) = facts.tool {
        text.extend_from_slice(br#","tool_call":{"tool":""#);
        spelled(dice, tool, text);
        text.extend_from_slice(br#"","side_effect":""#);
        spelled(dice, side_effect, text);
        text.extend_from_slice(br#"","args":"#);
        arguments(facts, dice, text);
        if dice.falls(1, 3) {
            let _ = write!(text, r#","exit_code":{}"#, dice.below(2));
        }
        text.push(b'}');
    }
    let _ = write!(text, r#","cost_usd":0.{:05},"duration_ms":{}"#, facts.cost, facts.duration_ms);
    if dice.falls(1, 2) {
        let _ = write!(text, r#","tokens_in":{}"#, dice.below(20_000));
    }
    if facts.output_bytes > 0 {
        text.extend_from_slice(br#","output":""#);
        prose(dice, facts.output_bytes, text);
        text.push(b'"');
    }
    text.push(b'}');
}

/// An array or an object, some with the names that the row itself has.
fn arguments(facts: &Facts, dice: &mut Dice, text: &mut Vec<u8>) {
    if facts.delegates {
        let (action, number) = (dice.one_of(ACTIONS), dice.below(1000));
        let status = if dice.falls(1, 30) { "blocked" } else { "done" };
        let (run, phase) = (dice.below(facts.run + 1), dice.one_of(PHASES));
        let _ = write!(text, r#"{{"run_id":"s-{run:06}","action":"{action} {number}","status":"{status}","#);
        let _ = write!(text, r#""phase":"{phase}","timestamp":"{}Z"}}"#, facts.time());
    } else if dice.falls(1, 2) {
        let _ = write!(text, r#"["cargo","test","--shard","{}","#, dice.below(100));
        let _ = write!(text, r#"{{"cwd":"/home/agent/{}","env":[]}}]"#, facts.agent);
    } else {
        let _ = write!(text, r#"{{"path":"{}","line":{},"#, dice.one_of(FILES), dice.below(2000));
        let _ = write!(text, r#""text":"fn \"{}\" {{"}}"#, dice.below(100));
    }
}
