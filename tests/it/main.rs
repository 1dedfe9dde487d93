//! One binary of tests. This page is its table of contents.

mod json_decimal; // numbers without floats
mod query_cases; // tests/query/*.toml: query, rows, answer or error
mod query_comparison;
mod query_fold; // however rows are split, the answer is the same; depth is refused, not suffered
mod query_reference; // the predicate against a slow, obvious evaluation
mod query_time; // times as people write them, and the zone rules // the table of comparison, cell by cell
