//! The printed form of a query: one way to write each meaning. It parses to the same query (tested
//! by `tests/it/query_parse.rs`).
//!
//! `--jq` has no form in text and is not printed.

use crate::ast::{
    Aggregate, Bucket, Column, Every, Expr, Form, Function, Latest, Literal, Op, Operand, Path, Query, Right, SortKey,
    Test,
};
use crate::text::grammar::{BUCKETS, is_reserved};
use crate::text::lex;
use logbook_json as json;
use logbook_model::duration_text;

/// The clauses on one line in the order of evaluation, `select` last, each with its word.
pub fn query(query: &Query) -> String {
    let mut clauses = Vec::new();
    clauses.extend(query.latest.as_ref().map(|latest| match latest {
        Latest::Standing => "latest".to_owned(),
        Latest::By(by) => format!("latest_by {}", path(by)),
    }));
    let mut clause = |word: &str, body: Option<String>| clauses.extend(body.map(|body| format!("{word} {body}")));
    clause("filter", query.filter.as_ref().map(expr));
    clause("group_by", list(&query.group_by, column));
    clause("summarize", list(&query.summarize, aggregate));
    clause("having", query.having.as_ref().map(expr));
    clause("sort_by", list(&query.sort_by, sort_key));
    clause("limit", query.limit.map(|limit| limit.to_string()));
    clause("select", list(&query.select, column));
    clauses.join(" ")
}

fn list<T>(items: &[T], print: fn(&T) -> String) -> Option<String> {
    (!items.is_empty()).then(|| items.iter().map(print).collect::<Vec<_>>().join(", "))
}

/// A condition.
pub fn expr(expr: &Expr) -> String {
    match expr {
        Expr::And(terms) => terms.iter().map(|term| under(term, true)).collect::<Vec<_>>().join(" and "),
        Expr::Or(terms) => {
            // `a and b or c` needs no parentheses, but an `or` in an `or` keeps its own.
            let print = |term| if matches!(term, &Expr::Or(_)) { under(term, true) } else { self::expr(term) };
            terms.iter().map(print).collect::<Vec<_>>().join(" or ")
        }
        Expr::Not(term) => format!("not {}", under(term, true)),
        Expr::Test(test) => self::test(test),
        Expr::Has(path) => format!("has {}", self::path(path)),
        Expr::Jq(program) => format!("jq({})", program.code),
    }
}

/// A condition inside of another.
fn under(term: &Expr, parentheses: bool) -> String {
    match term {
        Expr::And(_) | Expr::Or(_) if parentheses => format!("({})", expr(term)),
        _ => expr(term),
    }
}

/// A comparison.
pub fn test(test: &Test) -> String {
    let left = operand(&test.left);
    let left = if test.all { format!("all({left})") } else { left };
    let right = match &test.right {
        Right::One(value) => literal(value),
        Right::List(values) => format!("({})", values.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Right::File(file, _) if lex::is_bare(file) => format!("@{file}"),
        Right::File(file, _) => format!("@{}", quote(file)),
    };
    match test.op {
        Op::In | Op::NotIn => format!("{left} {} {right}", sign(test.op)),
        op => format!("{left}{}{right}", sign(op)),
    }
}

/// The sign or word of an operator.
pub(crate) fn sign(op: Op) -> &'static str {
    match op {
        Op::Equal => "=",
        Op::NotEqual => "!=",
        Op::Less => "<",
        Op::LessEqual => "<=",
        Op::Greater => ">",
        Op::GreaterEqual => ">=",
        Op::Matches => "~",
        Op::NotMatches => "!~",
        Op::Contains => "*=",
        Op::BeginsWith => "^=",
        Op::In => "in",
        Op::NotIn => "not in",
    }
}

/// A value.
pub(crate) fn literal(literal: &Literal) -> String {
    match literal.form {
        Form::Bare => literal.text.clone(),
        Form::Quoted => quote(&literal.text),
        Form::Argument => format!("${}", literal.text),
    }
}

