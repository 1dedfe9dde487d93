//! `logbook serve`: who may see it, its pages and their twins, what its forms store.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use crate::served::{Served, until};
use crate::support::{Book, LOGBOOK};

fn sample() -> Book {
    Book::sample("night-shift")
}

#[test]
fn the_token_is_exchanged_for_a_cookie_and_nothing_is_shown_without() {
    let book = sample();
    let served = Served::of(&book);
    for path in ["/", "/runs", "/runs.json", "/run?id=r-88", "/query?q=x", "/approvals", "/report", "/events", "/nope"]
    {
        served.request("GET", path, &[], "").is(401).hides("r-88").shows("logbook serve");
    }
    served.request("GET", "/?token=nope", &[], "").is(401);
    served.request("GET", "/runs", &[("Cookie", &format!("logbook-{}={}", served.port, served.token))], "").is(401);
    let reply = served.request("GET", &format!("/runs?token={}&filter=status%3Dfailed", served.token), &[], "");
    assert_eq!(reply.is(303).header("location"), "/runs?filter=status%3Dfailed");
    let cookie = reply.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(&served.token));
    served.get("/runs").is(200).shows("r-88").hides(&served.token);
    served.request("HEAD", "/runs", &[("Cookie", &served.cookie())], "").is(200);
    served.request("PUT", "/runs", &[("Cookie", &served.cookie())], "").is(405);
    served.request("POST", "/runs", &[("Cookie", &served.cookie()), ("Origin", &served.origin())], "").is(404);
    served.get("/rums").is(404).shows("Did you mean /run");
    for file in ["/style.css", "/live.js", "/icon.svg"] {
        served.request("GET", file, &[], "").is(200);
    }
}

#[test]
fn every_answer_has_the_headers_that_keep_it_to_itself() {
    let book = sample();
    let served = Served::of(&book);
    for path in ["/runs", "/runs.json", "/style.css", "/nope", "/query?q=x%3D"] {
        let reply = served.get(path);
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
        reply.hides("<script>").hides("<style").hides(" style=").hides("onclick");
    }
}

#[test]
fn twins_say_what_the_commands_say() {
    let book = sample();
    let served = Served::of(&book);
    let same = |path: &str, command: &[&str]| {
        let ended = book.run(command);
        assert_eq!(served.get(path).is(200).body, ended.exit(0).out, "{path}");
        assert!(!ended.out.is_empty());
    };
    same("/runs.json", &["runs", "-o", "json"]);
    same("/runs.json?all=1", &["runs", "--all", "-o", "json"]);
    same(
        "/runs.json?filter=cost_usd%3E0.15+sort_by+-cost_usd",
        &["runs", "cost_usd>0.15 sort_by -cost_usd", "-o", "json"],
    );
    same("/runs.json?filter=select+run_id,+owner", &["runs", "select run_id, owner", "-o", "json"]);
    same("/run.json?id=r-88", &["show", "r-88", "--record"]);
    same("/run.json?id=r-71", &["show", "r-71", "--record"]);
    same("/query.json?q=status%3Dblocked", &["query", "status=blocked", "-o", "json"]);
    same("/query.json?q=group_by+phase+summarize+count", &["query", "group_by phase summarize count", "-o", "json"]);
    same("/approvals.json", &["approve", "-o", "json"]);
    same("/report.json", &["report", "-o", "json"]);
    same("/report.json?name=cost", &["report", "cost", "-o", "json"]);
    same("/report.json?name=stuck&p.silent=1h", &["report", "stuck", "silent=1h", "-o", "json"]);
    let asked = served.request("GET", "/runs", &[("Cookie", &served.cookie()), ("Accept", "application/json")], "");
    assert_eq!(asked.header("content-type"), "application/json");
    let refused = served.get("/query.json?q=status%3D");
    assert_eq!(refused.is(400).header("content-type"), "application/json");
    refused.shows("a value is expected here").shows("\"hint\":");
}

