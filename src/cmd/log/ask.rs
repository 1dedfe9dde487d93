//! `logbook ask 'what'`: ask a person for approval, and with `--wait` wait for the decision.

use std::ffi::OsString;

use crate::cmd::Door;
use crate::cmd::shared::calling::approval::{self, Question};
use crate::cmd::shared::calling::{Arguments, Described};
use crate::cmd::shared::writing::{OfRun, Print, Writing, print_line, print_rows};
use logbook_format::draft::pairs::Pairs;
use logbook_format::rows;
use logbook_json as json;
use logbook_model::Verdict;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::wait_ms;
use logbook_render::safe::escape;
use logbook_store::Purpose;

pub const EXAMPLES: &str = "\
  logbook ask 'merge the migration' --wait --timeout 100s && git merge migration
  logbook ask 'delete 300 accounts' --impact 300 --irreversible --expires 2h";

#[derive(Debug, Default, clap::Args)]
pub struct Ask {
    /// What is asked for
    #[arg(value_name = "WHAT")]
    what: String,
    #[command(flatten)]
    of: OfRun,
    /// SHA-256 of the arguments, which the decision is bound to: printf '%s\0' CMD ARGS… |
    /// sha256sum
    #[arg(long, value_name = "DIGITS")]
    args_sha256: Option<String>,
    /// Expire after this time, such as 2h or 1h30m; at most 3650d
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Wait for the decision: exit 0 approved, 1 denied or expired, 6 not decided yet
    #[arg(long)]
    wait: bool,
    /// Wait at most this long, such as 100s; ask the same again to go on waiting
    #[arg(long, value_name = "TIME", requires = "wait")]
    timeout: Option<String>,
    /// The command to ask about; it is shown, and the decision is bound to it
    #[arg(value_name = "CMD", last = true)]
    command: Vec<OsString>,
    #[command(flatten)]
    described: Described,
    #[command(flatten)]
    writing: Writing,
}

pub fn run(args: Ask, door: &mut Door<'_>) -> Result<Exit> {
    let result = ask(&args, door);
    // A request that was not stored is not approved, so best effort does not count here.
    if args.wait { result } else { args.writing.apply_best_effort(result, door) }
}

/// The call that the request is about. If its arguments are given, a digest given too must match
/// them.
fn call(args: &Ask, digest: Option<&str>) -> Result<Pairs> {
    let mut call = Pairs::new();
    args.described.describe_circumstances(&mut call)?;
    if let Some(tool) = &args.described.tool {
        call.text("tool_call.tool", tool)?;
    }
    let arguments = match args.command.as_slice() {
        [] => arguments_of_fields(&call.object())?,
        command => {
            let arguments = Arguments::of_command(command);
            call.json("tool_call.args", &arguments.json)?;
            Some(arguments)
        }
    };
    match (digest, &arguments) {
        (Some(digest), Some(arguments)) if arguments.sha256 != digest => {
            return Err(Error::usage(format!(
                "--args-sha256 is not the digest of the arguments shown: {}",
                arguments.sha256
            ))
            .hint("leave it out: it is computed from the arguments"));
        }
        (None, None) => {}
        (given, arguments) => {
            let digest = given.or(arguments.as_ref().map(|arguments| arguments.sha256.as_str()));
            call.text("tool_call.args_sha256", digest.unwrap_or_default())?;
        }
    }
    Ok(call)
}

/// The arguments that `--field tool_call.args:=…` gives.
fn arguments_of_fields(call: &[u8]) -> Result<Option<Arguments>> {
    let mut outer = Vec::new();
    let mut inner = Vec::new();
    // This program wrote the text, so it can be read.
    let args = json::pick(call, &["tool_call"], &mut outer).ok().and_then(|()| {
        json::pick(outer[0]?, &["args"], &mut inner).ok()?;
        inner[0]
    });
    let Some(args) = args.filter(|args| *args != b"null") else { return Ok(None) };
    let text = String::from_utf8_lossy(args);
    let words: Option<Vec<String>> = serde_json::from_str(&text).ok();
    Ok(Some(match words {
        Some(words) => Arguments {
            json: text.into_owned(),
            ..Arguments::of_command(&words.into_iter().map(OsString::from).collect::<Vec<_>>())
        },
        None => Arguments::of_json(&text)?,
    }))
}

fn ask(args: &Ask, door: &mut Door<'_>) -> Result<Exit> {
    let run = args.of.name(door)?;
    if args.what.trim().is_empty() {
        return Err(Error::usage("nothing is asked for").hint("logbook ask 'merge the migration' --wait"));
    }
    let digest = args.args_sha256.as_deref();
    if let Some(digits) = digest
        && !(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)))
    {
        return Err(Error::usage("--args-sha256 takes 64 hexadecimal digits in lower case")
            .hint("printf '%s\\0' CMD ARGS… | sha256sum"));
    }
    let expires_ms = args.expires.as_deref().map(|text| wait_ms("--expires", text)).transpose()?;
    let timeout_ms = args.timeout.as_deref().map(|text| wait_ms("--timeout", text)).transpose()?;
    let call = call(args, digest)?;
    let logbook = args.writing.open(door, Purpose::Write)?;
    let run = logbook.as_stored("run_id", &run)?;
    let question = Question { run: &run, action: &args.what, call: &call, rule: &Pairs::new(), expires_ms };
    let (name, appended) = question.store_or_join(&logbook, door)?;
    if !args.wait {
        match (&logbook.print, &appended) {
            (Print::Row, Some(appended)) => print_rows(logbook.print, &appended.drafts, &appended.stored, door)?,
            _ => print_line(&name, door)?,
        }
        return Ok(Exit::Done);
    }
    let Some(request) = approval::wait(&logbook, &run, &name, timeout_ms, door)? else {
        let hint = format!(
            "ask the same again to go on waiting; a person decides with: logbook approve {}",
            approval::shell_name(&name)
        );
        door.warn(&Error::new(Exit::Undecided, format!("{name} is not decided yet")).hint(hint));
        return Ok(Exit::Undecided);
    };
    let row = || rows::note(&run, &format!("was told: {}", approval::summary(&request)));
    approval::act_on_decision(&logbook, &request, door, row, |_| Ok(()))?;
    print_line(&escape(&approval::summary(&request)), door)?;
    let approved = request.decision.is_some_and(|decision| decision.verdict == Verdict::Approved);
    Ok(if approved { Exit::Done } else { Exit::No })
}
