//! Every mistake on the command line, in a file or around the server ends the program with an error code and one line that
//! says what is wrong, where, and the way out. Mistakes in the spelling of options may take more lines, which name them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{fs, io::Write, net::TcpListener, path::Path};

use support::{Finished, Random, nuthatch, run};
use tempfile::TempDir;

/// Runs `nuthatch` with `arguments`, separated by blanks, in `dir`.
fn run_in(dir: &Path, arguments: &str) -> Finished {
    run(nuthatch().current_dir(dir).args(arguments.split_whitespace()))
}

fn assert_refused(finished: &Finished, case: &str, parts: &[&str]) {
    let Finished { status, stdout, stderr } = finished;
    assert!(status.code().is_some_and(|code| code != 0), "{case} ended with {status}: {stderr}");
    assert_eq!(stdout, "", "{case}");
    for part in parts {
        assert!(stderr.contains(part), "{case}: no {part:?} in {stderr}");
    }
    for wrong in ["panicked", "RUST_BACKTRACE", "Error {", "Os {"] {
        assert!(!stderr.contains(wrong), "{case}: {stderr}");
    }
}

fn assert_one_line(finished: &Finished, case: &str, parts: &[&str]) {
    assert_refused(finished, case, parts);
    assert_eq!(finished.stderr.lines().count(), 1, "{case}: {}", finished.stderr);
    assert!(finished.stderr.starts_with("nuthatch: "), "{case}: {}", finished.stderr);
}

/// A directory with a sound trace, `good.keys`, and these files.
fn dir_with(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("good.keys"), b"1\n2\n3\n1\n").unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

const LOCAL: &str = "serve --resp 127.0.0.1:0 --http 127.0.0.1:0";

#[test]
fn a_misspelled_option_is_named_with_what_it_may_be() {
    let dir = dir_with(&[]);
    for (arguments, parts) in [
        ("simulate", &["--trace"][..]),
        ("simulate --trace good.keys --capacity 0", &["--capacity", "holds nothing", "at least 1 object"]),
        ("simulate --trace good.keys --capacity 0%", &["--capacity", "holds nothing", "above 0%"]),
        ("simulate --trace good.keys --capacity 101%", &["--capacity", "at most 100%"]),
        ("simulate --trace good.keys --capacity many", &["--capacity", "1000", "5%", "64MiB"]),
        ("simulate --trace good.keys --format morse", &["--format", "\"morse\"", "auto, lis, lirs, oracle"]),
        ("simulate --trace good.keys --output xml", &["--output", "table, json, csv"]),
        ("simulate --trace good.keys --limit few", &["--limit", "'few'"]),
        ("simulate --trace good.keys --limit 0", &["--limit", "'0'"]),
        (
            "simulate --trace good.keys --sample 1% --details",
            &["--sample", "--details", "cannot be used with"],
        ),
        ("simulate --trase good.keys", &["--trase", "--trace"]),
        ("serve --resp nonsense", &["--resp", "127.0.0.1:6379, [::1]:6379 or none"]),
        ("serve --resp 127.0.0.1", &["--resp", "127.0.0.1:6379, [::1]:6379 or none"]),
        ("serve --http 127.0.0.1:99999", &["--http", "127.0.0.1:6379, [::1]:6379 or none"]),
        ("serve --policy lur", &["--policy", "\"lur\"", "fifo, ", "sieve, ", ", auto"]),
        ("serve --sync sometimes", &["--sync", "always, everysec, never"]),
        ("serve --memory lots", &["--memory", "lots", "256MiB"]),
        ("serve --max-entries many", &["--max-entries", "'many'"]),
        ("serve --workers x", &["--workers", "'x'"]),
        ("serve --max-connections x", &["--max-connections", "'x'"]),
        ("serve --frobnicate", &["--frobnicate", "--help"]),
        ("serve extra", &["'extra'", "--help"]),
        ("log repair", &["<DIR>"]),
        ("log dump", &["<DIR>"]),
        ("log verify --jason dir", &["--jason", "--json"]),
        ("frobnicate", &["'frobnicate'", "--help"]),
    ] {
        assert_refused(&run_in(dir.path(), arguments), arguments, parts);
    }
    // The environment is read as the command line is.
    let finished = run(nuthatch().args(LOCAL.split(' ')).env("NUTHATCH_POLICY", "lur"));
    assert_refused(&finished, "NUTHATCH_POLICY=lur", &["\"lur\"", "known are"]);
}

