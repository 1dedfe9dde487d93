//! A plan that can only be evaluated within its limits.

use super::watchdog::Watch;
use logbook_model::error::Result;
use logbook_query::Plan;
use logbook_scan::Threads;

/// A compiled condition or query. [`Guarded::evaluate`] is the only way to evaluate it.
pub struct Guarded {
    plan: Plan,
    watch: Watch,
}

impl Guarded {
    /// `plan`, within the limits of `watch`.
    pub fn new(plan: Plan, mut watch: Watch) -> Result<Guarded> {
        if plan.uses_jq() {
            watch.expect_jq()?;
        }
        Ok(Guarded { plan, watch })
    }

    /// The plan, to read its columns and its requirement.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Does `work`, which evaluates the plan; with jq, on a stack large enough for programs.
    pub fn evaluate<T: Send>(&self, work: impl FnOnce(&Plan, &Evaluation<'_>) -> Result<T> + Send) -> Result<T> {
        let evaluation = |stack_bytes| Evaluation { watch: &self.watch, stack_bytes };
        if !self.plan.uses_jq() {
            return work(&self.plan, &evaluation(None));
        }
        self.watch.on_large_stack(|bytes| work(&self.plan, &evaluation(Some(bytes))))?
    }

    /// Ends the watch and gives the plan back.
    pub fn end(self) -> Plan {
        self.plan
    }
}

/// The limits that an evaluation runs within.
pub struct Evaluation<'g> {
    watch: &'g Watch,
    stack_bytes: Option<usize>,
}

impl Evaluation<'_> {
    /// Runs `scan` with this number of threads. Each may run jq programs.
    pub fn threads<T>(&self, count: usize, scan: impl FnOnce(Threads<'_>) -> T) -> T {
        let begun = || self.watch.register_stack();
        match self.stack_bytes {
            Some(_) => scan(Threads { count, stack_bytes: self.stack_bytes, begun: &begun }),
            None => scan(Threads { count, stack_bytes: None, begun: &|| {} }),
        }
    }

    /// Does `work` within the time limit of one row.
    pub fn row<T>(&self, work: impl FnOnce() -> T) -> T {
        self.watch.turn(work)
    }
}
