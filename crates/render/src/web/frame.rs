//! What is around every page: its title, and the list of pages.

use super::text::{Link, Text};

/// The entry of a page in the list of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// All runs, or one.
    Runs,
    /// The query box.
    Query,
    /// Requests, questions and holds.
    Approvals,
    /// Saved queries.
    Report,
    /// None of them.
    Elsewhere,
}

impl Tab {
    /// The list of pages, in order: address and name.
    const ALL: [(Tab, &'static str, &'static str); 4] = [
        (Tab::Runs, "/runs", "Runs"),
        (Tab::Approvals, "/approvals", "Approvals"),
        (Tab::Query, "/query", "Query"),
        (Tab::Report, "/report", "Reports"),
    ];
}

/// What is around a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The title.
    pub title: Text,
    /// The logbook.
    pub logbook: Text,
    /// Its entry in the list of pages.
    pub tab: Tab,
    /// The number of open requests.
    pub open: usize,
    /// The address of events about changes; `None` if the page does not update itself.
    pub events: Option<Link>,
    /// The generation of the data that it shows.
    pub generation: u64,
    /// The address of the same data as JSON.
    pub twin: Option<Link>,
    /// The zone of its times.
    pub zone: Text,
}

impl Frame {
    /// Whether the reader may see the other pages.
    pub(crate) fn is_known(&self) -> bool {
        self.tab != Tab::Elsewhere
    }

    /// The list of pages: address, name, whether it is this one, and a count to show if not 0.
    pub(crate) fn tabs(&self) -> impl Iterator<Item = (&'static str, &'static str, bool, usize)> + '_ {
        Tab::ALL.into_iter().map(|(tab, address, name)| {
            (address, name, tab == self.tab, if tab == Tab::Approvals { self.open } else { 0 })
        })
    }
}
