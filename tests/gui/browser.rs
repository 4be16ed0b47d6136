//! A real browser, without a window, driven through `WebDriver` (W3C): JSON over HTTP to `chromedriver`.
//!
//! Where there is no browser a test says that it was skipped, and fails if `BROWSER=required` is set.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::Address;
use crate::harness::{PATIENCE, skip};

/// The key of an element in an answer of `WebDriver`.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window or more; it ends with the test.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    folder: TempDir,
}

/// One of its windows.
pub struct Page<'a> {
    browser: &'a Browser,
    handle: String,
}

fn start_driver() -> Option<(Child, u16)> {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut driver = command.spawn().unwrap();
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = |line: String| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok();
    let port = lines.map_while(Result::ok).find_map(port);
    if port.is_none() {
        driver.wait().unwrap();
    }
    Some((driver, port?))
}

impl Browser {
    #[track_caller]
    pub fn open() -> Option<Browser> {
        if Command::new("chromedriver").arg("--version").output().is_err() {
            assert!(std::env::var("BROWSER").as_deref() != Ok("required"), "there is no chromedriver");
            skip("there is no browser (Debian: apt install chromium chromium-driver)");
            return None;
        }
        // It takes a port that is free at 127.0.0.1, and gives up where that one is taken at ::1.
        let (driver, port) = (0..10).find_map(|_| start_driver()).expect("the driver says its port");
        let folder = TempDir::new().unwrap();
        let mut browser = Browser { driver, port, session: String::new(), folder };
        let profile = format!("--user-data-dir={}", browser.folder.path().display());
        // The sandbox of the browser wants a user who is not root.
        let args = [
            "--headless=new",
            "--host-resolver-rules=MAP evil.example 127.0.0.1",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--lang=en",
            &profile,
        ];
        let options = json!({ "args": args });
        let logging = json!({ "browser": "ALL" });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logging });
        let capabilities = json!({ "alwaysMatch": wanted });
        let session = browser.send("POST", "", &json!({ "capabilities": capabilities }));
        browser.session = format!("/{}", session["sessionId"].as_str().unwrap());
        browser.send("POST", "/timeouts", &json!({ "script": 2 * PATIENCE.as_millis() }));
        Some(browser)
    }

    /// A new window of this size that shows an address.
    #[track_caller]
    pub fn window(&self, address: &Address, width: u32, height: u32) -> Page<'_> {
        self.window_at(&address.url, width, height)
    }

    #[track_caller]
    pub fn window_at(&self, url: &str, width: u32, height: u32) -> Page<'_> {
        let handle =
            self.send("POST", "/window/new", &json!({ "type": "window" }))["handle"].as_str().unwrap().to_owned();
        let page = Page { browser: self, handle };
        page.send("POST", "/window/rect", &json!({ "width": width, "height": height }));
        page.send("POST", "/url", &json!({ "url": url }));
        page
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let value = self.try_sending(method, path, body).unwrap();
        assert!(value.get("error").is_none(), "{method} {path}: {value}");
        value
    }

    fn try_sending(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(6 * PATIENCE))?;
        let head = format!(
            "{method} /session{}{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n\r\n",
            self.session,
            self.port,
            body.len()
        );
        (&stream).write_all(format!("{head}{body}").as_bytes())?;
        let mut reader = BufReader::new(&stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(number) = line.strip_prefix("content-length:") {
                length = number.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer)?;
        Ok(serde_json::from_slice::<Value>(&answer)?["value"].clone())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It closes the browser. The driver alone would leave it behind.
        let _ = self.try_sending("DELETE", "", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Page<'_> {
    #[track_caller]
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        self.browser.send("POST", "/window", &json!({ "handle": self.handle }));
        self.browser.send(method, path, body)
    }

    /// The value of an expression of JavaScript.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.send("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    #[track_caller]
    pub fn run(&self, script: &str) {
        self.send("POST", "/execute/sync", &json!({ "script": script, "args": [] }));
    }

    /// The value that a script hands to `done`, in its own time.
    #[track_caller]
    pub fn value_later(&self, script: &str) -> Value {
        let script = format!("const done = arguments[0]; {script}");
        self.send("POST", "/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn expect(&self, expression: &str) {
        let script = format!(
            "const until = Date.now() + {};
             const look = () => {{
                 let value = false;
                 try {{ value = ({expression}); }} catch {{}}
                 if (value || Date.now() > until) done(value ? null : document.body.innerText);
                 else setTimeout(look, 20);
             }};
             look();",
            PATIENCE.as_millis()
        );
        let text = self.value_later(&script);
        assert_eq!(text, Value::Null, "never came: {expression}\n{}", text.as_str().unwrap_or_default());
    }

    /// Waits until a row of the messages is this text.
    #[track_caller]
    pub fn expect_row(&self, text: &str) {
        let text = json!(text);
        self.expect(&format!(
            "[...document.querySelectorAll('#messages .row p')].some((row) => row.textContent.trim() === {text})"
        ));
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let found = self.send("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Presses keys in an element; `\u{e007}` is Enter, `\u{e004}` Tab (`WebDriver`, section 15.4.2).
    #[track_caller]
    pub fn type_into(&self, selector: &str, keys: &str) {
        let element = self.element(selector);
        self.send("POST", &format!("/element/{element}/value"), &json!({ "text": keys }));
    }

    /// Enters a line.
    #[track_caller]
    pub fn enter(&self, line: &str) {
        self.type_into("#message", &format!("{line}\u{e007}"));
    }

    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.send("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// The role and the name of an element, as a screen reader says them.
    #[track_caller]
    pub fn said(&self, selector: &str) -> String {
        let element = self.element(selector);
        let part = |what: &str| self.send("GET", &format!("/element/{element}/{what}"), &Value::Null);
        format!("{} {}", part("computedrole").as_str().unwrap(), part("computedlabel").as_str().unwrap())
    }

    /// Clicks on the button, or the entry of a menu, that has this text.
    #[track_caller]
    pub fn choose(&self, text: &str) {
        let text = json!(text);
        self.expect(&format!(
            "((above) => ((found) => found && (found.click() ?? true))([...above.querySelectorAll('button, label')]
                 .find((made) => made.textContent === {text} && made.checkVisibility())))
             (document.querySelector('#menu:popover-open') ?? document.querySelector('dialog[open]') ?? document)"
        ));
    }

    /// A command of the browser's own protocol.
    #[track_caller]
    pub fn emulate(&self, command: &str, params: &Value) {
        self.send("POST", "/goog/cdp/execute", &json!({ "cmd": format!("Emulation.{command}"), "params": params }));
    }

    #[track_caller]
    pub fn reload(&self) {
        self.send("POST", "/refresh", &json!({}));
    }

    /// What the browser says of the page: errors of scripts, and what its policy forbids.
    #[track_caller]
    pub fn complaints(&self) -> Vec<String> {
        let log = self.send("POST", "/se/log", &json!({ "type": "browser" }));
        let of = |entry: &Value| format!("{} {}", entry["level"], entry["message"]);
        let all = log.as_array().unwrap().iter().map(of);
        all.filter(|entry| !entry.contains("favicon.ico") && !entry.starts_with("\"INFO\"")).collect()
    }
}
