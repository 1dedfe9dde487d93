//! Many agents at work: forty runs side by side over thirty days, fifty rows
//! each or so; most rows are short, and a few carry up to 64 KiB.

use super::words::{ACTIONS, AGENTS, BLOCKERS, MODELS, NEXT, PHASES, RARE_TOOLS, TOOLS};
use super::{Dice, Shape, calls, steps};

/// Rows are spread over so many days, from 2026-04-01 on.
pub const DAYS: u64 = 30;
const DAY_MS: u64 = 86_400_000;
/// Runs at work at the same time.
const RUNS: usize = 40;

/// What one row says; the shapes say it in their own ways.
#[derive(Debug)]
pub struct Facts {
    /// The number of the run.
    pub run: u64,
    /// The number of the row within its run.
    pub step: u64,
    /// Milliseconds from the beginning of the first day.
    pub at_ms: u64,
    /// Who did it.
    pub agent: &'static str,
    /// Which model was asked.
    pub model: &'static str,
    /// A phase.
    pub phase: &'static str,
    /// How the run stands.
    pub status: &'static str,
    /// What was done, and the number behind it.
    pub action: (&'static str, u64),
    /// What comes next.
    pub next: Option<&'static str>,
    /// What is waited for, escaped.
    pub blocked_on: Option<&'static str>,
    /// The tool and what it does.
    pub tool: Option<(&'static str, &'static str)>,
    /// Whether the tool's arguments speak of another run.
    pub delegates: bool,
    /// In hundred-thousandths of a dollar.
    pub cost: u64,
    /// Milliseconds, few of them long.
    pub duration_ms: u64,
    /// Bytes of text that came back.
    pub output_bytes: usize,
}

impl Facts {
    /// `2026-04-15T08:30:00.123`, without a zone.
    pub fn time(&self) -> String {
        let (day, ms) = (1 + self.at_ms / DAY_MS, self.at_ms % DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        format!("2026-04-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}", ms % 1000)
    }
}

#[derive(Debug)]
struct Run {
    number: u64,
    step: u64,
    rows: u64,
    agent: &'static str,
}

/// Rows one after the other, as a log that many agents write.
#[derive(Debug)]
pub struct AgentRows {
    dice: Dice,
    shape: Shape,
    count: u64,
    row: u64,
    runs: Vec<Run>,
    runs_begun: u64,
    /// Rows of a run, on the average.
    rows_per_run: u64,
}

impl AgentRows {
    /// `count` rows of `shape`.
    pub fn new(seed: u64, count: u64, shape: Shape) -> AgentRows {
        AgentRows { dice: Dice::new(seed), shape, count, row: 0, runs: Vec::new(), runs_begun: 0, rows_per_run: 50 }
    }

    /// The same with runs of so many rows, on the average, at most 50.
    pub fn of_runs_of(self, rows_per_run: u64) -> AgentRows {
        AgentRows { rows_per_run, ..self }
    }

    /// Appends the next row and its newline to `text`; says on which of the
    /// `DAYS` it was written, from 0. None when there are no more.
    pub fn write_next(&mut self, text: &mut Vec<u8>) -> Option<u64> {
        if self.row == self.count {
            return None;
        }
        let facts = self.facts();
        self.row += 1;
        match self.shape {
            Shape::Steps => steps::write(&facts, &mut self.dice, text),
            Shape::Calls => calls::write(&facts, &mut self.dice, text),
        }
        text.push(b'\n');
        Some(facts.at_ms / DAY_MS)
    }

    fn facts(&mut self) -> Facts {
        // Instants rise strictly, so that the newest row by position and by time is the same.
        let span_ms = DAYS * DAY_MS;
        let between_ms = (span_ms / self.count).max(1);
        let at_ms = (u128::from(self.row) * u128::from(span_ms) / u128::from(self.count)) as u64;
        let at_ms = at_ms + self.dice.below(between_ms);
        let (run, step, agent, phase) = self.step();
        let dice = &mut self.dice;
        let status = match dice.below(1000) {
            0..10 => "blocked",
            10..45 => "failed",
            45..300 => "done",
            _ => "in-progress",
        };
        let blocked_on = (status == "blocked").then(|| dice.one_of(BLOCKERS));
        let tool = match dice.below(100) {
            0..27 => None,
            27..30 => Some(RARE_TOOLS[dice.below(RARE_TOOLS.len() as u64) as usize]),
            _ => Some(TOOLS[dice.below(TOOLS.len() as u64) as usize]),
        };
        let duration = dice.below(1000);
        Facts {
            run,
            step,
            at_ms,
            agent,
            model: dice.one_of(MODELS),
            phase,
            status,
            action: (dice.one_of(ACTIONS), dice.below(1000)),
            next: dice.falls(2, 5).then(|| dice.one_of(NEXT)),
            blocked_on,
            tool,
            delegates: dice.falls(1, 12),
            cost: cost(dice),
            duration_ms: duration * duration * duration / 5000 + dice.below(100),
            output_bytes: match dice.below(2000) {
                0 => 1024 + dice.below(63 * 1024) as usize,
                1..200 => dice.below(160) as usize,
                _ => 0,
            },
        }
    }

    /// Whose turn it is: run, step, agent, phase. A run that is over makes room for the next.
    fn step(&mut self) -> (u64, u64, &'static str, &'static str) {
        let at = self.dice.below(RUNS as u64) as usize;
        if at >= self.runs.len() || self.runs[at].step == self.runs[at].rows {
            let rows = ((10 + self.dice.below(81)) * self.rows_per_run / 50).max(1);
            let run = Run { number: self.runs_begun, step: 0, rows, agent: self.dice.one_of(AGENTS) };
            self.runs_begun += 1;
            if at < self.runs.len() { self.runs[at] = run } else { self.runs.push(run) }
        }
        let at = at.min(self.runs.len() - 1);
        let run = &mut self.runs[at];
        run.step += 1;
        let phase = PHASES[((run.step - 1) * PHASES.len() as u64 / run.rows) as usize];
        (run.number, run.step, run.agent, phase)
    }
}

/// Hundred-thousandths of a dollar; most are small.
fn cost(dice: &mut Dice) -> u64 {
    let end = [40, 400, 4000, 20_000][dice.below(4) as usize];
    dice.below(end)
}

/// The text of all of them.
pub fn agent_rows(seed: u64, count: u64, shape: Shape) -> Vec<u8> {
    let mut rows = AgentRows::new(seed, count, shape);
    let mut text = Vec::new();
    while rows.write_next(&mut text).is_some() {}
    text
}
