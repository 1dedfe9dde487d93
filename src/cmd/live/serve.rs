//! `logbook serve`: serve the web pages on this machine until a signal ends the process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::Notify;

use super::web::accept;
use super::web::site::{PAGES_MAX, QUERIES_MAX, Site};
use crate::cmd::Door;
use logbook_model::error::{Error, Exit, Result};
use logbook_query::time::Clock;
use logbook_store::{self as store, Purpose};

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook serve\n  logbook serve --port 8080 --dir /srv/agents";

/// The port that is tried first, so that the address usually stays the same.
const PORT: u16 = 7430;
/// The stack of threads that make pages: queries may be nested deeply. Only used parts of it are
/// backed by memory.
const STACK_BYTES: usize = 32 << 20;
/// The number of threads that store submitted forms.
const FORMS_MAX: usize = 2;
/// How long requests that are being answered may still take when the server ends.
const GRACE: Duration = Duration::from_millis(500);

/// Arguments of `serve`.
#[derive(clap::Args)]
pub struct Serve {
    /// The port on 127.0.0.1, 0 for any [default: 7430, or any free one]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Read and show times in UTC
    #[arg(long, conflicts_with = "tz")]
    utc: bool,
    /// Read and show times in this zone: Europe/Berlin, +02:00
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    tz: Option<String>,
}

/// `logbook serve`
pub fn run(args: Serve, door: &mut Door<'_>) -> Result<Exit> {
    let location = store::locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let clock = Clock { now: door.now()?, zone: door.zone(args.utc, args.tz.as_deref())? };
    let listener = listen(args.port)?;
    let port = listener.local_addr().map_err(|error| Error::io(format!("127.0.0.1: {error}")))?.port();
    let site = Site::open(location, &clock, args.zone_flags(), port, door)?;
    let stop = Arc::new(Notify::new());
    end_on_signals(&stop)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(QUERIES_MAX + PAGES_MAX + FORMS_MAX)
        .thread_stack_size(STACK_BYTES)
        .thread_name("pages")
        .build()
        .map_err(|error| Error::io(format!("no threads to serve with: {error}")))?;
    door.out.line(&format!("http://127.0.0.1:{port}/?token={}", site.keys.token)).and_then(|()| door.out.flush())?;
    if door.err.is_terminal() {
        door.note("open this address in a browser on this machine; ctrl-c ends it");
    }
    runtime
        .block_on(async {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(accept::accept(listener, site));
            stop.notified().await;
            std::io::Result::Ok(())
        })
        .map_err(|error| Error::io(format!("127.0.0.1:{port}: {error}")))?;
    // Do not wait for pages that are still being made.
    runtime.shutdown_timeout(GRACE);
    Ok(Exit::Done)
}

impl Serve {
    fn zone_flags(&self) -> Vec<String> {
        match (&self.tz, self.utc) {
            (Some(zone), _) => vec![format!("--tz={zone}")],
            (None, true) => vec!["--utc".to_owned()],
            (None, false) => Vec::new(),
        }
    }
}

/// Listens on the given port; without one on the usual port, or on any if that is taken.
fn listen(port: Option<u16>) -> Result<TcpListener> {
    let at = |port: u16| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    match port {
        Some(port) => at(port).map_err(|error| {
            Error::io(format!("127.0.0.1:{port}: {error}")).hint("logbook serve --port 0   # any free port")
        }),
        None => at(PORT).or_else(|_| at(0)).map_err(|error| Error::io(format!("127.0.0.1: {error}"))),
    }
}

fn end_on_signals(stop: &Arc<Notify>) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(format!("signals: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
    let stop = Arc::clone(stop);
    let wait = move || {
        if signals.forever().next().is_some() {
            stop.notify_one();
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop).map_err(failed)
}
