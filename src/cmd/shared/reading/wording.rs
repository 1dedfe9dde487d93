//! The query of a command line: its text and flags joined, parsed and compiled.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::cmd::shared::guard::Guarded;
use crate::cmd::shared::guard::watchdog::Watch;
use logbook_model::error::{Error, Result};
use logbook_query::ast::{Expr, Right};
use logbook_query::problem::Problems;
use logbook_query::text::arguments;
use logbook_query::text::parse::{self, Clause};
use logbook_query::time::Clock;
use logbook_query::{self as query, Argument, Context, Plan, Query};
use logbook_store::{expand, named};

/// The clauses of a query as flags. Each means what its word means in query text.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Clauses {
    /// A condition, beside those in the query text
    #[arg(long, value_name = "CONDITION")]
    pub filter: Vec<String>,
    /// Only the row with the status of each run, taken before the filter
    #[arg(long)]
    pub latest: bool,
    /// Only the newest row for each value of FIELD, taken before the filter
    #[arg(long, value_name = "FIELD", alias = "latest_by", conflicts_with = "latest")]
    pub latest_by: Option<String>,
    /// Run a jq program on each row that passes
    #[arg(long, value_name = "PROGRAM", allow_hyphen_values = true)]
    pub jq: Option<String>,
    /// Group by these fields
    #[arg(long, value_name = "FIELD,…", visible_aliases = ["group-by"], aliases = ["group_by"])]
    pub group: Option<String>,
    /// Aggregates of each group: count, sum(cost_usd), p95(duration_ms)
    #[arg(long, value_name = "AGG,…")]
    pub summarize: Option<String>,
    /// A condition on the groups
    #[arg(long, value_name = "CONDITION")]
    pub having: Option<String>,
    /// Only these fields
    #[arg(long, value_name = "FIELD,…")]
    pub select: Option<String>,
    /// Sort by these fields; -FIELD is greatest first
    #[arg(long, value_name = "FIELD,…", visible_aliases = ["sort-by"], aliases = ["sort_by"], allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<String>,
}

impl Clauses {
    /// Joins texts and flags into one query. Also gives the joined text, which error messages
    /// quote.
    pub fn query(&self, texts: &[String]) -> Result<(Query, String)> {
        let mut input = parse::Input::new();
        if !texts.is_empty() {
            input = input.text(&arguments::join(texts.iter().map(String::as_str)));
        }
        for condition in &self.filter {
            input = input.flag(Clause::Filter, "--filter", condition);
        }
        let latest = self.latest.then(String::new);
        let flags = [
            (Clause::Latest, "--latest", &latest),
            (Clause::LatestBy, "--latest-by", &self.latest_by),
            (Clause::Jq, "--jq", &self.jq),
            (Clause::GroupBy, "--group", &self.group),
            (Clause::Summarize, "--summarize", &self.summarize),
            (Clause::Having, "--having", &self.having),
            (Clause::Select, "--select", &self.select),
            (Clause::SortBy, "--sort", &self.sort),
            (Clause::Limit, "--limit", &self.limit),
        ];
        for (clause, flag, value) in flags {
            if let Some(value) = value {
                input = input.flag(clause, flag, value);
            }
        }
        let query = input.parse().map_err(Error::from)?;
        Ok((query, input.source().to_owned()))
    }
}

/// Splits the words of a command line into query texts and inputs (`docs/query.md`, Arguments).
pub fn split_arguments(all: &[OsString]) -> Result<(Vec<String>, Vec<OsString>)> {
    let mut is_operand = false;
    let (mut texts, mut inputs) = (Vec::new(), Vec::new());
    for word in all {
        match word.to_str() {
            Some(text) if is_operand || arguments::is_query_text(text) => {
                is_operand = arguments::continues(text, is_operand);
                refuse_ambiguous(text)?;
                texts.push(text.to_owned());
            }
            _ => {
                is_operand = false;
                inputs.push(word.clone());
            }
        }
    }
    Ok((texts, inputs))
}

