//! From a request to an answer. The routes are fixed: no part of an address is used as the name of
//! a file.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

use super::answer::{Answer, Body, Kind, Notice, empty_frame, status_of};
use super::params::Params;
use super::site::Site;
use super::{events, forms, guard, pages};
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_render::web::{self, Link, Tab};

/// Why work that was queued is not done.
const STOPS: &str = "The server is stopping.";
/// The limits of a form.
const FORM_BYTES_MAX: usize = 64 << 10;
const FORM_TIME: Duration = Duration::from_secs(10);
/// How long a request waits for its turn.
const TURN_TIME: Duration = Duration::from_secs(10);
/// A query that takes longer is slow. Fewer slow queries may run than queries, so that a quick one
/// always gets a turn.
const QUICK_TIME: Duration = Duration::from_secs(1);
/// How long a slow query may take beyond that. Its process has its own, shorter limit; this one is
/// for a process that hangs.
const SLOW_TIME: Duration = Duration::from_secs(20);

/// The address of a page, the function that makes it, and what it is made from.
struct Route {
    address: &'static str,
    page: fn(&Site, &Params, Kind) -> Result<Answer>,
    source: fn(&Params) -> Source,
}

/// What a page is made from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The board: one answer serves all clients until the board changes.
    Board,
    /// A query of its own, in its turn.
    Query,
}

static ROUTES: [Route; 5] = [
    // A filter with a jq program or a pattern may take long.
    Route { address: "/runs", page: pages::runs::page, source: runs },
    Route { address: "/run", page: pages::run::page, source: |_| Source::Board },
    Route { address: "/approvals", page: pages::approvals::page, source: |_| Source::Board },
    Route { address: "/query", page: pages::query::page, source: |_| Source::Query },
    Route { address: "/report", page: pages::report::page, source: |_| Source::Query },
];

fn runs(params: &Params) -> Source {
    if pages::runs::is_plain(params.get("filter")) { Source::Board } else { Source::Query }
}

/// Answers one request.
pub async fn answer(
    site: Arc<Site>,
    request: Request<Incoming>,
    is_known: Arc<AtomicBool>,
) -> std::result::Result<Response<Body>, Infallible> {
    let headers = request.headers();
    let stranger = |status, title: &str, hint: &str| {
        let notice = Notice { status, title, text: "", hint, back: None };
        notice.answer(empty_frame(), wanted(request.uri().path(), headers).1).send()
    };
    if !site.keys.is_host(headers) {
        let hint = "This server answers to 127.0.0.1 and localhost, with its port.";
        return Ok(stranger(StatusCode::MISDIRECTED_REQUEST, "Not this server's name", hint));
    }
    if guard::is_foreign(headers) {
        return Ok(stranger(StatusCode::FORBIDDEN, "Requested by another site", "Open the page itself."));
    }
    let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    if let Some(file) = is_get.then(|| file(path)).flatten() {
        return Ok(file.send());
    }
    let params = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let token = params.get("token");
    if is_get && !token.is_empty() && site.keys.is_token(token) {
        is_known.store(true, Ordering::Relaxed);
        let page = ROUTES.iter().find(|route| route.address == path).map_or("/runs", |route| route.address);
        let rest = params.pairs().filter(|(name, _)| *name != "token");
        let link = rest.fold(Link::to(page), |link, (name, value)| link.with(name, value));
        return Ok(Answer::see(&link).header("set-cookie", site.keys.cookie()).send());
    }
    if !site.keys.is_known(headers) {
        let hint = "Open the address that logbook serve printed, with its token.";
        return Ok(stranger(StatusCode::UNAUTHORIZED, "Access denied", hint));
    }
    is_known.store(true, Ordering::Relaxed);
    Ok(match *request.method() {
        Method::GET | Method::HEAD => get(&site, &request, params).await,
        Method::POST => post(&site, request).await,
        _ => {
            let kind = wanted(path, headers).1;
            let notice = Notice { title: "Method not allowed", ..bare(StatusCode::METHOD_NOT_ALLOWED) };
            notice.answer(empty_frame(), kind).header("allow", "GET, HEAD, POST".to_owned()).send()
        }
    })
}

fn bare<'s>(status: StatusCode) -> Notice<'s> {
    Notice { status, title: "", text: "", hint: "", back: Some(Link::to("/runs")) }
}

/// The files that pages load. They contain nothing of the logbook.
fn file(path: &str) -> Option<Answer> {
    Some(match path {
        "/style.css" => Answer::ok(Kind::Css, web::STYLE),
        "/live.js" => Answer::ok(Kind::Script, web::SCRIPT),
        "/icon.svg" | "/favicon.ico" => Answer::ok(Kind::Svg, web::ICON),
        _ => return None,
    })
}

/// The path without `.json`, and the format of the answer: JSON if the path ended in `.json`, or if
/// `Accept` names JSON and not HTML.
fn wanted<'p>(path: &'p str, headers: &HeaderMap) -> (&'p str, Kind) {
    if let Some(path) = path.strip_suffix(".json") {
        return (path, Kind::Json);
    }
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let for_program = accept.contains("application/json") && !accept.contains("text/html");
    (path, if for_program { Kind::Json } else { Kind::Html })
}

