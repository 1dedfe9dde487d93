//! A real browser, driven over WebDriver: Debian's `chromium` and `chromium-driver`.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::repository;

/// Headless; alone with the pages that it is shown.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];
/// Where `.ci/run` puts axe.
const AXE: &str = "target/axe/node_modules/axe-core/axe.min.js";

/// A browser with one window; it ends with its test.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    width: Cell<u32>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens one, with or without scripts in pages.
    pub fn open(scripts: bool) -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(says.read_line(&mut line).unwrap() > 0, "chromedriver said no port");
            if let Some((_, port)) = line.trim().trim_end_matches('.').rsplit_once("started successfully on port ") {
                break port.parse().unwrap();
            }
        };
        // What it says later must not keep it waiting.
        std::thread::spawn(move || std::io::copy(&mut says, &mut std::io::sink()));
        let profile = tempfile::tempdir().unwrap();
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let prefs = if scripts { json!({}) } else { json!({"profile.managed_default_content_settings.javascript": 2}) };
        let mut browser = Browser { driver, port, session: String::new(), width: Cell::new(0), _profile: profile };
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": flags, "prefs": prefs}}}});
        let session = browser.call("POST", "/session", &wanted);
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        browser.resize(1000);
        browser
    }

    /// Opens a page.
    pub fn go(&self, address: &str) {
        self.post("/url", &json!({"url": address}));
        // On a busy machine a new page may begin with the width of the window.
        for _ in 0..100 {
            if self.script("return innerWidth") == json!(self.width.get()) {
                return;
            }
            self.resize(self.width.get());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where it is.
    pub fn address(&self) -> String {
        self.call("GET", &format!("{}/url", self.session), &Value::Null).as_str().unwrap().to_owned()
    }

    /// What a script returns.
    pub fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The text of what `css` finds first; empty: it finds nothing.
    pub fn text(&self, css: &str) -> String {
        let found = self.script(&format!("return document.querySelector({})?.innerText ?? ''", json!(css)));
        found.as_str().unwrap().to_owned()
    }

    /// Clicks what `css` finds.
    pub fn click(&self, css: &str) {
        let element = self.element(css);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Types into what `css` finds.
    pub fn write(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.post(&format!("/element/{element}/value"), &json!({"text": text}));
    }

    /// Makes the window as wide as this.
    pub fn resize(&self, width: u32) {
        self.width.set(width);
        let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size);
    }

    /// Wants pages dark, or light.
    pub fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.devtools("Emulation.setEmulatedMedia", features);
    }

    /// The page as PNG, so many pixels of it.
    pub fn picture(&self, width: u32, height_max: u64) -> Vec<u8> {
        let height = self.script("return document.documentElement.scrollHeight").as_u64().unwrap().min(height_max);
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let shot = self.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip}));
        data_encoding::BASE64.decode(shot["data"].as_str().unwrap().as_bytes()).unwrap()
    }

    /// What axe finds wrong with the page. `npm install --prefix target/axe axe-core` installs it.
    pub fn axe(&self) -> Vec<String> {
        let axe = std::fs::read_to_string(repository().join(AXE)).unwrap();
        self.script(&format!("{axe}; return 0"));
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document, {resultTypes: ['violations']}).then((found) => done(found.violations.map((it) =>
                `${it.impact} ${it.id}: ${it.nodes.map((node) => node.target.join(' ')).join(', ')}`)));";
        let found = self.post("/execute/async", &json!({"script": run, "args": []}));
        found.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    fn element(&self, css: &str) -> String {
        let found = self.post("/element", &json!({"using": "css selector", "value": css}));
        found.as_object().and_then(|found| found.values().next()).unwrap().as_str().unwrap().to_owned()
    }

    fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("{}{path}", self.session), body)
    }

    /// One command; what it answers.
    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        stream.read_exact(&mut text).unwrap();
        let answer: Value = serde_json::from_slice(&text).unwrap();
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{method} {path}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", &self.session.clone(), &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
