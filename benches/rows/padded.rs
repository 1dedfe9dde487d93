//! Rows of a wanted length, for what appending costs.

use super::{Dice, Shape};

const ACTIONS: &[&str] = &[
    "run test suite",
    "call bash",
    "read the failing test",
    "inspect the assertion",
    "write a patch for the parser",
    "search the issue tracker",
];
const PHASES: &[&str] = &["plan", "gather", "act", "verify"];
const NEXT: &[&str] = &["inspect failures", "run the suite again", "ask for a review", "open a pull request"];

/// The text of `count` rows of about `bytes` bytes each, one a line.
pub fn rows(seed: u64, count: usize, shape: Shape, bytes: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut text = Vec::with_capacity(count * (bytes + 8));
    for number in 0..count {
        let from = text.len();
        row(&mut dice, number, shape, &mut text);
        let pad = bytes.saturating_sub(text.len() - from + 12);
        if pad > 0 {
            text.extend_from_slice(b",\"note\":\"");
            text.extend((0..pad).map(|at| if at % 7 == 6 { b' ' } else { b'a' + (at % 26) as u8 }));
            text.push(b'"');
        }
        text.extend_from_slice(b"}\n");
    }
    text
}

/// One row without its closing brace.
fn row(dice: &mut Dice, number: usize, shape: Shape, text: &mut Vec<u8>) {
    let (hour, minute, second, ms) = (number / 3_600_000 % 24, number / 60_000 % 60, number / 1000 % 60, number % 1000);
    let time = format!("2026-04-{:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z", 1 + number / 86_400_000 % 28);
    let line = match shape {
        Shape::Steps => format!(
            "{{\"run_id\":\"r-{:05}\",\"timestamp\":\"{time}\",\"phase\":\"{}\",\"action\":\"{}\",\"status\":\"in-progress\",\
             \"next_intent\":\"{}\",\"cost_usd\":0.{:04},\"tokens_in\":{},\
             \"tool_call\":{{\"tool\":\"bash\",\"side_effect\":\"exec\",\"exit_code\":0}}",
            number / 60,
            dice.one_of(PHASES),
            dice.one_of(ACTIONS),
            dice.one_of(NEXT),
            dice.below(10_000),
            dice.below(9000) + 10,
        ),
        Shape::Calls => format!(
            "{{\"timestamp\": \"{time}\", \"kind\": \"call.result\", \"run_id\": \"agent/{:02}\", \"action\": \"call {}\", \
             \"status\": \"done\", \"model\": \"m-{}\", \"duration_ms\": {}.5, \"error\": null, \
             \"result\": {{\"text\": \"line one\\nline \\\"two\\\"\\tend\", \"items\": [{}, {}, [\"a\", \"b\"]]}}, \"try\": {}",
            number / 5000 * 40 + dice.below(40) as usize,
            dice.one_of(&["read", "write", "fetch"]),
            dice.below(4),
            dice.below(5000),
            dice.below(100),
            dice.below(100),
            dice.below(3) + 1,
        ),
    };
    text.extend_from_slice(line.as_bytes());
}
