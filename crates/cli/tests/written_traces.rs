//! `nuthatch workload` and `nuthatch trace convert`: what they write is read back equal, and nothing is left behind
//! half-written.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use nuthatch_trace::{
    Format, Options, Request,
    workload::{Spec, Workload},
};
use support::{Finished, nuthatch, run};

fn run_in(dir: &Path, arguments: &str) -> Finished {
    run(nuthatch().current_dir(dir).args(arguments.split_whitespace()))
}

fn succeed_in(dir: &Path, arguments: &str) -> Finished {
    let finished = run_in(dir, arguments);
    assert!(finished.status.success(), "{arguments}: {}", finished.stderr);
    finished
}

fn read(path: &Path) -> Vec<Request> {
    Options::new().open(path).unwrap().collect::<Result<_, _>>().unwrap()
}

fn made(spec: &str) -> Vec<Request> {
    Workload::new(&spec.parse::<Spec>().unwrap()).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    names.sort();
    names
}

#[test]
fn a_workload_that_is_written_is_the_workload_that_is_made_up() {
    let dir = tempfile::tempdir().unwrap();
    let expected = made("mixed:keys=500,requests=5000,seed=4,rate=1000");
    for name in ["a.csv", "a.csv.gz", "a.jsonl.zst", "a.csv.xz", "a.jsonl.bz2"] {
        let line = format!("workload mixed --keys 500 --requests 5e3 --seed=4 --rate 1000 --output {name}");
        let finished = succeed_in(dir.path(), &line);
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("", ""));
        assert!(read(&dir.path().join(name)) == expected, "{name}");
    }
    // Options win over the specification.
    let line = "workload mixed:keys=500,requests=7,rate=1000 --requests 5000 --seed 4 --output b.csv";
    succeed_in(dir.path(), line);
    assert!(read(&dir.path().join("b.csv")) == expected);
}

#[test]
fn a_trace_is_converted_back_and_forth() {
    let dir = tempfile::tempdir().unwrap();
    let expected = made("mixed:keys=500,requests=3000,deletes=0,rate=1,ttl=none,sizes=uniform:0-9");
    let workload = "workload:mixed:keys=500,requests=3000,deletes=0,rate=1,ttl=none,sizes=uniform:0-9";
    succeed_in(dir.path(), &format!("trace convert {workload} a.csv"));
    for (from, to) in [
        ("a.csv", "a.vscsi"),
        ("a.vscsi", "a.jsonl.gz"),
        ("a.jsonl.gz", "a.twitter.bz2"),
        ("a.twitter.bz2", "b.csv.zst"),
    ] {
        let finished = succeed_in(dir.path(), &format!("trace convert {from} {to}"));
        assert_eq!(finished.stderr, "", "{to}");
        assert!(read(&dir.path().join(to)) == expected, "{to}");
    }
    let finished = succeed_in(dir.path(), "trace convert a.csv a.keys");
    assert!(finished.stderr.starts_with("nuthatch: lost: "), "{}", finished.stderr);
    assert!(finished.stderr.ends_with(" became reads, 3000 times\n"), "{}", finished.stderr);
    let keys =
        |path: &str| read(&dir.path().join(path)).iter().map(|request| request.key).collect::<Vec<_>>();
    for format in ["lis", "lirs", "u32be", "u64be", "oracleGeneral"] {
        succeed_in(dir.path(), &format!("trace convert a.csv a.{format}.gz"));
        assert!(keys(&format!("a.{format}.gz")) == keys("a.csv"), "{format}");
    }
}

