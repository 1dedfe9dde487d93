//! From a request to an answer. The routes are fixed: no part of an address is ever the name of a
//! file.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

use super::answer::{Answer, Body, Kind, Said, status_of, strangers_frame};
use super::child::Asker;
use super::site::Site;
use super::{decide, events, guard, pages};
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_render::web::{self, Link, Tab};

/// How much a form may send, and how long that may take.
const FORM_BYTES_MAX: usize = 64 << 10;
const FORM_TIME: Duration = Duration::from_secs(10);
/// How long a page waits for its turn to be made.
const TURN_TIME: Duration = Duration::from_secs(10);
/// After this long a query is a slow one, of which fewer may be under way: there is always a turn
/// for a quick one.
const QUICK_TIME: Duration = Duration::from_secs(1);
/// How long a slow one may go on then. Its process ends by itself before; this is for one that
/// cannot.
const SLOW_TIME: Duration = Duration::from_secs(20);

/// What is asked in an address or a form: names and values.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pairs: Vec<(String, String)>,
    /// By whom.
    pub asker: Asker,
}

impl Asked {
    fn of(text: &[u8]) -> Asked {
        Asked { pairs: form_urlencoded::parse(text).into_owned().collect(), asker: Asker::default() }
    }

    /// The same, with these names and values.
    pub fn with(pairs: &[(&str, &str)]) -> Asked {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Asked { pairs, asker: Asker::default() }
    }

    /// The value called `name`; empty: there is none.
    pub fn text(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// All of them, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A page: its address, what makes it, how it is made.
struct Route {
    address: &'static str,
    page: fn(&Site, &Asked, Kind) -> Result<Answer>,
    how: fn(&Asked) -> How,
}

/// How a page is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// From the board: the same for all who ask for it meanwhile.
    Shared,
    /// By a query that takes its turn.
    Query,
}

static ROUTES: [Route; 5] = [
    // A filter that may run away is a query.
    Route { address: "/runs", page: pages::runs::page, how: runs },
    Route { address: "/run", page: pages::run::page, how: |_| How::Shared },
    Route { address: "/approvals", page: pages::approvals::page, how: |_| How::Shared },
    Route { address: "/query", page: pages::query::page, how: |_| How::Query },
    Route { address: "/report", page: pages::report::page, how: |_| How::Query },
];

fn runs(asked: &Asked) -> How {
    if pages::runs::is_plain(asked.text("filter")) { How::Shared } else { How::Query }
}

/// Answers one request.
pub async fn answer(
    site: Arc<Site>,
    request: Request<Incoming>,
    is_known: Arc<AtomicBool>,
) -> std::result::Result<Response<Body>, Infallible> {
    let headers = request.headers();
    let stranger = |status, title: &str, hint: &str| {
        let said = Said { status, title, text: "", hint, back: None };
        said.answer(strangers_frame(), wanted(request.uri().path(), headers).1).send()
    };
    if !site.keys.is_host(headers) {
        let hint = "This server answers to 127.0.0.1 and localhost, with its port.";
        return Ok(stranger(StatusCode::MISDIRECTED_REQUEST, "Not the name of this server", hint));
    }
    if guard::is_foreign(headers) {
        return Ok(stranger(StatusCode::FORBIDDEN, "Asked for by another site", "Open the page itself."));
    }
    let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    if let Some(file) = is_get.then(|| file(path)).flatten() {
        return Ok(file.send());
    }
    let asked = Asked::of(request.uri().query().unwrap_or_default().as_bytes());
    let token = asked.text("token");
    if is_get && !token.is_empty() && site.keys.is_token(token) {
        is_known.store(true, Ordering::Relaxed);
        let page = ROUTES.iter().find(|route| route.address == path).map_or("/runs", |route| route.address);
        let rest = asked.pairs().filter(|(name, _)| *name != "token");
        let link = rest.fold(Link::to(page), |link, (name, value)| link.with(name, value));
        return Ok(Answer::see(&link).header("set-cookie", site.keys.cookie()).send());
    }
    if !site.keys.is_known(headers) {
        let hint = "Open the whole address that logbook serve printed, with its token.";
        return Ok(stranger(StatusCode::UNAUTHORIZED, "Who is there?", hint));
    }
    is_known.store(true, Ordering::Relaxed);
    Ok(match *request.method() {
        Method::GET | Method::HEAD => get(&site, &request, asked).await,
        Method::POST => post(&site, request).await,
        _ => {
            let kind = wanted(path, headers).1;
            let said = Said { title: "Pages are asked for by GET", ..bare(StatusCode::METHOD_NOT_ALLOWED) };
            said.answer(strangers_frame(), kind).header("allow", "GET, HEAD, POST".to_owned()).send()
        }
    })
}

fn bare<'s>(status: StatusCode) -> Said<'s> {
    Said { status, title: "", text: "", hint: "", back: Some(Link::to("/runs")) }
}

/// What pages load beside themselves. Nothing of the logbook is in it.
fn file(path: &str) -> Option<Answer> {
    Some(match path {
        "/style.css" => Answer::ok(Kind::Css, web::STYLE),
        "/live.js" => Answer::ok(Kind::Script, web::SCRIPT),
        "/icon.svg" | "/favicon.ico" => Answer::ok(Kind::Svg, web::ICON),
        _ => return None,
    })
}

/// The page that is meant, and whether it is for a program: `.json` behind it, or an `Accept` that
/// names JSON and no page.
fn wanted<'p>(path: &'p str, headers: &HeaderMap) -> (&'p str, Kind) {
    if let Some(path) = path.strip_suffix(".json") {
        return (path, Kind::Json);
    }
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let for_program = accept.contains("application/json") && !accept.contains("text/html");
    (path, if for_program { Kind::Json } else { Kind::Html })
}

