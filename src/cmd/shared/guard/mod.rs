//! Limits on the time and memory of an evaluation. A jq program may run forever, allocate all
//! memory or recurse without end, and a pattern may take hours on a long text. Nothing inside the
//! process can stop that, so a condition that a person or a file words is evaluated in a process
//! that can be ended: a reading command in its own, gates (`shared/calling/judge`) and `serve`
//! (`live/web/child`) in a child process.
//!
//! Not here: what a condition means (`reading/wording`), the rules of a logbook
//! (`shared/calling/judge`).
//!
//! - `bounds`: the flags and their defaults · `size`: sizes as people write them
//! - `watchdog`: the thread that ends the process at a limit
//! - `guarded`: a plan that can only be evaluated within its limits
//! - `memory`: the allocator, which ends the process with a message if no memory is left
//! - `program`: the path of this program, to start a child

pub(crate) mod bounds;
pub(crate) mod guarded;
pub mod memory;
pub(crate) mod program;
mod size;
pub(crate) mod watchdog;

pub(crate) use bounds::Bounds;
pub(crate) use guarded::{Evaluation, Guarded};
pub(crate) use size::size_bytes;
