//! Cards for what waits for a person: requests, questions, held runs.

use crate::cmd::live::board::Board;
use crate::cmd::live::web::params::Params;
use crate::cmd::live::web::site::Site;
use logbook_model::{Instant, Status};
use logbook_render::cell;
use logbook_render::request::{Line, sheet};
use logbook_render::web::pages::{Exact, HeldCard, Question, RequestCard};
use logbook_render::web::{Link, Text};
use logbook_view::approvals::Request;
use logbook_view::holds::Hold;
use logbook_view::runs::Run;

/// At most this many lines of arguments on a card.
const ARGUMENTS_MAX: usize = 1000;

/// The card of a request, with a mark at what a submitted form lacked.
pub fn request(request: &Request, site: &Site, board: &Board, lack: &Lack<'_>) -> RequestCard {
    let sheet = sheet(&board.in_full(request), site.context.now(), &site.context.zone, ARGUMENTS_MAX);
    let lines = |lines: &[Line]| -> Vec<Text> {
        lines.iter().map(|line| Text::from(format!("{}{}", line.gutter, line.text))).collect()
    };
    let is_meant = lack.request == request.name;
    RequestCard {
        exact: Exact(request.name.clone()),
        digest: Exact(request.args_sha256.clone()),
        name: Text::from(&request.name),
        run: Text::from(&request.run),
        link: Link::run(&request.run),
        action: Text::from(&request.action),
        dangers: sheet.dangers.iter().map(Text::from).collect(),
        // The run is shown as a link above.
        about: sheet.items.iter().filter(|it| it.name != "run").map(|it| (it.name, lines(&it.lines))).collect(),
        args: lines(&sheet.arguments),
        is_irreversible: sheet.is_irreversible,
        lacks_tick: is_meant && lack.what == Lack::TICK,
        lacks_reason: is_meant && lack.what == Lack::REASON,
        note: Exact(if is_meant { lack.note.to_owned() } else { String::new() }),
    }
}

/// What a submitted form lacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lack<'a> {
    request: &'a str,
    what: &'a str,
    note: &'a str,
}

impl<'a> Lack<'a> {
    /// The confirmation that the call cannot be undone.
    pub const TICK: &'static str = "tick";
    pub const REASON: &'static str = "reason";

    /// Reads the parameters of the page.
    pub fn of(params: &'a Params) -> Lack<'a> {
        Lack { request: params.get("lacks_of"), what: params.get("lacks"), note: params.get("why") }
    }

    /// Whether it is about this request.
    pub fn is_of(&self, request: &Request) -> bool {
        !self.request.is_empty() && self.request == request.name
    }
}

/// A sentence about the form that was just submitted.
pub fn done(params: &Params, board: &Board) -> Text {
    let (name, of) = (params.get("done"), params.get("of"));
    if name.is_empty() {
        return Text::default();
    }
    let what = board.request(of).map(|request| format!(": {}", request.action));
    let what = what.unwrap_or_default();
    let outcome = match params.get("was") {
        "approved" => format!("Approved {of}{what}. "),
        "denied" => format!("Denied {of}{what}. The agent is told. "),
        "answered" => format!("Answered {of}. "),
        "held" => format!("Held {of}. "),
        "released" => format!("Released {of}. "),
        _ => String::new(),
    };
    Text::from(format!("{outcome}Stored as {name}."))
}

/// Whether a run waits only for an answer.
pub fn is_question(board: &Board, run: &Run<'_>, now: Instant) -> bool {
    run.known_status() == Some(Status::Blocked)
        && run.requests.count(now) == 0
        && !board.holds().held.contains_key(&*run.run_id)
}

/// The card of a run that waits for an answer.
pub fn question(run: &Run<'_>, now: Instant) -> Question {
    Question {
        exact: Exact(run.run_id.clone().into_owned()),
        run: Text::from(&*run.run_id),
        link: Link::run(&run.run_id),
        blocked_on: Text::from(run.blocked_on()),
        action: Text::from(run.action()),
        age: Text::from(run.age_ms(now).map_or_else(String::new, cell::span)),
    }
}

/// The card of a held run.
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