#[test]
fn a_mistake_in_settings_is_told_in_one_line() {
    let dir = dir_with(&[("file", b"")]);
    for (arguments, parts) in [
        (
            "simulate --trace good.keys --policy lur",
            &["unknown policy \"lur\"", "known are ", ", sieve, ", ", auto"][..],
        ),
        (
            "simulate --trace good.keys --delimiter tab",
            &["good.keys", "\"keys\" has no delimiter", "only csv"],
        ),
        ("simulate --trace workload:uniform --lenient", &["made up", "--lenient"]),
        ("simulate --trace good.keys --policy lru,,fifo", &["unknown policy \"\"", "known are"]),
        (
            &format!("{LOCAL} --dir none --memory 1GiB --max-entries 5"),
            &["--memory", "--max-entries", "give one of them"],
        ),
        (&format!("{LOCAL} --dir none --max-entries 0"), &["--max-entries 0", "at least 1"]),
        (&format!("{LOCAL} --dir none --memory 0"), &["--memory 0", "256MiB"]),
        (&format!("{LOCAL} --dir none --max-connections 0"), &["--max-connections 0", "at least 1"]),
        (&format!("{LOCAL} --dir none --workers 0"), &["--workers", "at least 1"]),
        (
            "serve --dir none --resp none --http none",
            &["both doors are closed", "--resp none or --http none"],
        ),
        (&format!("{LOCAL} --dir file"), &["cannot use file as a log directory", "choose another"]),
        (
            &format!("{LOCAL} --dir file/below"),
            &["cannot use file/below as a log directory", "choose another"],
        ),
        (&format!("{LOCAL} --config missing.toml"), &["cannot read missing.toml", "No such file"]),
        (&format!("{LOCAL} --config ."), &["cannot read .", "directory"]),
        ("log repair missing", &["missing holds no log", "nuthatch serve --dir"]),
        ("log verify missing", &["missing holds no log", "nuthatch serve --dir"]),
        ("log stats missing --json", &["missing holds no log", "nuthatch serve --dir"]),
        ("log dump .", &[". holds no log", "nuthatch serve --dir"]),
        ("log compact missing", &["missing holds no log", "nuthatch serve --dir"]),
        ("log repair file", &["file holds no log", "nuthatch serve --dir"]),
    ] {
        assert_one_line(&run_in(dir.path(), arguments), arguments, parts);
    }
}

#[test]
fn an_address_that_cannot_be_had_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (resp, http, door) in [(&address[..], "127.0.0.1:0", "--resp"), ("127.0.0.1:0", &address, "--http")] {
        let finished = run(nuthatch().args(["serve", "--dir", "none", "--resp", resp, "--http", http]));
        let way_out = format!("choose another port with {door}");
        assert_one_line(&finished, door, &[&address, "another program does already", &way_out]);
    }
    // A log that was opened before is no news worth a second line.
    let dir = tempfile::tempdir().unwrap();
    let finished =
        run(nuthatch().args(["serve", "--http", "none", "--resp", &address, "--dir"]).arg(dir.path()));
    assert_one_line(&finished, "with a log", &[&address, "choose another port"]);
    // An address that documents may use and machines do not have (RFC 5737).
    let strange = ["serve", "--dir", "none", "--http", "none", "--resp", "192.0.2.1:0"];
    let finished = run(nuthatch().args(strange));
    assert_one_line(&finished, "192.0.2.1", &["192.0.2.1:0", "choose an address of this machine", "--resp"]);
}

#[test]
fn a_mistake_in_the_configuration_file_is_told_with_its_line() {
    for (text, line, parts) in [
        ("resp = '127.0.0.1:0'\nmemroy = '1GiB'\n", 2, &["memroy", "`memory`"][..]),
        ("workers = 1\n\npolicy = 'lur'\n", 3, &["\"lur\"", "known are ", ", sieve, ", ", auto"]),
        ("sync = 'sometimes'", 1, &["known are always, everysec, never"]),
        ("resp = 'nonsense'", 1, &["127.0.0.1:6379, [::1]:6379 or none"]),
        ("\nworkers = 'two'", 2, &["workers"]),
        ("memory = [", 1, &["memory"]),
        ("max_entries = 5", 1, &["max_entries", "`max-entries`"]),
    ] {
        let dir = dir_with(&[("nuthatch.toml", text.as_bytes())]);
        let finished = run_in(dir.path(), &format!("{LOCAL} --dir none --config nuthatch.toml"));
        let line = format!("line {line}");
        assert_one_line(&finished, text, &[&["nuthatch.toml", &line], parts].concat());
    }
    let dir = dir_with(&[("nuthatch.toml", b"max-entries = 5\nmemory = '1GiB'")]);
    let finished = run_in(dir.path(), &format!("{LOCAL} --dir none --config nuthatch.toml"));
    assert_one_line(&finished, "both bounds in a file", &["--memory", "--max-entries", "give one of them"]);
    let dir = dir_with(&[("nuthatch.toml", b"\xff\xfe")]);
    let finished = run_in(dir.path(), &format!("{LOCAL} --config nuthatch.toml"));
    assert_one_line(&finished, "bytes that are no text", &["cannot read nuthatch.toml", "UTF-8"]);
}

