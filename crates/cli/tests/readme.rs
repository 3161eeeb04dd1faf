//! What the README tells people to type is typed here.
//!
//! Its `sh` blocks run in order against one server, with the ports and the binary's name replaced. A `# => text` behind a
//! command is what the command must print.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use support::{Server, nuthatch};

#[test]
fn every_command_in_the_readme_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(nuthatch().arg("serve").current_dir(&dir));
    let (mut run, mut served) = (0, 0);
    for line in commands() {
        let (command, expected) = match line.split_once('#') {
            Some((command, comment)) => (command.trim(), comment.trim().strip_prefix("=> ")),
            None => (line.trim(), None),
        };
        let command = command.replace("cargo run --release --", "nuthatch");
        if command == "./check" {
            let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
            assert!(ci.contains("/check\""), "CI runs what the README names");
        } else if let Some(flags) = command.strip_prefix("nuthatch serve") {
            let dir = tempfile::tempdir().unwrap();
            let server =
                Server::start(nuthatch().arg("serve").args(flags.split_whitespace()).current_dir(&dir));
            assert!(server.terminate().success());
            served += 1;
        } else {
            let printed = shell(&in_folder(&command, dir.path()), &server);
            if let Some(expected) = expected {
                assert_eq!(printed.trim(), expected, "{command}");
            }
            run += 1;
        }
    }
    assert!(run >= 10 && served >= 3, "{run} commands and {served} servers were found in the README");
    assert!(server.terminate().success());
}

/// Files that a command writes belong elsewhere than into the project's folder.
fn in_folder(command: &str, folder: &Path) -> String {
    ["report.html", "zipf.keys.zst"].iter().fold(command.to_owned(), |command, file| {
        command.replace(&format!(" {file}"), &format!(" {}", folder.join(file).display()))
    })
}

/// Runs `command` in the project's folder, against `server`. It must succeed.
fn shell(command: &str, server: &Server) -> String {
    let command = command
        .replace("nuthatch ", concat!(env!("CARGO_BIN_EXE_nuthatch"), " "))
        .replace("redis-cli ", &format!("redis-cli -p {} ", server.resp.port()))
        .replace("curl ", "curl -sS --fail ")
        .replace("localhost:6379", &server.resp.to_string())
        .replace("localhost:8080", &server.http.to_string());
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