async fn get(site: &Arc<Site>, request: &Request<Incoming>, asked: Asked) -> Response<Body> {
    let (path, kind) = wanted(request.uri().path(), request.headers());
    match path {
        "/" => return Answer::see(&Link::to("/runs")).send(),
        "/events" => return events::stream(site, Some(asked.text("run").to_owned()).filter(|run| !run.is_empty())),
        _ => {}
    }
    let Some(route) = ROUTES.iter().find(|route| route.address == path) else {
        let near = nearest(path, ROUTES.iter().map(|route| route.address));
        let hint = format!("There are {}.", ROUTES.iter().map(|route| route.address).collect::<Vec<_>>().join(", "));
        let hint = near.map_or(hint, |near| format!("Did you mean {near}?"));
        let said = Said { title: "No such page", hint: &hint, ..bare(StatusCode::NOT_FOUND) };
        return said.answer(strangers_frame(), kind).send();
    };
    let how = (route.how)(&asked);
    let make = make(Arc::clone(site), (route, how), asked, kind);
    let answer = match how {
        How::Shared => {
            let address = format!("{kind:?} {}", request.uri().path_and_query().map_or("", |it| it.as_str()));
            let generation = *site.generation.borrow();
            site.cache.get(&address, generation, make).await
        }
        How::Query => make.await,
    };
    answer.send()
}

