//! Hit for hit what independent simulators found on real traces.
//!
//! The traces in `fixtures` are always replayed. The full set is too large to keep here; where it is at hand (beside
//! the repository, or where `NUTHATCH_TRACES` says), it is replayed as well.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helper fails by panicking and says what it left out"
)]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    thread,
};

use nuthatch_policy::PolicyKind;
use nuthatch_simulate::{Capacity, Contender, Replay, Row, Unit};
use nuthatch_trace::{Format, Trace};

/// Which row of which file documents a policy best, and by how much hit ratio it may be missed: 0 means equal to the hit,
/// more is for what the paper leaves open or draws by lot.
const DOCUMENTED: &[(&str, &str, PolicyKind, f64)] = &[
    ("reference.csv", "Cacheus", PolicyKind::Cacheus, 0.01),
    ("reference.csv", "Clock", PolicyKind::Clock, 0.0),
    ("reference.csv", "Clock2bit", PolicyKind::Clock2Bit, 0.0),
    ("reference.csv", "FIFO", PolicyKind::Fifo, 0.0),
    ("reference.csv", "GDSF", PolicyKind::Gdsf, 0.002),
    ("reference.csv", "Hyperbolic", PolicyKind::Hyperbolic, 0.01),
    ("reference.csv", "LFU", PolicyKind::Lfu, 0.0),
    ("reference.csv", "LHD", PolicyKind::Lhd, 0.01),
    ("reference.csv", "LRU", PolicyKind::Lru, 0.0),
    ("reference.csv", "LeCaR", PolicyKind::Lecar, 0.01),
    ("reference.csv", "Random", PolicyKind::Random, 0.01),
    ("reference.csv", "Sieve", PolicyKind::Sieve, 0.0),
    ("reference.csv", "SLRU", PolicyKind::Slru, 0.005),
    ("reference.csv", "TwoQ", PolicyKind::TwoQ, 0.0),
    ("crosscheck.csv", "ARC", PolicyKind::Arc, 0.005),
    ("crosscheck.csv", "CAR", PolicyKind::Car, 0.005),
    ("crosscheck.csv", "LIRS-wide", PolicyKind::Lirs, 0.005),
    ("crosscheck.csv", "S3FIFO-paper", PolicyKind::S3Fifo, 0.005),
    ("crosscheck.csv", "WTinyLFU-exact", PolicyKind::WTinyLfu, 0.005),
];

/// Where the reference is known to differ from the paper. Its SLRU lets newcomers into higher segments while the cache
/// fills up: what came first is safe there from all that comes later, so that a part of a loop is pinned (gli, loop,
/// multi3, ps), or on other traces the wrong entries are (arc_P3). With that rule put into ours for once, all 59 rows
/// agreed within 0.0024.
const DEFECTS: &[(PolicyKind, &str, &[u64])] = &[
    (PolicyKind::Slru, "arc_OLTP", &[9344]),
    (PolicyKind::Slru, "arc_P3_first2M", &[42_653, 106_632]),
    (PolicyKind::Slru, "cache2k_web07", &[5121]),
    (PolicyKind::Slru, "cachelib_bigcache_short", &[312]),
    (PolicyKind::Slru, "cloudPhysicsIO", &[12_244]),
    (PolicyKind::Slru, "lirs_gli", &[126, 253, 632]),
    (PolicyKind::Slru, "lirs_loop", &[10, 51, 101, 253]),
    (PolicyKind::Slru, "lirs_multi3", &[373, 745, 1864]),
    (PolicyKind::Slru, "lirs_ps", &[154, 308, 771]),
];

/// All of `DOCUMENTED`, and Belady.
fn documented() -> impl Iterator<Item = (&'static str, &'static str, Contender, f64)> {
    let online =
        DOCUMENTED.iter().map(|(file, name, kind, tolerance)| (*file, *name, (*kind).into(), *tolerance));
    online.chain([("reference.csv", "Belady", Contender::Belady, 0.0)])
}

/// How closely a row of `departures.csv` is held to what it says of us: chance moves small caches, on other machines too.
const DEPARTURE_TOLERANCE: f64 = 0.003;

/// What a simulator found, by trace.
type Expected = BTreeMap<String, Vec<Finding>>;

struct Finding {
    policy: Contender,
    capacity: u64,
    unit: Unit,
    requests: u64,
    hits: u64,
    byte_hit_ratio: Option<f64>,
    tolerance: f64,
}

#[test]
fn small_traces_give_the_hits_of_independent_simulators() {
    let folder = fixture("");
    let mut expected = Expected::new();
    for row in rows(&fixture("expected.csv")) {
        let [trace, policy, capacity, requests, hits] = &row[..] else { panic!("{row:?}") };
        let policy = policy.parse().unwrap();
        let (.., tolerance) = documented().find(|(_, _, other, _)| *other == policy).unwrap();
        expected.entry(trace.clone()).or_default().push(Finding {
            policy,
            capacity: capacity.parse().unwrap(),
            unit: Unit::Objects,
            requests: requests.parse().unwrap(),
            hits: hits.parse().unwrap(),
            byte_hit_ratio: None,
            tolerance,
        });
    }
    depart(&mut expected);
    assert_eq!(expected.len(), 5);
    check_all(&folder, &expected);
}

#[test]
fn all_published_traces_give_the_hits_of_independent_simulators() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/traces");
    let folder = env::var_os("NUTHATCH_TRACES").map_or(beside, PathBuf::from);
    if !folder.join("reference.csv").is_file() {
        println!(
            "not checked: seven larger traces and capacities in bytes, for want of {}/reference.csv; \
             set NUTHATCH_TRACES",
            folder.display()
        );
        return;
    }
    let mut expected = Expected::new();
    for file in ["reference.csv", "crosscheck.csv"] {
        read_findings(&folder, file, &mut expected);
    }
    assert_eq!(depart(&mut expected), rows(&fixture("departures.csv")).len());
    assert_eq!(expected.len(), 12);
    check_all(&folder, &expected);
}