async fn get(site: &Arc<Site>, request: &Request<Incoming>, params: Params) -> Response<Body> {
    let (path, kind) = wanted(request.uri().path(), request.headers());
    match path {
        "/" => return Answer::see(&Link::to("/runs")).send(),
        "/events" => return events::stream(site, Some(params.get("run").to_owned()).filter(|run| !run.is_empty())),
        _ => {}
    }
    let Some(route) = ROUTES.iter().find(|route| route.address == path) else {
        let near = nearest(path, ROUTES.iter().map(|route| route.address));
        let hint = format!("There are {}.", ROUTES.iter().map(|route| route.address).collect::<Vec<_>>().join(", "));
        let hint = near.map_or(hint, |near| format!("Did you mean {near}?"));
        let notice = Notice { title: "No such page", hint: &hint, ..bare(StatusCode::NOT_FOUND) };
        return notice.answer(empty_frame(), kind).send();
    };
    let source = (route.source)(&params);
    let make = make(Arc::clone(site), route, source, params, kind);
    let answer = match source {
        Source::Board => {
            let address = format!("{kind:?} {}", request.uri().path_and_query().map_or("", |it| it.as_str()));
            let generation = *site.generation.borrow();
            site.cache.get(&address, generation, make).await
        }
        Source::Query => make.await,
    };
    answer.send()
}

/// Makes a page on its own thread, when it is its turn. When the client goes away, this future is
/// dropped, and the query that runs for it is killed.
async fn make(site: Arc<Site>, route: &'static Route, source: Source, params: Params, kind: Kind) -> Answer {
    let busy = |hint: &str| {
        let notice = Notice { title: "Too many requests", hint, ..bare(StatusCode::SERVICE_UNAVAILABLE) };
        notice.answer(empty_frame(), kind)
    };
    let turns = Arc::clone(if source == Source::Query { &site.queries } else { &site.pages });
    let Ok(Ok(turn)) = timeout(TURN_TIME, turns.acquire_owned()).await else {
        return busy("Other pages are being made. Try again.");
    };
    let slow_queries = Arc::clone(&site.slow_queries);
    let cancels = params.canceller.cancel_on_drop();
    let mut made = tokio::task::spawn_blocking(move || {
        // Held until the page is made, also if the client is gone.
        let _turn = turn;
        (route.page)(&site, &params, kind).unwrap_or_else(|error| {
            let answer = failed(&site, &error, kind, Link::to("/runs"));
            // `Exit::No` means that the page's run does not exist.
            if error.exit == Exit::No { answer.with_status(StatusCode::NOT_FOUND) } else { answer }
        })
    });
    let made = match source {
        Source::Board => made.await,
        Source::Query => match timeout(QUICK_TIME, &mut made).await {
            Ok(made) => made,
            Err(_) => {
                let Ok(_slow) = slow_queries.try_acquire() else {
                    return busy("Other slow queries are running. Try again, or narrow the query.");
                };
                match timeout(SLOW_TIME, made).await {
                    Ok(made) => made,
                    Err(_) => return busy("The query took too long and was stopped."),
                }
            }
        },
    };
    drop(cancels);
    made.unwrap_or_else(|_| busy(STOPS))
}

/// An error as a page.
fn failed(site: &Site, error: &Error, kind: Kind, back: Link) -> Answer {
    let frame = site.frame(&site.board(), "Error", Tab::Runs);
    let notice = Notice {
        status: status_of(error),
        title: "Error",
        text: &error.text(),
        hint: error.hint.as_deref().unwrap_or_default(),
        back: Some(back),
    };
    notice.answer(frame, kind)
}

async fn post(site: &Arc<Site>, request: Request<Incoming>) -> Response<Body> {
    let (path, kind) = wanted(request.uri().path(), request.headers());
    let refuse = |status, title: &str, hint: &str| {
        let notice = Notice { title, hint, ..bare(status) };
        // The rest of the request is not read.
        notice.answer(empty_frame(), kind).header("connection", "close".to_owned()).send()
    };
    if !site.keys.is_own_form(request.headers()) {
        return refuse(StatusCode::FORBIDDEN, "Form from another page", "Use the form on the page of approvals.");
    }
    let Some(form) = forms::FORMS.iter().find(|form| form.address == path) else {
        return refuse(StatusCode::NOT_FOUND, "No such form", "There are /approve, /deny, /answer, /hold, /release.");
    };
    let content = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if content.split(';').next().is_none_or(|content| content.trim() != "application/x-www-form-urlencoded") {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Not a form", "Send application/x-www-form-urlencoded.");
    }
    if request.body().size_hint().lower() > FORM_BYTES_MAX as u64 {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "A form takes 64 KiB.");
    }
    let body = Limited::new(request.into_body(), FORM_BYTES_MAX).collect();
    let params = match timeout(FORM_TIME, body).await {
        Ok(Ok(body)) => Params::parse(&body.to_bytes()),
        Ok(Err(_)) => return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "A form takes 64 KiB."),
        Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "Too slow", "A form takes 10 seconds."),
    };
    let site = Arc::clone(site);
    let done = tokio::task::spawn_blocking(move || {
        let back = forms::back(&params);
        match forms::store(&site, form, &params) {
            Ok(name) if kind == Kind::Json => {
                let mut out = b"{\"stored\":".to_vec();
                logbook_json::quote_into(&name, &mut out);
                out.extend_from_slice(b"}\n");
                Answer::ok(Kind::Json, out)
            }
            Ok(name) => Answer::see(
                &form.outcome(&params).fold(back.with("done", &name), |link, (name, value)| link.with(name, value)),
            ),
            Err(error) => {
                let marked = if kind == Kind::Html { forms::marked(&site, form, &params, &error) } else { None };
                marked.unwrap_or_else(|| failed(&site, &error, kind, back))
            }
        }
    });
    match done.await {
        Ok(answer) => answer.send(),
        Err(_) => refuse(StatusCode::SERVICE_UNAVAILABLE, "Not stored", STOPS),
    }
}
