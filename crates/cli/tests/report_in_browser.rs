//! The page of `nuthatch simulate --report` in a real browser: nothing is loaded, nothing complains, the plots are
//! there, labels do not run into each other, and the legend works; on a wide screen and on a phone, light and dark.
//!
//! One Chromium, driven over the WebDriver protocol, which is JSON over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod support;

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use support::nuthatch;

const TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../simulate/tests/fixtures/lirs_multi3.trace.gz");
/// Widths of a screen, in CSS pixels.
const WIDE: u32 = 1400;
const PHONE: u32 = 400;

#[test]
fn the_page_is_good_on_every_screen_and_needs_nothing_from_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let page = write_report(dir.path());
    let browser = Browser::start(dir.path());
    for width in [WIDE, PHONE] {
        for scheme in ["light", "dark"] {
            browser.look_as(width, scheme);
            browser.open(&page);
            let found = browser.run(LOOK);
            let problems = found["problems"].as_array().unwrap();
            assert!(problems.is_empty(), "{width} px, {scheme}: {problems:#?}");
            assert_eq!(found["plots"], 6, "{found}");
            assert_eq!(found["dark"], scheme == "dark", "{found}");
        }
    }
    let legend = browser.run(LEGEND);
    assert_eq!(legend, json!("works"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    // Once for each look, and nothing else.
    assert_eq!(browser.loaded_for(&page), [page.as_str(); 4]);
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_replay() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("nowhere/report.html");
    let finished = support::run(nuthatch().args(["simulate", "--trace", TRACE, "--report"]).arg(&page));
    assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(1), ""));
    let expected = format!("nuthatch: cannot write the report to {}: ", page.display());
    assert!(
        finished.stderr.starts_with(&expected) && finished.stderr.lines().count() == 1,
        "{}",
        finished.stderr
    );
}

/// Returns its address.
fn write_report(dir: &Path) -> String {
    // A name with markup and blanks in it, as files may have.
    let copy = dir.join("a <b>trace & 'more'.trace.gz");
    std::fs::copy(TRACE, &copy).unwrap();
    let page = dir.join("report.html");
    let mut command = nuthatch();
    let finished = support::run(command.args(["simulate", "--trace"]).arg(copy).arg("--report").arg(&page));
    assert!(finished.status.success(), "{}", finished.stderr);
    assert!(finished.stderr.contains("report.html ("), "{}", finished.stderr);
    let bytes = std::fs::metadata(&page).unwrap().len();
    assert!((20_000..500_000).contains(&bytes), "{bytes}");
    format!("file://{}", page.display())
}

/// Looks at the page as a person would, and names what is wrong.
const LOOK: &str = r#"
const problems = [];
const html = document.documentElement;
if (html.scrollWidth > html.clientWidth) problems.push(`wider than the screen: ${html.scrollWidth}`);
const box = (part) => part.getBoundingClientRect();
const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
for (const labels of document.querySelectorAll(".frame .x, .frame .y")) {
  const spans = [...labels.children];
  if (spans.length === 0) problems.push("an axis without labels");
  spans.forEach((span, index) => {
    if (box(span).left < 0 || box(span).right > html.clientWidth) problems.push(`cut off: ${span.textContent}`);
    for (const other of spans.slice(index + 1))
      if (!apart(box(span), box(other))) problems.push(`${span.textContent} runs into ${other.textContent}`);
  });
}
const plots = [...document.querySelectorAll("figure.plot")];
for (const plot of plots) {
  const name = plot.querySelector("figcaption").textContent;
  const canvas = box(plot.querySelector(".canvas"));
  if (canvas.width < 200 || canvas.height < 150) problems.push(`${name} is too small`);
  const drawn = [...plot.querySelectorAll("g.s:not(.hushed)")].filter((part) => box(part).width > 0.5 * canvas.width);
  if (drawn.length === 0) problems.push(`${name} is empty`);
  if (!plot.querySelector("svg").getAttribute("aria-label")) problems.push(`${name} is silent`);
}
const bars = [...document.querySelectorAll(".bars li")];
if (bars.length < 20) problems.push(`misses of ${bars.length} policies only`);
for (const bar of bars) if (box(bar.querySelector("i")).width < 1) problems.push(`${bar.textContent} has no bar`);
const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
const luminance = (colour) => channels(colour).map((c) => c / 255)
  .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
