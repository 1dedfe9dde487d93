//! The forms: the five things that may be stored through the web, by the functions of the commands.

use super::answer::{Answer, Kind, status_of};
use super::pages;
use super::pages::cards::Lack;
use super::routes::Asked;
use super::site::Site;
use crate::cmd::Door;
use crate::cmd::decide::decision::{Wanted, decide};
use crate::cmd::decide::{answer, hold, release};
use crate::cmd::shared::writing::{Appended, Client, OpenLogbook, Print, Writing, print_rows};
use logbook_model::Verdict;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::web::Link;
use logbook_store::Purpose;

/// One form.
pub struct Deed {
    /// Where it is sent.
    pub address: &'static str,
    /// What is done by it, in a word.
    was: &'static str,
    /// Which of its values says to what.
    of: &'static str,
    store: fn(&OpenLogbook, &Asked, &mut Door<'_>) -> Result<Appended>,
}

impl Deed {
    /// What the page that follows is asked to say.
    pub fn told<'a>(&self, asked: &'a Asked) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        [("was", self.was), ("of", asked.text(self.of))].into_iter()
    }
}

/// All there are.
pub const DEEDS: [Deed; 5] = [
    Deed {
        address: "/approve",
        was: "approved",
        of: "request",
        store: |desk, asked, door| decision(desk, asked, Verdict::Approved, door),
    },
    Deed {
        address: "/deny",
        was: "denied",
        of: "request",
        store: |desk, asked, door| decision(desk, asked, Verdict::Denied, door),
    },
    Deed {
        address: "/answer",
        was: "answered",
        of: "run",
        store: |desk, asked, door| answer::answer(desk, needed(asked, "run")?, asked.text("text"), None, door),
    },
    Deed {
        address: "/hold",
        was: "held",
        of: "run",
        store: |desk, asked, door| hold::hold(desk, needed(asked, "run")?, asked.text("why").trim(), None, door),
    },
    Deed {
        address: "/release",
        was: "released",
        of: "run",
        store: |desk, asked, door| {
            release::release(desk, needed(asked, "run")?, given(asked.text("why").trim()), None, door)
        },
    },
];

/// The page that a form was on, with a mark where it lacks something; `None`: what is wrong is
/// something else.
pub fn marked(site: &Site, deed: &Deed, asked: &Asked, error: &Error) -> Option<Answer> {
    let lacks = match deed.address {
        "/deny" if asked.text("why").trim().is_empty() => Lack::REASON,
        "/approve" if error.exit == Exit::Usage && asked.text(TICK).is_empty() && is_irreversible(site, asked) => {
            Lack::TICK
        }
        _ => return None,
    };
    let mut pairs = vec![("lacks", lacks), ("lacks_of", asked.text("request")), ("why", asked.text("why"))];
    let page = match asked.text("back") {
        "" => pages::approvals::page,
        run => {
            pairs.push(("id", run));
            pages::run::page
        }
    };
    page(site, &Asked::with(&pairs), Kind::Html).ok().map(|answer| answer.with(status_of(error)))
}

fn is_irreversible(site: &Site, asked: &Asked) -> bool {
    let board = site.board();
    let request = board.request(asked.text("request"));
    request.is_some_and(|request| request.reversible == Some(false))
}

/// The box that says that it is known that a call cannot be undone.
const TICK: &str = "irreversible";

/// Stores what a form says; gives the name of the row.
pub fn store(site: &Site, deed: &Deed, asked: &Asked) -> Result<String> {
    let ((), out) = site.command(|door| {
        let writing = Writing { dir: Some(site.location.path.clone()), ..Writing::default() };
        let desk = OpenLogbook { client: Client::Web, ..writing.open(door, Purpose::Read)? };
        let done = (deed.store)(&desk, asked, door)?;
        print_rows(Print::Id, &done.drafts, &done.stored, door)
    })?;
    Ok(String::from_utf8_lossy(&out).trim().to_owned())
}

/// The page that a form leads back to.
pub fn back(asked: &Asked) -> Link {
    match asked.text("back") {
        "" => Link::to("/approvals"),
        run => Link::run(run),
    }
}

fn decision(desk: &OpenLogbook, asked: &Asked, verdict: Verdict, door: &mut Door<'_>) -> Result<Appended> {
    let what = needed(asked, "request")?;
    // What was shown is what is decided about.
    let args_sha256 = given(asked.text("args_sha256"));
    let (why, takes_irreversible) = (given(asked.text("why")), asked.text(TICK) == "yes");
    let wanted = Wanted { what, verdict, by: None, why, args_sha256, takes_irreversible };
    decide(desk, &wanted, door).map(|decided| decided.appended)
}

fn needed<'a>(asked: &'a Asked, name: &str) -> Result<&'a str> {
    given(asked.text(name)).ok_or_else(|| Error::usage(format!("the form says no {name}")))
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
