//! Bounds on what conditions may take. A jq program may run for ever, ask for all memory or call
//! itself without end, and a pattern may take hours on a long text; nothing of that can be stopped
//! from within. So whoever evaluates a condition that a person or a file worded does it in a
//! process that may be ended: a reading command in its own, gates (`shared/calling/judge`) and `serve`
//! (`live/web/child`) in one beside theirs.
//!
//! Not here: what a condition says (`reading/wording`), the rules of a logbook (`shared/calling/judge`).
//!
//! - `bounds`: the flags, and what holds without them · `watchdog`: the thread that ends the
//!   process
//! - `guarded`: a plan that is evaluated within its bounds, and in no other way
//! - `memory`: an end with a message where the system has none left
//! - `program`: this program, for a process beside this one

pub(crate) mod bounds;
pub(crate) mod guarded;
pub mod memory;
pub(crate) mod program;
pub(crate) mod watchdog;

pub(crate) use bounds::{Bounds, size_bytes};
pub(crate) use guarded::{Guarded, Within};
