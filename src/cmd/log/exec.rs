//! `logbook exec -- CMD ARGS…`: a command with its intent on file before it starts, and its result when it ends.

use std::ffi::OsString;
use std::path::Path;

use crate::cmd::Door;
use crate::cmd::calling::asking::{self, Question};
use crate::cmd::calling::capture::{Capture, Captured};
use crate::cmd::calling::command::{self, Ended, Outcome};
use crate::cmd::calling::policy::{self, Ruling};
use crate::cmd::calling::{Arguments, Described, Keep, held};
use crate::cmd::writing::{Desk, OfRun, Writing, made_id, print_rows};
use crate::error::{Error, Exit, Result};
use crate::format::draft_pairs::{Pairs, shell_word};
use crate::json;
use crate::store::append::{OnRefused, State};
use crate::store::config::{Then, duration_ms};
use crate::store::{Purpose, Writer};
use crate::view::approvals::Verdict;

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook exec -- cargo test --workspace
  logbook exec --tool psql --side-effect delete --irreversible --rationale 'unused since March' -- psql -c 'drop table t'";

/// Arguments of `exec`.
#[derive(Debug, Default, clap::Args)]
pub struct Exec {
    /// The command and its arguments
    #[arg(value_name = "CMD", trailing_var_arg = true, required = true)]
    command: Vec<OsString>,
    #[command(flatten)]
    of: OfRun,
    #[command(flatten)]
    described: Described,
    /// Keep size, digest and last lines of the output; the command then writes to a pipe
    #[arg(long)]
    capture: bool,
    /// How many last lines of each stream --capture keeps
    #[arg(long, value_name = "N", default_value = "20")]
    capture_lines: usize,
    /// Ask a person first, and wait: approve or deny decides about exactly these arguments
    #[arg(long)]
    ask: bool,
    /// When a person is asked: no decision counts after this time, such as 2h
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// When a person is asked: wait at most this long; the same exec again goes on waiting
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// `logbook exec`
pub fn run(args: Exec, door: &mut Door<'_>) -> Result<Exit> {
    match exec(&args, door) {
        // Any other status may be the command's own.
        Err(error) if !matches!(error.exit, Exit::Exec(_)) => Err(Error { exit: Exit::Exec(125), ..error }),
        other => other,
    }
}

/// A call whose intent is on file.
struct Begun<'a> {
    desk: &'a Desk,
    writer: Writer<'static>,
    run: String,
    id: String,
    tool: String,
    action: String,
}

fn exec(args: &Exec, door: &mut Door<'_>) -> Result<Exit> {
    let arguments = Arguments::of_command(&args.command);
    let mut result = args.writing.desk(door, Purpose::Write);
    if let (Ok(desk), Keep::Full) = (&mut result, args.described.keep()) {
        desk.redactor = None;
    }
    let begun = match &result {
        Ok(desk) => begin(args, &arguments, desk, door),
        Err(error) => Err(error.clone()),
    };
    let begun = match begun {
        Ok(begun) => Some(begun),
        // A person's no, or nobody's yes, is no accident.
        Err(error) if args.writing.is_best_effort(door) && !args.ask && error.exit != Exit::No => {
            door.note(format_args!("warning: not stored: {}", error.message));
            None
        }
        Err(error) => return Err(error.within("the command was not run")),
    };
    let capture = args.capture.then_some(Capture { lines: args.capture_lines });
    // What was printed stands before what the command prints.
    let _ = door.out.flush();
    let outcome = command::run(&args.command, capture);
    if let Some(begun) = begun
        && let Err(error) = begun.end(&outcome, door)
    {
        door.note(format_args!("warning: the result was not stored: {}", error.message));
    }
    Ok(outcome?.ended.follow())
}

