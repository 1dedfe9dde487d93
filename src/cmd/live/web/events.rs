//! Server-sent events that tell a page that something changed: one number, at most once a second.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use super::answer::{self, Answer, Body, Kind};
use super::site::{STREAMS_MAX, Site};

/// The time between two events of one page.
const PERIOD: Duration = Duration::from_secs(1);
/// At least this often something is sent, so that a browser that has gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The pause before the version is read again while the board changes.
const AGAIN: Duration = Duration::from_millis(20);
/// The delay between the events of two pages, so that they do not all reload at once.
const APART: Duration = Duration::from_millis(3);

/// Sends an event for each change of one run, or of any. Refuses more than `STREAMS_MAX` pages.
pub fn stream(site: &Arc<Site>, run: Option<String>) -> Response<Body> {
    let Ok(permit) = Arc::clone(&site.streams).try_acquire_owned() else {
        let text = "too many pages are open; this one is not kept up to date";
        let refused = Answer::ok(Kind::Html, text).with_status(StatusCode::SERVICE_UNAVAILABLE);
        return refused.header("retry-after", "60".to_owned()).send();
    };
    let (sender, body) = Channel::<Bytes, Infallible>::new(1);
    tokio::spawn(send_events(Arc::clone(site), run, sender, permit));
    let mut response = Response::new(body.boxed());
    answer::put(response.headers_mut(), [("content-type", "text/event-stream".to_owned())]);
    response
}

/// Ends when the client has gone.
async fn send_events(site: Arc<Site>, run: Option<String>, mut to: Sender<Bytes>, _permit: OwnedSemaphorePermit) {
    static STREAMS: AtomicU64 = AtomicU64::new(0);
    let place = u32::try_from(STREAMS.fetch_add(1, Ordering::Relaxed) % STREAMS_MAX as u64).unwrap_or(0);
    let mut news = site.generation.subscribe();
    let mut sent = None;
    loop {
        let version = loop {
            match site.version(run.as_deref()) {
                Some(version) => break version,
                None => sleep(AGAIN).await,
            }
        };
        let event = match sent {
            Some(sent) if sent == version => Bytes::from_static(b": here\n\n"),
            _ => Bytes::from(format!("event: generation\ndata: {version}\n\n")),
        };
        let is_news = sent.replace(version) != Some(version) || !news.has_changed().unwrap_or(false);
        if is_news && to.send_data(event).await.is_err() {
            return;
        }
        sleep(PERIOD).await;
        match timeout(HEARTBEAT, news.changed()).await {
            Err(_) => {}
            Ok(Err(_)) => return,
            Ok(Ok(())) => {
                let open = STREAMS_MAX - site.streams.available_permits();
                let open = u32::try_from(open).unwrap_or(1).max(1);
                sleep(APART * (place % open)).await;
            }
        }
    }
}
