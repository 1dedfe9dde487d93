//! `logbook exec -- CMD ARGS…`: a command with its intent on file before it starts, and its result when it ends.

use std::ffi::OsString;
use std::path::Path;

use crate::cmd::Door;
use crate::cmd::calling::asking::{self, Question};
use crate::cmd::calling::capture::Capture;
use crate::cmd::calling::command::{self, Ended, Outcome};
use crate::cmd::calling::contract::{self, Terms};
use crate::cmd::calling::policy;
use crate::cmd::calling::{Arguments, Described, Keep, held};
use crate::cmd::writing::{Desk, OfRun, Writing, made_id, print_rows};
use crate::error::{Error, Exit, Result};
use crate::format::draft_pairs::{Pairs, shell_word};
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
    /// The contract that the call goes by [default: the one that is called as the tool]
    #[arg(long, value_name = "NAME")]
    contract: Option<String>,
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
    /// A person at the terminal has said yes to this very command: that the run is held does not stop it.
    #[arg(skip)]
    by_hand: bool,
}

/// A command that undoes what a call of a run did.
#[derive(Debug)]
pub struct Undoing<'u> {
    /// The run.
    pub run: &'u str,
    /// The name of the row that began the call.
    pub undoes: &'u str,
    /// The command.
    pub command: &'u [String],
    /// A person said yes to it.
    pub by_hand: bool,
    /// Where the rows go.
    pub writing: &'u Writing,
}

impl Exec {
    /// As `exec` runs it.
    pub fn undoing(undoing: &Undoing<'_>) -> Exec {
        let described = Described {
            tool: Some("rollback".to_owned()),
            side_effect: Some("write".to_owned()),
            args: "redacted".to_owned(),
            field: vec![format!("undoes={}", undoing.undoes)],
            ..Described::default()
        };
        Exec {
            command: undoing.command.iter().map(OsString::from).collect(),
            of: OfRun { run: Some(undoing.run.to_owned()) },
            described,
            writing: undoing.writing.clone(),
            by_hand: undoing.by_hand,
            ..Exec::default()
        }
    }

    fn may_run(&self, state: &mut State<'_, '_>, run: &str) -> Result<()> {
        if self.by_hand { Ok(()) } else { held::refuse(state, run) }
    }
}

