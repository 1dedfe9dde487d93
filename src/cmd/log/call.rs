//! `logbook call begin` and `logbook call end`: the two rows of a call that `exec` cannot wrap.

use crate::cmd::Door;
use crate::cmd::shared::calling::begin::begin as begin_call;
use crate::cmd::shared::calling::breach::{self, Breach};
use crate::cmd::shared::calling::gates::{Gate, Intent};
use crate::cmd::shared::calling::{Arguments, Described, Keep, held};
use crate::cmd::shared::writing::{
    Appended, OfRun, OpenLogbook, Print, Scope, Writing, new_id, print_line, print_rows, push_new_row,
};
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_store::Purpose;
use logbook_store::append::State;
use logbook_view::Course;

pub const EXAMPLES: &str = "\
  call=$(logbook call begin -r r-88 --tool browser.open --side-effect network '{\"url\":\"https://example.org\"}')
  logbook call end -r r-88 \"$call\" --exit-code 0 '{\"status\":200}'";

#[derive(Debug, clap::Args)]
pub struct Call {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Store the intent of a call before it is made; print its id
    Begin(Begin),
    /// Store the result of a call
    End(End),
}

#[derive(Debug, clap::Args)]
struct Begin {
    /// The arguments of the call, as JSON
    #[arg(value_name = "JSON")]
    arguments: Option<String>,
    /// What is done, a short verb phrase
    #[arg(short, long, value_name = "TEXT")]
    action: Option<String>,
    /// An id of your own
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    of: OfRun,
    #[command(flatten)]
    described: Described,
    #[command(flatten)]
    gate: Gate,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Debug, clap::Args)]
struct End {
    /// The call's id, as call begin printed it
    #[arg(value_name = "ID")]
    id: String,
    /// The result, as JSON
    #[arg(value_name = "JSON")]
    result: Option<String>,
    /// The exit code of a command
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    exit_code: Option<String>,
    /// What went wrong
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
    /// The duration
    #[arg(long, value_name = "N")]
    duration_ms: Option<String>,
    /// Another field of the row, as key=value or key:=json
    #[arg(long, value_name = "FIELD")]
    field: Vec<String>,
    #[command(flatten)]
    of: OfRun,
    #[command(flatten)]
    writing: Writing,
}

pub fn run(args: Call, door: &mut Door<'_>) -> Result<Exit> {
    match args.what {
        What::Begin(args) => {
            // `begin` applies best effort itself: an error here refuses the call.
            begin(&args, door).map_err(|error| error.within("the call must not be made"))
        }
        What::End(args) => {
            let result = end(&args, door);
            args.writing.apply_best_effort(result, door)
        }
    }
}

fn begin(args: &Begin, door: &mut Door<'_>) -> Result<Exit> {
    let run = args.of.name(door)?;
    let tool = args.described.tool.as_deref().ok_or_else(|| {
        Error::usage("which tool is called? --tool NAME").hint("logbook call begin --tool browser.open '{…}'")
    })?;
    let arguments = args.arguments.as_deref().map(Arguments::of_json).transpose()?;
    let id = match &args.id {
        Some(id) => id.clone(),
        None => new_id::call_id((door.clock)())?,
    };
    let logbook = args.writing.open(door, Purpose::Write)?;
    if args.described.keep() == Keep::Full {
        logbook.keep_arguments();
    }
    let run = logbook.as_stored("run_id", &run)?;
    let id = logbook.as_stored("id", &id)?;
    let action = match (&args.action, &arguments) {
        (Some(action), _) => action.clone(),
        (None, Some(arguments)) if args.described.keep() != Keep::Digest => {
            format!("{tool} {}", arguments.action(&logbook)?)
        }
        _ => tool.to_owned(),
    };
    let (mut course, seen) = match args.id {
        Some(_) => {
            logbook.fold(Scope::Run(&run), door, || Course::of(&run)).map(|(course, seen)| (course, Some(seen)))?
        }
        None => (Course::of(&run), None),
    };
    let mut may_begin =
        |state: &mut State<'_, '_>| {
            held::refuse(state, &run)?;
            if let Some(seen) = seen {
                state.rows_since(seen, &mut |place, row| {
                    push_new_row(&mut course, place, row);
                })?;
            }
            match course.calls.iter().any(|call| call.id == id) {
                true => Err(Error::usage(format!("run {run:?} has a call {id:?} already"))
                    .hint("leave --id out, and one is made")),
                false => Ok(()),
            }
        };
    let intent = Intent {
        run: &run,
        id: &id,
        tool,
        action: &action,
        described: args.described.clone(),
        default_side_effect: None,
        arguments: arguments.as_ref(),
        undoes: None,
        gate: &args.gate,
        best_effort: args.writing.is_best_effort(door),
    };
    begin_call(&intent, &logbook, door, &mut may_begin)?;
    if logbook.print == Print::Nothing {
        print_line(&id, door)?;
    }
    Ok(Exit::Done)
}