const paper = getComputedStyle(document.body).backgroundColor;
const contrast = (colour) => {
  const [a, b] = [luminance(colour), luminance(paper)].sort((a, b) => b - a);
  return (a + 0.05) / (b + 0.05);
};
for (const part of document.querySelectorAll("figure g.s:not(.other) > path")) {
  const colour = getComputedStyle(part).stroke;
  if (contrast(colour) < 3) problems.push(`a line of ${colour} on ${paper}`);
}
for (const part of document.querySelectorAll("h1, h2, p, li, td, th, dt, dd, .x span, .y span, .x-name, .y-name, button")) {
  const colour = getComputedStyle(part).color;
  if (contrast(colour) < 4.5) problems.push(`text of ${colour} on ${paper}: ${part.textContent.slice(0, 40)}`);
  if (parseFloat(getComputedStyle(part).fontSize) < 12.9) problems.push(`small: ${part.textContent.slice(0, 40)}`);
}
if (!document.querySelector(".headline").textContent.endsWith(".")) problems.push("no recommendation");
if (!document.querySelector("h1").textContent.includes("<b>trace & 'more'")) problems.push("the name is not shown as it is");
return { problems: [...new Set(problems)], plots: plots.length, dark: luminance(paper) < 0.5 };
"#;

/// Clicks on a name and on it again.
const LEGEND: &str = r#"
const keys = [...document.querySelectorAll(".legend button")];
const key = keys.find((key) => key.textContent === "FIFO");
if (!key) return "FIFO is not in the legend";
const lines = (policy) => [...document.querySelectorAll(`figure g[data-p="${policy}"]`)];
const faded = (part) => getComputedStyle(part).opacity < 0.5;
const seen = (part) => getComputedStyle(part).display !== "none";
if (lines("lru").some(faded)) return "lines are faded before anything is singled out";
key.click();
if (key.getAttribute("aria-pressed") !== "true") return "the name is not pressed";
if (lines("fifo").some(faded) || !lines("fifo").every(seen)) return "the line singled out is not seen";
if (!lines("lru").every(faded)) return "the other lines are not faded";
key.click();
if (key.getAttribute("aria-pressed") !== "false" || lines("lru").some(faded)) return "a second click changes nothing";
key.click();
document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
if (lines("lru").some(faded)) return "Escape changes nothing";
return "works";
"#;

/// A Chromium without windows, and the driver that it is spoken to through.
struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
}

impl Browser {
    fn start(dir: &Path) -> Self {
        let mut command = Command::new("chromedriver");
        let spawned = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = spawned.unwrap_or_else(|error| {
            panic!("chromedriver: {error}; install chromium and chromium-driver, as ./check does")
        });
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        let address = SocketAddr::from(([127, 0, 0, 1], port.unwrap()));
        let mut browser = Self { driver, address, session: String::new() };
        let profile = format!("--user-data-dir={}", dir.join("profile").display());
        let flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": flags},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let started = browser.ask("POST", "/session", &wanted);
        browser.session = started["sessionId"].as_str().unwrap().to_owned();
        browser
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let stream = self.send(method, path, body).unwrap();
        let mut answer = support::read_answer(&mut BufReader::new(stream), false).json();
        assert!(answer["value"]["error"].is_null(), "{path}: {answer:#}");
        answer["value"].take()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> io::Result<TcpStream> {
        let (address, body) = (self.address, body.to_string());
        let length = body.len();
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(support::PATIENCE))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        Ok(stream)
    }

    fn tell(&self, what: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{what}", self.session), body)
    }

    fn look_as(&self, width: u32, scheme: &str) {
        let devtools = |command: &str, parameters: Value| {
            self.tell("goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
        };
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        devtools("Emulation.setDeviceMetricsOverride", metrics);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    fn open(&self, url: &str) {
        self.tell("url", &json!({"url": url}));
    }

    fn run(&self, script: &str) -> Value {
        self.tell("execute/sync", &json!({"script": script, "args": []}))
    }

    fn log(&self, kind: &str) -> Vec<String> {
        let entries = self.tell("se/log", &json!({"type": kind}));
        entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// What the page wrote to the console, or the browser about it.
    fn complaints(&self) -> Vec<String> {
        self.log("browser")
    }

    /// All that was requested for `page`, itself included. (The browser's own start page loads this and that.)
    fn loaded_for(&self, page: &str) -> Vec<String> {
        let mut loaded = Vec::new();
        for event in self.log("performance") {
            let event = serde_json::from_str::<Value>(&event).unwrap();
            let (method, parameters) = (&event["message"]["method"], &event["message"]["params"]);
            if method == "Network.requestWillBeSent" && parameters["documentURL"] == page {
                loaded.push(parameters["request"]["url"].as_str().unwrap().to_owned());
            }
        }
        loaded
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser. It says so once that is done, but who drops this may be failing already.
        if let Ok(mut stream) = self.send("DELETE", &format!("/session/{}", self.session), &json!({})) {
            let _ = stream.read(&mut [0; 64]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
