//! What waits for somebody, as pages show it.

use crate::cmd::live::board::Board;
use crate::cmd::live::web::routes::Asked;
use crate::cmd::live::web::site::Site;
use logbook_model::{Instant, Status};
use logbook_render::cell;
use logbook_render::request::{Line, sheet};
use logbook_render::web::pages::{Exact, HeldCard, Question, RequestCard};
use logbook_render::web::{Link, Text};
use logbook_view::approvals::Request;
use logbook_view::holds::Hold;
use logbook_view::runs::Run;

/// Lines of arguments that a card shows.
const ARGUMENTS_MAX: usize = 1000;

/// A request. What a form lacked that was sent about it is marked there.
pub fn request(request: &Request, site: &Site, board: &Board, lack: &Lack<'_>) -> RequestCard {
    let sheet = sheet(&board.in_full(request), site.now(), &site.zone, ARGUMENTS_MAX);
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
        // The run is a link above them.
        about: sheet.items.iter().filter(|it| it.name != "run").map(|it| (it.name, lines(&it.lines))).collect(),
        args: lines(&sheet.arguments),
        is_irreversible: sheet.is_irreversible,
        lacks_tick: is_meant && lack.what == Lack::TICK,
        lacks_reason: is_meant && lack.what == Lack::REASON,
        note: Exact(if is_meant { lack.note.to_owned() } else { String::new() }),
    }
}

/// What a form lacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lack<'a> {
    request: &'a str,
    what: &'a str,
    note: &'a str,
}

impl<'a> Lack<'a> {
    /// That it is known that it cannot be undone.
    pub const TICK: &'static str = "tick";
    /// A reason.
    pub const REASON: &'static str = "reason";

    /// What a page is asked to mark.
    pub fn of(asked: &'a Asked) -> Lack<'a> {
        Lack { request: asked.text("lacks_of"), what: asked.text("lacks"), note: asked.text("why") }
    }

    /// Whether it is about this request.
    pub fn is_of(&self, request: &Request) -> bool {
        !self.request.is_empty() && self.request == request.name
    }
}

/// What was done just now, in words.
pub fn done(asked: &Asked, board: &Board) -> Text {
    let (name, of) = (asked.text("done"), asked.text("of"));
    if name.is_empty() {
        return Text::default();
    }
    let what = board.request(of).map(|request| format!(": {}", request.action));
    let what = what.unwrap_or_default();
    let told = match asked.text("was") {
        "approved" => format!("Approved {of}{what}. "),
        "denied" => format!("Denied {of}{what}. The agent is told. "),
        "answered" => format!("Answered {of}. "),
        "held" => format!("Held {of}. "),
        "released" => format!("Released {of}. "),
        _ => String::new(),
    };
    Text::from(format!("{told}Stored as {name}."))
}

/// Whether a run waits for an answer, and for nothing else.
pub fn is_question(board: &Board, run: &Run<'_>, now: Instant) -> bool {
    run.known_status() == Some(Status::Blocked)
        && run.requests.count(now) == 0
        && !board.holds().held.contains_key(&*run.run_id)
}

/// A run that waits for an answer.
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