/// Makes a page on a thread of its own, when it is its turn. When whoever asked for it goes, this
/// is dropped, and what works for them ends.
async fn make(site: Arc<Site>, (route, how): (&'static Route, How), asked: Asked, kind: Kind) -> Answer {
    let busy = |hint: &str| {
        let said = Said { title: "Too much at a time", hint, ..bare(StatusCode::SERVICE_UNAVAILABLE) };
        said.answer(strangers_frame(), kind)
    };
    let turns = Arc::clone(if how == How::Query { &site.queries } else { &site.pages });
    let Ok(Ok(turn)) = timeout(TURN_TIME, turns.acquire_owned()).await else {
        return busy("Other pages are being made. Try again.");
    };
    let slow_ones = Arc::clone(&site.slow_queries);
    let here = asked.asker.here();
    let mut made = tokio::task::spawn_blocking(move || {
        // Kept until it is made, also when nobody waits for it any more.
        let _turn = turn;
        (route.page)(&site, &asked, kind).unwrap_or_else(|error| {
            let answer = failed(&site, &error, kind, Link::to("/runs"));
            // Of a page, no is that it is not there.
            if error.exit == Exit::No { answer.with(StatusCode::NOT_FOUND) } else { answer }
        })
    });
    let made = match how {
        How::Shared => made.await,
        How::Query => match timeout(QUICK_TIME, &mut made).await {
            Ok(made) => made,
            Err(_) => {
                let Ok(_slow) = slow_ones.try_acquire() else {
                    return busy("Other queries that take long are under way. Try again, or ask for less.");
                };
                match timeout(SLOW_TIME, made).await {
                    Ok(made) => made,
                    Err(_) => return busy("The query took too long, and was ended."),
                }
            }
        },
    };
    drop(here);
    made.unwrap_or_else(|_| {
        let said = Said { title: "The page could not be made", ..bare(StatusCode::INTERNAL_SERVER_ERROR) };
        said.answer(strangers_frame(), kind)
    })
}

/// A failure as a page.
fn failed(site: &Site, error: &Error, kind: Kind, back: Link) -> Answer {
    let frame = site.frame(&site.board(), "Not done", Tab::Runs);
    let said = Said {
        status: status_of(error),
        title: "Not done",
        text: &error.text(),
        hint: error.hint.as_deref().unwrap_or_default(),
        back: Some(back),
    };
    said.answer(frame, kind)
}

async fn post(site: &Arc<Site>, request: Request<Incoming>) -> Response<Body> {
    let (path, kind) = wanted(request.uri().path(), request.headers());
    let refuse = |status, title: &str, hint: &str| {
        let said = Said { title, hint, ..bare(status) };
        // What was not read is not waited for.
        said.answer(strangers_frame(), kind).header("connection", "close".to_owned()).send()
    };
    if !site.keys.is_own_form(request.headers()) {
        return refuse(StatusCode::FORBIDDEN, "Not from one of these pages", "Decide on the page of approvals.");
    }
    let Some(deed) = decide::DEEDS.iter().find(|deed| deed.address == path) else {
        return refuse(
            StatusCode::NOT_FOUND,
            "Nothing is stored here",
            "There are /approve, /deny, /answer, /hold, /release.",
        );
    };
    let form = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if form.split(';').next().is_none_or(|form| form.trim() != "application/x-www-form-urlencoded") {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Not a form", "Send application/x-www-form-urlencoded.");
    }
    if request.body().size_hint().lower() > FORM_BYTES_MAX as u64 {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "A form takes 64 KiB.");
    }
    let body = Limited::new(request.into_body(), FORM_BYTES_MAX).collect();
    let asked = match timeout(FORM_TIME, body).await {
        Ok(Ok(body)) => Asked::of(&body.to_bytes()),
        Ok(Err(_)) => return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "A form takes 64 KiB."),
        Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "Too slow", "A form takes 10 seconds."),
    };
    let site = Arc::clone(site);
    let done = tokio::task::spawn_blocking(move || {
        let back = decide::back(&asked);
        match decide::store(&site, deed, &asked) {
            Ok(name) if kind == Kind::Json => {
                let mut out = b"{\"stored\":".to_vec();
                logbook_json::quote_into(&name, &mut out);
                out.extend_from_slice(b"}\n");
                Answer::ok(Kind::Json, out)
            }
            Ok(name) => Answer::see(
                &deed.told(&asked).fold(back.with("done", &name), |link, (name, value)| link.with(name, value)),
            ),
            Err(error) => {
                let marked = if kind == Kind::Html { decide::marked(&site, deed, &asked, &error) } else { None };
                marked.unwrap_or_else(|| failed(&site, &error, kind, back))
            }
        }
    });
    match done.await {
        Ok(answer) => answer.send(),
        Err(_) => {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "It is not known whether it was stored", "Look at the run.")
        }
    }
}