#[test]
fn standard_input_and_output_are_a_dash() {
    let dir = tempfile::tempdir().unwrap();
    let text = succeed_in(dir.path(), "workload loop --keys 3 --requests 5 --format keys").stdout;
    assert_eq!(text, "0\n1\n2\n0\n1\n");
    fs::write(dir.path().join("a"), "url\tsize\n7\t10\nbad\n8\t20\n").unwrap();
    let arguments = "trace convert - - --columns key=url --lenient";
    let input = fs::File::open(dir.path().join("a")).unwrap();
    let output = nuthatch().args(arguments.split(' ')).stdin(input).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(stdout, "time_us,op,key,size,ttl\n,get,7,10,\n,get,8,20,\n");
    assert_eq!(
        stderr,
        "nuthatch: skipped 1 malformed line: -:3: expected as many fields as the header has, found \"bad\"\n"
    );
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    for format in ["csv", "u64be", "oracle"] {
        let mut command = nuthatch();
        command.args(["workload", "zipf", "--requests", "500000", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = Vec::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.by_ref().take(100).read_until(b'\n', &mut line).unwrap();
        drop(reader);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(support::wait(&mut child).unwrap().success(), "{format}: {stderr}");
        assert_eq!(stderr, "", "{format}");
    }
}

#[test]
fn ctrl_c_leaves_what_was_there_before_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.csv"), "before").unwrap();
    let mut command = nuthatch();
    command.current_dir(dir.path()).args(["workload", "uniform:requests=1e12", "--output", "a.csv"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    while names(dir.path()).len() < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    let signal = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(support::wait(&mut child).unwrap().code(), Some(130));
    assert!(
        stderr.starts_with("nuthatch: stopped after ") && stderr.contains("nothing was written to a.csv")
    );
    assert_eq!(names(dir.path()), ["a.csv"]);
    assert_eq!(fs::read(dir.path().join("a.csv")).unwrap(), b"before");
}

#[test]
fn what_is_wrong_is_told_in_one_line_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.keys"), "1\n2\n").unwrap();
    fs::write(dir.path().join("bad.lirs"), "1\nx\n").unwrap();
    fs::write(dir.path().join("large.keys"), "1\n4294967296\n").unwrap();
    for (arguments, parts) in [
        ("workload zipf --skew 1 --output a.csv", &["--skew"][..]),
        ("workload zip --output a.csv", &["unknown workload \"zip\"; known are uniform, zipf, "]),
        (
            "workload scan --keys 5 --output a.csv",
            &["the workload scan has no parameter \"keys\"; it has writes"],
        ),
        ("workload zipf --exponent -1 --output a.csv", &["exponent=-1: expected a number from 0 to 20"]),
        ("workload zipf:keys=many --output a.csv", &["keys=many: expected a whole number of at least 1"]),
        ("workload zipf --output a.bin", &["a.bin: the name tells no format"]),
        ("workload zipf --output no/such/a.csv", &["cannot write no/such/a.csv", "No such file"]),
        ("workload zipf --output a.csv --format morse", &["unknown trace format \"morse\""]),
        ("workload zipf --output a.csv --format auto", &["\"auto\" is no format to write; name one of lis"]),
        ("trace convert missing.keys a.csv", &["cannot open trace missing.keys"]),
        ("trace convert bad.lirs a.csv", &["bad.lirs:2: expected a decimal key"]),
        ("trace convert large.keys a.u32be", &["a.u32be: request 2: key 4294967296 does not fit"]),
        ("trace convert in.keys a.csv --columns key=1", &["in.keys: the format \"keys\" has no columns"]),
        ("trace convert in.keys a.csv --columns key=0", &["\"key=0\" chooses no column"]),
    ] {
        let finished = run_in(dir.path(), arguments);
        assert!(finished.status.code().is_some_and(|code| code != 0), "{arguments}");
        for part in parts {
            assert!(finished.stderr.contains(part), "{arguments}: no {part:?} in {}", finished.stderr);
        }
        assert_eq!(names(dir.path()), ["bad.lirs", "in.keys", "large.keys"], "{arguments}");
    }
}

/// A device must not be replaced by a file.
#[test]
#[cfg(unix)]
fn a_device_stays_a_device_and_a_link_a_link() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    succeed_in(dir.path(), "workload loop:requests=9 --format keys --output /dev/null");
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    fs::write(dir.path().join("target.csv"), "").unwrap();
    symlink("target.csv", dir.path().join("link.csv")).unwrap();
    succeed_in(dir.path(), "workload loop:requests=9 --output link.csv");
    assert!(fs::symlink_metadata(dir.path().join("link.csv")).unwrap().is_symlink());
    assert_eq!(read(&dir.path().join("target.csv")).len(), 9);
    // Not readable by its owner only, as files made for a moment are.
    succeed_in(dir.path(), "workload loop:requests=9 --output new.csv");
    fs::write(dir.path().join("usual"), "").unwrap();
    let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("new.csv"), mode("usual"));
}

#[test]
fn a_simulation_takes_a_workload_for_a_trace() {
    let dir = tempfile::tempdir().unwrap();
    let spec = "zipf:keys=1000,requests=20000";
    succeed_in(dir.path(), &format!("workload {spec} --output a.u64be"));
    let simulate = |trace: &str| {
        let line = format!("simulate --trace {trace} --policy lru,sieve --capacity 10%,5 --output csv");
        let rows = succeed_in(dir.path(), &line).stdout;
        // Without the trace's name and the time that it took.
        let row =
            |line: &str| line.rsplit_once(',').unwrap().0.split_once("lru").map(|(_, row)| row.to_owned());
        rows.lines().filter_map(row).collect::<Vec<_>>()
    };
    let rows = simulate("a.u64be");
    assert_eq!(rows.len(), 2);
    assert_eq!(simulate(&format!("workload:{spec}")), rows);
    assert_eq!(read(&dir.path().join("a.u64be")).len(), 20_000);
    assert_eq!(Format::of_name(Path::new("a.u64be")), Some(Format::U64be));
}