/// `logbook exec`
pub fn run(args: Exec, door: &mut Door<'_>) -> Result<Exit> {
    match carry_out(&args, door) {
        Ok(outcome) => Ok(outcome.ended.follow()),
        // Any other status may be the command's own.
        Err(error) if !matches!(error.exit, Exit::Exec(_)) => Err(Error { exit: Exit::Exec(125), ..error }),
        Err(error) => Err(error),
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
    terms: Option<Terms>,
}

/// Runs the command between its two rows.
pub fn carry_out(args: &Exec, door: &mut Door<'_>) -> Result<Outcome> {
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
    outcome
}

fn begin<'a>(args: &Exec, arguments: &Arguments, desk: &'a Desk, door: &mut Door<'_>) -> Result<Begun<'a>> {
    let run = args.of.name(door)?;
    let id = made_id::call_id((door.clock)())?;
    let program = args.command.first().map(Path::new).and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let tool = args.described.tool.clone().unwrap_or_else(|| program.clone().into_owned());
    let action = if args.described.keep() == Keep::Digest { program.into_owned() } else { arguments.line.clone() };
    // What cannot be asked is a no.
    let refusal = |error| Error { exit: Exit::No, ..error };
    let terms = contract::of(&desk.location.path, args.contract.as_deref(), &tool, door).map_err(refusal)?;
    let mut call = Pairs::new();
    described(args, terms.as_ref(), arguments)?.describe(&mut call, &id, &tool, Some(arguments))?;
    if let Some(terms) = &terms {
        call.text("tool_call.contract", &terms.name)?;
    }
    let begun = |writer, terms| Begun {
        desk,
        writer,
        run: run.clone(),
        id: id.clone(),
        tool: tool.clone(),
        action: action.clone(),
        terms,
    };
    let row = |kind: &str, action: &str| {
        let mut pairs = Pairs::new();
        let texts = [("run_id", &*run), ("kind", kind), ("action", action), ("status", "in-progress")];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
        pairs.join(&call)?;
        Ok(pairs)
    };
    let decided = |then: &str, say: &dyn Fn(&mut Pairs) -> Result<()>, door: &mut Door<'_>| {
        let mut pairs = Pairs::new();
        let action = format!("policy: {then} {action}");
        let texts = [("run_id", &*run), ("kind", "policy.decision"), ("action", &action), ("policy.then", then)];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
        say(&mut pairs)?;
        pairs.join(&call)?;
        let drafts = desk.draft(&pairs, door)?;
        desk.store(&drafts, door, |_| Ok(())).map(drop)
    };
    if let Some(terms) = &terms
        && let Some(fault) = terms.refuses(&arguments.json)
    {
        decided(Then::Deny.word(), &|pairs| terms.blame(pairs, "caller", &fault), door)?;
        return Err(Error::new(Exit::No, format!("contract {:?} takes no such arguments: {fault}", terms.name))
            .hint(format!("logbook contract show {}", terms.name)));
    }
    let whole = asked(args, arguments, &row("call.intent", &action)?)?;
    let ruling = policy::ask(&desk.settings.policy, &whole, door).map_err(refusal)?;
    if let Some(ruling) = ruling {
        decided(ruling.rule.then.word(), &|pairs| ruling.say(pairs), door)?;
        if ruling.rule.then == Then::Deny {
            return Err(Error::new(Exit::No, ruling.told()).hint("logbook policy show"));
        }
    }
    let mut asks = args.ask || ruling.is_some_and(|ruling| ruling.rule.then == Then::Ask);
    if let Some(terms) = &terms
        && terms.needs_approval(&whole).map_err(refusal)?
    {
        decided(Then::Ask.word(), &|pairs| terms.say(pairs), door)?;
        asks = true;
    }
    if asks {
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
        let may_run = |state: &mut State<'_, '_>| if approved { args.may_run(state, &run) } else { Ok(()) };
        let done = asking::take(desk, &request, door, row, may_run)?;
        if !approved {
            return Err(
                Error::new(Exit::No, asking::told(&request)).hint(format!("logbook show {}", shell_word(&name)))
            );
        }
        print_rows(desk.print, &done.drafts, &done.stored, door)?;
        return Ok(begun(desk.writer(door)?, terms));
    }
    let drafts = desk.draft(&row("call.intent", &action)?, door)?;
    let mut writer = desk.writer(door)?;
    let stored = writer.append_if(&drafts, OnRefused::Abort, &mut |state| args.may_run(state, &run)).all()?;
    writer.sync()?;
    print_rows(desk.print, &drafts, &stored, door)?;
    Ok(begun(writer, terms))
}

/// The call as the flags describe it, else its contract.
fn described(args: &Exec, terms: Option<&Terms>, arguments: &Arguments) -> Result<Described> {
    let mut described = args.described.clone();
    if let Some(terms) = terms {
        let contract = &terms.contract;
        described.side_effect = described.side_effect.or_else(|| contract.side_effect.clone());
        if !described.irreversible && !described.reversible {
            described.irreversible = contract.reversible == Some(false);
            described.reversible = contract.reversible == Some(true);
        }
        if described.impact.is_none() {
            described.impact = terms.impact(&arguments.json)?;
        }
    }
    described.side_effect.get_or_insert_with(|| "exec".to_owned());
    Ok(described)
}

/// The row that rules are asked about: they see what is called, however much of it is kept.
fn asked(args: &Exec, arguments: &Arguments, intent: &Pairs) -> Result<Vec<u8>> {
    if args.described.keep() != Keep::Digest {
        return Ok(intent.object());
    }
    let mut whole = Pairs::new();
    whole.join(intent)?;
    whole.json("tool_call.args", &arguments.json)?;
    Ok(whole.object())
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
                    pairs.json("tool_call.result", &captured.json())?;
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
        if let (Some(terms), Ok(outcome)) = (&self.terms, outcome)
            && let Some(fault) = terms.broken_by(outcome)
        {
            let mut pairs = Pairs::new();
            let action = format!("policy: the tool broke contract {}", terms.name);
            let texts = [("run_id", &*self.run), ("kind", "policy.decision"), ("action", &action)];
            texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
            terms.blame(&mut pairs, "tool", &fault)?;
            pairs.text("tool_call.id", &self.id)?;
            pairs.text("tool_call.tool", &self.tool)?;
            let drafts = self.desk.draft(&pairs, door)?;
            self.writer.append(&drafts, OnRefused::Abort).all()?;
        }
        self.writer.sync()
    }
}
