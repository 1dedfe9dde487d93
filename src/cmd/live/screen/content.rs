//! What is shown of a board: which runs, in their order, and what stands above and beside them.

use std::collections::HashMap;

use super::filter::Filter;
use crate::cmd::live::board::Board;
use logbook_query::time::Clock;
use logbook_render::dash::List;
use logbook_view::approvals::Request;
use logbook_view::runs::{Cards, Tree};

/// What is shown.
#[derive(Debug, Default)]
pub struct Content {
    /// The runs, by number.
    pub shown: Vec<usize>,
    tree: Tree,
    cards: Cards,
    cost_today: String,
    /// The name of the oldest open request of each run.
    requests: HashMap<String, String>,
}

/// Where its reader is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reader {
    /// All runs are meant, not only active ones.
    pub all: bool,
    /// The place of the selected run among those that are shown.
    pub at: usize,
    /// The first one on the screen.
    pub top: usize,
}

impl Content {
    /// What passes `filter` of `board` now; the filter is brought up to date.
    pub fn of(board: &Board, filter: &mut Filter, all: bool, clock: &Clock) -> Content {
        filter.update(board, clock);
        let wanted = |number: &usize| filter.passes(*number);
        let shown = match all {
            true => board.runs().map(|(number, _)| number).filter(wanted).collect(),
            false => board.active().filter(wanted).collect(),
        };
        let mut requests = HashMap::new();
        for request in board.open_requests(clock.now) {
            requests.entry(request.run.clone()).or_insert_with(|| request.name.clone());
        }
        Content {
            shown,
            tree: board.tree(),
            cards: board.cards(clock.now),
            // Terms that lie too far apart have no sum.
            cost_today: board.cost_today().total().map_or_else(|_| "?".to_owned(), |total| total.to_string()),
            requests,
        }
    }

    /// The oldest open request of a run.
    pub fn request<'b>(&self, run: &str, board: &'b Board) -> Option<&'b Request> {
        self.requests.get(run).and_then(|name| board.request(name))
    }

    /// As it is drawn; `request` is [`Content::request`].
    pub fn list<'l>(
        &'l self,
        board: &'l Board,
        (title, filter): (&'l str, &'l Filter),
        reader: Reader,
        request: &'l dyn Fn(&str) -> Option<&'l Request>,
        clock: &Clock,
    ) -> List<'l> {
        List {
            title,
            cards: &self.cards,
            cost_today: &self.cost_today,
            which: if reader.all { "all" } else { "active" },
            filter: &filter.text,
            total: board.runs().len(),
            runs: board.by_number(),
            tree: &self.tree,
            shown: &self.shown,
            top: reader.top,
            selected: reader.at,
            request,
            now: clock.now,
        }
    }
}
