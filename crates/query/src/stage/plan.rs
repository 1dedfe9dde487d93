//! A compiled query: which fields its rows are asked for, and the stages they
//! go through. Shared between threads; each works with its own
//! [`crate::Fold`].
//!
//! rows → latest → filter → jq → group → having → sort → limit → select → sink
//!
//! Between stages a row is its JSON text, so that rows made by jq or by
//! grouping are sorted and selected like those on file.

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

/// A compiled query.
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
    /// Conditions at the head of that program.
    pub(crate) head: Head,
    /// The jq stage waits for all rows, of at most this many bytes.
    pub(crate) slurp: Option<u64>,
    pub(crate) group: Option<GroupBy>,
    pub(crate) tail: Tail,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) programs: Vec<Program>,
    pub(crate) globals: Globals,
    pub(crate) clock: Clock,
    pub(crate) questions: Vec<Question>,
}

/// What happens to rows after grouping.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    pub having: Option<Predicate>,
    pub sort: Vec<SortBy>,
    pub limit: Option<u64>,
    pub select: Option<Vec<NamedSource>>,
}

impl Plan {
    /// Whether the jq program is given all rows at once.
    pub fn is_slurp(&self) -> bool {
        self.slurp.is_some()
    }

    /// The top-level fields to pick from each row, in the order of
    /// [`crate::row::Row::fields`].
    pub fn fields(&self) -> &[String] {
        &self.input_fields
    }

    /// Those of them that are asked of every row: of rows that are held back until the newest are
    /// known, the others are found again in their text.
    pub fn fields_at_once(&self) -> &[String] {
        match &self.latest {
            Some(latest) => &self.input_fields[..=latest.last_slot()],
            None => &self.input_fields,
        }
    }

    /// The path of these keys in rows as read, where they are asked for its first.
    pub fn path(&self, keys: &[String]) -> Option<Path> {
        let (first, rest) = keys.split_first()?;
        let slot = self.input_fields.iter().position(|name| name == first)?;
        Some(Path { slot, rest: rest.iter().map(|key| key.as_bytes().into()).collect() })
    }

    /// The filter, on rows as read.
    pub fn filter(&self) -> Option<&Predicate> {
        self.filter.as_ref()
    }

    /// Letters that every row holds that passes, or else some `\u`: rows without either need not be
    /// looked at.
    pub fn literal(&self) -> Option<Vec<u8>> {
        // The rows of a run that do not pass may still be its newest.
        if self.latest.is_some() {
            return None;
        }
        let filter = self.filter.as_ref().and_then(|filter| prefilter::literal(filter, &self.input_fields));
        // Rows that the program would drop are counted where the filter cannot read a value of
        // theirs.
        let head = self.head.string().filter(|_| !self.filter.as_ref().is_some_and(Predicate::may_doubt));
        filter.or_else(|| prefilter::string(head?))
    }

    /// What is to be asked of rows wherever a name stands in them, before they are looked at: those
    /// of which it says that they may not pass need not be.
    pub fn probe(&self) -> Option<Probe> {
        // The rows of a run that do not pass may still be its newest.
        self.filter
            .as_ref()
            .filter(|_| self.latest.is_none())
            .and_then(|filter| prefilter::probe(filter, &self.input_fields))
    }

    /// What every row must have that can matter to the answer: rows without it need not be read.
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

    /// Whether rows go out as they come in: no latest, slurp, grouping or sorting
    /// holds them back, and memory does not grow with the input.
    pub fn is_streaming(&self) -> bool {
        self.latest.is_none() && self.slurp.is_none() && self.group.is_none() && self.tail.sort.is_empty()
    }

    /// Whether folds may be merged in any order: they hold back groups in whose aggregates no order
    /// shows. Where a run stands depends on the order of its rows.
    pub fn is_order_free(&self) -> bool {
        let shows_order = |column: &AggregateColumn| {
            use Function::{First, Last, List, Max, Min};
            matches!(column.function, First | Last | List | Max | Min)
        };
        let groups = self.group.as_ref().is_some_and(|group| !group.aggregates.iter().any(shows_order));
        !self.uses_jq() && self.latest.is_none() && groups
    }

    /// Whether rows come out as they were written: what is put out must then
    /// be judged whole by whoever read it.
    pub fn passes_rows_on(&self) -> bool {
        self.group.is_none() && self.tail.select.is_none() && self.jq.is_none()
    }

    /// Whether nothing of a row matters but [`Plan::fields`].
    pub(crate) fn asks_fields_only(&self) -> bool {
        // Rows that wait to be sorted are kept by their text.
        let sorts = self.group.is_none() && !self.tail.sort.is_empty();
        !self.uses_jq() && !self.passes_rows_on() && !sorts
    }

    /// Whether of many rows only one goes on, before the filter.
    pub fn is_latest(&self) -> bool {
        self.latest.is_some()
    }

    /// Whether that is the row that says where a run stands.
    pub fn asks_standing(&self) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.standing.is_some())
    }

    /// Whether jq programs are part of it.
    pub fn uses_jq(&self) -> bool {
        !self.programs.is_empty()
    }

    /// `limit n`: a streaming fold stops by itself, several beside each other do not.
    pub fn limit(&self) -> Option<u64> {
        self.tail.limit
    }

    /// Names of the output's columns, where select or grouping gives them.
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// What values are asked for, by the numbers that [`Doubts`] has.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// Means of evaluation for one thread.
    pub fn eval(&self) -> Eval<'_> {
        Eval {
            programs: &self.programs,
            session: Session::new(&self.globals),
            clock: self.clock,
            doubts: Doubts::default(),
        }
    }
}
