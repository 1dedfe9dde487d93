//! A parsed query to a plan: literals read, names numbered, programs compiled,
//! once for all rows. Everything that can be wrong with a query beyond its
//! grammar is told here, all at once.

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
use crate::text::print::{aggregate_call, aggregate_name, column_name, operand};

/// Compiles `query`, or says everything that is wrong with it.
pub fn compile(query: &Query, context: &Context) -> Result<Plan, Vec<Problem>> {
    let arguments = context.arguments.iter().map(|(name, argument)| {
        let json = match argument {
            Argument::Text(text) => quote(text),
            Argument::Json(raw) => raw.clone(),
        };
        (name.as_str(), json)
    });
    let now = context.clock.now;
    let globals = Globals::new(now.seconds as f64 + now.attos as f64 / 1e18, context.clock.zone, arguments);
    let mut compiler = Compiler {
        context,
        globals,
        programs: Vec::new(),
        problems: Vec::new(),
        questions: Vec::new(),
        scope: Scope::default(),
    };

    let latest = query.latest.as_ref().and_then(|latest| match latest {
        Latest::By(path) => Some(LatestBy { by: compiler.path(path)?, standing: None }),
        Latest::Standing => {
            let by = compiler.path(&AstPath { keys: vec!["run_id".to_owned()], span: Span::default() })?;
            Some(LatestBy { by, standing: Some([compiler.slot("kind"), compiler.slot("status")]) })
        }
    });
    let filter = query.filter.as_ref().and_then(|expr| compiler.predicate(expr));
    let jq = query.jq.as_ref().and_then(|jq| compiler.jq(jq));
    // Slurped, rows are no inputs of their own.
    let mut head = query.jq.as_ref().filter(|_| query.slurp.is_none()).map(|jq| Head::of(&jq.code)).unwrap_or_default();
    head.place(|name| compiler.slot(name));
    let first = query.jq.is_some().then(|| std::mem::take(&mut compiler.scope).fields);

    let grouped = !query.group_by.is_empty() || !query.summarize.is_empty();
    let group = grouped.then(|| compile_group(query, &mut compiler));
    let middle = group.as_ref().map(|group| {
        let names = group.keys.iter().map(|named| named.name.clone());
        let names = names.chain(group.aggregates.iter().map(|column| column.name.clone())).collect();
        let scope = Scope {
            fields: Vec::new(),
            columns: Some(names),
            calls: calls(query),
            ages: ages(query),
            units: units(query),
        };
        std::mem::replace(&mut compiler.scope, scope).fields
    });

    let having = query.having.as_ref().and_then(|expr| compiler.predicate(expr));
    let sort = query.sort_by.iter().filter_map(|key| Some((compiler.source(&key.of)?, key.descending))).collect();
    let select: Vec<NamedSource> = query
        .select
        .iter()
        .filter_map(|column| Some(NamedSource::new(column_name(column), compiler.source(&column.of)?)))
        .collect();
    check_names(query.select.iter().map(|column| (column_name(column), column.span)), &mut compiler.problems);
    if !compiler.problems.is_empty() {
        compiler.problems.sort_by_key(|problem| problem.span.from);
        return Err(compiler.problems);
    }

    let select = (!query.select.is_empty()).then_some(select);
    // Which stage asked for which fields: the last list belongs to the last stage that has rows of
    // its own.
    let last = compiler.scope.fields;
    let (first, middle, last) = match (first, middle) {
        (None, None) => (last, None, None),
        (None, Some(first)) => (first, None, Some(last)),
        (Some(first), None) => (first, Some(last), None),
        (Some(first), Some(middle)) => (first, Some(middle), Some(last)),
    };
    Ok(Plan {
        first,
        middle,
        last,
        latest,
        filter,
        jq,
        head,
        slurp: query.slurp,
        group,
        tail: Tail { having, sort, limit: query.limit, select },
        columns: columns(query),
        programs: compiler.programs,
        globals: compiler.globals,
        clock: context.clock,
        questions: compiler.questions,
    })
}

/// The columns of the output, where select or grouping gives them.
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

/// What the columns of groups show, as it is printed, and their names.
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
    // Times run on; other keys are shown by weight.
    let timed = query.group_by.iter().any(|column| matches!(column.of, Operand::Bucket(_)));
    let slots = keys.iter().map(|key| key.source.slot()).collect();
    let uses_jq = aggregates.iter().any(|column| matches!(column.source, Some(Source::Jq(_))));
    GroupBy { keys, slots, aggregates, uses_jq, by_count: plain && !timed }
}

/// What grouping shows when nobody says: how many rows, how many runs, since when.
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
