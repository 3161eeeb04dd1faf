//! Ctrl-C in the middle of `nuthatch simulate`: what is known by then is printed, and marked as partial.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::{
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use support::{Finished, nuthatch};

/// A replay of standard input, which has given many requests and now keeps silent.
struct Waiting {
    child: Child,
}

impl Waiting {
    fn new(flags: &[&str]) -> Self {
        let mut command = nuthatch();
        command.args(["simulate", "--trace", "-", "--format", "keys", "--policy", "lru,fifo"]).args(flags);
        let (input, output) = (Stdio::piped(), Stdio::piped());
        let mut child = command.stdin(input).stdout(output).stderr(Stdio::piped()).spawn().unwrap();
        // Far more than a pipe holds: once all of it is written, the replay is under way.
        let keys = (0..300_000).map(|number| format!("key-{}\n", number % 1000)).collect::<String>();
        child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
        Self { child }
    }

    fn press_ctrl_c(mut self) -> Finished {
        let signal = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
        // Its end must not depend on the end of its input, which is open until this returns.
        let input = self.child.stdin.take();
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = support::wait(&mut self.child).unwrap();
        drop(input);
        Finished { status, stdout, stderr }
    }
}

/// The number before `behind`.
fn number_before(text: &str, behind: &str) -> u64 {
    let (before, _) = text.split_once(behind).unwrap();
    before.rsplit(' ').next().unwrap().replace(',', "").parse().unwrap()
}

#[test]
fn a_table_says_first_that_it_is_partial() {
    let finished = Waiting::new(&["--capacity", "2000"]).press_ctrl_c();
    assert_eq!(finished.status.code(), Some(130), "{}", finished.stderr);
    let (first, table) = finished.stdout.split_once("\n\n").unwrap();
    assert!(first.starts_with("PARTIAL: stopped after "), "{first}");
    let requests = number_before(first, " requests: the figures are about these");
    assert!((1..=300_000).contains(&requests), "{first}");
    assert_eq!(number_before(table, " requests, capacity 2,000 objects"), requests);
    let lru =
        Vec::from_iter(table.lines().find(|line| line.starts_with("  lru ")).unwrap().split_whitespace());
    let hits = lru[2].replace(',', "").parse::<u64>().unwrap();
    assert_eq!(hits, requests.saturating_sub(1000), "each of 1,000 keys missed once: {table}");
    assert_eq!(finished.stderr, first.replace("PARTIAL:", "nuthatch:") + "\n");
}

#[test]
fn json_and_csv_have_the_rows_so_far_and_the_note_is_apart() {
    let finished = Waiting::new(&["--capacity", "2000", "--output", "json"]).press_ctrl_c();
    assert_eq!(finished.status.code(), Some(130));
    let rows: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let requests = number_before(&finished.stderr, " requests: the figures");
    assert!(rows.iter().all(|row| row["requests"] == requests), "{rows:?} {}", finished.stderr);

    let finished = Waiting::new(&["--capacity", "2000", "--output", "csv"]).press_ctrl_c();
    assert_eq!((finished.status.code(), finished.stdout.lines().count()), (Some(130), 3));
}

#[test]
fn a_report_says_that_it_is_partial() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("page.html");
    let finished =
        Waiting::new(&["--capacity", "500,2000", "--report", page.to_str().unwrap()]).press_ctrl_c();
    assert_eq!(finished.status.code(), Some(130), "{}", finished.stderr);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<b>Partial:</b> stopped after ") && html.contains(">So far: "), "{html}");
}

#[test]
fn before_the_replay_itself_nothing_is_known() {
    let finished = Waiting::new(&["--capacity", "10%", "--output", "json"]).press_ctrl_c();
    assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(130), "[]\n"));
    assert!(
        finished.stderr.starts_with("nuthatch: stopped while counting objects, after "),
        "{}",
        finished.stderr
    );
}

/// A pipe is no place for a bar.
#[test]
fn nothing_but_the_result_is_written_if_nobody_watches() {
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/../simulate/tests/fixtures/lirs_multi3.trace.gz");
    let finished = support::run(nuthatch().args(["simulate", "--trace", trace, "--capacity", "1%,10%"]));
    assert!(finished.status.success());
    assert_eq!(finished.stderr, "");
}
