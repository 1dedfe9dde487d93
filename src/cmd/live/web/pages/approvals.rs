//! The page of what waits for a person: requests, questions, held runs. As JSON it is what `logbook
//! approve -o json` prints.

use super::cards::{self, Lack};
use crate::cmd::decide::open_requests;
use crate::cmd::live::web::answer::{Answer, Kind};
use crate::cmd::live::web::params::Params;
use crate::cmd::live::web::site::Site;
use crate::cmd::shared::writing::Writing;
use logbook_model::error::Result;
use logbook_render::web::pages::{ApprovalsPage, Exact, Forms};
use logbook_render::web::{Cell, Link, Tab, Table, Text};
use logbook_store::Purpose;
use logbook_view::approvals::Request;

/// At most this many of each on one page.
const SHOWN_MAX: usize = 100;
/// At most this many past decisions.
const DECIDED_MAX: usize = 20;

pub fn page(site: &Site, params: &Params, kind: Kind) -> Result<Answer> {
    if kind == Kind::Json {
        let ((), out) = site.context.command(|door| {
            let writing = Writing { dir: Some(site.context.location.path.clone()), ..Writing::default() };
            open_requests::list(&writing.open(door, Purpose::Read)?, Some("json"), door).map(drop)
        })?;
        return Ok(Answer::ok(Kind::Json, out));
    }
    let board = site.board();
    let now = site.context.now();
    let lack = Lack::of(params);
    // A request whose form lacked something comes first, so that it is on the page.
    let mut requests: Vec<&Request> = board.open_requests(now).collect();
    requests.sort_by_key(|request| !lack.is_of(request));
    let questions = || board.runs().map(|(_, run)| run).filter(|run| cards::is_question(&board, run, now));
    let mut page = ApprovalsPage {
        frame: site.live_frame(&board, "Approvals", Tab::Approvals),
        forms: Forms { run: Exact::default(), done: cards::done(params, &board) },
        requests: requests.iter().take(SHOWN_MAX).map(|request| cards::request(request, site, &board, &lack)).collect(),
        questions: questions().take(SHOWN_MAX).map(|run| cards::question(run, now)).collect(),
        held: board.holds().held.iter().take(SHOWN_MAX).map(|(run, hold)| cards::held(run, hold)).collect(),
        decided: Table::new(
            "Decided lately",
            &[("request", "name"), ("decision", "tight"), ("by", "tight"), ("what", "wide"), ("why", "wide less")],
        ),
        notes: Vec::new(),
    };
    page.frame.twin = Some(Link::to("/approvals.json"));
    for (count, what) in
        [(requests.len(), "requests"), (questions().count(), "questions"), (board.holds().held.len(), "held runs")]
    {
        if count > SHOWN_MAX {
            page.notes.push(Text::from(format!("The first {SHOWN_MAX} of {count} {what}.")));
        }
    }
    let decided = board.requests().iter().rev().filter_map(|request| Some((request, request.decision.as_ref()?)));
    for (request, decision) in decided.take(DECIDED_MAX) {
        page.decided.rows.push(vec![
            Cell::link(&request.name, Link::run(&request.run)),
            Cell::status(decision.verdict.word()),
            Cell::text(&decision.by),
            Cell::text(&request.action),
            Cell::text(&decision.why),
        ]);
    }
    Ok(Answer::page(&page))
}
