//! Connections: how many there are, and how long each may take to say what it wants.

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

/// Connections at a time; below what a process may have open.
const CONNECTIONS_MAX: usize = 512;
/// How long the head of a request may take, or a connection be silent between two requests.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a browser may take nothing of what was sent to it, milliseconds.
const UNREAD_MS: u32 = 30_000;
/// How much of a head is read.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// How many headers.
const HEADERS_MAX: usize = 64;
/// Before the next try when the machine has no connection to give.
const AGAIN: Duration = Duration::from_millis(50);

/// Somebody who is connected.
struct Guest {
    /// They have shown a key.
    is_known: Arc<AtomicBool>,
    task: AbortHandle,
}

/// Takes connections, for ever. When there are too many, the oldest goes that has not shown a key;
/// when all have, the new one.
pub async fn accept(listener: TcpListener, site: Arc<Site>) {
    let mut guests: Vec<Guest> = Vec::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, from)) if is_near(from) => stream,
            Ok(_) => continue,
            Err(_) => {
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        if guests.len() >= CONNECTIONS_MAX {
            guests.retain(|guest| !guest.task.is_finished());
        }
        if guests.len() >= CONNECTIONS_MAX {
            match guests.iter().position(|guest| !guest.is_known.load(Ordering::Relaxed)) {
                Some(stranger) => guests.remove(stranger).task.abort(),
                None => continue,
            }
        }
        let is_known = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(stream, Arc::clone(&site), Arc::clone(&is_known))).abort_handle();
        guests.push(Guest { is_known, task });
    }
}

/// Only this machine is listened to; that it is so does not rest on the address that is listened at
/// alone.
fn is_near(from: SocketAddr) -> bool {
    from.ip().is_loopback()
}

async fn serve(stream: TcpStream, site: Arc<Site>, is_known: Arc<AtomicBool>) {
    // Where the system cannot do these, pages are slower, or who reads nothing stays longer.
    let _ = stream.set_nodelay(true);
    let _ = rustix::net::sockopt::set_tcp_user_timeout(stream.as_fd(), UNREAD_MS);
    let service = service_fn(move |request| routes::answer(Arc::clone(&site), request, Arc::clone(&is_known)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever breaks off, or speaks no HTTP, is told so by the connection's end.
    let _ = connection.await;
}
