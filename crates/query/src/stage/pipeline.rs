//! The stages of a plan at work.
//!
//! A [`Fold`] takes the rows of one part of the input, in order. Folds are merged in the order of
//! their parts, and the merged one is finished. However rows were split, the answer is the same
//! bytes. A streaming plan outputs rows at once, through the sink given to `push`; its folds have
//! only counts to merge.

use std::ops::ControlFlow;

use logbook_json::{self as json, Limits};

use crate::aggregate::Ignored;
use crate::eval::doubts::Doubts;
use crate::eval::source::{Eval, Fault};
use crate::jq::head::Outcome;
use crate::jq::program::Session;
use crate::row::{Place, Row, pick_fields};
use crate::stage::group::Groups;
use crate::stage::newest_per_group::NewestPerGroup;
use crate::stage::plan::Plan;
use crate::stage::sort::Sorted;
use crate::stage::spill::Spill;

/// Takes one result as JSON text, with the place of its row if it comes from one row.
pub(crate) type Sink<'o> = dyn FnMut(&[u8], Option<Place>) -> ControlFlow<()> + 'o;

/// Where results go. The work stops when the sink breaks.
pub struct Out<'o> {
    /// Takes the results, one by one.
    pub sink: &'o mut Sink<'o>,
    /// Takes the message of a jq program that failed, with the place of the row. The row is left
    /// out, and the work goes on. Without a place, a program failed that takes all rows.
    pub fault: &'o mut dyn FnMut(Option<Place>, &str),
}

/// What is to be reported about a finished query beside its results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows that passed latest and filter.
    pub passed: u64,
    /// Rows that passed latest; zero without `latest`.
    pub newest: u64,
    /// Rows that were given to jq after parts of them that are not valid JSON were replaced by
    /// null, with the reason.
    pub mended: Vec<(Place, json::Fault)>,
    /// Aggregates that could not use every value, by column.
    pub ignored: Vec<(String, Ignored)>,
    /// Rows that were skipped because a value could not be read as what a condition asks for.
    pub doubts: Doubts,
}

/// When the texts of the newest rows take this many bytes, what the plan needs of them is spilled.
/// Most rows of active runs are soon superseded, so less would be wasted work.
const TEXT_BYTES: usize = 2 << 20;

/// The state of a plan at work on one part of the rows.
pub struct Fold<'p> {
    /// Apart from `rest`, which is borrowed while the program's outputs are consumed.
    jq: Session,
    rest: Rest<'p>,
}

/// What a fold holds back when its rows are at an end: input for the merge with earlier rows.
#[derive(Debug, Default)]
pub struct Held {
    newest: Spill,
    passed: u64,
    mended: Vec<(Place, json::Fault)>,
    doubts: Doubts,
    /// Rows that wait for a program that takes all of them.
    kept: Vec<Vec<u8>>,
    kept_bytes: u64,
    groups: Groups,
    sorted: Sorted,
    emitted: u64,
}

/// The stages after jq, and what all stages share.
struct Rest<'p> {
    plan: &'p Plan,
    eval: Eval<'p>,
    latest: NewestPerGroup,
    held: Held,
    line: Vec<u8>,
}

impl<'p> Fold<'p> {
    /// An empty fold of `plan`: one for all rows, or one for each part of them.
    pub fn new(plan: &'p Plan) -> Self {
        Fold {
            jq: Session::new(&plan.globals),
            rest: Rest {
                plan,
                eval: plan.eval(),
                latest: NewestPerGroup::default(),
                held: Held::default(),
                line: Vec::new(),
            },
        }
    }

