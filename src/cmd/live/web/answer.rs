//! An answer of the server, and the headers that all answers have.

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

/// The body of a response.
pub type Body = BoxBody<Bytes, Infallible>;

/// The headers of every answer: a page may load only this server's files and no inline script or
/// style, no other site may frame it or learn its address, and nothing may cache it.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // With `no-referrer` a browser would not send the origin of our own forms either.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("vary", "Accept"),
];

/// The type of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Html,
    Json,
    Css,
    Script,
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

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub kind: Kind,
    /// The whole body.
    pub bytes: Bytes,
    /// Headers beside those of every answer.
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// An answer with status 200.
    pub fn ok(kind: Kind, bytes: impl Into<Bytes>) -> Answer {
        Answer { status: StatusCode::OK, kind, bytes: bytes.into(), headers: Vec::new() }
    }

    /// A rendered page.
    pub fn page(page: &impl Template) -> Answer {
        match page.render() {
            Ok(text) => Answer::ok(Kind::Html, text),
            // Cannot happen: writing to a string does not fail.
            Err(error) => {
                Answer { status: StatusCode::INTERNAL_SERVER_ERROR, ..Answer::ok(Kind::Html, error.to_string()) }
            }
        }
    }

    /// A redirect after a form or a token.
    pub fn see(link: &Link) -> Answer {
        let headers = vec![("location", link.as_str().to_owned())];
        Answer { status: StatusCode::SEE_OTHER, headers, ..Answer::ok(Kind::Html, "") }
    }

    pub fn with_status(self, status: StatusCode) -> Answer {
        Answer { status, ..self }
    }

    pub fn header(mut self, name: &'static str, value: String) -> Answer {
        self.headers.push((name, value));
        self
    }

    /// The response.
    pub fn send(self) -> Response<Body> {
        let mut response = Response::new(Full::new(self.bytes).boxed());
        *response.status_mut() = self.status;
        let own = [("content-type", self.kind.name().to_owned())];
        put(response.headers_mut(), own.into_iter().chain(self.headers));
        response
    }
}

/// Adds the headers of every answer, and `more`.
pub fn put(headers: &mut HeaderMap, more: impl IntoIterator<Item = (&'static str, String)>) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    for (name, value) in more {
        // A value that is not valid in a header is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// A message in place of a page.
pub struct Notice<'s> {
    pub status: StatusCode,
    pub title: &'s str,
    pub text: &'s str,
    /// What to do next.
    pub hint: &'s str,
    /// The page to go on with.
    pub back: Option<Link>,
}

impl Notice<'_> {
    /// The message as a page within `frame`, or as JSON.
    pub fn answer(self, frame: Frame, kind: Kind) -> Answer {
        if kind == Kind::Json {
            let mut out = b"{\"error\":".to_vec();
            json::quote_into(if self.text.is_empty() { self.title } else { self.text }, &mut out);
            if !self.hint.is_empty() {
                out.extend_from_slice(b",\"hint\":");
                json::quote_into(self.hint, &mut out);
            }
            out.extend_from_slice(b"}\n");
            return Answer::ok(Kind::Json, out).with_status(self.status);
        }
        let page = MessagePage {
            frame: Frame { title: Text::from(self.title), ..frame },
            title: Text::from(self.title),
            lines: Text::lines(self.text),
            hint: Text::from(self.hint),
            back: self.back,
        };
        Answer::page(&page).with_status(self.status)
    }
}

/// The HTTP status for an error.
pub fn status_of(error: &Error) -> StatusCode {
    match error.exit {
        Exit::Usage => StatusCode::BAD_REQUEST,
        Exit::No => StatusCode::CONFLICT,
        Exit::LockTimeout => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The frame for a client that has not shown a key: it contains nothing of the logbook.
pub fn empty_frame() -> Frame {
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
