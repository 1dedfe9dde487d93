//! `logbook verify`: check that sealed segments are unchanged.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cmd::Door;
use crate::cmd::keep::checks::false_cache;
use logbook_format::manifest;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::safe;
use logbook_store::os_real::REAL;
use logbook_store::{Purpose, locate};
use logbook_verify::{self as verify, DeletedSegment, Finding, HeadVerdict, Verdict};

pub const EXAMPLES: &str = "\
  logbook verify
  logbook verify --head \"$(tail -n 1 ../heads.txt)\"";

#[derive(Debug, clap::Args)]
pub struct Verify {
    /// Check that all rows covered by this head are unchanged
    #[arg(long, value_name = "SEGMENT:BYTES:SHA256")]
    head: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn run(args: Verify, door: &mut Door<'_>) -> Result<Exit> {
    let head = match &args.head {
        None => None,
        Some(text) => Some(manifest::Head::parse(text).ok_or_else(|| {
            Error::usage(format!("{text:?} is not a head: SEGMENT:BYTES:SHA256")).hint("logbook head prints one")
        })?),
    };
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let mut verdict = verify::verify(&REAL, &location.path, head.as_ref(), &mut |name| {
        door.progress.on(format!("verifying {name}"));
    })?;
    door.progress.on("verifying cache/");
    let files = false_cache::find(&location.path)?.into_iter();
    verdict.find(files.map(|file| Finding::new(None, file.path(), 0, file.what())).collect());
    match args.json {
        true => door.out.json(format!("{}\n", as_json(&verdict)).as_bytes())?,
        false => door.out.text(&as_lines(&verdict))?,
    }
    match (verdict.findings.is_empty(), &verdict.head) {
        (true, Some(HeadVerdict::Unchecked(_))) => {
            return Err(Error::new(Exit::No, "nothing is broken, but the head cannot be checked")
                .hint("logbook verify --head HEAD   # one that was taken later"));
        }
        (true, _) => return Ok(Exit::Done),
        (false, _) => {}
    }
    let (count, s) = (verdict.findings.len(), if verdict.findings.len() == 1 { "" } else { "s" });
    Err(Error::new(Exit::Damaged, format!("{count} finding{s}: this is not what was written"))
        .hint("keep a copy of the directory as it is; an archive or a backup may hold what is missing"))
}

fn as_lines(verdict: &Verdict) -> String {
    let s = |count: usize| if count == 1 { "" } else { "s" };
    let mut lines = Vec::new();
    let place = |finding: &Finding| {
        safe::escape(&format!("{}: byte {}: {}", finding.file, finding.at, finding.what)).into_owned()
    };
    lines.extend(verdict.findings.iter().map(|finding| format!("broken     {}", place(finding))));
    lines.extend(verdict.notes.iter().map(|finding| format!("note       {}", place(finding))));
    lines.push(format!(
        "proved     {} sealed segment{}, {} rows, {} bytes",
        verdict.proved,
        s(verdict.proved),
        verdict.rows,
        verdict.bytes
    ));
    if !verdict.deleted.is_empty() {
        let count = verdict.deleted.len();
        lines.push(format!("deleted    {count} segment{}, with a receipt", s(count)));
    }
    if let Some(first) = verdict.uncovered.first() {
        let count = verdict.uncovered.len();
        lines.push(format!("uncovered  {count} sealed segment{} from {first} on; logbook head covers them", s(count)));
    }
    if let Some((name, bytes)) = &verdict.active {
        lines.push(format!("active     {name}, {bytes} bytes, not sealed"));
    }
    lines.push(format!("head       {}", safe::escape(&head_line(verdict))));
    lines.join("\n") + "\n"
}

/// The verdict on the given head. No head behind a break holds.
fn head_line(verdict: &Verdict) -> String {
    match &verdict.head {
        None => "none given: a chain that was rebuilt would look the same".to_owned(),
        Some(HeadVerdict::Holds) => "holds: nothing up to it was changed or cut".to_owned(),
        Some(HeadVerdict::Broken) => "does not hold".to_owned(),
        Some(HeadVerdict::Doubted) => "is one of this logbook, but see above what is broken".to_owned(),
        Some(HeadVerdict::Unchecked(gone)) => {
            format!("cannot be checked: its segment is gone, deleted by {}; a later head can be", gone.receipt)
        }
        Some(HeadVerdict::Gone(gone)) => {
            let rows: u64 = gone.iter().map(|gone| gone.rows).sum();
            let mut receipts: Vec<&str> = gone.iter().map(|gone| gone.receipt.as_str()).collect();
            receipts.dedup();
            let (count, s) = (gone.len(), if gone.len() == 1 { "" } else { "s" });
            let which = match &gone[..] {
                [one] => one.segment.clone(),
                [first, .., last] => format!("{} to {}", first.segment, last.segment),
                [] => String::new(),
            };
            let by = receipts.join(", ");
            format!(
                "{count} segment{s} of {rows} rows that it vouches for, {which}, {} gone: deleted since, by {by}; the rest was not changed or cut",
                if count == 1 { "is" } else { "are" }
            )
        }
    }
}

fn as_json(verdict: &Verdict) -> Value {
    let list = |findings: &[Finding]| -> Vec<Value> {
        findings.iter().map(|it| json!({ "file": it.file, "offset": it.at, "what": it.what })).collect()
    };
    let active = verdict.active.as_ref().map(|(name, bytes)| json!({ "segment": name, "bytes": bytes }));
    let gone: &[DeletedSegment] = match &verdict.head {
        Some(HeadVerdict::Gone(gone)) => gone,
        Some(HeadVerdict::Unchecked(own)) => std::slice::from_ref(own),
        _ => &[],
    };
    let gone: Vec<Value> =
        gone.iter().map(|it| json!({ "segment": it.segment, "rows": it.rows, "receipt": it.receipt })).collect();
    json!({
        "findings": list(&verdict.findings),
        "notes": list(&verdict.notes),
        "proved": { "segments": verdict.proved, "rows": verdict.rows, "bytes": verdict.bytes },
        "deleted_segments": verdict.deleted.len(),
        "uncovered": verdict.uncovered,
        "active": active,
        "head": verdict.head.as_ref().map(|head| *head == HeadVerdict::Holds),
        "gone": gone,
    })
}