/// A dotted path, with quotes where a key needs them.
pub fn path(path: &Path) -> String {
    let key = |(index, key): (usize, &String)| {
        if lex::is_name(key) && (index > 0 || !is_reserved(key)) { key.clone() } else { quote(key) }
    };
    path.keys.iter().enumerate().map(key).collect::<Vec<_>>().join(".")
}

/// The content of a column.
pub(crate) fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Path(path) => self::path(path),
        Operand::Age(_) => "age".to_owned(),
        Operand::Jq(program) => format!("({})", program.code),
        Operand::Bucket(bucket) => self::bucket(bucket),
    }
}

fn bucket(bucket: &Bucket) -> String {
    let path = path(&bucket.path);
    if let Every::Ms(ms) = bucket.every {
        return format!("every({path}, {})", duration_text(ms));
    }
    format!("{}({path})", bucket_name(bucket.every))
}

fn bucket_name(every: Every) -> &'static str {
    BUCKETS.iter().find(|(_, width)| *width == every).map_or("every", |(name, _)| *name)
}

/// A column.
pub fn column(column: &Column) -> String {
    named(column.name.as_deref(), operand(&column.of))
}

/// An aggregate.
pub fn aggregate(aggregate: &Aggregate) -> String {
    named(aggregate.name.as_deref(), aggregate_call(aggregate.function, aggregate.of.as_ref()))
}

/// The header of a column: its name, or its content.
pub(crate) fn column_name(column: &Column) -> String {
    column.name.clone().unwrap_or_else(|| match &column.of {
        Operand::Path(path) => path.keys.join("."),
        Operand::Age(_) => "age".to_owned(),
        Operand::Jq(program) => program.code.trim().to_owned(),
        Operand::Bucket(bucket) => {
            let unit = match bucket.every {
                Every::Ms(ms) => format!("every_{}", duration_text(ms)),
                _ => bucket_name(bucket.every).to_owned(),
            };
            if bucket.path.keys == ["timestamp"] { unit } else { format!("{unit}_{}", bucket.path.keys.join(".")) }
        }
    })
}

/// The header of an aggregate's column: its name, or a form such as `sum(cost_usd)`.
pub(crate) fn aggregate_name(aggregate: &Aggregate) -> String {
    aggregate.name.clone().unwrap_or_else(|| aggregate_call(aggregate.function, aggregate.of.as_ref()))
}

/// A form such as `sum(cost_usd)`, by which `having`, `sort_by` and `select` refer to its column.
pub(crate) fn aggregate_call(function: Function, of: Option<&Operand>) -> String {
    let name = match function {
        Function::Count => "count".to_owned(),
        Function::Sum => "sum".to_owned(),
        Function::Avg => "avg".to_owned(),
        Function::Min => "min".to_owned(),
        Function::Max => "max".to_owned(),
        Function::Percentile(thousandths) => percentile(thousandths),
        Function::Distinct => "distinct".to_owned(),
        Function::First => "first".to_owned(),
        Function::Last => "last".to_owned(),
        Function::List => "list".to_owned(),
    };
    match of {
        None => name,
        // The parentheses of a jq expression are those of the call, if it is recognized as one
        // there.
        Some(Operand::Jq(program)) if program.code.trim_start().starts_with('.') => format!("{name}({})", program.code),
        Some(of) => format!("{name}({})", operand(of)),
    }
}

fn percentile(thousandths: u32) -> String {
    let (whole, part) = (thousandths / 1000, thousandths % 1000);
    if part == 0 {
        return format!("p{whole}");
    }
    format!("p{whole}.{}", format!("{part:03}").trim_end_matches('0'))
}

/// A sort key.
pub fn sort_key(key: &SortKey) -> String {
    format!("{}{}", if key.descending { "-" } else { "" }, operand(&key.of))
}

fn named(name: Option<&str>, of: String) -> String {
    match name {
        None => of,
        Some(name) if lex::is_name(name) && !is_reserved(name) => format!("{name}={of}"),
        Some(name) => format!("{}={of}", quote(name)),
    }
}

fn quote(text: &str) -> String {
    // JSON writes controls as \n, \t, \r and \u00XX, which are escapes here too.
    String::from_utf8_lossy(&json::quote(text)).into_owned()
}