fn begin<'a>(args: &Exec, arguments: &Arguments, desk: &'a Desk, door: &mut Door<'_>) -> Result<Begun<'a>> {
    let run = args.of.name(door)?;
    let id = made_id::call_id((door.clock)())?;
    let program = args.command.first().map(Path::new).and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let tool = args.described.tool.clone().unwrap_or_else(|| program.clone().into_owned());
    let action = if args.described.keep() == Keep::Digest { program.into_owned() } else { arguments.line.clone() };
    let described = Described {
        side_effect: Some(args.described.side_effect.clone().unwrap_or_else(|| "exec".to_owned())),
        ..args.described.clone()
    };
    let mut call = Pairs::new();
    described.describe(&mut call, &id, &tool, Some(arguments))?;
    let begun =
        |writer| Begun { desk, writer, run: run.clone(), id: id.clone(), tool: tool.clone(), action: action.clone() };
    let row = |kind: &str, action: &str| {
        let mut pairs = Pairs::new();
        let texts = [("run_id", &*run), ("kind", kind), ("action", action), ("status", "in-progress")];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
        pairs.join(&call)?;
        Ok(pairs)
    };
    let ruling = ruled(args, arguments, desk, door, &row("call.intent", &action)?)?;
    if let Some(ruling) = ruling {
        let mut pairs = Pairs::new();
        let action = format!("policy: {} {action}", ruling.rule.then.word());
        let texts = [("run_id", &*run), ("kind", "policy.decision"), ("action", &action)];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
        ruling.say(&mut pairs)?;
        pairs.join(&call)?;
        let drafts = desk.draft(&pairs, door)?;
        desk.store(&drafts, door, |_| Ok(()))?;
        if ruling.rule.then == Then::Deny {
            return Err(Error::new(Exit::No, ruling.told()).hint("logbook policy show"));
        }
    }
    if args.ask || ruling.is_some_and(|ruling| ruling.rule.then == Then::Ask) {
        let question = Question {
            run: &run,
            action: &action,
            args_sha256: Some(&arguments.sha256),
            expires_ms: args.expires.as_deref().map(duration_ms).transpose()?,
            beside: &call,
        };
        let timeout_ms = args.timeout.as_deref().map(duration_ms).transpose()?;
        let (name, _) = question.put(desk, door)?;
        let Some(request) = asking::wait(desk, &run, &name, timeout_ms, door)? else {
            return Err(Error::new(Exit::No, format!("{name} is not decided yet"))
                .hint(format!("the same exec again goes on waiting; a person decides with: logbook approve {name}")));
        };
        let approved = request.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Approved);
        let row = || match approved {
            true => row("call.intent", &action),
            false => row("note", &format!("was not run: {action}")),
        };
        let may_run = |state: &mut State<'_, '_>| if approved { held::refuse(state, &run) } else { Ok(()) };
        let done = asking::take(desk, &request, door, row, may_run)?;
        if !approved {
            return Err(
                Error::new(Exit::No, asking::told(&request)).hint(format!("logbook show {}", shell_word(&name)))
            );
        }
        print_rows(desk.print, &done.drafts, &done.stored, door)?;
        return Ok(begun(desk.writer(door)?));
    }
    let drafts = desk.draft(&row("call.intent", &action)?, door)?;
    let mut writer = desk.writer(door)?;
    let stored = writer.append_if(&drafts, OnRefused::Abort, &mut |state| held::refuse(state, &run)).all()?;
    writer.sync()?;
    print_rows(desk.print, &drafts, &stored, door)?;
    Ok(begun(writer))
}

/// What the policy says of the call. That it cannot be asked is a no.
fn ruled<'d>(
    args: &Exec,
    arguments: &Arguments,
    desk: &'d Desk,
    door: &Door<'_>,
    intent: &Pairs,
) -> Result<Option<Ruling<'d>>> {
    if desk.settings.policy.is_empty() {
        return Ok(None);
    }
    let mut row = intent.object();
    // Rules see what is called, however much of it is kept.
    if args.described.keep() == Keep::Digest {
        let mut whole = Pairs::new();
        whole.join(intent)?;
        whole.json("tool_call.args", &arguments.json)?;
        row = whole.object();
    }
    policy::ask(&desk.settings.policy, &row, door).map_err(|error| Error { exit: Exit::No, ..error })
}

impl Begun<'_> {
    /// Stores what came of it.
    fn end(mut self, outcome: &Result<Outcome>, door: &mut Door<'_>) -> Result<()> {
        let mut pairs = Pairs::new();
        let texts = [("run_id", &*self.run), ("kind", "call.result"), ("action", &self.action)];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
        pairs.text("tool_call.id", &self.id)?;
        pairs.text("tool_call.tool", &self.tool)?;
        match outcome {
            Ok(outcome) => {
                if let Ended::Exit(code) = outcome.ended {
                    pairs.text("tool_call.exit_code", &code.to_string())?;
                }
                if let Some(name) = outcome.ended.signal_name() {
                    pairs.text("tool_call.signal", &name)?;
                }
                if let Some(captured) = &outcome.captured {
                    pairs.json("tool_call.result", &result(captured))?;
                    pairs.text("tool_call.result_sha256", &captured.out.sha256)?;
                }
                pairs.text("duration_ms", &format!("{:.3}", outcome.duration_ms))?;
            }
            Err(error) => {
                pairs.text("tool_call.exit_code", &error.exit.code().to_string())?;
                pairs.text("error", &error.message)?;
            }
        }
        let drafts = self.desk.draft(&pairs, door)?;
        self.writer.append(&drafts, OnRefused::Abort).all()?;
        self.writer.sync()
    }
}

/// What was captured, as JSON.
fn result(captured: &Captured) -> String {
    let mut out = b"{".to_vec();
    for (name, stream) in [("stdout", &captured.out), ("stderr", &captured.err)] {
        if out.len() > 1 {
            out.push(b',');
        }
        let start = format!("\"{name}\":{{\"bytes\":{},\"sha256\":\"{}\",\"tail\":", stream.bytes, stream.sha256);
        out.extend_from_slice(start.as_bytes());
        json::quote_into(&stream.tail, &mut out);
        out.push(b'}');
    }
    out.push(b'}');
    String::from_utf8_lossy(&out).into_owned()
}
