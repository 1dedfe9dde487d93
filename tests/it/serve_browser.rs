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

fn open(scripts: bool) -> (Book, Served, Browser) {
    let browser = Browser::open(scripts);
    let book = Book::sample("night-shift");
    let served = Served::of(&book);
    browser.go(&served.address());
    (book, served, browser)
}

#[test]
#[ignore = "needs chromium"]
fn from_the_printed_address_to_a_run_and_a_query() {
    let (_book, served, browser) = open(true);
    assert_eq!(browser.address(), format!("{}/runs", served.origin()), "the token is gone from the address");
    assert_eq!(browser.script("return document.cookie"), json!(""), "no script reads the cookie");
    let table = browser.text("table");
    assert!(
        table.contains("rewrite the guide for harbour masters") && table.contains("15 pages instead of 38"),
        "{table}"
    );
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

/// Gives the fields of a request's two forms ids that can be found.
fn mark(browser: &Browser, request: &str) {
    let forms = format!("[...document.querySelectorAll(\"input[value='{request}']\")].map((it) => it.form)");
    browser.script(&format!(
        "const [yes, no] = {forms};
        yes.why.id = 'note'; yes.querySelector('.yes').id = 'yes'; no.why.id = 'reason'; no.querySelector('.no').id = 'no';
        if (yes.irreversible) yes.irreversible.id = 'tick';"
    ));
}

fn decided(book: &Book) -> String {
    let jq = r#""\(.kind) \(.answers) \(.reason // "")""#;
    let kinds = "kind in (approval.approved, approval.denied) and client=web";
    book.run(&["query", kinds, "--jq", jq, "--raw-strings"]).out
}

#[test]
#[ignore = "needs chromium"]
fn a_yes_is_a_click_and_what_cannot_be_undone_needs_a_tick() {
    let (book, served, browser) = open(true);
    browser.go(&format!("{}/approvals", served.origin()));
    // Enter in a field sends no yes, also where nothing needs a tick.
    mark(&browser, "r-77#17");
    browser.script("window.sent = 0; addEventListener('submit', () => window.sent += 1)");
    browser.write("#note", "no! not on a Friday\n");
    assert_eq!(browser.script("return [window.sent, document.querySelector('#yes').innerText]"), json!([0, "Approve"]));
    browser.go(&format!("{}/approvals", served.origin()));
    mark(&browser, "r-75#20");
    browser.write("#note", "no! the total is wrong\n");
    // Nor does the button without the tick: the browser asks for it.
    browser.click("#yes");
    assert_eq!(browser.script("return document.querySelector('#tick').validity.valueMissing"), json!(true));
    // A browser that does not look is asked by the server, and what was typed is still there.
    browser.script("document.querySelector('#tick').required = false");
    browser.click("#yes");
    until("it is marked", || browser.text("[role=alert]").contains("tick the box first"));
    assert_eq!(decided(&book), "", "nothing was stored");
    let field = browser.script(
        "const it = document.querySelector('[aria-invalid]'); return [it.name, it === document.activeElement, it.form.why.value]",
    );
    assert_eq!(field, json!(["irreversible", true, "no! the total is wrong"]));
    mark(&browser, "r-75#20");
    browser.script("document.querySelector('#note').value = 'counted twice'");
    browser.click("#tick");
    browser.click("#yes");
    until("it is told", || browser.text(".done").contains("Approved r-75#20: release 273 invoices"));
    assert!(browser.text(".done").contains("Stored as r-75#24."));
    assert_eq!(decided(&book), "approval.approved r-75#20 counted twice\n");
    until("it is open no more", || !browser.text("#part").contains("release 273 invoices, 418,036.35 EUR\n"));
    assert!(!browser.address().contains("done="), "it is told once");
}

#[test]
#[ignore = "needs chromium"]
fn a_no_without_a_reason_is_marked_where_it_lacks() {
    let (book, served, browser) = open(true);
    for page in ["/approvals", "/run?id=r-73"] {
        browser.go(&format!("{}{page}", served.origin()));
        mark(&browser, "r-73#23");
        browser.click("#no");
        assert_eq!(browser.script("return document.querySelector('#reason').validity.valueMissing"), json!(true));
        browser.write("#reason", "   ");
        browser.click("#no");
        until("it is marked", || browser.text("[role=alert]").contains("Not denied: say why"));
        let field = browser.script(
            "const it = document.querySelector('[aria-invalid]'); return [it.name, it === document.activeElement]",
        );
        assert_eq!(field, json!(["why", true]));
        assert!(browser.text("#part").contains("run migration 0042b on production"), "the card is still there");
    }
    assert_eq!(decided(&book), "");
    mark(&browser, "r-73#23");
    // Enter in its field says no.
    browser.write("#reason", "not before the backup\n");
    until("it is told", || {
        browser.text(".done").contains("Denied r-73#23: run migration 0042b on production. The agent is told.")
    });
    assert_eq!(decided(&book), "approval.denied r-73#23 not before the backup\n");
}

#[test]
#[ignore = "needs chromium"]
fn a_request_is_shown_in_full_and_what_is_dangerous_in_red() {
    let browser = Browser::open(true);
    let book = Book::new();
    book.write(
        ".logbook/config.toml",
        b"[[policy]]\nwhen = \"tool_call.side_effect=delete\"\nthen = \"ask\"\nwhy = \"nothing is deleted without a person\"\n",
    );
    book.run(&["start", "r-1", "--task", "free the space", "--agent", "tidy-1"]).exit(0);
    let exec = "logbook exec -r r-1 --tool drop --side-effect delete --irreversible --impact production \\
        --rationale 'unused since March' --expires 2h --timeout 1ms -- sh -c 'echo fine\nrm -rf precious'";
    book.shell(&exec.replace("\\n", "\n")).exit(125);
    book.run(&["ask", "-r", "r-1", "something", "--args-sha256", &"a".repeat(64)]).exit(0);
    let served = Served::of(&book);
    browser.go(&served.address());
    for page in ["/approvals", "/run?id=r-1"] {
        browser.go(&format!("{}{page}", served.origin()));
        let card = browser.text("article");
        for text in [
            "IRREVERSIBLE: it cannot be undone",
            "free the space",
            "tidy-1",
            "unused since March",
            "delete",
            "production",
            "policy rule 1: tool_call.side_effect=delete",
            "nothing is deleted without a person",
            "expires",
            "1  sh\n2  -c\n3  echo fine\n  │rm -rf precious",
        ] {
            assert!(card.contains(text), "{page}: {text:?}\n{card}");
        }
        let shown = browser.script(
            "return [...document.querySelectorAll('.danger')].map((it) => [it.innerText, getComputedStyle(it).color, getComputedStyle(it).fontWeight])",
        );
        let red = "rgb(179, 38, 30)";
        let wanted = json!([
            ["IRREVERSIBLE: it cannot be undone", red, "650"],
            ["arguments not shown: only their SHA-256 is known", red, "650"]
        ]);
        assert_eq!(shown, wanted, "{page}");
    }
}

#[test]
#[ignore = "needs chromium"]
fn a_run_can_be_held_at_the_top_of_its_page() {
    let (book, served, browser) = open(true);
    browser.go(&format!("{}/run?id=r-88", served.origin()));
    let top = |css: &str| {
        browser
            .script(&format!("return document.querySelector({}).getBoundingClientRect().top", json!(css)))
            .as_f64()
            .unwrap()
    };
    assert!(top("form[action='/hold'] button") < 400.0 && top("form[action='/hold']") < top(".facts"));
    browser.write("form[action='/hold'] input[name=why]", "wrong bucket\n");
    until("it is held", || browser.text(".done").contains("Held r-88."));
    until("it can be released", || browser.text("#part").contains("r-88 is held by"));
    assert!(top("form[action='/release'] button") < 400.0 && top("form[action='/release']") < top(".facts"));
    // Enter lets nothing go on.
    browser.write("form[action='/release'] input[name=why]", "it was the right one\n");
    book.run(&["query", "kind=release", "--count"]).stdout("0\n");
    browser.click("form[action='/release'] button:not([hidden])");
    until("it goes on", || browser.text(".done").contains("Released r-88."));
    book.run(&["query", "kind=release", "--select", "reason", "-o", "jsonl"])
        .stdout("{\"reason\":\"it was the right one\"}\n");
}

#[test]
#[ignore = "needs chromium"]
fn what_others_append_shows_by_itself_and_takes_nothing_away() {
    let (book, served, browser) = open(true);
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
    until("it says so", || browser.text("#live").contains("the change is shown when you finish here"));
    assert_eq!(browser.script("return document.querySelector('input[name=why]').value"), json!("half a sen"));
    browser.script("const field = document.querySelector('input[name=why]'); field.value = ''; field.blur()");
    until("it shows when that is done", || browser.text("#part").contains("tear down the attic"));
    assert!(browser.text("header nav").contains('4'), "the count at the top follows");
}

#[test]
#[ignore = "needs axe"]
fn dark_light_narrow_and_for_everybody() {
    let (_book, served, browser) = open(true);
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
                assert_eq!(browser.axe(), Vec::<String>::new(), "{page}, {width} wide, dark: {dark}");
            }
        }
        grounds.push(browser.script(ground));
    }
    assert_ne!(grounds[0], grounds[1]);
}

#[test]
#[ignore = "needs chromium"]
fn pages_are_whole_without_scripts() {
    let (book, served, browser) = open(false);
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
    browser.write("input[name=why]", "the window is open\n");
    browser.click("input[name=irreversible]");
    browser.click(".yes");
    until("it says so", || browser.text(".done").contains("Stored as r-73#30."));
    book.run(&["query", "client=web", "--count"]).stdout("1\n");
}

#[test]
#[ignore = "needs chromium"]
fn rows_are_text_in_a_browser_too() {
    let browser = Browser::open(true);
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
#[ignore = "needs chromium"]
fn pictures() {
    let (_book, served, browser) = open(true);
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
