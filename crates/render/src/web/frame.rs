//! What stands around every page: its title, where it is among the pages, what is said first.

use super::text::{Link, Text};

/// Which page it is, for the list of pages at its top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// All runs, or one.
    Runs,
    /// The query box.
    Query,
    /// What waits for somebody.
    Approvals,
    /// Saved queries.
    Report,
    /// None of them.
    Elsewhere,
}

impl Place {
    /// The pages at the top, in order.
    const ALL: [(Place, &'static str, &'static str); 4] = [
        (Place::Runs, "/runs", "Runs"),
        (Place::Approvals, "/approvals", "Approvals"),
        (Place::Query, "/query", "Query"),
        (Place::Report, "/report", "Reports"),
    ];
}

/// What stands around a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// In the browser's tab.
    pub title: Text,
    /// The logbook.
    pub logbook: Text,
    /// Where it is among the pages.
    pub place: Place,
    /// How many requests wait.
    pub open: usize,
    /// Where it is told that the page changed; `None`: it does not change by itself.
    pub events: Option<Link>,
    /// As of when it shows what it shows.
    pub generation: u64,
    /// The same for programs.
    pub twin: Option<Link>,
    /// The zone of its times.
    pub zone: Text,
}

impl Frame {
    /// Whether whoever reads it may see the other pages.
    pub(crate) fn is_known(&self) -> bool {
        self.place != Place::Elsewhere
    }

    /// The pages: address, name, whether it is this one.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&'static str, &'static str, bool, usize)> + '_ {
        Place::ALL.into_iter().map(|(place, address, name)| {
            (address, name, place == self.place, if place == Place::Approvals { self.open } else { 0 })
        })
    }
}
