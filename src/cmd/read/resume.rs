//! `logbook resume`: what an agent needs to know to resume a run.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::shared::reading::run_record::{no_such_run, records};
use crate::cmd::shared::reading::{self, Corrections, Reading};
use logbook_format::draft::pairs::shell_word;
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Stands, Status};
use logbook_query::Query;
use logbook_render::record::resume;
use logbook_scan as scan;
use logbook_view::record::resume::Resume as View;

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook resume r-88
  logbook resume --agent flake-hunter -o json --max-tokens 800";

/// Arguments of `resume`.
#[derive(clap::Args)]
pub struct Resume {
    /// The run; else LOGBOOK_RUN, else the newest open run of the agent
    #[arg(value_name = "RUN")]
    what: Option<String>,
    /// The agent whose newest open run is meant; else LOGBOOK_AGENT
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// At most about N tokens of four bytes; the least useful is left out
    #[arg(long, value_name = "N", default_value_t = 1500)]
    max_tokens: usize,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook resume [RUN]`
pub fn run(args: Resume, door: &mut Door<'_>) -> Result<Exit> {
    let as_json = match args.reading.output.as_deref() {
        None => args.reading.json,
        Some("md" | "markdown") => false,
        Some("json") => true,
        Some(other) => {
            let run = args.what.as_deref().map(|run| format!(" {}", shell_word(run))).unwrap_or_default();
            return Err(Error::usage(format!("resume prints md or json, not {other}"))
                .hint(format!("logbook resume{run}, or logbook resume{run} -o json")));
        }
    };
    let run = which(&args, door)?;
    let runs = [run];
    let (found, mut records, mut scanned) = records(&runs, &args.reading, door)?;
    let [run] = runs;
    let Some(record) = records.remove(&run) else {
        return Err(no_such_run("resume", &run, None, &found.inputs, door));
    };
    let view = View::of(&record);
    match as_json {
        true => door.out.json(&resume::json(view, args.max_tokens))?,
        false => door.out.text(&resume::markdown(view, args.max_tokens))?,
    }
    Ok(reading::note_skipped(door, &mut scanned, &found.inputs, args.reading.strict))
}

/// The run to resume.
fn which(args: &Resume, door: &mut Door<'_>) -> Result<String> {
    let named = args.what.as_ref().or(args.reading.run.as_ref()).cloned();
    let of_variable = || door.env.var("LOGBOOK_RUN").map(str::to_owned).filter(|_| args.agent.is_none());
    if let Some(run) = named.or_else(of_variable) {
        return Ok(run);
    }
    let agent = args.agent.clone().or_else(|| door.env.var("LOGBOOK_AGENT").map(str::to_owned));
    let Some(agent) = agent else {
        return Err(Error::usage("which run? No run is named, and neither LOGBOOK_RUN nor LOGBOOK_AGENT is set")
            .hint("logbook resume RUN, or logbook resume --agent AGENT"));
    };
    newest_open(&agent, &args.reading, door)?.ok_or_else(|| {
        Error::new(Exit::No, format!("no open run has a row of agent {agent:?}")).hint("logbook runs --all")
    })
}

/// What is known about a run while rows are read.
#[derive(Default)]
struct Seen {
    of_agent: bool,
    stands: Stands<bool>,
    /// The ordinal of its newest row.
    newest: u64,
}

/// The open run with the newest row, among the runs in which `agent` wrote one.
fn newest_open(agent: &str, reading: &Reading, door: &mut Door<'_>) -> Result<Option<String>> {
    let found = reading::logbook_for(door, reading, Corrections::wanted(reading, &Query::default()), None)?;
    let names = ["run_id", "agent_id", "kind", "status"].map(str::to_owned);
    let mut runs: HashMap<Vec<u8>, Seen> = HashMap::new();
    let mut number = 0;
    scan::feed(&found.inputs, door.input, &names, reading.strict, |row, _, _| {
        let Some(run) = row.field(0).and_then(json::decode) else { return ControlFlow::Continue(()) };
        number += 1;
        if !runs.contains_key(&*run) {
            runs.insert(run.to_vec(), Seen::default());
        }
        if let Some(seen) = runs.get_mut(&*run) {
            seen.newest = number;
            seen.of_agent |= row.field(1).and_then(json::decode).is_some_and(|id| *id == *agent.as_bytes());
            if let Some(says) = row.says(2, 3) {
                let is_over = matches!(Status::of_value(row.field(3)), Some(Status::Done | Status::Failed));
                seen.stands.put(says, is_over);
            }
        }
        ControlFlow::Continue(())
    });
    let open =
        runs.into_iter().filter(|(_, seen)| seen.of_agent && !seen.stands.newest().is_some_and(|stood| stood.row));
    let newest = open.max_by_key(|(_, seen)| seen.newest);
    Ok(newest.map(|(run, _)| String::from_utf8_lossy(&run).into_owned()))
}
