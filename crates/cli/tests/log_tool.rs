//! `nuthatch log` on logs that are sound, cut short, damaged, incomplete or in use. Looking changes nothing; what would be
//! lost is said before it is given up.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use nuthatch_log::{Log, Options, SyncMode};
use serde_json::Value;
use support::{Finished, Server, nuthatch, run};
use tempfile::TempDir;

const KEYS: usize = 100;

/// Small segments, so that little data makes many.
fn options() -> Options {
    Options::new().segment_bytes(4096).sync(SyncMode::Never).dead_percent_max(90)
}

/// A log of several segments: a hundred keys, each but the first overwritten once, one deleted, one of bytes that are no text, one that
/// expires in the year 3021 and one that has expired.
fn filled() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), options()).unwrap();
    for round in 0..2 {
        // The first key is not written again: a segment with nothing alive in it would go in the background, or not yet.
        for number in round..KEYS {
            log.put(format!("key-{number:03}").as_bytes(), format!("value-{round}").as_bytes(), None)
                .unwrap();
        }
    }
    log.delete(b"key-050").unwrap();
    log.put(b"\xff\xfe", b"\x00\xff", None).unwrap();
    log.put(b"later", b"l\"\n", Some(33_177_117_420_123)).unwrap();
    log.put(b"over", b"o", Some(1000)).unwrap();
    log.close().unwrap();
    assert!(segments(dir.path()).len() >= 3);
    dir
}

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "seg")).collect();
    segments.sort();
    segments
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
}

/// Runs `nuthatch log COMMAND DIR FLAGS`, which must end with `code`.
fn log_tool(command: &str, dir: &Path, flags: &[&str], code: i32) -> Finished {
    let finished = run(nuthatch().args(["log", command]).arg(dir).args(flags));
    assert_eq!(
        finished.status.code(),
        Some(code),
        "{command} {flags:?}: {}{}",
        finished.stdout,
        finished.stderr
    );
    finished
}

/// The same with `--json`.
fn told(command: &str, dir: &Path, flags: &[&str], code: i32) -> Value {
    let finished = log_tool(command, dir, &[flags, &["--json"]].concat(), code);
    assert_eq!(finished.stdout.lines().count(), 1, "{}", finished.stdout);
    serde_json::from_str(&finished.stdout).unwrap()
}

/// `command` does its work on `dir` and leaves every byte of it as it was.
fn unchanged<T>(dir: &Path, command: impl FnOnce() -> T) -> T {
    let before = files(dir);
    let outcome = command();
    let after = files(dir);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (name, bytes) in before {
        assert!(after[&name] == bytes, "{name} was changed");
    }
    outcome
}

