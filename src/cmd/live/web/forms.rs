//! The forms: the five decisions that can be stored through the web, by the functions of the
//! commands.

use super::answer::{Answer, Kind, status_of};
use super::pages;
use super::pages::cards::Lack;
use super::params::Params;
use super::site::Site;
use crate::cmd::Door;
use crate::cmd::decide::decision::{Wanted, decide};
use crate::cmd::decide::{answer, hold, release};
use crate::cmd::shared::writing::{Appended, Client, OpenLogbook, Print, Writing, print_rows};
use logbook_model::Verdict;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::web::Link;
use logbook_store::Purpose;

/// A form and the command behind it.
pub struct Form {
    /// The address that it is posted to.
    pub address: &'static str,
    /// What was done, in a word.
    was: &'static str,
    /// The parameter that names its request or run.
    of: &'static str,
    store: fn(&OpenLogbook, &Params, &mut Door<'_>) -> Result<Appended>,
}

impl Form {
    /// Parameters for the next page, which reports what was done.
    pub fn outcome<'a>(&self, params: &'a Params) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        [("was", self.was), ("of", params.get(self.of))].into_iter()
    }
}

pub const FORMS: [Form; 5] = [
    Form {
        address: "/approve",
        was: "approved",
        of: "request",
        store: |desk, params, door| decision(desk, params, Verdict::Approved, door),
    },
    Form {
        address: "/deny",
        was: "denied",
        of: "request",
        store: |desk, params, door| decision(desk, params, Verdict::Denied, door),
    },
    Form {
        address: "/answer",
        was: "answered",
        of: "run",
        store: |desk, params, door| answer::answer(desk, needed(params, "run")?, params.get("text"), None, door),
    },
    Form {
        address: "/hold",
        was: "held",
        of: "run",
        store: |desk, params, door| hold::hold(desk, needed(params, "run")?, params.get("why").trim(), None, door),
    },
    Form {
        address: "/release",
        was: "released",
        of: "run",
        store: |desk, params, door| {
            release::release(desk, needed(params, "run")?, given(params.get("why").trim()), None, door)
        },
    },
];

/// The page that a form was on, with a mark at what the form lacks; `None` if the error is about
/// something else.
pub fn marked(site: &Site, form: &Form, params: &Params, error: &Error) -> Option<Answer> {
    let lacks = match form.address {
        "/deny" if params.get("why").trim().is_empty() => Lack::REASON,
        "/approve" if error.exit == Exit::Usage && params.get(TICK).is_empty() && is_irreversible(site, params) => {
            Lack::TICK
        }
        _ => return None,
    };
    let mut pairs = vec![("lacks", lacks), ("lacks_of", params.get("request")), ("why", params.get("why"))];
    let page = match params.get("back") {
        "" => pages::approvals::page,
        run => {
            pairs.push(("id", run));
            pages::run::page
        }
    };
    page(site, &Params::of(&pairs), Kind::Html).ok().map(|answer| answer.with_status(status_of(error)))
}

fn is_irreversible(site: &Site, params: &Params) -> bool {
    let board = site.board();
    let request = board.request(params.get("request"));
    request.is_some_and(|request| request.reversible == Some(false))
}

/// The checkbox that confirms that a call cannot be undone.
const TICK: &str = "irreversible";

/// Stores the row of a form; gives its address.
pub fn store(site: &Site, form: &Form, params: &Params) -> Result<String> {
    let ((), out) = site.context.command(|door| {
        let writing = Writing { dir: Some(site.context.location.path.clone()), ..Writing::default() };
        let desk = OpenLogbook { client: Client::Web, ..writing.open(door, Purpose::Read)? };
        let done = (form.store)(&desk, params, door)?;
        print_rows(Print::Id, &done.drafts, &done.stored, door)
    })?;
    Ok(String::from_utf8_lossy(&out).trim().to_owned())
}

/// The page to show after a form.
pub fn back(params: &Params) -> Link {
    match params.get("back") {
        "" => Link::to("/approvals"),
        run => Link::run(run),
    }
}

fn decision(desk: &OpenLogbook, params: &Params, verdict: Verdict, door: &mut Door<'_>) -> Result<Appended> {
    let what = needed(params, "request")?;
    // The decision is about the arguments that the page showed.
    let args_sha256 = given(params.get("args_sha256"));
    let (why, takes_irreversible) = (given(params.get("why")), params.get(TICK) == "yes");
    let wanted = Wanted { what, verdict, by: None, why, args_sha256, takes_irreversible };
    decide(desk, &wanted, door).map(|decided| decided.appended)
}

fn needed<'a>(params: &'a Params, name: &str) -> Result<&'a str> {
    given(params.get(name)).ok_or_else(|| Error::usage(format!("the form says no {name}")))
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
