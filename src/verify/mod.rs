//! Whether what is on file is what the manifest says (`docs/evidence.md`): walks the chain and every sealed segment, wherever
//! it stands. It reads and never repairs.
//!
//! Not here: covering and archiving (`store::archive`), how a finding looks (`cmd`).
//!
//! - `chain`: the manifest's lines, each bound to the one before
//! - `segments`: names, numbers, and content against the manifest
//! - `steps`: rows by their runs' numbers, to name what a changed segment lacks or has too much
//! - `head`: a head that was kept elsewhere
//!
//! Invariant: a live logbook, with writers and an archiver at work, gives no finding.

pub mod chain;
mod head;
mod segments;
mod steps;

pub use head::take_head;
pub use segments::{Finding, Verdict, verify};
