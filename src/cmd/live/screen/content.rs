//! What is shown of the board: the runs of the list in order, and the cards above them.

use std::collections::HashMap;

use super::filter::Filter;
use crate::cmd::live::board::Board;
use logbook_query::time::Clock;
use logbook_render::dash::List;
use logbook_view::approvals::Request;
use logbook_view::runs::{Cards, Tree};

/// What the dashboard shows.
#[derive(Debug, Default)]
pub struct Content {
    /// The numbers of the runs, in order.
    pub shown: Vec<usize>,
    tree: Tree,
    cards: Cards,
    cost_today: String,
    /// The name of the oldest open request of each run.
    requests: HashMap<String, String>,
}

/// Where the user is in the list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Position {
    /// Show all runs, not only active ones.
    pub all: bool,
    /// The position of the selected run in the list.
    pub at: usize,
    /// The first run on the screen.
    pub top: usize,
}

impl Content {
    /// The runs of `board` that pass `filter`, which is updated first.
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
            // Costs of very different magnitude have no exact sum.
            cost_today: board.cost_today().total().map_or_else(|_| "?".to_owned(), |total| total.to_string()),
            requests,
        }
    }

    /// The oldest open request of a run.
    pub fn request<'b>(&self, run: &str, board: &'b Board) -> Option<&'b Request> {
        self.requests.get(run).and_then(|name| board.request(name))
    }

    /// The list to draw; `request` is [`Content::request`].
    pub fn list<'l>(
        &'l self,
        board: &'l Board,
        title: &'l str,
        filter: &'l Filter,
        position: Position,
        request: &'l dyn Fn(&str) -> Option<&'l Request>,
        clock: &Clock,
    ) -> List<'l> {
        List {
            title,
            cards: &self.cards,
            cost_today: &self.cost_today,
            which: if position.all { "all" } else { "active" },
            filter: &filter.text,
            total: board.runs().len(),
            runs: board.by_number(),
            tree: &self.tree,
            shown: &self.shown,
            top: position.top,
            selected: position.at,
            request,
            now: clock.now,
        }
    }
}
