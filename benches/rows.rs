//! Rows of agents, made up from a seed: the same seed, count and shape give the
//! same bytes on every machine. Two shapes, so that no figure rests on one.

/// What the rows look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Steps: a run's rows stand together; short texts, a small `tool_call`, no escapes.
    Steps,
    /// Calls: forty runs mixed row by row, escaped text and nested arguments, other keys, blanks after colons.
    Calls,
}

impl Shape {
    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Steps => "steps",
            Shape::Calls => "calls",
        }
    }
}

/// Numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall as `seed` says.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

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
