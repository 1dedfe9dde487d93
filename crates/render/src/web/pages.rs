//! One struct for each page; its template stands beside this file.

use askama::Template;

use super::frame::Frame;
use super::plot::Plot;
use super::table::{Cell, Status, Table};
use super::text::{Link, Text};

/// A value that a form sends back as it is. The templates escape it, and nothing else is changed in
/// it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exact(pub String);

impl std::fmt::Display for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number with its sign and its words.
#[derive(Debug, Clone)]
pub struct Card {
    /// How it looks.
    pub status: Option<Status>,
    /// The number.
    pub count: Text,
    /// What is counted.
    pub what: &'static str,
    /// Where they are listed.
    pub link: Option<Link>,
}

/// All runs.
#[derive(Template)]
#[template(path = "runs.html")]
pub struct RunsPage {
    /// What stands around it.
    pub frame: Frame,
    /// What is asked first.
    pub cards: Vec<Card>,
    /// What runs wait for, and how many for each.
    pub blockers: Vec<(Text, u64)>,
    /// Pictures.
    pub plots: Vec<Plot>,
    /// The filter, as it was typed.
    pub filter: Exact,
    /// Finished runs too.
    pub all: bool,
    /// What is wrong with the filter.
    pub problem: Vec<Text>,
    /// The runs.
    pub table: Table,
    /// What is said below them.
    pub notes: Vec<Text>,
}

/// A request for approval.
#[derive(Debug, Clone)]
pub struct RequestCard {
    /// Its name, as forms send it back.
    pub exact: Exact,
    /// The digest of its arguments, as forms send it back.
    pub digest: Exact,
    /// Its name.
    pub name: Text,
    /// Its run.
    pub run: Text,
    /// The page of its run.
    pub link: Link,
    /// What is asked for.
    pub action: Text,
    /// What must not be overlooked.
    pub dangers: Vec<Text>,
    /// More about it: name and lines.
    pub about: Vec<(&'static str, Vec<Text>)>,
    /// The arguments, exactly.
    pub args: Vec<Text>,
    /// It cannot be undone: a yes needs a tick.
    pub is_irreversible: bool,
    /// A yes came without the tick.
    pub lacks_tick: bool,
    /// A no came without a reason.
    pub lacks_reason: bool,
    /// What was typed beside the yes.
    pub note: Exact,
}

/// A run that waits for an answer.
#[derive(Debug, Clone)]
pub struct Question {
    /// The run, as forms send it back.
    pub exact: Exact,
    /// The run.
    pub run: Text,
    /// Its page.
    pub link: Link,
    /// What it waits for.
    pub blocked_on: Text,
    /// What it did last.
    pub action: Text,
    /// Since when.
    pub age: Text,
}

/// A run that somebody stopped.
#[derive(Debug, Clone)]
pub struct HeldCard {
    /// The run, as forms send it back.
    pub exact: Exact,
    /// The run.
    pub run: Text,
    /// Its page.
    pub link: Link,
    /// Who stopped it.
    pub by: Text,
    /// Why.
    pub why: Text,
    /// The row that says so.
    pub name: Text,
}

/// What stands in the forms of a page: where they lead back to.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// The run whose page it is; empty: the page of approvals.
    pub run: Exact,
    /// What was done just now.
    pub done: Text,
}

/// What waits for somebody.
#[derive(Template)]
#[template(path = "approvals.html")]
pub struct ApprovalsPage {
    /// What stands around it.
    pub frame: Frame,
    /// Where its forms lead back to.
    pub forms: Forms,
    /// Requests that somebody may decide.
    pub requests: Vec<RequestCard>,
    /// Runs that wait for an answer.
    pub questions: Vec<Question>,
    /// Runs that are held.
    pub held: Vec<HeldCard>,
    /// What was decided.
    pub decided: Table,
    /// What is said beside it.
    pub notes: Vec<Text>,
}

/// What is known of a run in a few lines.
#[derive(Debug, Clone)]
pub struct FactLines {
    /// What it is about.
    pub name: Text,
    /// Line by line.
    pub lines: Vec<Cell>,
}

/// One run.
#[derive(Template)]
#[template(path = "run.html")]
pub struct RunPage {
    /// What stands around it.
    pub frame: Frame,
    /// Where its forms lead back to.
    pub forms: Forms,
    /// Its name.
    pub name: Text,
    /// What it is for.
    pub task: Text,
    /// Where it stands.
    pub stands: Cell,
    /// Its open requests.
    pub requests: Vec<RequestCard>,
    /// What it waits for, if an answer is what it waits for.
    pub questions: Vec<Question>,
    /// That it is held.
    pub held: Vec<HeldCard>,
    /// Somebody may hold it.
    pub may_be_held: bool,
    /// What is known in a few lines.
    pub facts: Vec<FactLines>,
    /// What is known in tables.
    pub tables: Vec<Table>,
    /// What is said beside it.
    pub notes: Vec<Text>,
}

/// The query box.
#[derive(Template)]
#[template(path = "query.html")]
pub struct QueryPage {
    /// What stands around it.
    pub frame: Frame,
    /// The query, as it was typed.
    pub query: Exact,
    /// It was asked.
    pub asked: bool,
    /// What is wrong with it, with a caret under the place.
    pub problem: Vec<Text>,
    /// What came out.
    pub table: Table,
    /// What is said beside it.
    pub notes: Vec<Text>,
    /// What could be asked.
    pub examples: Vec<(Text, Link)>,
}

/// What a report asks.
#[derive(Debug, Clone)]
pub struct Asks {
    /// Its name.
    pub name: Exact,
    /// What it is, or would be.
    pub value: Exact,
    /// It must be given.
    pub required: bool,
}

/// A report in the list.
#[derive(Debug, Clone)]
pub struct ReportItem {
    /// Its name.
    pub name: Text,
    /// Its page.
    pub link: Link,
    /// What it shows.
    pub about: Text,
    /// It is the one that is shown.
    pub chosen: bool,
}

/// A report that was chosen.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its name.
    pub name: Exact,
    /// What it shows.
    pub about: Text,
    /// What it asks.
    pub asks: Vec<Asks>,
    /// Its query.
    pub query: Vec<Text>,
    /// What is wrong.
    pub problem: Vec<Text>,
    /// What came out; `None`: it was not asked yet.
    pub table: Option<Table>,
    /// What is said beside it.
    pub notes: Vec<Text>,
}

/// Saved queries.
#[derive(Template)]
#[template(path = "report.html")]
pub struct ReportPage {
    /// What stands around it.
    pub frame: Frame,
    /// What there is.
    pub reports: Vec<ReportItem>,
    /// The one that is shown.
    pub chosen: Option<Chosen>,
}

/// Something that is to be said instead of a page.
#[derive(Template)]
#[template(path = "message.html")]
pub struct MessagePage {
    /// What stands around it.
    pub frame: Frame,
    /// In a few words.
    pub title: Text,
    /// What happened.
    pub lines: Vec<Text>,
    /// What to do.
    pub hint: Text,
    /// Where to go on.
    pub back: Option<Link>,
}