/// Refuses a condition that is also the path of a file, such as `dt=2026-01-01/x.jsonl`. Creating a
/// file must not change what a condition means, and a named file must not be taken for a condition.
fn refuse_ambiguous(text: &str) -> Result<()> {
    let is_path = text.contains('/') && !text.contains(char::is_whitespace) && expand::names_something(text);
    if !is_path {
        return Ok(());
    }
    Err(Error::usage(format!("{text:?} is a condition, and also the path of a file"))
        .hint(format!("./{text} reads the file; --filter '{text}' is the condition")))
}

/// Compiles a query, to be evaluated within the limits of `watch`. Problems quote `text`.
pub fn guarded(
    query: &Query,
    text: &str,
    clock: &Clock,
    arguments: BTreeMap<String, Argument>,
    watch: Watch,
) -> Result<Guarded> {
    Guarded::new(compiled(query, text, clock, arguments, Path::new(""))?, watch)
}

/// Where rows of other programs have their time.
pub struct ForeignTime {
    /// The keys of the field.
    pub field: Vec<String>,
    /// Count the rows that do not have it.
    pub counts_missing: bool,
}

/// The same for rows that may be of other programs.
pub fn guarded_foreign(
    query: &Query,
    text: &str,
    time: ForeignTime,
    clock: &Clock,
    arguments: BTreeMap<String, Argument>,
    watch: Watch,
) -> Result<Guarded> {
    let files = values_in_files(query, Path::new(""))?;
    let context =
        Context { arguments, files, time: time.field, reports_missing: time.counts_missing, ..Context::new(*clock) };
    Guarded::new(planned(query, text, &context)?, watch)
}

/// Compiles a query without jq, patterns or files ([`Query::is_plain`]), which needs no limits.
pub fn plain(query: &Query, text: &str, clock: &Clock) -> Result<Plan> {
    if !query.is_plain() {
        return Err(Error::usage("jq, patterns and files are not allowed here"));
    }
    compiled(query, text, clock, BTreeMap::new(), Path::new(""))
}

/// Compiles a query. Problems quote `text`, and `in @file` is relative to `directory`. The caller
/// must set limits before it evaluates it (`cmd/guard`).
pub fn compiled(
    query: &Query,
    text: &str,
    clock: &Clock,
    arguments: BTreeMap<String, Argument>,
    directory: &Path,
) -> Result<Plan> {
    let files = values_in_files(query, directory)?;
    planned(query, text, &Context { arguments, files, ..Context::new(*clock) })
}

fn planned(query: &Query, text: &str, context: &Context) -> Result<Plan> {
    query::compile(query, context).map_err(|list| Problems { text: text.to_owned(), list }.into())
}

/// The lines of the files that `in @file` names, relative to `directory`.
fn values_in_files(query: &Query, directory: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut files = BTreeMap::new();
    for name in files_named(query.filter.iter().chain(&query.having)) {
        let fail = |why: String| Error::io(format!("in @{name}: {why}"));
        let path = directory.join(&name);
        let bytes = named::read(&path, named::VALUES_BYTES_MAX).map_err(|error| fail(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| fail("not UTF-8".to_owned()))?;
        let lines = text.lines().map(str::to_owned).collect();
        files.insert(name, lines);
    }
    Ok(files)
}

/// Whether the query reads values from a file.
pub fn reads_files(query: &Query) -> bool {
    !files_named(query.filter.iter().chain(&query.having)).is_empty()
}

/// The files that `in @file` names.
fn files_named<'q>(conditions: impl Iterator<Item = &'q Expr>) -> Vec<String> {
    let mut open: Vec<&Expr> = conditions.collect();
    let mut names = Vec::new();
    while let Some(expr) = open.pop() {
        match expr {
            Expr::And(all) | Expr::Or(all) => open.extend(all),
            Expr::Not(inner) => open.push(inner),
            Expr::Test(test) => {
                if let Right::File(name, _) = &test.right {
                    names.push(name.clone());
                }
            }
            Expr::Has(_) | Expr::Jq(_) => {}
        }
    }
    names
}
