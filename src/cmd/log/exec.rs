//! `logbook exec -- CMD ARGS…`: run a command. Its intent is appended before it starts, its result
//! when it ends.

use std::ffi::OsString;
use std::path::Path;

use crate::cmd::Door;
use crate::cmd::shared::calling::begin::{Begun, begin as begin_call};
use crate::cmd::shared::calling::capture::Capture;
use crate::cmd::shared::calling::command::{self, Ended, Outcome};
use crate::cmd::shared::calling::gates::{Gate, Intent};
use crate::cmd::shared::calling::judge::Judge;
use crate::cmd::shared::calling::{Arguments, Described, Keep, held};
use crate::cmd::shared::writing::{OfRun, OpenLogbook, Writing, new_id};
use logbook_format::draft::pairs::shell_word;
use logbook_format::rows;
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Side, SideEffect};
use logbook_store::Place;
use logbook_store::Purpose;
use logbook_store::append::{OnRefused, State};

pub const EXAMPLES: &str = "\
  logbook exec -- cargo test --workspace
  logbook exec --tool psql --side-effect delete --irreversible --rationale 'unused since March' -- psql -c 'drop table t'";

#[derive(Debug, Default, clap::Args)]
pub struct Exec {
    /// The command and its arguments
    #[arg(value_name = "CMD", trailing_var_arg = true, required = true)]
    command: Vec<OsString>,
    #[command(flatten)]
    of: OfRun,
    #[command(flatten)]
    described: Described,
    #[command(flatten)]
    gate: Gate,
    /// Keep size, digest and last lines of the output; the command writes to a pipe, and output
    /// after its end is lost
    #[arg(long)]
    capture: bool,
    /// Number of last lines of each stream to keep
    #[arg(long, value_name = "N", default_value = "20")]
    capture_lines: usize,
    #[command(flatten)]
    writing: Writing,
    /// A person at the terminal said yes to this command, so a hold on the run does not stop it.
    #[arg(skip)]
    by_hand: bool,
    /// The call that it undoes, and the end of the rows in which nobody has undone it.
    #[arg(skip)]
    undoes: Option<(String, Place)>,
}

/// A command of `rollback` that undoes a call.
#[derive(Debug)]
pub struct Undoing<'u> {
    /// The run of the call.
    pub run: &'u str,
    /// The name of the row that began the call.
    pub undoes: &'u str,
    /// The command and its arguments.
    pub command: &'u [String],
    /// Whether a person at the terminal said yes to it.
    pub by_hand: bool,
    /// The end of the rows in which nobody has undone the call.
    pub seen: Place,
    /// The flags of `rollback`.
    pub writing: &'u Writing,
}

impl Exec {
    /// The `exec` that undoes a call.
    pub fn undoing(undoing: &Undoing<'_>) -> Exec {
        let described = Described {
            tool: Some("rollback".to_owned()),
            side_effect: Some(SideEffect::Write.word().to_owned()),
            args: "redacted".to_owned(),
            ..Described::default()
        };
        Exec {
            command: undoing.command.iter().map(OsString::from).collect(),
            of: OfRun { run: Some(undoing.run.to_owned()) },
            described,
            writing: undoing.writing.clone(),
            by_hand: undoing.by_hand,
            undoes: Some((undoing.undoes.to_owned(), undoing.seen)),
            ..Exec::default()
        }
    }

    /// Refuses, under the lock, a command that must not run any more.
    fn may_run(&self, state: &mut State<'_, '_>, run: &str) -> Result<()> {
        if let Some((name, seen)) = &self.undoes {
            let mut meanwhile = false;
            state.rows_since(*seen, &mut |_, row| meanwhile |= says_undoes(row, name))?;
            if meanwhile {
                return Err(Error::new(Exit::No, format!("somebody else began to undo {name} meanwhile"))
                    .hint(format!("logbook rollback {}   # what is left", shell_word(run))));
            }
        }
        if self.by_hand { Ok(()) } else { held::refuse(state, run) }
    }
}

fn says_undoes(row: &[u8], name: &str) -> bool {
    let mut values = Vec::new();
    json::pick(row, &["undoes"], &mut values).is_ok()
        && values[0].and_then(json::decode).is_some_and(|undoes| *undoes == *name.as_bytes())
}

pub fn run(args: Exec, door: &mut Door<'_>) -> Result<Exit> {
    match carry_out(&args, door) {
        Ok(outcome) => Ok(outcome.ended.follow()),
        // Any other exit status could be the command's own.
        Err(error) if !matches!(error.exit, Exit::Exec(_)) => Err(Error { exit: Exit::Exec(125), ..error }),
        Err(error) => Err(error),
    }
}

