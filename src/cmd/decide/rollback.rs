//! `logbook rollback RUN`: print the plan that undoes a run; with `--execute`, run its commands
//! after a yes for each.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGINT;

use super::rows;
use crate::cmd::Door;
use crate::cmd::log::exec::{self, Exec, Undoing};
use crate::cmd::shared::calling::command::Ended;
use crate::cmd::shared::reading::{Reading, run_record};
use crate::cmd::shared::writing::Writing;
use logbook_format::draft::pairs::shell_word;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::rollback::{COLUMNS, command_line, json, step as shown, sum};
use logbook_render::{Format, Look};
use logbook_store::Place;
use logbook_store::config::contracts::{Rollback as Way, contract};
use logbook_store::{Purpose, end_of, locate};
use logbook_view::Record;
use logbook_view::rollback::{self as view, Undo, UndoRule};

pub const EXAMPLES: &str = "  logbook rollback r-88\n  logbook rollback r-88 --execute";

#[derive(Debug, clap::Args)]
pub struct Rollback {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    /// Print each command of the plan, and run it after a yes
    #[arg(long)]
    execute: bool,
    /// Run every command without asking
    #[arg(long, requires = "execute")]
    yes: bool,
    /// Print the plan as table, jsonl, json, csv, tsv or md
    #[arg(short, long, value_name = "FORMAT", conflicts_with = "execute")]
    output: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

pub fn run(args: Rollback, door: &mut Door<'_>) -> Result<Exit> {
    if args.execute && !args.yes && !door.input_is_terminal {
        return Err(Error::usage("--execute asks at a terminal, and standard input is not one")
            .hint(format!("logbook rollback {}   # look at the plan; then: --execute --yes", shell_word(&args.run))));
    }
    let plan = plan(&args, door)?;
    if let Some(format) = &args.output {
        return print_rows(&plan.rollback, Format::parse(format)?, door);
    }
    let mut text: String = if args.execute { String::new() } else { plan.rollback.steps.iter().map(shown).collect() };
    text += &sum(&plan.rollback);
    if !args.execute {
        text += "plan only: nothing was undone\n";
    }
    put(&text, door)?;
    if args.execute { carry_out(&args, &plan, door) } else { Ok(Exit::Done) }
}

fn put(text: &str, door: &mut Door<'_>) -> Result<()> {
    door.out.text(text).and_then(|()| door.out.flush())
}

/// The plan that undoes a run.
struct Plan {
    rollback: view::Rollback,
    /// The end of the rows that it was derived from.
    seen: Place,
}

fn plan(args: &Rollback, door: &mut Door<'_>) -> Result<Plan> {
    let reading = Reading { dir: args.writing.dir.clone(), ..Reading::default() };
    let runs = std::slice::from_ref(&args.run);
    let (found, mut records, _) = run_record::records(runs, &reading, door)?;
    let Some(record) = records.remove(&args.run) else {
        return Err(run_record::no_such_run("rollback", &args.run, None, &found.inputs, door));
    };
    let rollback = view::Rollback::of(&record, &means(&record, args, door)?);
    Ok(Plan { rollback, seen: end_of(&found.inputs) })
}

/// What the contracts of the run's calls say about undoing them, by contract.
fn means(record: &Record, args: &Rollback, door: &Door<'_>) -> Result<HashMap<String, UndoRule>> {
    let directory = locate(args.writing.dir.as_deref(), &door.env, Purpose::Read)?.path;
    let mut found = HashMap::new();
    for call in &record.calls {
        let name = view::contract_of(call, &record.rows);
        if found.contains_key(&name) {
            continue;
        }
        if let Some(contract) = contract(&directory, &name)? {
            let method = contract.rollback.map(|rollback| match rollback {
                Way::Command(words) => view::UndoMethod::Command(words),
                Way::Procedure(text) => view::UndoMethod::Procedure(text),
            });
            let side_effect = contract.side_effect.unwrap_or_default();
            found.insert(name, UndoRule { side_effect, reversible: contract.reversible, method });
        }
    }
    Ok(found)
}

fn print_rows(plan: &view::Rollback, format: Format, door: &mut Door<'_>) -> Result<Exit> {
    let look = Look { colour: false, wrap: true, ..door.look()? };
    rows::print(format, Some(&COLUMNS), look, plan.steps.iter().map(|step| Ok(json(step))), door)?;
    door.note("plan only: nothing was undone");
    Ok(Exit::Done)
}

/// Undoes the calls, the newest first. A failure ends it, since older calls may depend on newer
/// ones.
fn carry_out(args: &Rollback, plan: &Plan, door: &mut Door<'_>) -> Result<Exit> {
    let Plan { rollback: plan, seen } = plan;
    let mut undone = 0;
    for step in &plan.steps {
        put(&shown(step), door)?;
        match &step.undo {
            Undo::Command(words) => {
                let (run, undoes) = (&*args.run, &*step.name);
                let undoing =
                    Undoing { run, undoes, seen: *seen, command: words, by_hand: !args.yes, writing: &args.writing };
                undo(args, &undoing, door)?;
                undone += 1;
            }
            Undo::Procedure(_) => door.note(format_args!(
                "when it is done: logbook append -r {} --kind note -a 'undone by hand' 'undoes={}'",
                shell_word(&args.run),
                step.name
            )),
            Undo::Impossible(_) => {}
        }
    }
    let left = plan.steps.len() - undone;
    put(&format!("undone: {undone} of {}\n", plan.steps.len()), door)?;
    Ok(if left == 0 { Exit::Done } else { Exit::No })
}

fn undo(args: &Rollback, undoing: &Undoing<'_>, door: &mut Door<'_>) -> Result<()> {
    let stopped = |why: String| {
        Error::new(Exit::No, format!("{} was not undone: {why}; nothing older was undone either", undoing.undoes))
            .hint(format!("logbook rollback {}   # what is left", shell_word(&args.run)))
    };
    if !args.yes && !is_yes(&format!("run {}? [y/N] ", command_line(undoing.command)), door) {
        return Err(stopped("nobody said yes".to_owned()));
    }
    let outcome = exec::carry_out(&Exec::undoing(undoing), door).map_err(|error| Error { exit: Exit::No, ..error })?;
    match outcome.ended {
        Ended::Exit(0) => Ok(()),
        Ended::Exit(code) => Err(stopped(format!("the command ended with {code}"))),
        Ended::Signal(_) | Ended::Unknown => Err(stopped("it is not known how the command ended".to_owned())),
    }
}

/// Asks at the terminal; only `y` and `yes` count.
fn is_yes(question: &str, door: &mut Door<'_>) -> bool {
    // Running a command before this has caught SIGINT.
    let interrupt = signal_hook::flag::register_conditional_default(SIGINT, Arc::new(AtomicBool::new(true)));
    let mut answer = String::new();
    let asked = door.err.question(question);
    let read = asked.and_then(|()| door.input.read_line(&mut answer));
    if let Ok(interrupt) = interrupt {
        signal_hook::low_level::unregister(interrupt);
    }
    read.is_ok() && matches!(answer.trim(), "y" | "yes")
}