/// Flips a bit in the value that the first segment's middle holds.
fn damage(dir: &Path) -> std::path::PathBuf {
    let path = segments(dir).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    let value = bytes[at..].windows(7).position(|window| window == b"value-0").unwrap();
    bytes[at + value] ^= 0x10;
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_sound_log_is_told_to_be_sound() {
    let dir = filled();
    unchanged(dir.path(), || {
        let text = log_tool("verify", dir.path(), &[], 0);
        assert!(text.stdout.contains(": sound: 102 keys from"), "{}", text.stdout);
        assert_eq!(text.stderr, "");
        let json = told("verify", dir.path(), &[], 0);
        assert_eq!(
            (&json["intact"], &json["keys"], &json["torn_bytes"]),
            (&true.into(), &102.into(), &0.into())
        );
        assert_eq!((&json["damage"], &json["error"]), (&Value::Array(Vec::new()), &Value::Null));

        let stats = told("stats", dir.path(), &[], 0);
        assert_eq!((&stats["keys"], &stats["expired_keys"]), (&102.into(), &1.into()));
        assert_eq!(stats["key_bytes"], 99 * 7 + 2 + 5 + 4);
        assert_eq!(stats["value_bytes"], 99 * 7 + 2 + 3 + 1);
        let bytes = ["live_bytes", "dead_bytes", "disk_bytes"].map(|name| stats[name].as_u64().unwrap());
        assert!(bytes[0] > 0 && bytes[1] > 0 && bytes[0] + bytes[1] == bytes[2], "{bytes:?}");
        let text = log_tool("stats", dir.path(), &[], 0).stdout;
        assert!(text.contains("102, of which 1 have expired"), "{text}");
    });
}

#[test]
fn a_dump_has_every_key_in_order_one_object_on_each_line() {
    let dir = filled();
    let dump = unchanged(dir.path(), || log_tool("dump", dir.path(), &[], 0).stdout);
    let lines = dump.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    assert_eq!(lines.len(), 101);
    assert_eq!((&lines[7]["key"], &lines[7]["value"]), (&"key-007".into(), &"value-1".into()));
    assert_eq!(lines[7].as_object().unwrap().len(), 3, "{}", lines[7]);
    assert!(lines.iter().all(|line| line["key"] != "key-050" && line["key"] != "over"));
    let last = dump.lines().rev().take(2).collect::<Vec<&str>>();
    assert_eq!(last[0], r#"{"key_base64":"//4=","value_base64":"AP8=","lsn":201}"#);
    assert_eq!(last[1], r#"{"key":"later","value":"l\"\n","expires_at":33177117420123,"lsn":202}"#);
}

#[test]
fn a_write_that_a_crash_cut_short_is_no_damage() {
    let dir = filled();
    let newest = segments(dir.path()).pop().unwrap();
    let bytes = fs::read(&newest).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let last = bytes.windows(4).rposition(|window| window == b"over").unwrap();
    // Behind the last record there is the mark of a clean end.
    assert!(last + 4 < end - 8);
    fs::write(&newest, &bytes[..last + 2]).unwrap();
    unchanged(dir.path(), || {
        let text = log_tool("verify", dir.path(), &[], 0).stdout;
        assert!(
            text.contains(": sound: 101 keys") && text.contains("which the next start cuts off"),
            "{text}"
        );
        assert_eq!(told("verify", dir.path(), &[], 0)["torn_bytes"], 34);
        assert_eq!(told("repair", dir.path(), &[], 0)["repaired"], false);
    });
}

#[test]
fn damage_is_named_by_all_commands_and_repaired_on_request_only() {
    let dir = filled();
    let path = damage(dir.path());
    let name = path.display().to_string();
    unchanged(dir.path(), || {
        let text = log_tool("verify", dir.path(), &[], 3);
        assert!(text.stdout.contains(&format!("damaged {name}: bytes ")), "{}", text.stdout);
        assert!(text.stderr.contains("`nuthatch log repair "), "{}", text.stderr);
        let json = told("verify", dir.path(), &[], 3);
        assert_eq!((&json["intact"], &json["damage"][0]["missing"]), (&false.into(), &false.into()));
        assert_eq!(json["damage"].as_array().unwrap().len(), 1);
        for command in ["stats", "dump", "compact"] {
            let refused = log_tool(command, dir.path(), &[], 1);
            assert_eq!((refused.stdout.as_str(), refused.stderr.lines().count()), ("", 1), "{command}");
            assert!(
                refused.stderr.contains(&name) && refused.stderr.contains("damaged at byte "),
                "{command}"
            );
        }
        let salvaged = log_tool("dump", dir.path(), &["--salvage"], 0);
        assert_eq!(salvaged.stdout.lines().count(), 101, "an overwritten record was hit");
        assert!(salvaged.stderr.contains(&format!("left out {name}: bytes ")), "{}", salvaged.stderr);

        let asked = log_tool("repair", dir.path(), &[], 3);
        assert!(asked.stdout.contains("would be lost") && asked.stderr.contains("--yes"), "{}", asked.stderr);
        assert_eq!(told("repair", dir.path(), &[], 3)["repaired"], false);
    });
    let damaged = fs::read(&path).unwrap();
    let repaired = log_tool("repair", dir.path(), &["--yes"], 0);
    assert!(repaired.stdout.contains("1 damaged range") && repaired.stdout.contains("repaired"));
    assert_eq!(fs::read(path.with_extension("seg.damaged")).unwrap(), damaged);
    assert_eq!(told("verify", dir.path(), &[], 0)["intact"], true);
    assert_eq!(log_tool("dump", dir.path(), &[], 0).stdout.lines().count(), 101);
    assert!(log_tool("repair", dir.path(), &["--yes"], 0).stdout.contains("nothing to repair"));
}

#[test]
fn a_segment_that_is_missing_is_named() {
    let dir = filled();
    let missing = segments(dir.path()).remove(1);
    fs::remove_file(&missing).unwrap();
    unchanged(dir.path(), || {
        let text = log_tool("verify", dir.path(), &[], 3).stdout;
        assert!(text.contains(&format!("missing {}: bytes ", missing.display())), "{text}");
        assert_eq!(told("verify", dir.path(), &[], 3)["damage"][0]["missing"], true);
        let refused = log_tool("stats", dir.path(), &[], 1).stderr;
        assert!(refused.contains(&format!("{} is missing; put it back", missing.display())), "{refused}");
    });
    assert_eq!(told("repair", dir.path(), &["--yes"], 0)["repaired"], true);
    assert_eq!(told("verify", dir.path(), &[], 0)["intact"], true);
}

#[test]
fn a_log_in_use_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::on_log(dir.path(), &["--sync", "always"]);
    server.connect().expect(&["SET", "k", "v"], "OK");
    for (command, flags) in [
        ("verify", &[][..]),
        ("stats", &[]),
        ("dump", &["--salvage"]),
        ("compact", &[]),
        ("repair", &["--yes"]),
    ] {
        let refused = log_tool(command, dir.path(), flags, 1);
        let process = format!("in use by process {}", server.pid());
        assert!(refused.stderr.contains(&process), "{command}: {}", refused.stderr);
        assert_eq!((refused.stdout.as_str(), refused.stderr.lines().count()), ("", 1), "{command}");
    }
    server.connect().expect(&["GET", "k"], "v");
    assert_eq!(server.terminate().code(), Some(0));
    let dump = log_tool("dump", dir.path(), &[], 0).stdout;
    assert_eq!(
        dump, "{\"key\":\"k\",\"value\":\"\\u0000v\",\"lsn\":1}\n",
        "the server's byte for a plain value"
    );
}

#[test]
fn compaction_gives_dead_bytes_back_and_keeps_what_is_alive() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), options().segment_bytes(64 << 10)).unwrap();
    for round in 0..6 {
        for number in 0..200 {
            log.put(format!("key-{number}").as_bytes(), &[round; 500], None).unwrap();
            // Something lives in each segment, so that none goes before the command is run.
            if number % 20 == 0 {
                log.put(format!("kept-{round}-{number}").as_bytes(), b"kept", None).unwrap();
            }
        }
    }
    log.close().unwrap();
    let before = log_tool("dump", dir.path(), &[], 0).stdout;
    let outcome = told("compact", dir.path(), &[], 0);
    let bytes = |name: &str| outcome[name].as_u64().unwrap();
    assert_eq!(outcome["keys"], 260);
    assert!(bytes("disk_bytes_after") * 2 < bytes("disk_bytes_before"), "{outcome}");
    assert!(bytes("dead_bytes_after") < bytes("dead_bytes_before"), "{outcome}");
    assert_eq!(told("verify", dir.path(), &[], 0)["intact"], true);
    let after = log_tool("dump", dir.path(), &[], 0).stdout;
    assert!(after == before, "a key, a value or an LSN has changed");
    let text = log_tool("compact", dir.path(), &[], 0).stdout;
    assert!(text.contains(" before, ") && text.contains(" now"), "{text}");
}
