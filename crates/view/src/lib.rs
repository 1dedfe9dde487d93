//! Folds of rows into what people ask about: the state of each run, how one run went. Results are
//! plain structs, and every command, page and dashboard shows the same ones.
//!
//! Not here: how rows are found and read (`scan`), how a struct is shown (`render`).
//!
//! - `facts`: what one row says; the only reading of a row · `pairing`: which result belongs to
//!   which intent · `open_requests`: when a request is decided or expired, and how many are open
//! - `record/`: one run in full
//! - `runs`: a summary of each run
//! - `stats`: totals of a logbook
//! - `fields`: which fields rows have
//! - `explain`: what a query is going to do
//! - `approvals`: requests and decisions · `request`: what a request says · `holds`: runs that a
//!   person stopped · `oversight`: both, and rows and costs over time
//! - `health/`: what is wrong with rows
//! - `rollback`: the plan that undoes a run
//! - `carry`: facts in rows that are about to be deleted and that are still needed
//! - `past`: the facts about a run that a gate decides by
//! - `amended`: what corrections changed in a row
//!
//! Invariant: a fold sees rows in file order and depends on nothing else.

mod amended;
pub mod approvals;
mod carry;
pub mod explain;
pub mod facts;
pub mod fields;
pub mod health;
pub mod holds;
mod open_requests;
mod oversight;
mod pairing;
pub mod past;
pub mod record;
mod request;
pub mod rollback;
pub mod runs;
pub mod stats;

pub use amended::{Amended, amended};
pub use approvals::Approvals;
pub use carry::Carry;
pub use explain::Explanation;
pub use facts::{Facts, Picked};
pub use fields::Fields;
pub use health::Health;
pub use holds::Holds;
pub use open_requests::OpenRequests;
pub use oversight::{Activity, Oversight};
pub use pairing::OpenCalls;
pub use past::{Course, Past};
pub use record::Record;
pub use runs::Run;
pub use stats::Stats;
