//! `logbook start`: begin a run, with what is known about it, and print its id.

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::shared::writing::{Appended, OpenLogbook, Print, Writing, new_id, print_line, print_rows};
use logbook_format::digest::sha256_hex;
use logbook_format::draft::pairs::{Pairs, shell_word};
use logbook_format::rows;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Kind, run_id};
use logbook_store::{Purpose, may_have_ended, named};

pub const EXAMPLES: &str = "\
  eval \"$(logbook start --export --task 'migrate the schema' --owner maria --agent coder-1)\"
  logbook start r-88 --task 'nightly tests' --model claude-sonnet-4 --tool bash --tool edit ticket=OPS-12";

#[derive(Debug, Default, clap::Args)]
pub struct Start {
    /// An id for the run [default: a generated one], then fields as key=value or key:=json
    #[arg(value_name = "RUN|FIELD")]
    words: Vec<String>,
    /// Resume this run, which has ended or paused
    #[arg(long, value_name = "RUN")]
    resume: Option<String>,
    /// What the run is for
    #[arg(long, value_name = "TEXT")]
    task: Option<String>,
    /// Who asked for it
    #[arg(long, value_name = "WHO")]
    requester: Option<String>,
    /// Who is responsible for it
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    /// The agent [env: LOGBOOK_AGENT]
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// The agent's version
    #[arg(long, value_name = "V")]
    agent_version: Option<String>,
    /// The model
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Version of the prompt
    #[arg(long, value_name = "V", conflicts_with = "prompt_file")]
    prompt_version: Option<String>,
    /// The prompt, whose SHA-256 becomes its version
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<PathBuf>,
    /// A tool that the agent may call; repeatable
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// A permission of the agent; repeatable
    #[arg(long, value_name = "WHAT")]
    permission: Vec<String>,
    /// An input: file, URL or row; repeatable
    #[arg(long, value_name = "REF")]
    input: Vec<String>,
    /// The run that this is part of [default: LOGBOOK_RUN]
    #[arg(long, value_name = "RUN|none")]
    parent: Option<String>,
    /// The turn of a conversation
    #[arg(long, value_name = "ID")]
    turn: Option<String>,
    /// Evidence for it; repeatable
    #[arg(long, value_name = "REF")]
    evidence: Vec<String>,
    /// Print lines for eval that set LOGBOOK_RUN, _DIR and, with --agent, _AGENT
    #[arg(long)]
    export: bool,
    #[command(flatten)]
    writing: Writing,
}

/// How many generated ids are tried. There are 1,024 ids per second, so this many collisions in a
/// row mean that they are used up.
const TRIES_MAX: usize = 256;

pub fn run(args: Start, door: &mut Door<'_>) -> Result<Exit> {
    let result = start(&args, door);
    args.writing.apply_best_effort(result, door)
}

fn start(args: &Start, door: &mut Door<'_>) -> Result<Exit> {
    let (id, fields) = match args.words.split_first() {
        Some((first, rest)) if !first.contains('=') => (Some(first.as_str()), rest),
        _ => (None, &args.words[..]),
    };
    let logbook = args.writing.open(door, Purpose::Write)?;
    let parent = parent(args, &logbook, door);
    let new = New { args, fields, parent: parent.as_deref() };
    let Begun { run, appended } = match id {
        _ if args.resume.is_some() => resume(&new, id, &logbook, door)?,
        Some(id) => {
            if let Some(fault) = run_id::fault(id) {
                return Err(Error::usage(fault));
            }
            let id = &*logbook.as_stored("run_id", id)?;
            let drafts = logbook.draft(&row(&new, id, "start", door)?, door)?;
            let stored = logbook.store(&drafts, door, |state| match state.has_run(id)? {
                true => Err(Error::usage(format!("run {id:?} has rows already")).hint(format!(
                    "logbook append -r {0} … goes on with it; logbook start --resume {0} begins it again",
                    shell_word(id)
                ))),
                false => Ok(()),
            })?;
            Begun { run: id.to_owned(), appended: Appended { drafts, stored } }
        }
        None => begin_with_new_id(&new, &logbook, door)?,
    };
    if args.export {
        exports(args, &run, &logbook, door)?.iter().try_for_each(|line| print_line(line, door))?;
        return Ok(Exit::Done);
    }
    match logbook.print {
        Print::Nothing => print_line(&run, door)?,
        print => print_rows(print, &appended.drafts, &appended.stored, door)?,
    }
    Ok(Exit::Done)
}

/// The run to begin.
struct New<'a> {
    args: &'a Start,
    fields: &'a [String],
    parent: Option<&'a str>,
}

/// A run that was begun, and its row.
struct Begun {
    run: String,
    appended: Appended,
}

/// The parent of the new run. A parent that is only inherited and has ended does not count.
fn parent(args: &Start, logbook: &OpenLogbook, door: &mut Door<'_>) -> Option<String> {
    if let Some(parent) = &args.parent {
        return Some(parent.clone()).filter(|parent| parent != "none");
    }
    let parent = door.env.var("LOGBOOK_RUN").filter(|_| args.resume.is_none())?.to_owned();
    let run = logbook.as_stored("run_id", &parent).ok()?;
    // `cache/` is asked first, since most runs go on.
    let may_have_ended = logbook.location.exists && may_have_ended(&logbook.location.path, &run).unwrap_or(true);
    let Some(end) = may_have_ended.then(|| logbook.end_of_run(&run, door)).flatten() else { return Some(parent) };
    let what = format!("LOGBOOK_RUN names {run:?}, which ended with {end}: the new run is not part of it");
    door.warn(&Error::usage(what).hint(format!("logbook start --parent {}   # if it is", shell_word(&run))));
    None
}

