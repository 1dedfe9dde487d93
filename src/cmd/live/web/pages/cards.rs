//! What waits for somebody, as pages show it.

use crate::cmd::live::board::Board;
use crate::model::Instant;
use crate::render::cell;
use crate::render::web::pages::{Exact, HeldCard, Question, RequestCard};
use crate::render::web::{Link, Text};
use crate::view::approvals::Request;
use crate::view::holds::Hold;
use crate::view::runs::Run;

/// A request.
pub fn request(request: &Request, now: Instant) -> RequestCard {
    let expires = request.expires_at.map(|at| format!("in {}", cell::span(at.ms_since(now))));
    let asked = request.at.map(|at| format!("{} ago", cell::span(now.ms_since(at))));
    let about = [
        ("agent", request.agent.clone()),
        ("asked", asked.unwrap_or_default()),
        ("expires", expires.unwrap_or_default()),
        ("tool", request.tool.clone()),
        ("side effect", request.side_effect.clone()),
        ("impact", request.impact.clone()),
        ("reason", request.reason.clone()),
        ("request", request.name.clone()),
        ("sha256", request.args_sha256.clone()),
    ];
    RequestCard {
        exact: Exact(request.name.clone()),
        digest: Exact(request.args_sha256.clone()),
        name: Text::from(&request.name),
        run: Text::from(&request.run),
        link: Link::run(&request.run),
        action: Text::from(&request.action),
        about: about
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (*name, Text::from(text)))
            .collect(),
        args: Text::lines(&request.args),
    }
}

/// Whether a run waits for an answer, and for nothing else.
pub fn is_question(board: &Board, run: &Run<'_>) -> bool {
    run.status() == "blocked" && run.approvals.open() == 0 && !board.holds().held.contains_key(&*run.run_id)
}

/// A run that waits for an answer.
pub fn question(run: &Run<'_>, now: Instant) -> Question {
    Question {
        exact: Exact(run.run_id.clone().into_owned()),
        run: Text::from(&*run.run_id),
        link: Link::run(&run.run_id),
        blocked_on: Text::from(run.blocked_on()),
        action: Text::from(run.standing.as_ref().map_or("", |standing| &*standing[2])),
        age: Text::from(run.age_ms(now).map_or_else(String::new, cell::span)),
    }
}

/// A run that is held.
pub fn held(run: &str, hold: &Hold) -> HeldCard {
    HeldCard {
        exact: Exact(run.to_owned()),
        run: Text::from(run),
        link: Link::run(run),
        by: Text::from(&hold.by),
        why: Text::from(&hold.why),
        name: Text::from(&hold.name),
    }
}
