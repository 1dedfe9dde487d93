//! `logbook end`: end a run with a final status.

use crate::cmd::Door;
use crate::cmd::shared::writing::{OfRun, Writing, print_rows};
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_model::{FinalStatus, Status};
use logbook_store::Purpose;
use logbook_view::Course;
use logbook_view::past::Call;

pub const EXAMPLES: &str = "\
  logbook end --cost-usd 0.42 --tokens-in 18000 --tokens-out 2100
  logbook end failed -r r-88 --error 'the tests still fail' --note 'three tries, see r-88#7'";

#[derive(Debug, Default, clap::Args)]
pub struct End {
    /// succeeded (the default), failed, paused, escalated or rolled_back; then fields as key=value
    /// or key:=json
    #[arg(value_name = "STATUS|FIELD")]
    words: Vec<String>,
    #[command(flatten)]
    of: OfRun,
    /// Cost that no row of the run has stated yet
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    cost_usd: Option<String>,
    /// Tokens read by the model, if no row has them yet
    #[arg(long, value_name = "N")]
    tokens_in: Option<String>,
    /// Tokens written by the model, if no row has them yet
    #[arg(long, value_name = "N")]
    tokens_out: Option<String>,
    /// A note about the end
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// What went wrong
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
    /// What the run waits for (paused, escalated) [default: the note]
    #[arg(long, value_name = "TEXT")]
    blocked_on: Option<String>,
    /// Who was told (with escalated)
    #[arg(long, value_name = "WHO")]
    escalated_to: Option<String>,
    /// If calls have no result: do not end, or leave them open
    #[arg(long, value_name = "WHAT", value_parser = ["refuse", "leave"], default_value = "refuse")]
    open_calls: String,
    #[command(flatten)]
    writing: Writing,
}

pub fn run(args: End, door: &mut Door<'_>) -> Result<Exit> {
    let result = end(&args, door);
    args.writing.apply_best_effort(result, door)
}

fn end(args: &End, door: &mut Door<'_>) -> Result<Exit> {
    let run = args.of.name(door)?;
    row(args, &run)?;
    let logbook = args.writing.open(door, Purpose::Read)?;
    let run = logbook.as_stored("run_id", &run)?;
    let pairs = || row(args, &run);
    let appended = logbook.store_from_run(&run, door, |course| refusal(args, &run, course).map_or_else(pairs, Err))?;
    print_rows(logbook.print, &appended.drafts, &appended.stored, door)?;
    Ok(Exit::Done)
}

/// Why the run must not end now.
fn refusal(args: &End, run: &str, course: &Course) -> Option<Error> {
    if let Some(end) = course.standing().filter(|_| course.stands.ended()) {
        return Some(
            Error::usage(format!("run {run:?} has ended already, with {}", end.name))
                .hint(format!("logbook amend {} …   # corrects how it ended", shell_word(&end.name))),
        );
    }
    let open: Vec<String> = course.open_calls().map(open_call).collect();
    if args.open_calls == "refuse" && !open.is_empty() {
        let s = if open.len() == 1 { "" } else { "s" };
        return Some(Error::usage(format!("run {run:?} has {} open call{s}: {}", open.len(), open.join(", "))).hint(
            "store what came of each: logbook call end ID …; or end all the same: logbook end --open-calls leave",
        ));
    }
    None
}

fn open_call(call: &Call) -> String {
    match call.tool.as_str() {
        "" => call.name.clone(),
        tool => format!("{} ({tool})", call.name),
    }
}

fn row(args: &End, run: &str) -> Result<Pairs> {
    let (ended, fields) = match args.words.split_first() {
        Some((first, rest)) if !first.contains('=') => (FinalStatus::of(first).ok_or_else(|| unknown(first))?, rest),
        _ => (FinalStatus::Succeeded, &args.words[..]),
    };
    let mut pairs = rows::end(run, "end", ended)?;
    let is_blocked = ended.status() == Status::Blocked;
    // Without --blocked-on, the run waits for whoever was told, else for what the note says.
    let other = args.escalated_to.as_ref().or(args.note.as_ref()).filter(|_| is_blocked);
    let blocked_on = args.blocked_on.as_ref().or(other);
    let texts = [
        ("blocked_on", blocked_on),
        ("reason", args.note.as_ref()),
        ("escalated_to", args.escalated_to.as_ref()),
        ("error", args.error.as_ref()),
        ("cost_usd", args.cost_usd.as_ref()),
        ("tokens_in", args.tokens_in.as_ref()),
        ("tokens_out", args.tokens_out.as_ref()),
    ];
    pairs.known(texts.map(|(name, value)| (name, value.map(String::as_str))))?;
    fields.iter().try_for_each(|field| pairs.argument(field))?;
    Ok(pairs)
}

fn unknown(word: &str) -> Error {
    let words = FinalStatus::WORDS;
    // Words that people type for these statuses.
    let meant = match word {
        "done" | "ok" | "success" | "passed" => Some(FinalStatus::Succeeded.word()),
        "error" | "aborted" | "crashed" => Some(FinalStatus::Failed.word()),
        "blocked" | "waiting" => Some(FinalStatus::Paused.word()),
        _ => nearest(word, words.iter().copied()),
    };
    let error = Error::usage(format!("{word:?} is not a final status; use one of: {}", words.join(", ")));
    match meant {
        Some(meant) => error.hint(format!("logbook end {meant}")),
        None => error.hint("-r RUN names the run: logbook end succeeded -r RUN"),
    }
}