/// Appends the row that resumes a run which ended or paused.
fn resume(new: &New<'_>, id: Option<&str>, logbook: &OpenLogbook, door: &mut Door<'_>) -> Result<Begun> {
    let run = new.args.resume.as_deref().unwrap_or_default();
    if let Some(other) = id.filter(|id| *id != run) {
        return Err(Error::usage(format!("--resume {run}: the run keeps its name and cannot be called {other:?}"))
            .hint(format!("logbook start --resume {}", shell_word(run))));
    }
    let run = &*logbook.as_stored("run_id", run)?;
    let pairs = row(new, run, "resume", door)?;
    let appended = logbook.store_from_run(run, door, |course| {
        match course.standing().filter(|standing| standing.kind == Kind::RunEnd) {
            Some(_) => Ok(pairs.clone()),
            None => Err(Error::usage(format!("run {run:?} has not ended: there is nothing to begin again"))
                .hint(format!("logbook append -r {} …   # goes on with it", shell_word(run)))),
        }
    })?;
    Ok(Begun { run: run.to_owned(), appended })
}

/// Appends the row under a generated id that no other run has.
fn begin_with_new_id(new: &New<'_>, logbook: &OpenLogbook, door: &mut Door<'_>) -> Result<Begun> {
    for _ in 0..TRIES_MAX {
        let id = new_id::run_id((door.clock)())?;
        let drafts = logbook.draft(&row(new, &id, "start", door)?, door)?;
        let mut taken = false;
        let stored = logbook.store(&drafts, door, |state| {
            taken = state.has_run(&id)?;
            if taken { Err(Error::io(format!("the id {id} is taken"))) } else { Ok(()) }
        });
        if !taken {
            return Ok(Begun { run: id, appended: Appended { drafts, stored: stored? } });
        }
    }
    Err(Error::io("too many runs were begun in this second").hint("name the run yourself: logbook start RUN"))
}

fn row(new: &New<'_>, run: &str, action: &str, door: &Door<'_>) -> Result<Pairs> {
    let &New { args, fields, parent } = new;
    let mut pairs = rows::start(run, action)?;
    let prompt = match &args.prompt_file {
        Some(path) => Some(prompt_digest(path, door)?),
        None => args.prompt_version.clone(),
    };
    let texts = [
        ("agent_id", &args.agent),
        ("agent_version", &args.agent_version),
        ("task", &args.task),
        ("requester", &args.requester),
        ("owner", &args.owner),
        ("model", &args.model),
        ("prompt_version", &prompt),
        ("turn_id", &args.turn),
    ];
    pairs.known(texts.map(|(name, value)| (name, value.as_deref())))?;
    match parent {
        Some(parent) if parent == run => {
            return Err(Error::usage(format!("run {run:?} cannot be its own parent"))
                .hint("--parent none begins a run that is part of no other"));
        }
        Some(parent) => pairs.text("parent_run_id", parent)?,
        None => {}
    }
    let lists = [
        ("tools_available", &args.tool),
        ("permissions", &args.permission),
        ("input_refs", &args.input),
        ("evidence", &args.evidence),
    ];
    for (name, values) in lists {
        if !values.is_empty() {
            pairs.texts(name, values)?;
        }
    }
    if let Some((trace, span)) = trace(door) {
        pairs.text("trace_id", trace)?;
        pairs.text("span_id", span)?;
    }
    fields.iter().try_for_each(|field| pairs.argument(field))?;
    Ok(pairs)
}

/// `sha256:` and the digest of the prompt file.
fn prompt_digest(path: &std::path::Path, door: &Door<'_>) -> Result<String> {
    let path = door.env.cwd.join(path);
    let bytes = named::read(&path, named::PROMPT_BYTES_MAX)
        .map_err(|error| Error::io(format!("{}: {error}", path.display())))?;
    Ok(format!("sha256:{}", sha256_hex(&bytes)))
}

/// Trace id and span id of `TRACEPARENT` (W3C Trace Context: `00-TRACE-SPAN-FLAGS`).
fn trace<'d>(door: &'d Door<'_>) -> Option<(&'d str, &'d str)> {
    let parts: Vec<&str> = door.env.var("TRACEPARENT")?.split('-').collect();
    let is_hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
            && text.bytes().any(|byte| byte != b'0')
    };
    match parts[..] {
        [_, trace, span, _, ..] if is_hex(trace, 32) && is_hex(span, 16) => Some((trace, span)),
        _ => None,
    }
}

/// Lines for `eval` that set the run of the commands that follow.
fn exports(args: &Start, run: &str, logbook: &OpenLogbook, door: &Door<'_>) -> Result<Vec<String>> {
    let directory = std::path::absolute(&logbook.location.path).map_err(|error| Error::io(error.to_string()))?;
    let directory = directory.to_str().ok_or_else(|| Error::io("the logbook's path is not UTF-8"))?;
    let variables = [
        ("LOGBOOK_RUN", Some(run)),
        ("LOGBOOK_DIR", Some(directory)),
        ("LOGBOOK_AGENT", args.agent.as_deref()),
        ("TRACEPARENT", trace(door).and(door.env.var("TRACEPARENT"))),
    ];
    let set = variables.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    Ok(set.map(|(name, value)| format!("export {name}={}", shell_word(value))).collect())
}
