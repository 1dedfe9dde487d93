//! The flags that all reading commands have, and what they mean: the clock and zone, the output
//! format, and the conditions that `--run`, `--since` and `--until` add to a query.

use std::path::PathBuf;

use super::conditions::{self, require, test};
use crate::cmd::Door;
use logbook_model::Zone;
use logbook_model::error::{Error, Result};
use logbook_query::ast::{Form, Op};
use logbook_query::text::parse;
use logbook_query::time::Clock;
use logbook_query::{Query, Requirement};
use logbook_render::{Format, Look};
use logbook_scan::Pruning;

/// The flags of every reading command.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Reading {
    /// Only rows of this run
    #[arg(hide_short_help = true, short = 'r', long, value_name = "RUN")]
    pub run: Option<String>,
    /// Only rows since this time: 2026-04-15, 2026-04-15T08:00, yesterday, -12h
    #[arg(hide_short_help = true, long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Only rows until this time
    #[arg(hide_short_help = true, long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// table, jsonl, json, csv, tsv or md; a table on a terminal, jsonl in a pipe
    #[arg(hide_short_help = true, short = 'o', long, value_name = "FORMAT")]
    pub output: Option<String>,
    /// The same as -o json
    #[arg(hide_short_help = true, long, conflicts_with = "output")]
    pub json: bool,
    /// The logbook, or the directory that holds it
    #[arg(hide_short_help = true, long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Read and show times in UTC
    #[arg(hide_short_help = true, long, conflicts_with = "tz")]
    pub utc: bool,
    /// Read and show times in this zone: Europe/Berlin, +02:00
    #[arg(hide_short_help = true, long, value_name = "ZONE", allow_hyphen_values = true)]
    pub tz: Option<String>,
    /// auto, always or never
    #[arg(hide_short_help = true, long, value_name = "WHEN", value_parser = ["auto", "always", "never"], default_value = "auto")]
    pub color: String,
    /// Wrap long cells of a table instead of cutting them
    #[arg(hide_short_help = true, long)]
    pub wrap: bool,
    /// Show rows as they were written, and corrections as rows, not folded in
    #[arg(hide_short_help = true, long)]
    pub as_written: bool,
    /// Validate every row in full; exit 5 if one is damaged
    #[arg(hide_short_help = true, long)]
    pub strict: bool,
    /// Read every segment and ignore cache/; the answer is the same
    #[arg(hide_short_help = true, long)]
    pub no_cache: bool,
}

/// The flag of commands that read rows of other programs too.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct TimeField {
    /// The field with the time, for --since, --until and age, instead of timestamp
    #[arg(hide_short_help = true, long, value_name = "FIELD")]
    pub time: Option<String>,
}

impl TimeField {
    /// The keys of the path of the field; an error if the flag names several.
    pub fn keys(&self) -> Result<Vec<String>> {
        let Some(field) = &self.time else { return Ok(vec!["timestamp".to_owned()]) };
        let mut paths = parse::parse_path_list(field).map_err(Error::from)?;
        match (paths.pop(), paths.is_empty()) {
            (Some(path), true) => Ok(path.keys),
            _ => Err(Error::usage("--time takes one field").hint("as --time ts, --time meta.created")),
        }
    }
}

impl Reading {
    /// The current time and the zone, with which times are read and shown.
    pub fn clock(&self, door: &Door<'_>) -> Result<Clock> {
        Ok(Clock { now: door.now()?, zone: door.zone(self.utc, self.tz.as_deref())? })
    }

    /// The output format: as the flags say, else a table on a terminal and jsonl elsewhere.
    pub fn format(&self, door: &Door<'_>) -> Result<Format> {
        match &self.output {
            Some(name) => Format::parse(name),
            None if self.json => Ok(Format::Json),
            None if door.out.is_terminal() => Ok(Format::Table),
            None => Ok(Format::Jsonl),
        }
    }

    /// The look of tables: width, colours, zone.
    pub fn look(&self, door: &Door<'_>, zone: Zone) -> Look {
        let colour = match self.color.as_str() {
            "always" => true,
            "never" => false,
            _ => door.has_colour(),
        };
        let columns = door.env.var("COLUMNS").and_then(|columns| columns.parse().ok());
        let width = if door.out.is_terminal() { Some(columns.unwrap_or(door.columns)) } else { columns };
        Look { width, colour, zone, terminal: door.out.is_terminal(), wrap: self.wrap }
    }

    /// Prunes segments in which no row can meet `requirement`; `None` if all must be read.
    pub fn pruning(&self, requirement: Requirement) -> Option<Pruning> {
        // Rows can only be validated if they are read.
        Pruning::new(requirement).filter(|_| !self.no_cache && !self.strict)
    }

    /// Adds `--run`, `--since` and `--until` to the conditions of the query.
    pub fn narrow(&self, query: &mut Query, clock: &Clock) -> Result<()> {
        self.narrow_by(query, clock, &TimeField::default().keys()?)
    }

    /// Whether the flags limit the time of rows.
    pub fn limits_time(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// The same if the time of a row is in `field`.
    pub fn narrow_by(&self, query: &mut Query, clock: &Clock, field: &[String]) -> Result<()> {
        if let Some(run) = &self.run {
            require(query, test("run_id", Op::Equal, run, Form::Quoted));
        }
        for (flag, op, word) in [("--since", Op::GreaterEqual, &self.since), ("--until", Op::LessEqual, &self.until)] {
            if let Some(word) = word {
                let word = conditions::time_word(flag, word, clock)?;
                require(query, conditions::test_of(field.to_vec(), op, &word, Form::Bare));
            }
        }
        Ok(())
    }
}
