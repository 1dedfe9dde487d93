//! Accepting connections, with limits on their number and on the time that a request may take.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::routes;
use super::site::Site;

/// At most this many connections at a time, below the usual limit on open files.
const CONNECTIONS_MAX: usize = 512;
/// How long the head of a request may take, or a connection be silent between two requests.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// A connection ends if its client reads nothing for this time.
const UNREAD_MS: u32 = 30_000;
/// The size of the head of a request is at most this.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// A request has at most this many headers.
const HEADERS_MAX: usize = 64;
/// The pause before the next try if the system cannot accept a connection.
const AGAIN: Duration = Duration::from_millis(50);

/// An open connection.
struct Connection {
    /// It has shown a key.
    is_known: Arc<AtomicBool>,
    task: AbortHandle,
}

/// Accepts connections forever. If there are too many, the oldest that has not shown a key is
/// closed; if all have, the new one.
pub async fn accept(listener: TcpListener, site: Arc<Site>) {
    let mut connections: Vec<Connection> = Vec::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, from)) if is_local(from) => stream,
            Ok(_) => continue,
            Err(_) => {
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        if connections.len() >= CONNECTIONS_MAX {
            connections.retain(|connection| !connection.task.is_finished());
        }
        if connections.len() >= CONNECTIONS_MAX {
            match connections.iter().position(|connection| !connection.is_known.load(Ordering::Relaxed)) {
                Some(stranger) => connections.remove(stranger).task.abort(),
                None => continue,
            }
        }
        let is_known = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(stream, Arc::clone(&site), Arc::clone(&is_known))).abort_handle();
        connections.push(Connection { is_known, task });
    }
}

/// Whether the client is on this machine. Checked although the server listens only on the loopback
/// address.
fn is_local(from: SocketAddr) -> bool {
    from.ip().is_loopback()
}

async fn serve(stream: TcpStream, site: Arc<Site>, is_known: Arc<AtomicBool>) {
    // Without the first, pages are slower; without the second, idle clients stay longer.
    let _ = stream.set_nodelay(true);
    let _ = rustix::net::sockopt::set_tcp_user_timeout(stream.as_fd(), UNREAD_MS);
    let service = service_fn(move |request| routes::answer(Arc::clone(&site), request, Arc::clone(&is_known)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off or does not speak HTTP only loses its connection.
    let _ = connection.await;
}
