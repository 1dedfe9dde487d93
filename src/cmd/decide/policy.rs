//! `logbook policy`: list the rules in force for calls, and check each.

use std::path::PathBuf;

use super::rows;
use crate::cmd::Door;
use crate::cmd::shared::calling::judge::Judge;
use crate::cmd::shared::calling::policy;
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::Look;
use logbook_store::config::PolicyRule;
use logbook_store::{Purpose, config, locate};

pub const EXAMPLES: &str = "  logbook policy\n  logbook policy -o jsonl";

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Policy {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print the rules, as policy alone does
    #[command(hide = true)]
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// table, jsonl, json, csv, tsv or md
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<String>,
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

const COLUMNS: [&str; 4] = ["rule", "when", "then", "why"];

pub fn run(args: Policy, door: &mut Door<'_>) -> Result<Exit> {
    let args = args.what.map_or(args.show, |What::Show(args)| args);
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let settings = config::layered(&location.path, &door.env)?;
    let format = rows::format(args.output.as_deref(), door)?;
    let look = Look { colour: false, wrap: true, ..door.look()? };
    let mut judge = Judge::new(&location.path, (door.clock)());
    let lines = (1..).zip(&settings.policy).map(|(number, rule)| {
        policy::check(number, rule, &mut judge)?;
        Ok(as_json(number, rule))
    });
    rows::print(format, Some(&COLUMNS), look, lines, door)?;
    if settings.policy.is_empty() {
        let none = Error::new(Exit::Done, "no rules: all calls are allowed unless the run is held");
        door.warn(&none.hint("logbook help config   # has a rule to paste"));
    }
    Ok(Exit::Done)
}

/// A rule as a JSON object.
fn as_json(number: usize, rule: &PolicyRule) -> Vec<u8> {
    let mut line = json::Object::new();
    line.number("rule", number).text("when", &rule.when).text("then", rule.then.word());
    if !rule.why.is_empty() {
        line.text("why", &rule.why);
    }
    line.end()
}
