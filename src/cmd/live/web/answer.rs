//! An answer, and the headers that every one of them has.

use std::convert::Infallible;

use askama::Template;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use logbook_json as json;
use logbook_model::error::{Error, Exit};
use logbook_render::web::pages::MessagePage;
use logbook_render::web::{Frame, Link, Tab, Text};

/// What is sent.
pub type Body = BoxBody<Bytes, Infallible>;

/// Said with every answer: what a page may load (our own files, and no script or style inside it),
/// that nobody else shows it in a frame or learns its address, and that nothing keeps it.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // With `no-referrer` a browser would not say either where our own forms come from.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("vary", "Accept"),
];

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A page.
    Html,
    /// For programs.
    Json,
    /// How pages look.
    Css,
    /// What keeps them up to date.
    Script,
    /// A picture.
    Svg,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Html => "text/html; charset=utf-8",
            Kind::Json => "application/json",
            Kind::Css => "text/css; charset=utf-8",
            Kind::Script => "text/javascript; charset=utf-8",
            Kind::Svg => "image/svg+xml",
        }
    }
}

/// An answer on its way.
#[derive(Debug, Clone)]
pub struct Answer {
    /// How it went.
    pub status: StatusCode,
    /// What it is.
    pub kind: Kind,
    /// The whole of it.
    pub bytes: Bytes,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// All went well.
    pub fn ok(kind: Kind, bytes: impl Into<Bytes>) -> Answer {
        Answer { status: StatusCode::OK, kind, bytes: bytes.into(), headers: Vec::new() }
    }

    /// A page.
    pub fn page(page: &impl Template) -> Answer {
        match page.render() {
            Ok(text) => Answer::ok(Kind::Html, text),
            // Its parts are texts, which do not fail to be written.
            Err(error) => {
                Answer { status: StatusCode::INTERNAL_SERVER_ERROR, ..Answer::ok(Kind::Html, error.to_string()) }
            }
        }
    }

    /// Go there.
    pub fn see(link: &Link) -> Answer {
        let headers = vec![("location", link.as_str().to_owned())];
        Answer { status: StatusCode::SEE_OTHER, headers, ..Answer::ok(Kind::Html, "") }
    }

    /// With another status.
    pub fn with(self, status: StatusCode) -> Answer {
        Answer { status, ..self }
    }

    /// With one more header.
    pub fn header(mut self, name: &'static str, value: String) -> Answer {
        self.headers.push((name, value));
        self
    }

    /// As it is sent.
    pub fn send(self) -> Response<Body> {
        let mut response = Response::new(Full::new(self.bytes).boxed());
        *response.status_mut() = self.status;
        let own = [("content-type", self.kind.name().to_owned())];
        put(response.headers_mut(), own.into_iter().chain(self.headers));
        response
    }
}

/// Puts `more` and those that every answer has.
pub fn put(headers: &mut HeaderMap, more: impl IntoIterator<Item = (&'static str, String)>) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    for (name, value) in more {
        // A value that cannot stand in a header is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Something that is said instead of a page.
pub struct Said<'s> {
    /// With which status.
    pub status: StatusCode,
    /// In a few words.
    pub title: &'s str,
    /// What happened.
    pub text: &'s str,
    /// What to do.
    pub hint: &'s str,
    /// Where to go on.
    pub back: Option<Link>,
}

impl Said<'_> {
    /// As a page within `frame`, or for a program.
    pub fn answer(self, frame: Frame, kind: Kind) -> Answer {
        if kind == Kind::Json {
            let mut out = b"{\"error\":".to_vec();
            json::quote_into(if self.text.is_empty() { self.title } else { self.text }, &mut out);
            if !self.hint.is_empty() {
                out.extend_from_slice(b",\"hint\":");
                json::quote_into(self.hint, &mut out);
            }
            out.extend_from_slice(b"}\n");
            return Answer::ok(Kind::Json, out).with(self.status);
        }
        let page = MessagePage {
            frame: Frame { title: Text::from(self.title), ..frame },
            title: Text::from(self.title),
            lines: Text::lines(self.text),
            hint: Text::from(self.hint),
            back: self.back,
        };
        Answer::page(&page).with(self.status)
    }
}

/// What a failure is, as HTTP says it.
pub fn status_of(error: &Error) -> StatusCode {
    match error.exit {
        Exit::Usage => StatusCode::BAD_REQUEST,
        Exit::No => StatusCode::CONFLICT,
        Exit::LockTimeout => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What stands around a page for somebody who is not known: nothing of the logbook.
pub fn strangers_frame() -> Frame {
    Frame {
        title: Text::default(),
        logbook: Text::default(),
        tab: Tab::Elsewhere,
        open: 0,
        events: None,
        generation: 0,
        twin: None,
        zone: Text::default(),
    }
}
