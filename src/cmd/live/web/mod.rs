//! The runs, a query box, approvals and reports as web pages for one person on one machine: what
//! `logbook serve` serves.
//!
//! Not here: how a page looks (`render/web`), what a decision is (`cmd/decide`), what rows come to
//! (`cmd/live/board`). tokio and hyper live only here and in `serve`.
//!
//! - `accept`: connections, and how many · `guard`: who may ask, and from where
//! - `routes`: from a request to an answer · `answer`: an answer and its headers
//! - `site`: what all pages are made from · `cache`: a page that many look at, made once ·
//!   `run_rows`: rows of runs, kept up
//! - `events`: that something changed · `child`: queries, each in a process that can be ended
//! - `decide`: the forms · `pages/`: what each page shows
//!
//! Invariant: nothing is read of a request that is not bounded, in bytes and in time; and before
//! its `Host` and its key are known to be ours, nothing is done for it.

pub mod accept;
mod answer;
mod cache;
mod child;
mod decide;
mod events;
mod guard;
mod pages;
mod routes;
mod run_rows;
pub mod site;
