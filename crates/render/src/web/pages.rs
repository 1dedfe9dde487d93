//! One struct for each page; its template is beside this file.

use askama::Template;

use super::frame::Frame;
use super::plot::Plot;
use super::table::{Cell, Status, Table};
use super::text::{Link, Text};

/// A value that a form sends back unchanged. The templates escape it; nothing else is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exact(pub String);

impl std::fmt::Display for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A count with its glyph and words.
#[derive(Debug, Clone)]
pub struct Card {
    /// Its look.
    pub status: Option<Status>,
    /// The count.
    pub count: Text,
    /// What is counted.
    pub what: &'static str,
    /// The page that lists them.
    pub link: Option<Link>,
}

/// All runs.
#[derive(Template)]
#[template(path = "runs.html")]
pub struct RunsPage {
    /// The frame of the page.
    pub frame: Frame,
    /// The counts.
    pub cards: Vec<Card>,
    /// What runs wait for, with the number of runs.
    pub blockers: Vec<(Text, u64)>,
    /// The charts.
    pub plots: Vec<Plot>,
    /// The filter, as it was typed.
    pub filter: Exact,
    /// Whether finished runs are shown too.
    pub all: bool,
    /// What is wrong with the filter.
    pub problem: Vec<Text>,
    /// The runs.
    pub table: Table,
    /// Notes below the table.
    pub notes: Vec<Text>,
}

/// A request for approval.
#[derive(Debug, Clone)]
pub struct RequestCard {
    /// Its name, for forms.
    pub exact: Exact,
    /// The digest of its arguments, for forms.
    pub digest: Exact,
    /// The name of the request.
    pub name: Text,
    /// Its run.
    pub run: Text,
    /// The page of its run.
    pub link: Link,
    /// What is asked for.
    pub action: Text,
    /// Warnings.
    pub dangers: Vec<Text>,
    /// Further facts: name and lines.
    pub about: Vec<(&'static str, Vec<Text>)>,
    /// The exact arguments.
    pub args: Vec<Text>,
    /// Whether it cannot be undone: approval then needs a tick.
    pub is_irreversible: bool,
    /// Whether an approval came without the tick.
    pub lacks_tick: bool,
    /// Whether a denial came without a reason.
    pub lacks_reason: bool,
    /// The note typed with an approval.
    pub note: Exact,
}

/// A run that waits for an answer.
#[derive(Debug, Clone)]
pub struct Question {
    /// The id of the run, for forms.
    pub exact: Exact,
    /// The run.
    pub run: Text,
    /// Its page.
    pub link: Link,
    /// What it waits for.
    pub blocked_on: Text,
    /// What it did last.
    pub action: Text,
    /// How long it has waited.
    pub age: Text,
}

/// A run that somebody stopped.
#[derive(Debug, Clone)]
pub struct HeldCard {
    /// The id of the run, for forms.
    pub exact: Exact,
    /// The run.
    pub run: Text,
    /// Its page.
    pub link: Link,
    /// Who stopped it.
    pub by: Text,
    /// The reason.
    pub why: Text,
    /// The row that says so.
    pub name: Text,
}

/// The context of the forms of a page.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// The run whose page it is; empty on the page of approvals.
    pub run: Exact,
    /// A note about what was just done.
    pub done: Text,
}

/// Requests, questions and holds.
#[derive(Template)]
#[template(path = "approvals.html")]
pub struct ApprovalsPage {
    /// The frame of the page.
    pub frame: Frame,
    /// The context of its forms.
    pub forms: Forms,
    /// Open requests.
    pub requests: Vec<RequestCard>,
    /// Runs that wait for an answer.
    pub questions: Vec<Question>,
    /// Runs that are held.
    pub held: Vec<HeldCard>,
    /// Decided requests.
    pub decided: Table,
    /// Notes.
    pub notes: Vec<Text>,
}

/// A fact about a run.
#[derive(Debug, Clone)]
pub struct FactLines {
    /// The name.
    pub name: Text,
    /// The lines.
    pub lines: Vec<Cell>,
}

/// One run.
#[derive(Template)]
#[template(path = "run.html")]
pub struct RunPage {
    /// The frame of the page.
    pub frame: Frame,
    /// The context of its forms.
    pub forms: Forms,
    /// The id of the run.
    pub name: Text,
    /// The task.
    pub task: Text,
    /// The status.
    pub stands: Cell,
    /// Its open requests.
    pub requests: Vec<RequestCard>,
    /// The question it waits for, if it waits for an answer.
    pub questions: Vec<Question>,
    /// The hold, if it is held.
    pub held: Vec<HeldCard>,
    /// Whether it may be held.
    pub may_be_held: bool,
    /// The facts.
    pub facts: Vec<FactLines>,
    /// The tables.
    pub tables: Vec<Table>,
    /// Notes.
    pub notes: Vec<Text>,
}

/// The query box.
#[derive(Template)]
#[template(path = "query.html")]
pub struct QueryPage {
    /// The frame of the page.
    pub frame: Frame,
    /// The query, as it was typed.
    pub query: Exact,
    /// Whether the query was run.
    pub asked: bool,
    /// What is wrong with it, with a caret under the place.
    pub problem: Vec<Text>,
    /// The result.
    pub table: Table,
    /// Notes.
    pub notes: Vec<Text>,
    /// Example queries.
    pub examples: Vec<(Text, Link)>,
}

/// A parameter of a report.
#[derive(Debug, Clone)]
pub struct Asks {
    /// The name of the parameter.
    pub name: Exact,
    /// Its value or default.
    pub value: Exact,
    /// Whether it is required.
    pub required: bool,
}

/// A report in the list.
#[derive(Debug, Clone)]
pub struct ReportItem {
    /// The name of the report.
    pub name: Text,
    /// Its page.
    pub link: Link,
    /// What it shows.
    pub about: Text,
    /// Whether it is the one shown.
    pub chosen: bool,
}

/// The chosen report.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The name of the report.
    pub name: Exact,
    /// What it shows.
    pub about: Text,
    /// Its parameters.
    pub asks: Vec<Asks>,
    /// Its query.
    pub query: Vec<Text>,
    /// What is wrong.
    pub problem: Vec<Text>,
    /// The result; `None` before it was run.
    pub table: Option<Table>,
    /// Notes.
    pub notes: Vec<Text>,
}

/// Saved queries.
#[derive(Template)]
#[template(path = "report.html")]
pub struct ReportPage {
    /// The frame of the page.
    pub frame: Frame,
    /// The list of reports.
    pub reports: Vec<ReportItem>,
    /// The chosen report, if any.
    pub chosen: Option<Chosen>,
}

/// A message instead of a page.
#[derive(Template)]
#[template(path = "message.html")]
pub struct MessagePage {
    /// The frame of the page.
    pub frame: Frame,
    /// The title.
    pub title: Text,
    /// What happened.
    pub lines: Vec<Text>,
    /// A hint.
    pub hint: Text,
    /// Where to go on.
    pub back: Option<Link>,
}
