//! A `logbook serve` under test, and requests to it byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Book, LOGBOOK};

/// A server; it ends with its test.
pub struct Served {
    child: Child,
    pub port: u16,
    pub token: String,
}

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Served {
    /// Of a logbook, on any port.
    pub fn of(book: &Book) -> Served {
        let mut child = book
            .command(LOGBOOK)
            .args(["serve", "--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (address, token) = line.trim().split_once("/?token=").expect("the address it prints");
        let port = address.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
        Served { child, port, token: token.to_owned() }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its address with the token.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// How its own pages name it.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A connection to it.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// The answer to these bytes.
    pub fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        // It may refuse before it has read all.
        let _ = stream.write_all(bytes);
        Reply::read(stream)
    }

    /// The cookie that the token is exchanged for.
    pub fn cookie(&self) -> String {
        let reply = self.request("GET", &format!("/?token={}", self.token), &[], "");
        assert_eq!(reply.status, 303, "{reply:?}");
        reply.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// The answer to a request with these headers.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head.push_str(&format!("Host: 127.0.0.1:{}\r\n", self.port));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!(
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        self.raw(format!("{head}\r\n{body}").as_bytes())
    }

    /// A page, asked for by somebody who is known.
    pub fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[("Cookie", &self.cookie())], "")
    }

    /// A form, sent from one of its own pages.
    pub fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        self.request("POST", path, &[("Cookie", &self.cookie()), ("Origin", &self.origin())], &form(pairs))
    }

    /// Memory that is its own, kilobytes.
    pub fn memory_kilobytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `a=1&b=2`
pub fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Reply {
    /// All that comes until the connection ends.
    pub fn read(mut stream: TcpStream) -> Reply {
        let mut bytes = Vec::new();
        // A connection that is reset ends too; what came before counts.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// A header; empty: it has none.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The body holds this.
    #[track_caller]
    pub fn shows(&self, part: &str) -> &Reply {
        assert!(self.body.contains(part), "{part:?} is not in {}\n{}", self.head, self.body);
        self
    }

    /// The body does not hold this.
    #[track_caller]
    pub fn hides(&self, part: &str) -> &Reply {
        assert!(!self.body.contains(part), "{part:?} is in {}\n{}", self.head, self.body);
        self
    }

    /// It is of this status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Reply {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self
    }
}

/// Waits until `is` holds.
#[track_caller]
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(50));
    }
}
