//! `logbook verify`: is everything that was sealed still what it was?

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cmd::Door;
use crate::cmd::keep::progress::Progress;
use crate::error::{Error, Exit, Result};
use crate::format::manifest;
use crate::render::safe;
use crate::store::os_real::REAL;
use crate::store::{Purpose, locate};
use crate::verify::{self, Finding, Verdict};

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook verify
  logbook verify --head \"$(tail -n 1 ../heads.txt)\"";

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// A head that was kept elsewhere: nothing up to it was changed or cut
    #[arg(long, value_name = "SEGMENT:BYTES:SHA256")]
    head: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// `logbook verify`
pub fn run(args: Verify, door: &mut Door<'_>) -> Result<Exit> {
    let head = match &args.head {
        None => None,
        Some(text) => Some(manifest::Head::parse(text).ok_or_else(|| {
            Error::usage(format!("{text:?} is no head: SEGMENT:BYTES:SHA256")).hint("logbook head prints one")
        })?),
    };
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let mut progress = Progress::new(door, 0);
    let verdict = verify::verify(&REAL, &location.path, head.as_ref(), &mut |name| {
        progress.on(format!("verifying {name}"));
    })?;
    drop(progress);
    match args.json {
        true => door.out.json(format!("{}\n", as_json(&verdict)).as_bytes())?,
        false => door.out.text(&as_lines(&verdict))?,
    }
    if verdict.findings.is_empty() {
        return Ok(Exit::Done);
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
    if verdict.deleted > 0 {
        lines.push(format!("deleted    {} segment{}, with a receipt", verdict.deleted, s(verdict.deleted)));
    }
    if let Some(first) = verdict.uncovered.first() {
        let count = verdict.uncovered.len();
        lines.push(format!("uncovered  {count} sealed segment{} from {first} on; logbook head covers them", s(count)));
    }
    if let Some((name, bytes)) = &verdict.active {
        lines.push(format!("active     {name}, {bytes} bytes, not sealed"));
    }
    match verdict.head {
        Some(true) => lines.push("head       holds: nothing up to it was changed or cut".to_owned()),
        Some(false) => lines.push("head       does not hold".to_owned()),
        None => lines.push("head       none given: a chain that was made anew would look the same".to_owned()),
    }
    lines.join("\n") + "\n"
}

fn as_json(verdict: &Verdict) -> Value {
    let list = |findings: &[Finding]| -> Vec<Value> {
        findings.iter().map(|it| json!({ "file": it.file, "offset": it.at, "what": it.what })).collect()
    };
    let active = verdict.active.as_ref().map(|(name, bytes)| json!({ "segment": name, "bytes": bytes }));
    json!({
        "findings": list(&verdict.findings),
        "notes": list(&verdict.notes),
        "proved": { "segments": verdict.proved, "rows": verdict.rows, "bytes": verdict.bytes },
        "deleted_segments": verdict.deleted,
        "uncovered": verdict.uncovered,
        "active": active,
        "head": verdict.head,
    })
}
