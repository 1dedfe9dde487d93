//! One binary of tests. This page is its table of contents; `tidy` checks that
//! every file beside it is listed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

/// Builders: a logbook in a directory that goes away, a command, a terminal.
mod support;
/// A terminal that is typed into and read as a person would see it.
mod terminal;

/// Rows made from a seed, which the benchmarks read too.
#[path = "../../benches/rows/mod.rs"]
mod rows;

/// The walls of the house, and what else a machine can check about the source.
mod tidy;
mod tidy_circles;
mod tidy_prose;

/// Every console block in README.md and docs/ is run.
mod documents;

mod accounted;
/// One file for each command.
mod amend;
mod answer;
mod append;
mod approve;
mod archive;
mod ask;
mod blame;
mod cache_lies;
mod call;
mod complete_words;
mod completions;
mod config;
mod contract;
mod dash;
mod deny;
mod diff;
mod doctor;
mod end;
mod exec;
mod exec_stops;
mod fields;
mod handoff;
mod head;
mod help;
mod hold;
mod init;
mod licences;
mod man;
mod meaning;
mod meaning_cases;
mod meaning_doors;
mod passed_over;
mod policy;
mod progress;
mod query;
mod release;
mod report;
mod resume;
mod review;
mod rollback;
mod runs;
mod serve;
mod show;
mod slips;
mod start;
mod stats;
mod tail;
mod trigger;
mod verify;
mod where_;

/// What lists of runs say of each.
mod what_now;

/// Where all runs stand, kept up while rows come.
mod board;

/// Web pages: plain requests, those who mean no good, and a browser.
mod browser;
mod serve_bounds;
mod serve_browser;
mod serve_hostile;
mod served;

/// What is said of one run, on a sample and of odd runs.
mod run_record;

/// Rows with their corrections folded in, against a slow and obvious way.
mod corrections;

/// What must not get past approvals, policy, holds, redaction and evidence (`tests/gates/`).
mod gates;

/// Secrets do not enter the log.
mod redaction;
mod smuggled;

/// The store under ordinary misfortune.
mod os_calls;
mod store_append;
mod store_faults;
mod store_shared;
mod store_state;

/// Segments that cannot hold an answer, and the cache that says so.
mod prune;
mod prune_reference;
mod runs_cache;
mod sparse_reference;

/// Rows that stand again elsewhere.
mod voided;

/// A logbook of each version of the format.
mod format_versions;

/// Two users, one logbook.
mod group;

/// Rows 64 bytes at a time, against the plain way.
mod judge;
mod judged_rows;
/// What a newcomer meets: hints, terminals, hostile rows.
mod newcomer;
mod odd_files;
mod odd_rows;
mod render_safe;
mod terminal_text;

/// Rows made up from a seed, shared with the benchmarks.
mod agent_rows;

/// Bytes into rows.
mod scan_rows;

/// The published schema and what `append` accepts agree.
mod schema;

/// The query language: its cases (`tests/query/`), its table of comparison cell
/// by cell, queries at random, text to meaning and back, its predicate against a
/// slow and obvious one, rows split in any way, its times, what a row is whatever is asked.
mod jq_head;
mod jq_reference;
mod json_decimal;
mod query_binary;
mod query_bounds;
mod query_cases;
mod query_comparison;
mod query_fold;
mod query_generate;
mod query_parallel;
mod query_parse;
mod query_reference;
mod query_time;
mod rows_or_not;
