//! The web pages that `logbook serve` serves to one person on one machine: runs, approvals, a query
//! box and reports.
//!
//! Not here: how a page looks (`render/web`), what a decision is (`cmd/decide`), the state of all
//! runs (`cmd/live/board`). tokio and hyper are used only here and in `serve`.
//!
//! To add a page: a struct in `render/web/pages.rs` and its template, a file in `pages/`, a line in
//! `routes::ROUTES`.
//!
//! - `accept`: connections and their limits · `guard`: tokens, cookies and origins
//! - `routes`: from a request to an answer · `params`: the parameters of a request · `answer`: an
//!   answer and its headers
//! - `site`: the state that pages are made from · `context`: the logbook and the surroundings of
//!   commands · `cache`: a page is made once for many clients · `run_rows`: cached rows of runs
//! - `events`: server-sent events about changes · `child`: queries, each in its own process
//! - `forms`: what may be stored through the web · `pages/`: what each page shows
//!
//! Invariant: what is read of a request is bounded in bytes and in time, and nothing is done for it
//! before its `Host` and its key are checked.

pub mod accept;
mod answer;
mod cache;
mod child;
mod context;
mod events;
mod forms;
mod guard;
mod pages;
mod params;
mod routes;
mod run_rows;
pub mod site;