#[test]
fn a_trace_that_cannot_be_read_is_told_in_one_line_with_the_place() {
    let keys: Vec<u8> = (0..50_000_u32).flat_map(|number| format!("{number}\n").into_bytes()).collect();
    let packed = gzip(&keys);
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 0x55;
    let noise = Random(1).bytes(3001);
    let dir = dir_with(&[
        ("empty.lis", b""),
        ("blank.keys", b"\n\n"),
        ("words.lis", b"1 2 3 4\n5 six 7 8\n"),
        ("short.lis", b"1 2 3 4\n5 6 7\n"),
        ("words.lirs", b"1\n2\nthree\n"),
        ("columns.csv", b"a,b,c\n1,2,3\n"),
        ("cut.oracleGeneral.bin", &[0; 24 + 7]),
        ("cut.u64be", &[1; 20]),
        ("cut.keys.gz", &packed[..packed.len() / 2]),
        ("flipped.keys.gz", &flipped),
        ("wrong.keys.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03this is no deflate stream"),
        ("cut.keys.zst", b"\x28\xb5\x2f\xfd\x00"),
        ("wrong.keys.xz", b"\xfd7zXZ\x00\x00\x04garbage follows here"),
        ("noise", &noise),
        ("long.lis", &vec![b'1'; 3 << 20]),
    ]);
    for (arguments, parts) in [
        ("missing.lis", &["cannot open trace missing.lis", "No such file"][..]),
        (".", &["cannot open trace .", "directory"]),
        ("empty.lis", &["empty.lis: no request in this trace", "is it the right file"]),
        ("blank.keys --format keys", &["blank.keys: no request in this trace", "is it the right file"]),
        ("words.lis", &["words.lis:2: expected four decimal numbers", "5 six 7 8"]),
        ("short.lis", &["short.lis:2: expected four decimal numbers", "5 6 7"]),
        ("words.lirs", &["words.lirs:3: expected a decimal key", "three"]),
        ("columns.csv", &["columns.csv:1: no key column", "a,b,c", "choose one, as in key=3"]),
        ("cut.oracleGeneral.bin", &["byte 24", "7 of 24 bytes", "cut short"]),
        ("cut.u64be --format u64be", &["byte 16", "4 of 8 bytes", "cut short"]),
        ("cut.keys.gz", &["cut.keys.gz", "ends too early", "fetch the file again"]),
        ("flipped.keys.gz", &["flipped.keys.gz"]),
        ("wrong.keys.gz", &["wrong.keys.gz"]),
        ("cut.keys.zst", &["cut.keys.zst"]),
        ("wrong.keys.xz", &["wrong.keys.xz"]),
        ("noise", &["noise: cannot tell the format", "name one of lis, lirs, oracle"]),
        ("noise --format lis", &["noise:"]),
        ("long.lis", &["long.lis:1", "longer than", "is this a text file?"]),
    ] {
        let finished =
            run_in(dir.path(), &format!("simulate --policy lru --capacity 10 --trace {arguments}"));
        assert_one_line(&finished, arguments, parts);
    }
    let sound = run_in(dir.path(), "simulate --policy lru --capacity 2 --trace good.keys --output csv");
    assert!(sound.status.success() && sound.stdout.contains("lru"), "{}{}", sound.stdout, sound.stderr);
}

/// Packed by the system's `gzip`, whose absence is told.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let output = std::process::Command::new("gzip").arg("-c").stdin(file).output();
    let output = output.expect("this test packs a trace: install gzip");
    assert!(output.status.success());
    output.stdout
}

#[test]
fn every_command_explains_itself() {
    let mut waiting = vec![Vec::<String>::new()];
    let mut explained = 0;
    while let Some(command) = waiting.pop() {
        let help = run(nuthatch().args(&command).arg("--help"));
        assert_eq!(help.status.code(), Some(0), "{command:?}: {}", help.stderr);
        assert!(
            help.stdout.contains("Usage: nuthatch") && help.stderr.is_empty(),
            "{command:?}: {}",
            help.stdout
        );
        explained += 1;
        let listed = help.stdout.split("Commands:\n").nth(1).unwrap_or_default().lines();
        for line in listed.take_while(|line| line.starts_with("  ")) {
            let name = line.split_whitespace().next().unwrap();
            // Long descriptions go on further to the right.
            if name != "help" && !line.starts_with("   ") {
                waiting.push([&command[..], &[name.to_owned()]].concat());
            }
        }
    }
    assert!(explained >= 9, "nuthatch, serve, simulate, log and its five: {explained}");
    let version = run(nuthatch().arg("--version"));
    assert_eq!(version.stdout.trim_end(), format!("nuthatch {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(run(&mut nuthatch()).status.code(), Some(2), "without a command");
}