#[test]
fn pages_show_it_without_a_script() {
    let book = sample();
    let served = Served::of(&book);
    served.get("/runs").shows("jonas: release invoice batch 2026-04").shows("completed overnight").shows("<svg");
    served.get("/runs?filter=status%3Dfailed").shows("r-86").hides(">r-88<");
    served.get("/runs?filter=statis%3D").is(400).shows("a value is expected here").shows("^");
    served.get("/runs?filter=jq(.status%3D%3D%22failed%22)").is(200).shows("r-86").hides(">r-88<");
    served.get("/runs?filter=status~%27^fail%27").is(200).shows("r-86").hides(">r-88<");
    served.get("/runs?filter=status~%27^fail%27+select+run_id,+rows").is(200).shows("r-86").hides(">r-88<");
    served.get("/runs?filter=jq(def+f:+1%2Bf;+f)").is(422).shows("stopped");
    served.get("/runs?filter=run_id+in+@/dev/zero").is(400).shows("which is not allowed here");
    served.get("/run?id=r-88").shows("find out why the test suite").shows("Timeline").shows("suite-runner");
    served.get("/run?id=r-71").shows("href=\"/run?id=r-72\"");
    served.get("/run?id=r-8").is(404).shows("no run &#34;r-8&#34; among");
    served.get("/query?q=status%3Dblocked+x%3D").is(400).shows("            ^").shows("hint: an empty value");
    served.get("/query?q=status%3Dblocked+select+run_id,+blocked_on").shows("href=\"/run?id=r-75\"").hides(">action<");
    served.get("/query?q=nosuchfield%3D1").shows("Nothing matches").shows("nosuchfield");
    served.get("/query?q=jq(last(repeat(1)))").is(422).shows("stopped after 10s");
    served.get("/query?q=a+in+@/etc/passwd").is(400).hides("root").shows("which is not allowed here");
    served.get("/query?q=/etc/passwd").hides("root:");
    served.get("/query?q=--help").is(400);
    served.get("/report?name=mcp").is(200).shows("name=\"p.server\"");
    served.get("/report?name=cost").shows("sum(cost_usd)").shows("0.4117");
    served.get("/report?name=../../etc/passwd").is(400).shows("no report is called");
    served
        .get("/approvals")
        .shows("release 273 invoices, 418,036.35 EUR")
        .shows("total_eur: &#34;418036.35&#34;")
        .shows("IRREVERSIBLE: it cannot be undone");
}

#[test]
fn forms_store_what_the_commands_store_and_say_that_it_was_the_web() {
    let book = sample();
    let served = Served::of(&book);
    // What cannot be undone needs a tick, which is asked for where it lacks.
    let form = [("request", "r-75#20"), ("why", "counted"), ("back", "")];
    let unticked = served.post("/approve", &form);
    unticked.is(400).shows("Not approved: tick the box first").shows("value=\"counted\"").shows("<h1>Approvals</h1>");
    assert_eq!(unticked.body.matches("aria-invalid").count(), 1);
    book.run(&["query", "kind=approval.approved and answers='r-75#20'", "--count"]).stdout("0\n");
    served
        .post("/approve", &[&form[..2], &[("back", "r-75")]].concat())
        .is(400)
        .shows("<h1>r-75</h1>")
        .shows("tick the box");
    let done = served.post("/approve", &[&form[..], &[("irreversible", "yes")]].concat());
    assert_eq!(done.is(303).header("location"), "/approvals?done=r-75%2324&was=approved&of=r-75%2320");
    let user = book.shell("id -un").out;
    book.run(&[
        "query",
        "kind=approval.approved and answers='r-75#20'",
        "--jq",
        "[.approver, .client, .user, .reason, has(\"tty\")]",
    ])
    .stdout(&format!("[\"{0}\",\"web\",\"{0}\",\"counted\",false]\n", user.trim()));
    until("the page follows", || !served.get("/approvals").body.contains("r-75#20\""));
    served
        .get("/approvals?done=r-75%2324&was=approved&of=r-75%2320")
        .shows("Approved r-75#20: release 273 invoices, 418,036.35 EUR. Stored as r-75#24.");

    let again = served.post("/deny", &[("request", "r-75#20"), ("why", "no")]);
    again.is(409).shows("r-75#20 was decided already");
    let unreasoned = served.post("/deny", &[("request", "r-73#23"), ("why", " ")]);
    unreasoned.is(400).shows("Not denied: say why").shows("<h1>Approvals</h1>").hides("--why");
    assert_eq!(unreasoned.body.matches("aria-invalid").count(), 1);
    // A program is told as before.
    let (cookie, origin) = (served.cookie(), served.origin());
    let program = [("Cookie", &*cookie), ("Origin", &origin), ("Accept", "application/json")];
    served.request("POST", "/deny", &program, "request=r-73%2323").is(400).shows("a denial needs a reason");
    served.request("POST", "/approve", &program, "request=r-73%2323").is(400).shows("cannot be undone");
    served.post("/approve", &[("request", "r-73#23"), ("args_sha256", "00")]).is(409).shows("other arguments");
    assert_eq!(
        served
            .post("/deny", &[("request", "r-73#23"), ("why", "not today"), ("back", "r-73")])
            .is(303)
            .header("location"),
        "/run?id=r-73&done=r-73%2330&was=denied&of=r-73%2323"
    );
    served.post("/hold", &[("run", "r-88"), ("why", "wrong bucket")]).is(303);
    served.post("/hold", &[("run", "r-88"), ("why", "")]).is(400);
    served.post("/hold", &[("run", "r-0"), ("why", "x")]).is(400).shows("there is no run");
    until("it is held", || served.get("/run?id=r-88").body.contains("is held by"));
    served.get("/approvals").shows("wrong bucket");
    served.post("/release", &[("run", "r-88")]).is(303);
    served.post("/release", &[("run", "r-88")]).is(409).shows("is not held");
    served.post("/answer", &[("run", "r-79"), ("text", "it is there")]).is(303);
    served.post("/answer", &[("run", "r-81"), ("text", "x")]).is(400).shows("is not blocked");
    let kinds = r#""\(.kind) \(.run_id)""#;
    book.run(&["query", "client=web and timestamp>2026-04-17", "--jq", kinds, "--raw-strings"])
        .stdout("approval.approved r-75\napproval.denied r-73\nhold r-88\nrelease r-88\nanswer r-79\n");
    let stored = served.request("POST", "/hold", &program, "run=r-88&why=again");
    assert_eq!(stored.is(200).body, "{\"stored\":\"r-88#61\"}\n");
}

