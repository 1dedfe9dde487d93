//! `logbook append`: one row from flags, fields or JSON, or many from stdin.

use crate::cmd::Door;
use crate::cmd::log::append_batch;
use crate::cmd::shared::calling::breach;
use crate::cmd::shared::writing::{Print, Writing, print_rows, warn_of_new_words};
use logbook_format::draft::pairs::Pairs;
use logbook_format::{Drafts, Rules};
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Vocabulary, names};
use logbook_store::Purpose;
use logbook_store::append::OnRefused;

pub const EXAMPLES: &str = "\
  logbook append -r r-88 -p act -a 'run test suite' -s in-progress --next 'inspect failures'
  logbook append -r r-88 -a 'call bash' tool_call.tool=bash tool_call.side_effect=exec cost_usd=0.12 'tags:=[\"ci\"]'
  jq -c '.[]' rows.json | logbook append -";

#[derive(Debug, Default, clap::Args)]
pub struct Append {
    /// The row: '{…}', fields as key=value or key:=json, or - for JSONL from stdin
    #[arg(value_name = "ROW|FIELD|-", allow_hyphen_values = false)]
    pub args: Vec<String>,
    /// The run this step belongs to [env: LOGBOOK_RUN]
    #[arg(short, long, value_name = "RUN")]
    pub run: Option<String>,
    /// plan, gather, act, verify or report
    #[arg(short, long, value_name = "PHASE")]
    pub phase: Option<String>,
    /// What was done, a short verb phrase
    #[arg(short, long, value_name = "TEXT")]
    pub action: Option<String>,
    /// in-progress, done, blocked or failed
    #[arg(short, long, value_name = "STATUS")]
    pub status: Option<String>,
    /// What comes next
    #[arg(long, alias = "next-intent", value_name = "TEXT")]
    pub next: Option<String>,
    /// What the run waits for (with -s blocked)
    #[arg(long, value_name = "TEXT")]
    pub blocked_on: Option<String>,
    /// File, URL or tool output produced
    #[arg(long, alias = "artifact-ref", value_name = "REF")]
    pub artifact: Option<String>,
    /// A step of your own, higher than the run's last
    #[arg(long, value_name = "N")]
    pub step: Option<String>,
    /// When it happened, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub timestamp: Option<String>,
    /// Idempotency key: a row with this id is stored once
    #[arg(long, value_name = "KEY")]
    pub id: Option<String>,
    /// Kind of row [default: a plain step]
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// With -: stop at a bad row, skip it, or abort before storing any
    #[arg(long, value_name = "WHAT")]
    pub on_error: Option<String>,
    /// Store words that config.toml does not declare, with a warning
    #[arg(long)]
    pub new_words: bool,
    #[command(flatten)]
    pub writing: Writing,
}

pub fn run(args: Append, door: &mut Door<'_>) -> Result<Exit> {
    let result = append(&args, door);
    args.writing.apply_best_effort(result, door)
}

fn append(args: &Append, door: &mut Door<'_>) -> Result<Exit> {
    let on_refused = match args.on_error.as_deref() {
        None | Some("stop") => OnRefused::Stop,
        Some("skip") => OnRefused::Skip,
        Some("abort") => OnRefused::Abort,
        Some(word) => {
            return Err(
                Error::usage(format!("unknown --on-error {word:?}")).hint("on-error is one of: stop, skip, abort")
            );
        }
    };
    let batch = args.args.iter().any(|argument| argument == "-");
    let text = if batch { refuse_beside_stdin(args).map(|()| None)? } else { Some(row_text(args)?) };

    let logbook = args.writing.open(door, Purpose::Write)?;
    let flag_run = args.run.as_deref().filter(|_| batch).map(|run| logbook.as_stored("run_id", run)).transpose()?;
    let rules = logbook.rules();
    let declared = rules.vocabulary;
    let open = args.new_words.then(|| Vocabulary { takes_new: true, ..declared.clone() });
    let vocabulary = open.as_ref().unwrap_or(declared);
    let rules = Rules { vocabulary, run_id: flag_run.as_deref().or(rules.run_id), own: false, ..rules };
    let Some(text) = text else {
        return append_batch::run(append_batch::Job { logbook: &logbook, rules, on_refused }, door);
    };

    let mut drafts = Drafts::new();
    let now = (door.clock)();
    let timestamp = now.to_utc_ms();
    drafts.push(&text, &rules, &timestamp, None)?;
    let breach =
        breach::push(&mut breach::contracts_of(&logbook, now, &mut door.err), &text, &mut drafts, &rules, &timestamp);
    logbook.note_redactions(&mut door.err);
    let stored = logbook.store(&drafts, door, |_| Ok(()))?;
    // A person at a terminal sees the id without asking for it.
    let print = if logbook.print == Print::Nothing && door.out.is_terminal() { Print::Id } else { logbook.print };
    warn_of_new_words(&drafts, &mut door.err);
    print_rows(print, &drafts, &stored[..stored.len().min(1)], door)?;
    breach.into_iter().for_each(|fault| door.note(format_args!("stored, but {fault}")));
    if let Some(warning) = misspelled_field(args) {
        door.warn(&warning);
    }
    Ok(Exit::Done)
}

