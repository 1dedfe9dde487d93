//! The store under fire: the table of what is tried on it.

mod backend;
mod baton;
mod crashes;
mod disk;
mod faults;
mod judge;
mod omission;
mod scene;

/// What came of a trial.
pub struct Report {
    /// How many times something was tried.
    pub size: u64,
    /// What is counted.
    pub unit: &'static str,
    /// What did not hold.
    pub violations: Vec<String>,
}

/// Where lots begin.
pub const SEED: u64 = 1;

fn main() {
    for (name, run) in [("crash states", crashes::run as fn(f64) -> Report), ("faults", faults::run)] {
        let start = std::time::Instant::now();
        let report = run(1.0);
        println!("{name}: {} {}, {} violations, {:?}", report.size, report.unit, report.violations.len(), start.elapsed());
        for violation in report.violations.iter().take(40) {
            println!("  {violation}");
        }
    }
}
