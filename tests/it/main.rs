//! One binary of tests. This page is its table of contents.
//!
//! - `json_decimal`: numbers without floats
//! - `query_cases`: tests/query/*.toml: query, rows, answer or error
//! - `query_comparison`: the table of comparison, cell by cell
//! - `query_fold`: however rows are split, the answer is the same; depth is refused, not suffered
//! - `query_generate`: queries at random, for properties
//! - `query_parse`: text to meaning and back, mistakes with their caret
//! - `query_reference`: the predicate against a slow, obvious evaluation
//! - `query_time`: times as people write them, and the zone rules

mod json_decimal;
mod query_cases;
mod query_comparison;
mod query_fold;
mod query_generate;
mod query_parse;
mod query_reference;
mod query_time;
