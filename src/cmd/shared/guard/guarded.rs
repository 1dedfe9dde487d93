//! A plan, and the bounds that it is evaluated within.

use super::watchdog::Watch;
use logbook_model::error::Result;
use logbook_query::Plan;
use logbook_scan::Threads;

/// A condition or query that somebody worded, compiled. It is evaluated in [`Guarded::evaluate`]
/// and nowhere else.
pub struct Guarded {
    plan: Plan,
    watch: Watch,
}

impl Guarded {
    /// `plan`, within what `watch` watches.
    pub fn new(plan: Plan, mut watch: Watch) -> Result<Guarded> {
        if plan.uses_jq() {
            watch.expect_jq()?;
        }
        Ok(Guarded { plan, watch })
    }

    /// To be asked about: which columns there are, what may be left unread.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Does `work`, which evaluates the plan: with jq, on a stack that is large enough for
    /// programs.
    pub fn evaluate<T: Send>(&self, work: impl FnOnce(&Plan, &Within<'_>) -> Result<T> + Send) -> Result<T> {
        let within = |stack_bytes| Within { watch: &self.watch, stack_bytes };
        if !self.plan.uses_jq() {
            return work(&self.plan, &within(None));
        }
        self.watch.on_large_stack(|bytes| work(&self.plan, &within(Some(bytes))))?
    }

    /// Nothing is evaluated any more: what remains to be done is not watched.
    pub fn end(self) -> Plan {
        self.plan
    }
}

/// What is evaluated within.
pub struct Within<'g> {
    watch: &'g Watch,
    stack_bytes: Option<usize>,
}

impl Within<'_> {
    /// Runs `scan` with this number of threads, on each of which programs may run.
    pub fn threads<T>(&self, count: usize, scan: impl FnOnce(Threads<'_>) -> T) -> T {
        let begun = || self.watch.here();
        match self.stack_bytes {
            Some(_) => scan(Threads { count, stack_bytes: self.stack_bytes, begun: &begun }),
            None => scan(Threads { count, stack_bytes: None, begun: &|| {} }),
        }
    }

    /// Does what may take no longer than one row may.
    pub fn row<T>(&self, work: impl FnOnce() -> T) -> T {
        self.watch.turn(work)
    }
}
