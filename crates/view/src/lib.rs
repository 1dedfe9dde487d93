//! Rows folded into what people ask about: where each run stands, how one run
//! went. Plain structs; every door shows the same ones.
//!
//! Not here: how rows are found and read (`scan`), how a struct looks (`render`).
//!
//! - `facts`: what one row says; the one reading of a row · `pairing`: which result belongs to
//!   which intent
//! - `record/`: one run in full
//! - `runs`: one record for each run
//! - `stats`: what a logbook comes to
//! - `fields`: which fields rows have
//! - `explain`: what a query is going to do
//! - `open_requests`: how many requests are open, of rows in parts
//! - `approvals`: requests and decisions · `request`: what a request says · `holds`: runs that a
//!   person stopped
//! - `oversight`: both, and what came and was spent · `activity`: rows by the hour, costs by the
//!   day
//! - `health/`: what is wrong with rows
//! - `rollback`: the plan that undoes a run
//! - `carry`: what deleted rows said that somebody still rests on
//! - `past`: what a decision about a run rests on
//! - `amended`: what corrections did to a row
//!
//! Invariant: a fold sees rows in file order and depends on nothing else.

mod activity;
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
mod request_json;
pub mod rollback;
pub mod runs;
pub mod stats;

pub use activity::Activity;
pub use amended::{Amended, amended};
pub use approvals::Approvals;
pub use carry::Carry;
pub use explain::Explanation;
pub use facts::{Facts, Picked};
pub use fields::Fields;
pub use health::Health;
pub use holds::Holds;
pub use open_requests::OpenRequests;
pub use oversight::Oversight;
pub use pairing::OpenCalls;
pub use past::{Course, Past};
pub use record::Record;
pub use runs::Run;
pub use stats::Stats;
