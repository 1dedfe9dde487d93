//! Whether what is on file is what the manifest says (`docs/evidence.md`): walks the chain and
//! every segment, wherever it stands. It reads and never repairs.
//!
//! Not here: covering, archiving and taking heads (`store::archive`), how a finding looks (`cmd`).
//!
//! - `whole`: a whole logbook · `verdict`: what it comes to
//! - `chain`: the manifest's lines, each bound to the one before · `claims`: what they say of each
//!   segment
//! - `look`: names and manifest, as they are at one moment of a logbook at work
//! - `segments`: content against the manifest
//! - `rows`: what rows tell · `steps`: their runs' numbers, to name what a changed segment lacks or
//!   has too much
//! - `deleted`: deletions and their receipts · `again`: rows that stand again in place of others
//! - `head`: a head that was kept elsewhere
//!
//! Invariant: a live logbook, with writers, an archiver, retention and restores at work, and some
//! of them killed, gives no finding. No claim counts without its proof.

mod again;
pub mod chain;
mod claims;
mod deleted;
mod head;
mod look;
mod rows;
mod segments;
mod steps;
mod verdict;
mod whole;

pub use verdict::{Finding, Gone, HeadVerdict, Verdict};
pub use whole::verify;
