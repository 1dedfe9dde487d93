//! A compiled query: the fields to pick from its rows, and the stages they go through. Threads
//! share it; each works with its own [`crate::Fold`].
//!
//! rows → latest → filter → jq → group → having → sort → limit → select → sink
//!
//! Between stages a row is its JSON text, so that rows made by jq or by grouping are sorted and
//! selected like those that were read.

use crate::ast::Function;
use crate::eval::doubts::{Doubts, Question};
use crate::eval::path::Path;
use crate::eval::predicate::Predicate;
use crate::eval::source::{Eval, NamedSource};
use crate::jq::head::Head;
use crate::jq::program::{Globals, Program, Session};
use crate::stage::group::{AggregateColumn, GroupBy};
use crate::stage::newest_per_group::LatestBy;
use crate::stage::prefilter::{self, Probe};
use crate::stage::requirement::Requirement;
use crate::stage::sort::SortBy;
use crate::time::Clock;

/// A compiled query. Made by [`crate::compile`].
#[derive(Debug)]
pub struct Plan {
    /// The fields to pick from rows as they are read.
    pub(crate) input_fields: Vec<String>,
    /// The fields to pick from outputs of jq, if there is a jq stage.
    pub(crate) jq_fields: Option<Vec<String>>,
    /// The fields to pick from rows that grouping makes, if there is grouping.
    pub(crate) group_fields: Option<Vec<String>>,
    pub(crate) latest: Option<LatestBy>,
    pub(crate) filter: Option<Predicate>,
    pub(crate) jq: Option<usize>,
    /// The conditions at the start of that program which are evaluated without jq.
    pub(crate) head: Head,
    /// With `--slurp`, the jq stage waits for all rows, of at most this many bytes.
    pub(crate) slurp: Option<u64>,
    pub(crate) group: Option<GroupBy>,
    pub(crate) tail: Tail,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) programs: Vec<Program>,
    pub(crate) globals: Globals,
    pub(crate) clock: Clock,
    pub(crate) questions: Vec<Question>,
}

/// The stages after grouping.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    pub having: Option<Predicate>,
    pub sort: Vec<SortBy>,
    pub limit: Option<u64>,
    pub select: Option<Vec<NamedSource>>,
}

impl Plan {
    /// Whether the jq program takes all rows at once, as with `--slurp`.
    pub fn is_slurp(&self) -> bool {
        self.slurp.is_some()
    }

    /// The top-level fields to pick from each row, in the order of [`crate::Row::fields`].
    pub fn fields(&self) -> &[String] {
        &self.input_fields
    }

    /// The fields to pick from every row as it is read. The others are needed only of the newest
    /// rows, and are picked from their texts later.
    pub fn fields_at_once(&self) -> &[String] {
        match &self.latest {
            Some(latest) => &self.input_fields[..=latest.last_slot()],
            None => &self.input_fields,
        }
    }

    /// The path of these keys in rows as they are read, if the plan picks its first key.
    pub fn path(&self, keys: &[String]) -> Option<Path> {
        let (first, rest) = keys.split_first()?;
        let slot = self.input_fields.iter().position(|name| name == first)?;
        Some(Path { slot, rest: rest.iter().map(|key| key.as_bytes().into()).collect() })
    }

    /// The filter, on rows as they are read.
    pub fn filter(&self) -> Option<&Predicate> {
        self.filter.as_ref()
    }

    /// Bytes that every row that passes contains, unless it contains `\u`. Rows with neither need
    /// not be looked at.
    pub fn literal(&self) -> Option<Vec<u8>> {
        // A row that does not pass the filter may still be the newest of its run.
        if self.latest.is_some() {
            return None;
        }
        let filter =
            self.filter.as_ref().and_then(|filter| prefilter::literal_of_predicate(filter, &self.input_fields));
        // Rows that the program would drop are still counted where the filter cannot read one of
        // their values.
        let head = self.head.string().filter(|_| !self.filter.as_ref().is_some_and(Predicate::may_doubt));
        filter.or_else(|| prefilter::literal_of(head?))
    }

    /// A check of a field's values, wherever the field's name occurs in a row. Rows that it rules
    /// out need not be looked at.
    pub fn probe(&self) -> Option<Probe> {
        // A row that does not pass the filter may still be the newest of its run.
        self.filter
            .as_ref()
            .filter(|_| self.latest.is_none())
            .and_then(|filter| prefilter::probe(filter, &self.input_fields))
    }

    /// What every row that can affect the answer must have. Rows without it need not be read.
    pub fn requirement(&self) -> Requirement {
        match (&self.filter, &self.latest) {
            (None, _) => Requirement::Nothing,
            (Some(filter), None) => Requirement::of(filter, &self.input_fields, None),
            (Some(filter), Some(latest)) => match self.input_fields.get(latest.by.slot) {
                Some(name) if latest.by.rest.is_empty() => Requirement::of_latest(filter, &self.input_fields, name),
                _ => Requirement::Nothing,
            },
        }
    }

    /// How many bytes of rows `--slurp` may hold.
    pub fn slurp_bytes_max(&self) -> Option<u64> {
        self.slurp
    }

    /// Whether rows are output as they come in: no latest, slurp, grouping or sorting holds them
    /// back, and memory does not grow with the input.
    pub fn is_streaming(&self) -> bool {
        self.latest.is_none() && self.slurp.is_none() && self.group.is_none() && self.tail.sort.is_empty()
    }

    /// Whether folds may be merged in any order: they hold back only groups whose aggregates do not
    /// depend on the order of rows. `latest` does depend on it.
    pub fn is_order_free(&self) -> bool {
        let shows_order = |column: &AggregateColumn| {
            use Function::{First, Last, List, Max, Min};
            matches!(column.function, First | Last | List | Max | Min)
        };
        let groups = self.group.as_ref().is_some_and(|group| !group.aggregates.iter().any(shows_order));
        !self.uses_jq() && self.latest.is_none() && groups
    }

    /// Whether rows are output as they were written. The reader must then validate all of each row.
    pub fn passes_rows_on(&self) -> bool {
        self.group.is_none() && self.tail.select.is_none() && self.jq.is_none()
    }

    /// Whether the stages read nothing of a row but [`Plan::fields`].
    pub(crate) fn reads_fields_only(&self) -> bool {
        // Rows that wait to be sorted are kept by their text.
        let sorts = self.group.is_none() && !self.tail.sort.is_empty();
        !self.uses_jq() && !self.passes_rows_on() && !sorts
    }

    /// Whether only the newest row of each group goes on to the filter.
    pub fn is_latest(&self) -> bool {
        self.latest.is_some()
    }

    /// Whether that is the row that decides the standing of its run.
    pub fn asks_standing(&self) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.standing.is_some())
    }

    /// Whether the plan runs jq programs, in any stage.
    pub fn uses_jq(&self) -> bool {
        !self.programs.is_empty()
    }

    /// `limit n`. A streaming fold stops there by itself; of several folds, each does.
    pub fn limit(&self) -> Option<u64> {
        self.tail.limit
    }

    /// The names of the output's columns, if select or grouping determines them.
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// What comparisons ask of values. [`Doubts`] refers to these by index.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// What one thread needs to evaluate conditions and columns.
    pub fn eval(&self) -> Eval<'_> {
        Eval {
            programs: &self.programs,
            session: Session::new(&self.globals),
            clock: self.clock,
            doubts: Doubts::default(),
        }
    }
}
