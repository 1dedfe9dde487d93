//! `logbook serve` in a real browser.

use serde_json::json;

use crate::browser::Browser;
use crate::served::{Served, until};
use crate::support::{Book, repository};

/// All pages of the sample.
const PAGES: [&str; 8] = [
    "/runs",
    "/run?id=r-88",
    "/run?id=r-75",
    "/approvals",
    "/query",
    "/query?q=status%3Dblocked",
    "/query?q=status%3Dblocked+x%3D",
    "/report?name=cost",
];

fn open(scripts: bool) -> Option<(Book, Served, Browser)> {
    let browser = Browser::open(scripts)?;
    let book = Book::sample("night-shift");
    let served = Served::of(&book);
    browser.go(&served.address());
    Some((book, served, browser))
}

#[test]
fn from_the_printed_address_to_a_run_and_a_query() {
    let Some((_book, served, browser)) = open(true) else { return };
    assert_eq!(browser.address(), format!("{}/runs", served.origin()), "the token is gone from the address");
    assert_eq!(browser.script("return document.cookie"), json!(""), "no script reads the cookie");
    assert!(browser.text("table").contains("07:00 has passed"));
    browser.click("a[href='/run?id=r-88']");
    // A click need not wait for the page that it leads to.
    until("the run is shown", || browser.text("h1") == "r-88");
    assert!(browser.text("main").contains("find out why the test suite of web fails"));
    browser.click("a[href='/query']");
    until("there is a box", || browser.address().ends_with("/query"));
    browser.write("#q", "status=blocked x=\n");
    until("the query is answered", || browser.address().contains("/query?q=") && !browser.text(".problem").is_empty());
    let problem = browser.text(".problem");
    let lines: Vec<&str> = problem.lines().collect();
    assert_eq!(lines[1].find("x=").map(|at| at + 2), lines[2].find('^'), "{problem}");
    browser.go(&format!("{}/query?q=group_by+phase+summarize+count", served.origin()));
    assert!(browser.text("table").contains("gather"));
}

#[test]
fn a_yes_with_a_reason() {
    let Some((book, served, browser)) = open(true) else { return };
    browser.go(&format!("{}/approvals", served.origin()));
    let card = "document.querySelector(\"input[value='r-75#20']\").form";
    browser.script(&format!("{card}.why.id = 'why'; {card}.querySelector('.yes').id = 'yes'"));
    browser.write("#why", "counted twice");
    browser.click("#yes");
    until("it is stored", || browser.text(".done").contains("Stored as r-75#24."));
    book.run(&[
        "query",
        "answers='r-75#20' and kind=approval.approved and client=web",
        "--select",
        "reason",
        "-o",
        "jsonl",
    ])
    .stdout("{\"reason\":\"counted twice\"}\n");
    until("it is open no more", || !browser.text("#part").contains("release 273 invoices, 418,036.35 EUR\n"));
    // A no without a reason is refused, and says why.
    browser.click(".no");
    until("it says why", || browser.text("main").contains("a no needs"));
}

#[test]
fn what_others_append_shows_by_itself_and_takes_nothing_away() {
    let Some((book, served, browser)) = open(true) else { return };
    until("it is live", || browser.text("#live") == "live");
    browser.script("window.here = 1");
    book.run(&["append", "-r", "r-new", "-a", "sweep the attic", "-s", "in-progress"]).exit(0);
    until("the row shows", || browser.text("#part").contains("sweep the attic"));
    assert_eq!(browser.script("return window.here"), json!(1), "the page was not loaded anew");
    // What somebody types stays.
    browser.go(&format!("{}/approvals", served.origin()));
    until("it is live", || browser.text("#live") == "live");
    browser.write("input[name=why]", "half a sen");
    book.run(&["ask", "tear down the attic", "-r", "r-new"]).exit(0);
    until("it says so", || browser.text("#live").contains("changed meanwhile"));
    assert_eq!(browser.script("return document.querySelector('input[name=why]').value"), json!("half a sen"));
    browser.script("const field = document.querySelector('input[name=why]'); field.value = ''; field.blur()");
    until("it shows when that is done", || browser.text("#part").contains("tear down the attic"));
    assert!(browser.text("header nav").contains('4'), "the count at the top follows");
}

#[test]
fn dark_light_narrow_and_for_everybody() {
    let Some((_book, served, browser)) = open(true) else { return };
    let ground = "return getComputedStyle(document.body).backgroundColor";
    let mut grounds = Vec::new();
    for dark in [false, true] {
        browser.dark(dark);
        for width in [1000, 360] {
            browser.resize(width);
            for page in PAGES {
                browser.go(&format!("{}{page}", served.origin()));
                let wide = browser.script("return document.documentElement.scrollWidth").as_u64().unwrap();
                assert!(wide <= u64::from(width), "{page} is {wide} wide at {width}");
                if let Some(found) = browser.axe() {
                    assert_eq!(found, Vec::<String>::new(), "{page}, {width} wide, dark: {dark}");
                }
            }
        }
        grounds.push(browser.script(ground));
    }
    assert_ne!(grounds[0], grounds[1]);
}

