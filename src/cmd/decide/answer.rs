//! `logbook answer RUN 'text'`: answer what a blocked run waits for, so that it can go on.

use crate::cmd::Door;
use crate::cmd::shared::calling::approval;
use crate::cmd::shared::writing::{Appended, OpenLogbook, Scope, Writing, print_rows};
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Kind, Status};
use logbook_store::Purpose;
use logbook_view::past::Standing;
use logbook_view::{Approvals, Course};

pub const EXAMPLES: &str = "\
  logbook answer r-88 'use the staging database; production is frozen until Friday'
  logbook answer r-88 'yes, 14 days' --by maria";

#[derive(Debug, Default, clap::Args)]
pub struct Answer {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// The answer
    #[arg(value_name = "TEXT")]
    text: String,
    /// Who answers [default: the user]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

pub fn run(args: Answer, door: &mut Door<'_>) -> Result<Exit> {
    let result = answer_typed(&args, door);
    args.writing.apply_best_effort(result, door)
}

fn answer_typed(args: &Answer, door: &mut Door<'_>) -> Result<Exit> {
    let logbook = args.writing.open(door, Purpose::Read)?;
    let appended = answer(&logbook, &args.run, &args.text, args.by.as_deref(), door)?;
    print_rows(logbook.print, &appended.drafts, &appended.stored, door)?;
    Ok(Exit::Done)
}

/// Appends the answer to what `run` waits for.
pub fn answer(logbook: &OpenLogbook, run: &str, text: &str, by: Option<&str>, door: &mut Door<'_>) -> Result<Appended> {
    if text.trim().is_empty() {
        return Err(Error::usage("the answer is empty").hint(format!("logbook answer {} 'text'", shell_word(run))));
    }
    let run = &*logbook.as_stored("run_id", run)?;
    let mut signed = Pairs::new();
    logbook.sign(&mut signed, by, door)?;
    let (approvals, _) = logbook.fold(Scope::Run(run), door, Approvals::default)?;
    let open = approvals.also_open(run, "", (door.clock)());
    let waits_for = open.map(|request| rows::approval_of(&request.action));
    logbook.store_from_run(run, door, |course| {
        let standing = blocked(run, course, &approvals)?;
        rows::answer(run, text, &standing.name, waits_for.as_deref(), &signed)
    })
}

/// The row that says what the run waits for. Errors: the run does not wait for an answer.
fn blocked<'c>(run: &str, course: &'c Course, approvals: &Approvals) -> Result<&'c Standing> {
    let word = shell_word(run);
    let held = course.standing().filter(|standing| standing.kind == Kind::Hold);
    let standing = held.or(course.worked());
    let Some(standing) = standing.filter(|standing| standing.status == Status::Blocked.word()) else {
        let status = course.standing().map_or("no status", |standing| standing.status.as_str());
        return Err(Error::usage(format!("run {run:?} is not blocked (its status is {status}): nothing to answer"))
            .hint(format!("add a note: logbook append -r {word} --kind note -a '…'")));
    };
    let is_request = approval::is_request(approvals, run, &standing.blocked_on);
    match standing.kind {
        kind if kind == Kind::ApprovalRequested || is_request => {
            Err(Error::usage(format!("run {run:?} waits for an approval, {}", standing.name))
                .hint(format!("logbook show {word}   # then: logbook approve, or logbook deny --why '…'")))
        }
        Kind::Hold => Err(Error::usage(format!("run {run:?} is held, by {}", standing.name))
            .hint(format!("logbook release {word} --why '…'"))),
        _ => Ok(standing),
    }
}
