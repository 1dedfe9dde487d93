//! Whether the files of a logbook are what the manifest says (`docs/evidence.md`). The chain and
//! every segment are read; nothing is repaired.
//!
//! Not here: covering, archiving and taking heads (`store::archive`), how a finding is shown
//! (`cmd`).
//!
//! - `whole`: a whole logbook · `verdict`: the result
//! - `chain`: the lines of the manifest, each bound to the one before · `claims`: what they say
//!   about each segment
//! - `catalog`: names and manifest of a logbook in use, at one moment
//! - `segments`: the content of segments compared with the manifest
//! - `rows`: what rows prove or name, and odd steps, which say what a changed segment lacks or has
//!   twice
//! - `deleted`: deletions and their receipts
//! - `head`: a head that was kept elsewhere
//!
//! Invariant: a logbook in use gives no finding, whatever writers, an archiver, retention and
//! restores do, and wherever one of them is killed. No claim counts without its proof.

mod catalog;
pub mod chain;
mod claims;
mod deleted;
mod head;
mod rows;
mod segments;
mod verdict;
mod whole;

pub use verdict::{DeletedSegment, Finding, HeadVerdict, Verdict};
pub use whole::verify;