/// Columns of both files: trace, policy, capacity, unit, requests, hits, hit ratio, and one more.
fn read_findings(folder: &Path, file: &str, expected: &mut Expected) {
    for row in rows(&folder.join(file)) {
        let [trace, policy, capacity, unit, requests, hits, _, byte_hit_ratio] = &row[..] else {
            panic!("{row:?}")
        };
        let documented = documented().find(|(other, name, ..)| (*other, *name) == (file, policy));
        let Some((_, _, policy, tolerance)) = documented else { continue };
        let unit = match unit.as_str() {
            "objects" => Unit::Objects,
            "bytes" => Unit::Bytes,
            other => panic!("{other}"),
        };
        expected.entry(trace.clone()).or_default().push(Finding {
            policy,
            capacity: capacity.parse().unwrap(),
            unit,
            requests: requests.parse().unwrap(),
            hits: hits.parse().unwrap(),
            byte_hit_ratio: (unit == Unit::Bytes).then(|| byte_hit_ratio.parse().unwrap()),
            tolerance,
        });
    }
}

/// Where a published row is not what the paper says, as `departures.csv` has it, expects ours. Returns how many those are.
fn depart(expected: &mut Expected) -> usize {
    let mut departures = 0;
    for row in rows(&fixture("departures.csv")) {
        let [policy, trace, capacity, unit, published, ours, _, our_bytes, _] = &row[..] else {
            panic!("{row:?}")
        };
        let findings = expected.get_mut(trace).into_iter().flatten();
        let is_meant = |finding: &&mut Finding| {
            finding.policy.to_string() == *policy
                && finding.capacity.to_string() == *capacity
                && finding.unit.to_string() == *unit
        };
        for finding in findings.filter(is_meant) {
            assert_eq!(finding.hits.to_string(), *published, "{row:?}");
            finding.hits = ours.parse().unwrap();
            finding.byte_hit_ratio = our_bytes.parse().ok();
            finding.tolerance = DEPARTURE_TOLERANCE;
            departures += 1;
        }
    }
    departures
}

/// Replays each trace once, two at a time.
fn check_all(folder: &Path, expected: &Expected) {
    let traces = expected.iter().collect::<Vec<_>>();
    let deviations = thread::scope(|scope| {
        // Dealt like cards, since the largest two come first.
        let halves = [0, 1].map(|half| {
            let traces = &traces;
            scope.spawn(move || {
                let half = traces.iter().skip(half).step_by(2);
                half.flat_map(|(trace, findings)| check(folder, trace, findings)).collect::<Vec<_>>()
            })
        });
        halves.map(|half| half.join().unwrap()).concat()
    });
    assert!(deviations.is_empty(), "\n{}", deviations.join("\n"));
}

/// What differs, one line each.
fn check(folder: &Path, trace: &str, findings: &[Finding]) -> Vec<String> {
    let mut policies = Vec::new();
    let mut capacities = Vec::new();
    for finding in findings {
        if !policies.contains(&finding.policy) {
            policies.push(finding.policy);
        }
        let capacity = match finding.unit {
            Unit::Objects => Capacity::Objects(finding.capacity),
            Unit::Bytes => Capacity::Bytes(finding.capacity),
        };
        if !capacities.contains(&capacity) {
            capacities.push(capacity);
        }
    }
    let trace_file = Trace::open(file_of(folder, trace), Format::Auto).unwrap();
    let found = Replay::new(policies, capacities).threads(1).run(trace_file).unwrap();
    let deviations = findings.iter().filter_map(|finding| {
        let row = found.iter().find(|row| is_of(row, finding)).unwrap();
        let off = (row.hits.abs_diff(finding.hits)) as f64 / finding.requests as f64;
        let bytes_off = match (row.byte_hit_ratio, finding.byte_hit_ratio) {
            (Some(found), Some(expected)) => (found - expected).abs(),
            (None, None) => 0.0,
            _ => f64::INFINITY,
        };
        let tolerance = finding.tolerance;
        // The files give ratios with six digits.
        let agrees = if is_defect(trace, finding) {
            off > tolerance // else the list of defects is wrong
        } else {
            row.requests == finding.requests && off <= tolerance && bytes_off <= tolerance + 1e-6
        };
        (!agrees).then(|| {
            format!(
                "{trace} {} at {} {}: {} hits of {}, expected {} of {} (off by {off:.5}, bytes by {bytes_off:.6})",
                finding.policy,
                finding.capacity,
                finding.unit,
                row.hits,
                row.requests,
                finding.hits,
                finding.requests
            )
        })
    });
    deviations.collect()
}

fn is_defect(trace: &str, finding: &Finding) -> bool {
    DEFECTS.iter().any(|(policy, of, capacities)| {
        Contender::from(*policy) == finding.policy && *of == trace && capacities.contains(&finding.capacity)
    })
}

fn is_of(row: &Row, finding: &Finding) -> bool {
    (row.policy, row.capacity, row.unit) == (finding.policy.name(), finding.capacity, finding.unit)
}

/// The file whose name is `trace` and an extension. Of several, the one with the sizes of first requests.
fn file_of(folder: &Path, trace: &str) -> PathBuf {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.strip_prefix(trace).is_some_and(|rest| rest.starts_with('.')) {
            files.push(path);
        }
    }
    let exact = files.iter().position(|path| path.to_string_lossy().contains("oracleGeneral")).unwrap_or(0);
    files.swap_remove(exact)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Fields of the lines below the header.
fn rows(file: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}
