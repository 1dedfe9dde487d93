//! The words of the language: clauses, time buckets, aggregates, and which keys need quotes.

use crate::ast::{Every, Function};
use crate::text::lex;

/// A kind of clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clause {
    /// `filter E`
    Filter,
    /// `group_by f, …`
    GroupBy,
    /// `summarize a, …`
    Summarize,
    /// `having E`
    Having,
    /// `select f, …`
    Select,
    /// `sort_by -f, …`
    SortBy,
    /// `limit n`
    Limit,
    /// `latest`
    Latest,
    /// `latest_by f`
    LatestBy,
    /// A jq program, given as a flag (`--jq`) only.
    Jq,
}

/// The words of the clauses, as they are printed.
pub(crate) const CLAUSES: &[(&str, Clause)] = &[
    ("filter", Clause::Filter),
    ("group_by", Clause::GroupBy),
    ("summarize", Clause::Summarize),
    ("having", Clause::Having),
    ("select", Clause::Select),
    ("sort_by", Clause::SortBy),
    ("limit", Clause::Limit),
    ("latest", Clause::Latest),
    ("latest_by", Clause::LatestBy),
];

/// The clause of `word`, in any case, also with `-` for `_`.
pub(crate) fn clause_of(word: &str) -> Option<Clause> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    CLAUSES.iter().find(|(name, _)| *name == word).map(|(_, clause)| *clause)
}

/// Time buckets of a fixed calendar width.
pub(crate) const BUCKETS: &[(&str, Every)] = &[
    ("minute", Every::Minute),
    ("hour", Every::Hour),
    ("day", Every::Day),
    ("week", Every::Week),
    ("month", Every::Month),
];

/// Aggregates other than percentiles; `median` is `p50`.
pub(crate) const FUNCTIONS: &[(&str, Function)] = &[
    ("count", Function::Count),
    ("sum", Function::Sum),
    ("avg", Function::Avg),
    ("min", Function::Min),
    ("max", Function::Max),
    ("median", Function::Percentile(50_000)),
    ("distinct", Function::Distinct),
    ("first", Function::First),
    ("last", Function::Last),
    ("list", Function::List),
];

/// The aggregate with this name, in any case.
pub(crate) fn function_of(name: &str) -> Option<Function> {
    let name = name.to_ascii_lowercase();
    FUNCTIONS.iter().find(|(word, _)| *word == name).map(|(_, function)| *function).or_else(|| {
        let (whole, part) = name.strip_prefix('p').map(|digits| digits.split_once('.').unwrap_or((digits, "")))?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || part.len() > 3 || !digits(whole) || !digits(part) {
            return None;
        }
        let thousandths = format!("{whole}{part:0<3}").parse().ok()?;
        (thousandths <= 100_000).then_some(Function::Percentile(thousandths))
    })
}

/// Whether a name consists of digits, so that a reader takes it for a number.
pub(crate) fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `key` must be quoted where it is the first of a path.
pub(crate) fn is_reserved(key: &str) -> bool {
    lex::is_join(key)
        || is_number(key)
        || ["has", "in", "all", "jq", "age", "as"].iter().any(|word| key.eq_ignore_ascii_case(word))
        || clause_of(key).is_some()
}
