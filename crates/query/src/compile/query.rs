//! Compiles a whole query.

use logbook_json::quote;

use crate::amount::Unit;
use crate::ast::{Aggregate, Function, Latest, Operand, Path as AstPath, Query, Span};

use crate::compile::context::{Argument, Context};
use crate::compile::scope::{Compiler, Scope, unit_of};
use crate::eval::source::{NamedSource, Source};
use crate::jq::head::Head;
use crate::jq::program::Globals;
use crate::problem::Problem;
use crate::stage::group::{AggregateColumn, GroupBy};
use crate::stage::newest_per_group::LatestBy;
use crate::stage::plan::{Plan, Tail};
use crate::stage::sort::SortBy;
use crate::text::print::{aggregate_call, aggregate_name, column_name, operand};

/// Compiles `query`, or returns everything that is wrong with it, in the order of the text.
pub fn compile(query: &Query, context: &Context) -> Result<Plan, Vec<Problem>> {
    let mut compiler = Compiler {
        context,
        globals: globals(context),
        programs: Vec::new(),
        problems: Vec::new(),
        questions: Vec::new(),
        scope: Scope::default(),
    };

    // Stages add the fields they need to the scope; a stage whose rows are new begins a new scope.
    let mut fields = Vec::new();
    let latest = query.latest.as_ref().and_then(|latest| compile_latest(latest, &mut compiler));
    let filter = query.filter.as_ref().and_then(|expr| compiler.predicate(expr));
    let jq = query.jq.as_ref().and_then(|jq| compiler.jq(jq));
    // With `--slurp` the program does not run on single rows.
    let mut head = query.jq.as_ref().filter(|_| query.slurp.is_none()).map(|jq| Head::of(&jq.code)).unwrap_or_default();
    head.place(|name| compiler.slot(name));
    if query.jq.is_some() {
        fields.push(std::mem::take(&mut compiler.scope).fields);
    }

    let is_grouped = !query.group_by.is_empty() || !query.summarize.is_empty();
    let group = is_grouped.then(|| compile_group(query, &mut compiler));
    if let Some(group) = &group {
        fields.push(std::mem::replace(&mut compiler.scope, scope_of_groups(query, group)).fields);
    }

    let tail = compile_tail(query, &mut compiler);
    fields.push(compiler.scope.fields);
    if !compiler.problems.is_empty() {
        compiler.problems.sort_by_key(|problem| problem.span.from);
        return Err(compiler.problems);
    }

    let mut fields = fields.into_iter();
    Ok(Plan {
        input_fields: fields.next().unwrap_or_default(),
        jq_fields: jq.and_then(|_| fields.next()),
        group_fields: fields.next(),
        latest,
        filter,
        jq,
        head,
        slurp: query.slurp,
        group,
        tail,
        columns: columns(query),
        programs: compiler.programs,
        globals: compiler.globals,
        clock: context.clock,
        questions: compiler.questions,
    })
}

/// What jq programs are given beside the row.
fn globals(context: &Context) -> Globals {
    let arguments = context.arguments.iter().map(|(name, argument)| {
        let json = match argument {
            Argument::Text(text) => quote(text),
            Argument::Json(raw) => raw.clone(),
        };
        (name.as_str(), json)
    });
    let now = context.clock.now;
    Globals::new(now.seconds as f64 + now.attos as f64 / 1e18, context.clock.zone, arguments)
}

fn compile_latest(latest: &Latest, compiler: &mut Compiler<'_>) -> Option<LatestBy> {
    match latest {
        Latest::By(path) => Some(LatestBy { by: compiler.path(path)?, standing: None }),
        Latest::Standing => {
            let by = compiler.path(&AstPath { keys: vec!["run_id".to_owned()], span: Span::default() })?;
            Some(LatestBy { by, standing: Some([compiler.slot("kind"), compiler.slot("status")]) })
        }
    }
}

/// having, sort, limit and select.
fn compile_tail(query: &Query, compiler: &mut Compiler<'_>) -> Tail {
    let having = query.having.as_ref().and_then(|expr| compiler.predicate(expr));
    let sort = query.sort_by.iter().filter_map(|key| {
        let source = compiler.source(&key.of)?;
        Some(SortBy { source, descending: key.descending })
    });
    let sort = sort.collect();
    let select: Vec<NamedSource> = query
        .select
        .iter()
        .filter_map(|column| Some(NamedSource::new(column_name(column), compiler.source(&column.of)?)))
        .collect();
    check_names(query.select.iter().map(|column| (column_name(column), column.span)), &mut compiler.problems);
    Tail { having, sort, limit: query.limit, select: (!query.select.is_empty()).then_some(select) }
}