fn end(args: &End, door: &mut Door<'_>) -> Result<Exit> {
    let with_hint =
        |error: Error| error.hint(format!("logbook call end -r RUN {} …   # the run of call begin", args.id));
    let run = args.of.name(door).map_err(with_hint)?;
    let logbook = args.writing.open(door, Purpose::Read)?;
    let run = logbook.as_stored("run_id", &run)?;
    let id = logbook.as_stored("id", &args.id)?;
    let result = args.result.as_deref().map(Arguments::of_json).transpose()?;
    let appended = logbook.store_from(
        Scope::Run(&run),
        door,
        || Course::of(&run),
        |course| {
            let call = course.calls.iter().find(|call| call.id == id);
            let Some(call) = call else {
                let error = Error::usage(format!("run {run:?} has no call {:?}", args.id));
                return Err(match nearest(&id, course.calls.iter().map(|call| call.id.as_str())) {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint("logbook call begin … prints the id; -r names its run"),
                });
            };
            if let Some(result) = &call.result {
                return Err(Error::usage(format!("call {:?} has its result already: {result}", args.id))
                    .hint(format!("logbook amend '{result}' …   # corrects it")));
            }
            let mut pairs = rows::result(&run, &call.action, &id, &call.tool)?;
            let contract = Some(call.contract.as_str()).filter(|contract| !contract.is_empty());
            pairs.known([("tool_call.contract", contract), ("tool_call.exit_code", args.exit_code.as_deref())])?;
            if let Some(result) = &result {
                pairs.json("tool_call.result", &result.json)?;
                pairs.text("tool_call.result_sha256", &result.sha256)?;
            }
            pairs.known([("error", args.error.as_deref()), ("duration_ms", args.duration_ms.as_deref())])?;
            args.field.iter().try_for_each(|field| pairs.argument(field))?;
            Ok(pairs)
        },
    )?;
    print_rows(logbook.print, &appended.drafts, &appended.stored, door)?;
    check_contract(&appended, &logbook, door)?;
    Ok(Exit::Done)
}

/// Appends a row behind the result if the tool broke its contract.
fn check_contract(appended: &Appended, logbook: &OpenLogbook, door: &mut Door<'_>) -> Result<()> {
    let now = (door.clock)();
    let mut contracts = breach::contracts_of(logbook, now, &mut door.err);
    let (Some(contracts), Some(draft)) = (&mut contracts, appended.drafts.rows().first()) else { return Ok(()) };
    let mut result = Vec::new();
    appended.drafts.render(draft, 0, &mut result);
    match contracts.broken(&result, appended.drafts.run_of(draft)) {
        Ok(None) => {}
        Ok(Some(Breach { message, row })) => {
            logbook.store(&logbook.draft(&row, door)?, door, |_| Ok(()))?;
            door.note(format_args!("stored, but {message}"));
        }
        Err(error) => door.note(format_args!("could not be checked against a contract: {}", error.message)),
    }
    Ok(())
}