/// A call between its two rows.
struct Call<'a> {
    logbook: &'a OpenLogbook,
    begun: Begun,
    run: String,
    id: String,
    tool: String,
    action: String,
}

/// Runs the command between its two rows.
pub fn carry_out(args: &Exec, door: &mut Door<'_>) -> Result<Outcome> {
    let arguments = Arguments::of_command(&args.command);
    let refused = |error: Error| error.within("the command was not run");
    let logbook = args.writing.open(door, Purpose::Write).map_err(refused)?;
    if args.described.keep() == Keep::Full {
        logbook.keep_arguments();
    }
    let call = begin(args, &arguments, &logbook, door).map_err(refused)?;
    let capture = args.capture.then_some(Capture { lines: args.capture_lines });
    // Print what is buffered before the command prints anything.
    let _ = door.out.flush();
    let outcome = command::run(&args.command, capture);
    if let Err(error) = call.end(&outcome, door) {
        door.note(format_args!("warning: the result was not stored: {}", error.message));
    }
    outcome
}

fn begin<'a>(args: &Exec, arguments: &Arguments, logbook: &'a OpenLogbook, door: &mut Door<'_>) -> Result<Call<'a>> {
    let run = logbook.as_stored("run_id", &args.of.name(door)?)?;
    let id = new_id::call_id((door.clock)())?;
    let program = args.command.first().map(Path::new).and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let tool = args.described.tool.clone().unwrap_or_else(|| program.clone().into_owned());
    let action =
        if args.described.keep() == Keep::Digest { program.into_owned() } else { arguments.action(logbook)? };
    let intent = Intent {
        run: &run,
        id: &id,
        tool: &tool,
        action: &action,
        described: args.described.clone(),
        default_side_effect: Some(SideEffect::Exec),
        arguments: Some(arguments),
        undoes: args.undoes.as_ref().map(|(name, _)| name.as_str()),
        gate: &args.gate,
        best_effort: args.writing.is_best_effort(door),
    };
    let begun = begin_call(&intent, logbook, door, &mut |state| args.may_run(state, &run))?;
    Ok(Call { logbook, begun, run, id, tool, action })
}

impl Call<'_> {
    /// Appends the result, and a row about the contract if the tool broke it.
    fn end(self, outcome: &Result<Outcome>, door: &mut Door<'_>) -> Result<()> {
        let mut writer = match self.begun.writer {
            Some(writer) => writer,
            None => self.logbook.writer(door)?,
        };
        let mut pairs = rows::result(&self.run, &self.action, &self.id, &self.tool)?;
        match outcome {
            Ok(outcome) => {
                if let Ended::Exit(code) = outcome.ended {
                    pairs.text("tool_call.exit_code", &code.to_string())?;
                }
                if let Some(name) = outcome.ended.signal_name() {
                    pairs.text("tool_call.signal", &name)?;
                }
                if let Some(captured) = &outcome.captured {
                    pairs.json("tool_call.result", &captured.json(self.logbook.redactor.as_ref())?)?;
                    pairs.text("tool_call.result_sha256", &captured.out.sha256)?;
                }
                pairs.text("duration_ms", &format!("{:.3}", outcome.duration_ms))?;
            }
            Err(error) => {
                pairs.text("tool_call.exit_code", &error.exit.code().to_string())?;
                pairs.text("error", &error.message)?;
            }
        }
        let drafts = self.logbook.draft(&pairs, door)?;
        writer.append(&drafts, OnRefused::Abort).all()?;
        let (Ok(outcome), Some(terms)) = (outcome, &self.begun.terms) else { return writer.sync() };
        let mut judge = Judge::new(&self.logbook.location.path, (door.clock)());
        let fault = terms.outcome_fault(outcome, &mut judge).unwrap_or_else(|error| {
            door.note(format_args!("warning: the result was not checked against its contract: {}", error.message));
            None
        });
        if let Some(fault) = fault {
            let mut pairs = rows::breach(&self.run, &terms.name, Side::Tool, &fault)?;
            pairs.known([("tool_call.id", Some(&*self.id)), ("tool_call.tool", Some(&*self.tool))])?;
            let drafts = self.logbook.draft(&pairs, door)?;
            writer.append(&drafts, OnRefused::Abort).all()?;
        }
        writer.sync()
    }
}
