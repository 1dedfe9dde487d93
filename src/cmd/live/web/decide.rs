//! The forms: the five things that may be stored through the web, by the functions of the commands.

use super::routes::Asked;
use super::site::Site;
use crate::cmd::Door;
use crate::cmd::decide::decision::{Wanted, decide};
use crate::cmd::decide::{answer, hold, release};
use crate::cmd::writing::{Client, Desk, Done, Print, Writing, print_rows};
use crate::error::{Error, Result};
use crate::render::web::Link;
use crate::store::Purpose;
use crate::view::approvals::Verdict;

/// One form.
pub struct Deed {
    /// Where it is sent.
    pub address: &'static str,
    store: fn(&Desk, &Asked, &mut Door<'_>) -> Result<Done>,
}

/// All there are.
pub const DEEDS: [Deed; 5] = [
    Deed { address: "/approve", store: |desk, asked, door| decision(desk, asked, Verdict::Approved, door) },
    Deed { address: "/deny", store: |desk, asked, door| decision(desk, asked, Verdict::Denied, door) },
    Deed {
        address: "/answer",
        store: |desk, asked, door| answer::answer(desk, (needed(asked, "run")?, asked.text("text")), None, door),
    },
    Deed {
        address: "/hold",
        store: |desk, asked, door| hold::hold(desk, (needed(asked, "run")?, asked.text("why").trim()), None, door),
    },
    Deed {
        address: "/release",
        store: |desk, asked, door| {
            release::release(desk, (needed(asked, "run")?, given(asked.text("why").trim())), None, door)
        },
    },
];

/// Stores what a form says; gives the name of the row.
pub fn store(site: &Site, deed: &Deed, asked: &Asked) -> Result<String> {
    let ((), out) = site.command(|door| {
        let writing = Writing { dir: Some(site.location.path.clone()), ..Writing::default() };
        let desk = Desk { client: Client::Web, ..writing.desk(door, Purpose::Read)? };
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

fn decision(desk: &Desk, asked: &Asked, verdict: Verdict, door: &mut Door<'_>) -> Result<Done> {
    let what = needed(asked, "request")?;
    // What was shown is what is decided about.
    let args_sha256 = given(asked.text("args_sha256"));
    decide(desk, &Wanted { what, verdict, by: None, why: given(asked.text("why")), args_sha256 }, door)
}

fn needed<'a>(asked: &'a Asked, name: &str) -> Result<&'a str> {
    given(asked.text(name)).ok_or_else(|| Error::usage(format!("the form says no {name}")))
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
