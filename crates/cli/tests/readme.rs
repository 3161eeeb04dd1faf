//! What the README tells people to type is typed here.
//!
//! Its `sh` blocks run in order against one server, with the ports and the binary's name replaced. A `# => text` behind a
//! command is what the command must print.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

const NUTHATCH: &str = env!("CARGO_BIN_EXE_nuthatch");

#[test]
fn every_command_in_the_readme_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let server = Served::start(&format!("{NUTHATCH} serve"), dir.path());
    let (mut run, mut served) = (0, 0);
    for line in commands() {
        let (command, expected) = match line.split_once('#') {
            Some((command, comment)) => (command.trim(), comment.trim().strip_prefix("=> ")),
            None => (line.trim(), None),
        };
        let command = command.replace("cargo run --release --", NUTHATCH);
        let command =
            command.strip_prefix("nuthatch ").map_or(command.clone(), |rest| format!("{NUTHATCH} {rest}"));
        if command.starts_with("./check") {
            let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
            assert!(ci.contains("/check\""), "CI runs what the README names");
            continue;
        }
        if command.contains(" serve") {
            let dir = tempfile::tempdir().unwrap();
            Served::start(&command, dir.path()).stop();
            served += 1;
            continue;
        }
        let printed = shell(&command, &server);
        if let Some(expected) = expected {
            assert_eq!(printed.trim(), expected, "{command}");
        }
        run += 1;
    }
    assert!(run >= 10 && served >= 3, "{run} commands and {served} servers were found in the README");
    server.stop();
}

/// Runs `command` in the project's folder, against `server`. It must succeed.
fn shell(command: &str, server: &Served) -> String {
    let command = command
        .replace("redis-cli ", &format!("redis-cli -p {} ", server.resp.rsplit_once(':').unwrap().1))
        .replace("curl ", "curl -sS --fail ")
        .replace("localhost:6379", &server.resp)
        .replace("localhost:8080", &server.http);
    let output = Command::new("sh").args(["-c", &command]).current_dir(root()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn commands() -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    lines.filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A server on free ports, stopped when it goes out of scope.
struct Served {
    process: Child,
    resp: String,
    http: String,
}

impl Served {
    /// Starts `command` in `dir`, where its data will be.
    fn start(command: &str, dir: &Path) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .envs([("NUTHATCH_RESP", "127.0.0.1:0"), ("NUTHATCH_HTTP", "127.0.0.1:0")])
            .current_dir(dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut address = |door: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(&format!("listening {door} ")).unwrap().to_owned()
        };
        let (resp, http) = (address("resp"), address("http"));
        Self { process, resp, http }
    }

    /// Asks the server to end, as a service manager would; it must end well.
    fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        assert_eq!(self.process.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
