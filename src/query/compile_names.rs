//! What columns are called when nobody named them.

use super::ast::{Aggregate, Column, Every, Function, Operand};
use super::time::duration_text;

/// The name of a column: its own, or what it shows.
pub fn column_name(column: &Column) -> String {
    column.name.clone().unwrap_or_else(|| operand_name(&column.of))
}

/// `tool_call.tool`, `age`, `hour`, `every_15m`, the text of a jq expression.
/// A bucket of another field than `timestamp` carries its name: `day_ended_at`.
pub fn operand_name(operand: &Operand) -> String {
    match operand {
        Operand::Path(path) => path.keys.join("."),
        Operand::Age(_) => "age".to_owned(),
        Operand::Jq(jq) => jq.code.trim().to_owned(),
        Operand::Bucket(bucket) => {
            let unit = match bucket.every {
                Every::Minute => "minute".to_owned(),
                Every::Hour => "hour".to_owned(),
                Every::Day => "day".to_owned(),
                Every::Week => "week".to_owned(),
                Every::Month => "month".to_owned(),
                Every::Ms(ms) => format!("every_{}", duration_text(ms)),
            };
            if bucket.path.keys == ["timestamp"] { unit } else { format!("{unit}_{}", bucket.path.keys.join(".")) }
        }
    }
}

/// `count`, `sum_cost_usd`, `p95_duration_ms`: a name that a later clause can
/// say without quotes.
pub fn aggregate_name(aggregate: &Aggregate) -> String {
    if let Some(name) = &aggregate.name {
        return name.clone();
    }
    let function = function_name(aggregate.function);
    match &aggregate.of {
        None => function,
        Some(operand) => format!("{function}_{}", operand_name(operand)),
    }
}

fn function_name(function: Function) -> String {
    match function {
        Function::Count => "count",
        Function::Sum => "sum",
        Function::Avg => "avg",
        Function::Min => "min",
        Function::Max => "max",
        Function::Distinct => "distinct",
        Function::First => "first",
        Function::Last => "last",
        Function::List => "list",
        Function::Percentile(thousandths) => {
            let whole = format!("p{}.{:03}", thousandths / 1000, thousandths % 1000);
            return whole.trim_end_matches('0').trim_end_matches('.').to_owned();
        }
    }
    .to_owned()
}
