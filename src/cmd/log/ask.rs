//! `logbook ask 'what'`: asks a person for approval, and with --wait waits for it.

use crate::cmd::Door;
use crate::cmd::calling::Described;
use crate::cmd::calling::asking::{self, Question};
use crate::cmd::writing::{OfRun, Print, Writing, print_rows, say};
use crate::error::{Error, Exit, Result};
use crate::format::draft::pairs::Pairs;
use crate::store::Purpose;
use crate::store::config::duration_ms;
use crate::view::approvals::Verdict;

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook ask 'merge the migration' --wait --timeout 100s && git merge migration
  logbook ask 'delete 300 accounts' --impact 300 --irreversible --expires 2h";

/// Arguments of `ask`.
#[derive(Debug, Default, clap::Args)]
pub struct Ask {
    /// What is asked for
    #[arg(value_name = "WHAT")]
    what: String,
    #[command(flatten)]
    of: OfRun,
    /// The SHA-256 of the arguments that a decision is bound to: printf '%s\0' CMD ARGS… | sha256sum
    #[arg(long, value_name = "DIGITS")]
    args_sha256: Option<String>,
    /// No decision counts after this time, such as 2h
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Wait for the decision: exit 0 approved, 1 denied or expired, 6 not decided yet
    #[arg(long)]
    wait: bool,
    /// Wait at most this long, such as 100s; asking the same again goes on waiting
    #[arg(long, value_name = "TIME", requires = "wait")]
    timeout: Option<String>,
    #[command(flatten)]
    described: Described,
    #[command(flatten)]
    writing: Writing,
}

/// `logbook ask`
pub fn run(args: Ask, door: &mut Door<'_>) -> Result<Exit> {
    let result = ask(&args, door);
    // What was not asked is not approved, and so no effort is good enough.
    if args.wait { result } else { args.writing.ended(result, door) }
}

fn ask(args: &Ask, door: &mut Door<'_>) -> Result<Exit> {
    let run = args.of.name(door)?;
    if args.what.trim().is_empty() {
        return Err(Error::usage("what is asked for?").hint("logbook ask 'merge the migration' --wait"));
    }
    let digest = args.args_sha256.as_deref();
    if let Some(digits) = digest
        && !(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)))
    {
        return Err(Error::usage("--args-sha256 takes 64 hexadecimal digits in lower case")
            .hint("printf '%s\\0' CMD ARGS… | sha256sum"));
    }
    let expires_ms = args.expires.as_deref().map(duration_ms).transpose()?;
    let timeout_ms = args.timeout.as_deref().map(duration_ms).transpose()?;
    let mut beside = Pairs::new();
    args.described.say(&mut beside)?;
    if let Some(digest) = digest {
        beside.text("tool_call.args_sha256", digest)?;
    }
    if let Some(tool) = &args.described.tool {
        beside.text("tool_call.tool", tool)?;
    }
    let desk = args.writing.desk(door, Purpose::Write)?;
    let run = desk.as_stored("run_id", &run)?;
    let question = Question { run: &run, action: &args.what, args_sha256: digest, expires_ms, beside: &beside };
    let (name, done) = question.put(&desk, door)?;
    if !args.wait {
        match (&desk.print, &done) {
            (Print::Row, Some(done)) => print_rows(desk.print, &done.drafts, &done.stored, door)?,
            _ => say(format!("{name}\n").as_bytes(), door)?,
        }
        return Ok(Exit::Done);
    }
    let Some(request) = asking::wait(&desk, &run, &name, timeout_ms, door)? else {
        door.note(format_args!("{name} is not decided yet\nhint: ask the same again to go on waiting; a person decides with: logbook approve {name}"));
        return Ok(Exit::Undecided);
    };
    let row = || {
        let mut pairs = Pairs::new();
        let action = format!("was told: {}", asking::told(&request));
        let texts = [("run_id", &*run), ("kind", "note"), ("action", &action)];
        texts.into_iter().try_for_each(|(name, value)| pairs.text(name, value))?;
        Ok(pairs)
    };
    asking::take(&desk, &request, door, row, |_| Ok(()))?;
    say(format!("{}\n", asking::told(&request)).as_bytes(), door)?;
    let approved = request.decision.is_some_and(|decision| decision.verdict == Verdict::Approved);
    Ok(if approved { Exit::Done } else { Exit::No })
}