#[test]
fn pages_are_whole_without_scripts() {
    let Some((book, served, browser)) = open(false) else { return };
    browser.go("data:text/html,<p id=a>no</p><script>document.getElementById('a').textContent='yes'</script>");
    assert_eq!(browser.text("#a"), "no", "scripts of pages do not run");
    for (page, text) in [
        ("/runs", "jonas: release invoice batch"),
        ("/run?id=r-88", "suite-runner"),
        ("/query?q=status%3D", "a value is expected"),
        ("/report?name=cost", "docs-writer"),
    ] {
        browser.go(&format!("{}{page}", served.origin()));
        assert!(browser.text("main").contains(text), "{page}");
        assert_eq!(browser.text("#live"), "", "nothing says that it is live");
    }
    browser.go(&format!("{}/approvals", served.origin()));
    browser.write("input[name=why]", "the window is open");
    browser.click(".yes");
    until("it says so", || browser.text(".done").contains("Stored as r-73#30."));
    book.run(&["query", "client=web", "--count"]).stdout("1\n");
}

#[test]
fn rows_are_text_in_a_browser_too() {
    let Some(browser) = Browser::open(true) else { return };
    let long = "x".repeat(3000);
    let rows = [
        r#"{"run_id":"<img src=x onerror=window.hit=1>","step":1,"timestamp":"2026-04-16T07:00:00Z","action":"<script>window.hit=1</script>","status":"blocked","blocked_on":"\u001b[31mred \u202egnp.exe\u202c javascript:window.hit=1","task":"\"><svg onload=window.hit=1>","artifact_ref":"javascript:window.hit=1"}"#.to_owned(),
        r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T07:00:00Z","kind":"approval.requested","action":"' onfocus=window.hit=1 autofocus '","status":"blocked","tool_call":{"tool":"</pre>","args":["</pre><script>window.hit=1</script>"]}}"#.to_owned(),
        format!(r#"{{"run_id":"r-{long}","step":1,"timestamp":"2026-04-16T07:00:00Z","action":"{long}","status":"in-progress","task":"{long}"}}"#),
    ];
    let book = Book::with_rows(&rows.each_ref().map(String::as_str));
    let served = Served::of(&book);
    browser.go(&served.address());
    browser.resize(360);
    let run = "/run?id=%3Cimg+src%3Dx+onerror%3Dwindow.hit%3D1%3E";
    for page in [
        "/runs",
        run,
        "/approvals",
        "/query?q=has+run_id",
        "/query?q=select+run_id,+action,+artifact_ref",
        "/query?q=%22'%3E%3Cscript%3Ewindow.hit=1%3C/script%3E",
    ] {
        browser.go(&format!("{}{page}", served.origin()));
        let found = browser.script(
            "return {hit: window.hit ?? 0,
                scripts: [...document.scripts].map((it) => it.getAttribute('src')),
                pictures: document.images.length,
                links: [...document.links].map((it) => it.getAttribute('href')).filter((it) => !/^[/#]/.test(it)),
                handlers: [...document.querySelectorAll('*')].flatMap((it) => it.getAttributeNames()).filter((it) => it.startsWith('on')),
                raw: /[\\u001b\\u202e]/.test(document.body.textContent),
                wide: document.documentElement.scrollWidth}",
        );
        let wanted = json!({"hit": 0, "scripts": ["/live.js"], "pictures": 0, "links": [], "handlers": [], "raw": false, "wide": 360});
        assert_eq!(found, wanted, "{page}");
    }
}

/// Draws the pictures of docs/serve.md anew: `LOGBOOK_PICTURES=1 cargo test --test it pictures`.
#[test]
fn pictures() {
    let Some((_book, served, browser)) = open(true) else { return };
    let wanted = std::env::var("LOGBOOK_PICTURES").is_ok();
    let pictures = [
        ("runs", "/runs", 1000, false),
        ("runs-dark", "/runs", 1000, true),
        ("run", "/run?id=r-75", 1000, false),
        ("approvals", "/approvals", 1000, false),
        ("query", "/query?q=status%3Dblocked+x%3D", 1000, false),
        ("narrow", "/runs", 360, true),
    ];
    for (name, page, width, dark) in pictures {
        browser.dark(dark);
        browser.resize(width);
        browser.go(&format!("{}{page}", served.origin()));
        browser.script("document.querySelector('footer').remove()");
        let picture = browser.picture(width, 720);
        assert!(picture.starts_with(b"\x89PNG"));
        let path = repository().join(format!("docs/images/serve-{name}.png"));
        if wanted {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, picture).unwrap();
        }
        assert!(path.exists(), "{} is not there; LOGBOOK_PICTURES=1 draws it", path.display());
    }
}