/// The scope of the stages after grouping, in which only the columns of `group` exist.
fn scope_of_groups(query: &Query, group: &GroupBy) -> Scope {
    let names = group.keys.iter().map(|named| named.name.clone());
    let names = names.chain(group.aggregates.iter().map(|column| column.name.clone())).collect();
    Scope { fields: Vec::new(), columns: Some(names), calls: calls(query), ages: ages(query), units: units(query) }
}

/// The names of the output's columns, if select or grouping determines them.
pub fn columns(query: &Query) -> Option<Vec<String>> {
    if !query.select.is_empty() {
        return Some(query.select.iter().map(column_name).collect());
    }
    let keys = query.group_by.iter().map(column_name);
    match (query.group_by.is_empty(), query.summarize.is_empty()) {
        (true, true) => None,
        (_, true) => Some(keys.chain(overview_aggregates().iter().map(aggregate_name)).collect()),
        (_, false) => Some(keys.chain(query.summarize.iter().map(aggregate_name)).collect()),
    }
}

/// The columns of groups: their content as it is printed, and their names.
fn calls(query: &Query) -> Vec<(String, String)> {
    let keys = query.group_by.iter().map(|column| (operand(&column.of), column_name(column)));
    let aggregates =
        query.summarize.iter().map(|one| (aggregate_call(one.function, one.of.as_ref()), aggregate_name(one)));
    keys.chain(aggregates).collect()
}

/// The columns of groups that hold ages.
fn ages(query: &Query) -> Vec<String> {
    let keys = query.group_by.iter().filter(|column| matches!(column.of, Operand::Age(_))).map(column_name);
    let counts = |function| matches!(function, Function::Count | Function::Distinct);
    let of_age = query.summarize.iter().filter(|one| matches!(one.of, Some(Operand::Age(_))) && !counts(one.function));
    keys.chain(of_age.map(aggregate_name)).collect()
}

/// The columns of groups that hold numbers of a unit.
fn units(query: &Query) -> Vec<(String, Unit)> {
    let keys = query.group_by.iter().filter_map(|column| Some((column_name(column), unit_of(&column.of)?)));
    let counts = |function| matches!(function, Function::Count | Function::Distinct);
    let of_unit = query.summarize.iter().filter(|one| !counts(one.function));
    keys.chain(of_unit.filter_map(|one| Some((aggregate_name(one), unit_of(one.of.as_ref()?)?)))).collect()
}

fn compile_group(query: &Query, compiler: &mut Compiler<'_>) -> GroupBy {
    let keys: Vec<NamedSource> = query
        .group_by
        .iter()
        .filter_map(|column| Some(NamedSource::new(column_name(column), compiler.source(&column.of)?)))
        .collect();
    let plain = query.summarize.is_empty();
    let overview;
    let summarize = if plain {
        overview = overview_aggregates();
        &overview
    } else {
        &query.summarize
    };
    let aggregates: Vec<AggregateColumn> = summarize
        .iter()
        .filter_map(|aggregate| {
            let source = match &aggregate.of {
                Some(operand) => Some(compiler.source(operand)?),
                None => None,
            };
            Some(AggregateColumn {
                name: aggregate_name(aggregate),
                function: aggregate.function,
                source,
                unit: aggregate.of.as_ref().and_then(unit_of),
            })
        })
        .collect();
    let key_names = query.group_by.iter().map(|column| (column_name(column), column.span));
    let names = key_names.chain(summarize.iter().map(|aggregate| (aggregate_name(aggregate), aggregate.span)));
    check_names(names, &mut compiler.problems);
    // Groups by time are sorted by time, others by their count.
    let timed = query.group_by.iter().any(|column| matches!(column.of, Operand::Bucket(_)));
    let slots = keys.iter().map(|key| key.source.slot()).collect();
    let uses_jq = aggregates.iter().any(|column| matches!(column.source, Some(Source::Jq(_))));
    GroupBy { keys, slots, aggregates, uses_jq, by_count: plain && !timed }
}

/// The aggregates of `group_by` without `summarize`: the number of rows, the number of runs, and
/// the oldest timestamp.
fn overview_aggregates() -> Vec<Aggregate> {
    let field = |name: &str| Some(Operand::Path(AstPath { keys: vec![name.to_owned()], span: Span::default() }));
    let aggregate =
        |name: &str, function, of| Aggregate { name: Some(name.to_owned()), function, of, span: Span::default() };
    vec![
        aggregate("count", Function::Count, None),
        aggregate("runs", Function::Distinct, field("run_id")),
        aggregate("oldest", Function::Min, field("timestamp")),
    ]
}

fn check_names(names: impl Iterator<Item = (String, Span)>, problems: &mut Vec<Problem>) {
    let mut seen = Vec::new();
    for (name, span) in names {
        if seen.contains(&name) {
            let problem = Problem::new(span, format!("two columns are called `{name}`"));
            problems.push(problem.hint("give one of them a name: … as other"));
        }
        seen.push(name);
    }
}