/// The flags that are fields of the row.
fn flags(args: &Append) -> [(&'static str, &Option<String>); 10] {
    [
        ("run_id", &args.run),
        ("step", &args.step),
        ("timestamp", &args.timestamp),
        ("kind", &args.kind),
        ("phase", &args.phase),
        ("action", &args.action),
        ("status", &args.status),
        ("artifact_ref", &args.artifact),
        ("next_intent", &args.next),
        ("blocked_on", &args.blocked_on),
    ]
}

/// With `-`, refuses every flag of a row but `-r`, which is the run of rows that name none.
fn refuse_beside_stdin(args: &Append) -> Result<()> {
    if args.args.len() > 1 {
        return Err(Error::usage("rows come from stdin (-) or from arguments, not from both"));
    }
    match flags(args).iter().skip(1).chain(&[("id", &args.id)]).find(|(_, value)| value.is_some()) {
        Some((name, _)) => Err(Error::usage(format!("{name} is given as a flag, but the rows come from stdin"))
            .hint(format!("give each row its own: jq -c '.{name}=\"…\"' | logbook append -"))),
        None => Ok(()),
    }
}

/// The warning about a payload field one letter away from an envelope field.
fn misspelled_field(args: &Append) -> Option<Error> {
    let keys =
        args.args.iter().filter(|argument| !argument.starts_with('{')).filter_map(|argument| argument.split_once('='));
    keys.map(|(key, _)| key.trim_end_matches(':')).filter(|key| !names::is_standard(key)).find_map(|key| {
        let near = names::ENVELOPE.iter().find(|name| strsim::damerau_levenshtein(key, name) == 1)?;
        let warning = Error::usage(format!("{key} is stored as a field of your own; {near} was not set"));
        Some(warning.hint(format!("if {near} was meant: logbook append … {near}=…")))
    })
}

/// The row that flags and arguments give, as JSON.
fn row_text(args: &Append) -> Result<Vec<u8>> {
    let mut pairs = Pairs::new();
    pairs.known(flags(args).into_iter().chain([("id", &args.id)]).map(|(name, value)| (name, value.as_deref())))?;
    let mut given: Option<&str> = None;
    for argument in &args.args {
        if argument.trim_start().starts_with('{') {
            if given.replace(argument).is_some() {
                return Err(Error::usage("two rows are given as arguments")
                    .hint("for many rows: printf '%s\\n' '{…}' '{…}' | logbook append -"));
            }
        } else if argument.trim_start().starts_with('[')
            && json::validate(argument.as_bytes(), json::Limits::GRAMMAR).is_ok()
        {
            return Err(Error::usage("a row is a JSON object, not an array")
                .hint("for many rows: jq -c '.[]' FILE | logbook append -"));
        } else {
            pairs.argument(argument)?;
        }
    }
    match given {
        None if pairs.is_empty() => Err(Error::usage("nothing to append")
            .hint("logbook append -r RUN -a 'what was done' -s in-progress; or '{…}'; or - for rows from stdin")),
        None => Ok(pairs.object()),
        Some(text) if pairs.is_empty() => Ok(text.as_bytes().to_vec()),
        Some(text) => join(text.as_bytes(), &pairs),
    }
}

/// The row `text` with the fields of `pairs`; a field in both becomes a duplicate member.
fn join(text: &[u8], pairs: &Pairs) -> Result<Vec<u8>> {
    // Validated alone first, so that line and column are those of the argument.
    if let Err(fault) = json::validate(text, json::Limits::GRAMMAR) {
        let (line, column) = json::validate::line_column(text, fault.at);
        return Err(Error::usage(format!("line {line}, column {column}: {fault}")));
    }
    let text = json::trim(text);
    let inner = json::trim(&text[1..text.len() - 1]);
    let mut joined = pairs.object();
    if !inner.is_empty() {
        joined.pop();
        joined.push(b',');
        joined.extend_from_slice(inner);
        joined.push(b'}');
    }
    Ok(joined)
}