#[test]
fn inside_a_run_nobody_decides_about_its_own_request() {
    let book = sample().var("LOGBOOK_RUN", "r-75");
    Served::of(&book)
        .post("/approve", &[("request", "r-75#20")])
        .is(409)
        .shows("nobody decides about their own request");
}

#[test]
fn a_page_is_told_of_what_others_append() {
    let book = sample();
    let served = Served::of(&book);
    let open = |path: &str| {
        let mut stream = served.connect();
        let cookie = served.cookie();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {cookie}\r\n\r\n", served.port).unwrap();
        BufReader::new(stream)
    };
    let next = |stream: &mut BufReader<_>| loop {
        let mut line = String::new();
        BufRead::read_line(stream, &mut line).unwrap();
        if let Some(data) = line.strip_prefix("data: ") {
            return data.trim().parse::<u64>().unwrap();
        }
    };
    let (mut all, mut one) = (open("/events"), open("/events?run=r-88"));
    let (first, of_run) = (next(&mut all), next(&mut one));
    book.run(&["append", "-r", "r-81", "-a", "elsewhere"]).exit(0);
    assert!(next(&mut all) > first);
    book.run(&["append", "-r", "r-88", "-a", "here"]).exit(0);
    assert!(next(&mut one) > of_run + 1, "what came elsewhere was no news of this run");
    served.get("/run?id=r-88").shows("here");
}

#[test]
fn it_ends_when_it_is_told_to() {
    let book = sample();
    for signal in ["INT", "TERM"] {
        let mut child = book.command(LOGBOOK).args(["serve", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        book.shell(&format!("kill -{signal} {}", child.id())).exit(0);
        let status = child.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (Some(0), None), "{signal}");
    }
    let served = Served::of(&book);
    book.run(&["serve", "--port", &served.port.to_string()]).exit(3).says("--port 0");
    Book::empty().run(&["serve"]).exit(3).says("no logbook");
}

#[test]
fn a_page_of_a_run_that_was_looked_at_is_the_page_of_one_that_was_not() {
    let book = Book::new();
    book.run(&["append", "-r", "r-1", "-a", "begin", "-s", "in-progress"]).exit(0);
    let served = Served::of(&book);
    let shows = |text: &str| until(text, || served.get("/run?id=r-1").body.contains(text));
    shows("begin");
    for (step, deed) in [
        (&["append", "-r", "r-1", "-a", "wrote r-1 down", "-s", "in-progress"][..], "wrote r-1 down"),
        (&["append", "-r", "r-2", "-a", "of another, about r-1"], "begin"),
        (&["head", "--seal"], "begin"),
        (&["append", "{\"run_id\":\"r\\u002d1\",\"action\":\"spelled otherwise\"}"], "spelled otherwise"),
        (&["amend", "r-1", "2", "action=wrote it down", "--why", "slip"], "wrote it down"),
        (&["append", "-r", "r-1", "-a", "end", "-s", "done"], "end"),
    ] {
        book.run(step).exit(0);
        shows(deed);
    }
    let tables = |page: String| page.split("<table").skip(1).map(str::to_owned).collect::<Vec<_>>();
    let fresh = Served::of(&book);
    assert_eq!(tables(served.get("/run?id=r-1").body), tables(fresh.get("/run?id=r-1").body));
    assert!(!served.get("/run?id=r-1").body.contains("of another"));
}
