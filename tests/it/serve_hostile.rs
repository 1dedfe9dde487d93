//! `logbook serve` and those who mean it no good: refused or bounded, and it goes on answering.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::served::{Reply, Served};
use crate::support::Book;

fn sample() -> Book {
    Book::sample("night-shift")
}

#[test]
fn a_foreign_host_is_not_this_server() {
    let book = sample();
    let served = Served::of(&book);
    let cookie = served.cookie();
    let port = served.port;
    for host in [
        "evil.example",
        "127.0.0.1",
        "localhost:1",
        &format!("evil.example:{port}"),
        &format!("127.0.0.1.evil.example:{port}"),
    ] {
        let path = format!("/runs?token={}", served.token);
        served.request("GET", &path, &[("Host", host), ("Cookie", &cookie)], "").is(421).hides("r-88");
    }
    served.request("GET", "/runs", &[("Host", &format!("localhost:{port}")), ("Cookie", &cookie)], "").is(200);
    served.raw(format!("GET /runs HTTP/1.0\r\nCookie: {cookie}\r\n\r\n").as_bytes()).is(421);
    let twice = format!(
        "GET /runs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    );
    assert_ne!(served.raw(twice.as_bytes()).status, 200);
}

#[test]
fn forms_of_other_sites_store_nothing() {
    let book = sample();
    let served = Served::of(&book);
    let cookie = served.cookie();
    let body = "request=r-75%2320&why=mine";
    let own = served.origin();
    let localhost = format!("http://localhost:{}", served.port);
    for headers in [
        vec![("Cookie", &*cookie)],
        vec![("Cookie", &*cookie), ("Origin", "http://evil.example")],
        vec![("Cookie", &*cookie), ("Origin", "null")],
        vec![("Cookie", &*cookie), ("Origin", "http://127.0.0.1:3000")],
        vec![("Cookie", &*cookie), ("Origin", &*localhost)],
        vec![("Cookie", &*cookie), ("Origin", &*own), ("Sec-Fetch-Site", "cross-site")],
        vec![("Cookie", &*cookie), ("Origin", &*own), ("Sec-Fetch-Site", "same-site")],
    ] {
        served.request("POST", "/approve", &headers, body).is(403);
    }
    served.request("POST", "/approve", &[("Origin", &own)], body).is(401);
    let image = [("Cookie", &*cookie), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")];
    served.request("GET", "/runs", &image, "").is(403);
    served.request("GET", &format!("/approve?{body}"), &[("Cookie", &cookie)], "").is(404);
    let json = format!(
        "POST /approve HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nOrigin: {own}\r\nCookie: {cookie}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        served.port,
        body.len()
    );
    served.raw(json.as_bytes()).is(415);
    book.run(&["query", "client=web", "--count"]).stdout("0\n");
}

#[test]
fn no_part_of_an_address_is_a_file() {
    let book = sample();
    book.write("secret.txt", b"in the clear");
    let served = Served::of(&book);
    for path in [
        "/../secret.txt",
        "/..%2f..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "//etc/passwd",
        "/style.css/../../secret.txt",
        "/static/..\\..\\secret.txt",
        "/.logbook/config.toml",
        "/run/../../secret.txt",
    ] {
        served.get(path).is(404).hides("in the clear").hides("root:");
    }
    for id in ["../../secret.txt", "%2e%2e%2fsecret.txt", "/etc/passwd", "%00", "@1:0"] {
        served.get(&format!("/run?id={id}")).is(404).hides("in the clear").hides("root:");
    }
}

#[test]
fn large_bodies_are_not_read() {
    let book = sample();
    let served = Served::of(&book);
    let (cookie, own, port) = (served.cookie(), served.origin(), served.port);
    let head = |length: &str| {
        format!(
            "POST /approve HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {own}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n{length}\r\n\r\n"
        )
    };
    let before = served.memory_kilobytes();
    // Said to be a gigabyte, of which nothing comes.
    served.raw(head("Content-Length: 1073741824").as_bytes()).is(413);
    // A gigabyte that comes in pieces, as long as anybody takes it.
    let mut stream = served.connect();
    stream.write_all(head("Transfer-Encoding: chunked").as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    let mut sent = 0u64;
    while sent < 1 << 30 && stream.write_all(chunk.as_bytes()).is_ok() {
        sent += 0x10000;
    }
    assert!(sent < 1 << 28, "{sent} bytes of a form were taken");
    // To somebody who is not known, and on a page that takes no body.
    for path in ["/approve", "/runs"] {
        let mut stream = served.connect();
        let head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 1073741824\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut sent = 0u64;
        while sent < 1 << 30 && stream.write_all(&[b'a'; 0x10000]).is_ok() {
            sent += 0x10000;
        }
        assert!(sent < 1 << 28, "{sent} bytes of a stranger were taken");
    }
    let more = served.memory_kilobytes().saturating_sub(before);
    assert!(more < 64 << 10, "{more} KiB more than before");
    served.get("/runs").is(200);
}

#[test]
fn a_long_head_is_refused() {
    let book = sample();
    let served = Served::of(&book);
    let port = served.port;
    let long = format!("GET /runs?{} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n", "a".repeat(1 << 20));
    assert!(matches!(served.raw(long.as_bytes()).status, 0 | 400..=499));
    let many = "X: y\r\n".repeat(10_000);
    let many = format!("GET /runs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{many}\r\n");
    assert!(matches!(served.raw(many.as_bytes()).status, 0 | 400..=499));
    assert!(matches!(served.raw(b"\x16\x03\x01 no HTTP at all\r\n\r\n").status, 0 | 400..=499));
    let deep = "(".repeat(4000);
    for path in ["/runs?filter", "/query?q"] {
        served.get(&format!("{path}={deep}")).is(400);
        served.get(&format!("{path}=jq{deep}")).is(400);
        served.get(&format!("{path}={}", "x".repeat(5000))).is(400).shows("too long");
    }
    served.get("/runs").is(200);
}

#[test]
fn who_is_slow_is_not_waited_for() {
    let book = sample();
    let served = Served::of(&book);
    let mut slow: Vec<TcpStream> = (0..20).map(|_| served.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /runs HTTP/1.1\r\nHost: 127").unwrap();
    }
    // A form that stops in the middle.
    let (cookie, own, port) = (served.cookie(), served.origin(), served.port);
    let mut form = served.connect();
    let head = format!(
        "POST /approve HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {own}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nrequest=r-75"
    );
    form.write_all(head.as_bytes()).unwrap();
    served.get("/runs").is(200);
    Reply::read(form).is(408);
    for stream in slow {
        let reply = Reply::read(stream);
        assert!(matches!(reply.status, 0 | 408), "{reply:?}");
    }
    book.run(&["query", "client=web", "--count"]).stdout("0\n");
}

#[test]
fn a_thousand_connections_keep_nobody_out() {
    let book = sample();
    let served = Served::of(&book);
    let cookie = served.cookie();
    let before = served.memory_kilobytes();
    let mut held = Vec::new();
    for at in 0..1000 {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", served.port)) else { continue };
        let _ = match at % 3 {
            0 => Ok(()),
            1 => stream.write_all(b"GET /runs HTTP/1.1\r\n"),
            _ => write!(stream, "GET /runs HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", served.port),
        };
        held.push(stream);
    }
    let began = Instant::now();
    for _ in 0..20 {
        served.request("GET", "/runs", &[("Cookie", &cookie)], "").is(200).shows("r-88");
    }
    assert!(began.elapsed() < Duration::from_secs(30));
    let more = served.memory_kilobytes().saturating_sub(before);
    assert!(more < 64 << 10, "{more} KiB for a thousand connections");
    let open = std::fs::read_dir(format!("/proc/{}/fd", served.id())).unwrap().count();
    assert!(open < 700, "{open} files are open");
    drop(held);
    served.get("/runs").is(200);
}

#[test]
fn no_more_pages_are_told_of_changes_than_there_is_room_for() {
    let book = sample();
    let served = Served::of(&book);
    let cookie = served.cookie();
    let mut streams = Vec::new();
    let mut refused = 0;
    for _ in 0..260 {
        let mut stream = served.connect();
        write!(stream, "GET /events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {cookie}\r\n\r\n", served.port).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        refused += u32::from(&head == b"HTTP/1.1 503");
        streams.push(stream);
    }
    assert_eq!(refused, 4);
    served.request("GET", "/runs", &[("Cookie", &cookie)], "").is(200);
}

#[test]
fn rows_are_text_whatever_is_in_them() {
    let book = Book::with_rows(&[
        r#"{"run_id":"<script>alert(1)</script>","step":1,"timestamp":"2026-04-16T07:00:00Z","action":"<img src=x onerror=alert(1)>","status":"blocked","blocked_on":"\u001b[31mred\u001b[0m \u202egnp.exe","task":"\"><svg onload=alert(1)>","artifact_ref":"javascript:alert(1)","next_intent":"{{7*7}} ${7*7}"}"#,
        r#"{"run_id":"x\" onmouseover=\"alert(1)","step":1,"timestamp":"2026-04-16T07:00:00Z","kind":"approval.requested","action":"</textarea><script>","status":"blocked","tool_call":{"tool":"<u>","args":["</pre><script>alert(1)</script>","\u202e"]}}"#,
    ]);
    let served = Served::of(&book);
    let run = "/run?id=%3Cscript%3Ealert(1)%3C/script%3E";
    let other = "/run?id=x%22+onmouseover%3D%22alert(1)";
    for path in [
        "/runs",
        run,
        other,
        "/approvals",
        "/query?q=has+run_id",
        "/query?q=%22%3E%3Cscript%3E",
        "/runs?filter=%22%3E%3Cscript%3E",
    ] {
        let page = served.get(path);
        page.hides("<script>").hides("<img").hides("<svg onload").hides("<u>").hides("\" onmouseover=\"");
        page.hides("\u{1b}").hides("\u{202e}").hides("href=\"javascript:").hides("</textarea>");
    }
    served.get(run).shows("javascript:alert(1)").shows("\\u{1b}[31mred").shows("\\u{202e}gnp.exe");
    served.get("/approvals").shows("&#60;/pre&#62;&#60;script&#62;");
}