    /// Takes the next row; `row.fields` are those of [`Plan::fields`]. Breaks when no further row
    /// can change the answer, or when the sink breaks.
    pub fn push(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> ControlFlow<()> {
        if let Some(stage) = &self.rest.plan.latest {
            self.rest.latest.push(stage, row);
            return ControlFlow::Continue(());
        }
        self.filter(row, out)
    }

    fn filter(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> ControlFlow<()> {
        let flow = self.filter_and_run_jq(row, out);
        let mended = |session: &mut Session| std::mem::take(&mut session.has_mended);
        if self.rest.plan.uses_jq()
            && mended(&mut self.jq) | mended(&mut self.rest.eval.session)
            && let Err(fault) = json::validate(row.text, Limits::GRAMMAR)
        {
            self.rest.held.mended.push((row.place, fault));
        }
        flow
    }

    /// filter → jq → the stages after it
    fn filter_and_run_jq(&mut self, row: &Row<'_>, out: &mut Out<'_>) -> ControlFlow<()> {
        if self.rest.is_full() {
            return ControlFlow::Break(());
        }
        let plan = self.rest.plan;
        if plan.uses_jq() {
            self.rest.eval.next_row();
            self.jq.next_row();
        }
        if let Some(filter) = &plan.filter {
            match filter.matches(row, &mut self.rest.eval) {
                Ok(true) => {}
                Ok(false) => return ControlFlow::Continue(()),
                Err(Fault(message)) => {
                    (out.fault)(Some(row.place), &message);
                    return ControlFlow::Continue(());
                }
            }
        }
        self.rest.held.passed += 1;
        let Some(program) = plan.jq.and_then(|number| plan.programs.get(number)) else {
            return self.rest.push(row, Some(row.place), out);
        };
        let head = plan.head.evaluate(row);
        if head == Outcome::False {
            return ControlFlow::Continue(());
        }
        if plan.slurp.is_some() {
            match self.jq.checked(row.text) {
                Ok(text) => {
                    self.rest.held.kept_bytes += text.len() as u64;
                    self.rest.held.kept.push(text.into_owned());
                }
                Err(message) => (out.fault)(Some(row.place), &message),
            }
            return if self.is_too_much() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        }
        let rest = &mut self.rest;
        if head == Outcome::True
            && let Some(output) = self.jq.project(program, row.text)
        {
            return rest.push_output(output, Some(row.place), out);
        }
        let mut flow = ControlFlow::Continue(());
        let ran = self.jq.run(program, row.text, &mut |output| {
            flow = rest.push_output(output, Some(row.place), out);
            flow
        });
        if let Err(message) = ran {
            (out.fault)(Some(row.place), &message);
        }
        flow
    }

    /// Ends `block`, which begins at byte `offset` of its input: the texts of rows marked
    /// [`Row::in_block`] are part of it, and are gone after this call.
    pub fn block_ends(&mut self, block: &[u8], offset: u64) {
        self.rest.latest.block_ends(block, offset);
        self.rest.held.groups.block_ends();
        if self.rest.latest.text_bytes() > TEXT_BYTES {
            self.spill();
        }
    }

    /// What the fold holds back, to be merged into the fold of earlier rows.
    pub fn into_held(mut self) -> Held {
        self.end_latest();
        self.rest.held.doubts.merge(std::mem::take(&mut self.rest.eval.doubts));
        self.rest.held
    }

    fn end_latest(&mut self) {
        self.spill();
        let newest = std::mem::take(&mut self.rest.latest).into_spilled();
        self.rest.held.newest.merge(newest, self.rest.plan.input_fields.len());
    }

    fn spill(&mut self) {
        let plan = self.rest.plan;
        self.rest.latest.spill(&plan.input_fields, plan.reads_fields_only());
    }

    /// Merges what the fold of later rows held back. Of streaming plans, that is only counts.
    pub fn merge(&mut self, later: Held) {
        let tail = &self.rest.plan.tail;
        self.rest.held.newest.merge(later.newest, self.rest.plan.input_fields.len());
        self.rest.held.passed += later.passed;
        self.rest.held.mended.extend(later.mended);
        self.rest.held.doubts.merge(later.doubts);
        self.rest.held.kept.extend(later.kept);
        self.rest.held.kept_bytes += later.kept_bytes;
        self.rest.held.groups.merge(later.groups);
        self.rest.held.emitted += later.emitted;
        if !tail.sort.is_empty() {
            self.rest.held.sorted.merge(&tail.sort, tail.limit, later.sorted);
        }
    }

    /// Whether the rows that wait for the program exceed what `--slurp` may hold.
    pub fn is_too_much(&self) -> bool {
        self.rest.plan.slurp.is_some_and(|most| self.rest.held.kept_bytes > most)
    }

    /// Outputs what was held back.
    pub fn finish(mut self, out: &mut Out<'_>) -> Summary {
        let plan = self.rest.plan;
        self.end_latest();
        let newest = std::mem::take(&mut self.rest.held.newest);
        let mut of_newest = 0;
        newest.finish(plan.input_fields.len(), |row, is_whole| {
            of_newest += 1;
            let mut fields = Vec::new();
            let fields = if is_whole { pick_fields(row.text, &plan.input_fields, &mut fields) } else { row.fields };
            self.filter(&Row { fields, ..*row }, out)
        });
        if let (true, Some(program)) = (plan.slurp.is_some(), plan.jq.and_then(|number| plan.programs.get(number))) {
            let rest = &mut self.rest;
            let kept = std::mem::take(&mut rest.held.kept);
            let ran = self.jq.run_on_all(program, kept, &mut |output| rest.push_output(output, None, out));
            if let Err(message) = ran {
                (out.fault)(None, &message);
            }
        }
        let passed = self.rest.held.passed;
        let mended = std::mem::take(&mut self.rest.held.mended);
        let (ignored, doubts) = self.rest.finish(out);
        Summary { passed, mended, newest: of_newest, ignored, doubts }
    }
}

impl Rest<'_> {
    /// Whether a limit without sorting is reached.
    fn is_full(&self) -> bool {
        let plan = self.plan;
        plan.group.is_none()
            && plan.tail.sort.is_empty()
            && plan.tail.limit.is_some_and(|limit| self.held.emitted >= limit)
    }

    /// Takes one output of jq; `place` is that of its row, if it comes from one row.
    fn push_output(&mut self, text: &[u8], place: Option<Place>, out: &mut Out<'_>) -> ControlFlow<()> {
        self.eval.next_row();
        let mut fields = Vec::new();
        let fields = pick_fields(text, self.plan.jq_fields.as_deref().unwrap_or_default(), &mut fields);
        self.push(&Row { text, fields, place: place.unwrap_or_default(), in_block: false }, place, out)
    }

    /// Takes a row that grouping made.
    fn push_group(&mut self, text: &[u8], out: &mut Out<'_>) -> ControlFlow<()> {
        self.eval.next_row();
        let mut fields = Vec::new();
        let fields = pick_fields(text, self.plan.group_fields.as_deref().unwrap_or_default(), &mut fields);
        self.tail(&Row { text, fields, place: Place::default(), in_block: false }, None, out)
    }

    fn push(&mut self, row: &Row<'_>, place: Option<Place>, out: &mut Out<'_>) -> ControlFlow<()> {
        let Some(stage) = &self.plan.group else {
            return self.tail(row, place, out);
        };
        if let Err(Fault(message)) = self.held.groups.push(stage, row, &mut self.eval) {
            (out.fault)(place, &message);
        }
        ControlFlow::Continue(())
    }

    /// having → sort → limit → select
    fn tail(&mut self, row: &Row<'_>, place: Option<Place>, out: &mut Out<'_>) -> ControlFlow<()> {
        let tail = &self.plan.tail;
        let passes = tail.having.as_ref().map_or(Ok(true), |having| having.matches(row, &mut self.eval));
        let done = passes.and_then(|passes| match passes {
            false => Ok(None),
            true if tail.sort.is_empty() => Ok(Some(())),
            true => self.held.sorted.push(&tail.sort, tail.limit, row, place, &mut self.eval).map(|()| None),
        });
        match done {
            Ok(Some(())) => self.emit(row, place, out),
            Ok(None) => ControlFlow::Continue(()),
            Err(Fault(message)) => {
                (out.fault)(place, &message);
                ControlFlow::Continue(())
            }
        }
    }

    /// limit → select → sink
    fn emit(&mut self, row: &Row<'_>, place: Option<Place>, out: &mut Out<'_>) -> ControlFlow<()> {
        let tail = &self.plan.tail;
        let limit = tail.limit.unwrap_or(u64::MAX);
        if self.held.emitted >= limit {
            return ControlFlow::Break(());
        }
        let flow = match &tail.select {
            None => (out.sink)(row.text, place),
            Some(columns) => {
                self.line.clear();
                self.line.push(b'{');
                for column in columns {
                    match column.source.value(row, &mut self.eval) {
                        Ok(None) => {}
                        Ok(Some(value)) => {
                            if self.line.len() > 1 {
                                self.line.push(b',');
                            }
                            self.line.extend_from_slice(&column.member);
                            self.line.extend_from_slice(&value);
                        }
                        Err(Fault(message)) => {
                            (out.fault)(place, &message);
                            return ControlFlow::Continue(());
                        }
                    }
                }
                self.line.push(b'}');
                (out.sink)(&self.line, place)
            }
        };
        self.held.emitted += 1;
        if self.held.emitted >= limit { ControlFlow::Break(()) } else { flow }
    }

    fn finish(mut self, out: &mut Out<'_>) -> (Vec<(String, Ignored)>, Doubts) {
        let plan = self.plan;
        let mut ignored = Vec::new();
        if let Some(stage) = &plan.group {
            let (rows, notes) = std::mem::take(&mut self.held.groups).finish(stage, &plan.clock.zone);
            ignored = notes;
            for row in rows {
                if self.push_group(&row, out).is_break() {
                    break;
                }
            }
        }
        let names = plan.group_fields.as_ref().or(plan.jq_fields.as_ref()).unwrap_or(&plan.input_fields);
        let sorted = std::mem::take(&mut self.held.sorted);
        for (place, text) in sorted.finish(&plan.tail.sort, plan.tail.limit) {
            self.eval.next_row();
            let mut fields = Vec::new();
            let fields = pick_fields(&text, names, &mut fields);
            let row = Row { text: &text, fields, place: place.unwrap_or_default(), in_block: false };
            if self.emit(&row, place, out).is_break() {
                break;
            }
        }
        let mut doubts = self.held.doubts;
        doubts.merge(self.eval.doubts);
        (ignored, doubts)
    }
}
