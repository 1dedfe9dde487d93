//! What the dashboard takes to take in rows that came and to draw a frame, with so many active
//! runs: `./bench dash [RUNS]`. A logbook in a directory that goes away; each round others append
//! rows of runs at random, then the board is refreshed, what is shown is found, and a screen is
//! drawn into a buffer. The terminal itself is not part of it.
//!
//! Not a test: nothing fails here when a goal is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "rows/mod.rs"]
mod rows;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Instant as Clocked;

use logbook::cmd::live::board::Board;
use logbook::cmd::live::screen::content::{Content, Position};
use logbook::cmd::live::screen::filter::Filter;
use logbook_model::{Instant, Zone};
use logbook_query::time::Clock;
use logbook_render::dash::{Foot, Page, Screen, screen};
use logbook_store::locate::{Location, Why};
use logbook_store::{Environment, snapshot};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rows::Dice;

const ROUNDS: usize = 300;
/// What comes between two frames: at 1,000 rows a second five frames a second.
const ROWS_A_ROUND: usize = 200;
/// A frame is to take less, ms.
const MOST_MS: f64 = 16.0;

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let runs: u64 = words.next().map_or(10_000, |word| word.replace(['_', ','], "").parse().expect("RUNS"));
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("2026-04-15.000001.jsonl");
    let mut file = File::create(&path).unwrap();
    let mut dice = Dice::new(5);
    for run in 0..runs {
        (0..3).for_each(|_| write_row(run, &mut dice, &mut file));
    }
    println!("{runs} active runs, {ROWS_A_ROUND} rows between two frames, screen of 200 × 50; ms");
    println!("{:<34} {:>8} {:>8} {:>8}  at most", "", "p50", "p99", "max");
    for (name, filter) in
        [("refresh and frame", ""), ("with a filter", "status=blocked"), ("a filter on children", "children=0")]
    {
        measure(name, filter, place.path(), runs, &mut dice);
    }
}

fn measure(name: &str, filter: &str, directory: &Path, runs: u64, dice: &mut Dice) {
    let clock = Clock { now: Instant::parse("2026-04-16T08:00:00Z").unwrap(), zone: Zone::UTC };
    let env = Environment { cwd: directory.to_owned(), home: None, uid: 0, vars: [].into() };
    let location = Location { path: directory.to_owned(), why: Why::Flag, exists: true };
    let began = Clocked::now();
    let mut board = Board::open(location, &env, &clock, 1).unwrap();
    let opened_ms = ms(began);
    let mut filter = Filter::parse(filter, &clock).unwrap();
    let last = &snapshot(directory).unwrap().segments;
    let mut file = OpenOptions::new().append(true).open(&last.last().unwrap().path).unwrap();
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 50));
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        for _ in 0..ROWS_A_ROUND {
            write_row(dice.below(runs), dice, &mut file);
        }
        let began = Clocked::now();
        assert!(board.refresh(clock.now).unwrap());
        let content = Content::of(&board, &mut filter, false, &clock);
        let request = |run: &str| content.request(run, &board);
        let position = Position { all: false, at: round * content.shown.len() / ROUNDS, top: round };
        let page = Page::List(content.list(&board, "bench", &filter, position, &request, &clock));
        let foot = Foot::Says("keys");
        let _ = screen::draw(&Screen { page, foot, colour: true }, &mut buffer);
        took.push(ms(began));
    }
    took.sort_by(f64::total_cmp);
    let (p50, p99, max) = (took[ROUNDS / 2], took[ROUNDS * 99 / 100], took[ROUNDS - 1]);
    println!("{name:<34} {p50:>8.2} {p99:>8.2} {max:>8.2}  {MOST_MS}   (opened in {opened_ms:.0})");
}

fn write_row(run: u64, dice: &mut Dice, file: &mut File) {
    let status = dice.one_of(&["in-progress", "in-progress", "blocked"]);
    let (hour, minute, word) = (dice.below(8), dice.below(60), dice.below(12));
    let row = format!(
        "{{\"run_id\":\"r-{run:06}\",\"timestamp\":\"2026-04-16T0{hour}:{minute:02}:00.123Z\",\"agent_id\":\"scout-{word}\",\"phase\":\"act\",\"status\":\"{status}\",\"action\":\"price country {word} by count\",\"next_intent\":\"price the next one\",\"blocked_on\":\"maria: approve migration {word}\",\"cost_usd\":0.00{word}}}\n"
    );
    file.write_all(row.as_bytes()).unwrap();
}

fn ms(began: Clocked) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}
