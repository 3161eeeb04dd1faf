//! The development traces, where they are at hand: every file is told apart and read to its last request.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's helper fails by panicking and says what it left out"
)]

use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
};

use nuthatch_trace::{Format, Op, Request, Trace};

/// File, format, requests, distinct keys: the table in the folder's README.
const PUBLISHED: [(&str, Format, u64, usize); 15] = [
    ("arc_OLTP.lis.zst", Format::Lis, 914_145, 186_880),
    ("arc_P3_first2M.lis.zst", Format::Lis, 1_999_998, 426_527),
    ("lirs_loop.trace.gz", Format::Lirs, 505_500, 1_011),
    ("lirs_gli.trace.gz", Format::Lirs, 6_015, 2_529),
    ("lirs_multi3.trace.gz", Format::Lirs, 30_241, 7_454),
    ("lirs_ps.trace.gz", Format::Lirs, 10_448, 3_083),
    ("lirs_sprite.trace.gz", Format::Lirs, 133_996, 7_075),
    ("scarab_recs.trace.xz", Format::U64be, 1_245_184, 258_368),
    ("cache2k_web07.trace.xz", Format::U32be, 76_118, 20_484),
    ("ibm_docker_725k.keys.zst", Format::Keys, 725_242, 121_314),
    ("cloudPhysicsIO.oracleGeneral.bin", Format::Oracle, 113_872, 48_974),
    ("cloudPhysicsIO.vscsi", Format::Vscsi, 113_872, 48_974),
    ("cloudPhysicsIO.csv.zst", Format::Csv, 113_872, 48_974),
    ("cachelib_bigcache_short.csv.zst", Format::Csv, 9_999, 3_125),
    ("cachelib_kv_format_sample.csv", Format::Csv, 0, 0),
];

#[test]
fn published_traces_are_told_apart_and_read_to_the_end() {
    let Some(folder) = folder() else { return };
    for (file, format, requests, distinct) in PUBLISHED {
        let path = folder.join(file);
        let (found, all) = read(&path, Format::Auto);
        assert_eq!(found, format, "{file}");
        let mut first_sizes = HashMap::new();
        for request in &all {
            first_sizes.entry(request.key).or_insert(request.size);
        }
        if requests > 0 {
            assert_eq!((all.len() as u64, first_sizes.len()), (requests, distinct), "{file}");
        }
        let bytes = first_sizes.values().sum::<u64>();
        match file {
            "cachelib_bigcache_short.csv.zst" => {
                // The README's sum counts eleven unknown sizes as the -1 that the file holds.
                assert_eq!(bytes, 4_046_636_703 + 11);
            }
            "cloudPhysicsIO.oracleGeneral.bin" => assert_eq!(bytes, 2_029_769_728),
            _ => {}
        }
    }
}

/// Names are not always telling; the first bytes must do.
#[test]
fn published_traces_are_told_apart_without_their_names() {
    let Some(folder) = folder() else { return };
    for (file, format, ..) in PUBLISHED {
        let reader = std::fs::File::open(folder.join(file)).unwrap();
        let trace = Trace::from_reader("nameless", reader, Format::Auto).unwrap();
        assert_eq!(trace.format(), format, "{file}");
    }
}

#[test]
fn one_trace_in_three_encodings_is_one_trace() {
    let Some(folder) = folder() else { return };
    let keys = |file: &str| {
        let (_, requests) = read(&folder.join(file), Format::Auto);
        requests.into_iter().map(|request| request.key).collect::<Vec<_>>()
    };
    let oracle = keys("cloudPhysicsIO.oracleGeneral.bin");
    assert!(oracle == keys("cloudPhysicsIO.vscsi"));
    assert!(oracle == keys("cloudPhysicsIO.csv.zst"));
}

#[test]
fn operations_times_and_times_to_live_are_those_of_the_files() {
    let Some(folder) = folder() else { return };
    let read = |file: &str| read(&folder.join(file), Format::Auto).1;
    let ops = |requests: &[Request]| {
        [Op::Read, Op::Write, Op::Delete].map(|op| requests.iter().filter(|request| request.op == op).count())
    };
    let vscsi = read("cloudPhysicsIO.vscsi");
    assert_eq!(ops(&vscsi), [46_974, 66_898, 0]);
    assert_eq!(vscsi[0].time_us, Some(5_633_898_368_802));
    let csv = read("cloudPhysicsIO.csv.zst");
    assert!(
        csv.iter().map(|request| (request.key, request.size, request.op)).eq(vscsi.iter().map(|request| (
            request.key,
            request.size,
            request.op
        )))
    );
    assert_eq!(csv[0].time_us, Some(5_633_898_000_000));
    assert_eq!(read("cloudPhysicsIO.oracleGeneral.bin")[0].time_us, Some(5_633_898_000_000));
    let big_cache = read("cachelib_bigcache_short.csv.zst");
    assert_eq!(ops(&big_cache), [9_999, 0, 0]);
    assert_eq!(big_cache.iter().filter(|request| request.ttl_s == Some(1_209_600)).count(), 9_830);
    assert_eq!(big_cache.iter().filter(|request| request.ttl_s.is_none()).count(), 11);
    assert_eq!(big_cache[0].time_us, Some(1_585_119_589_000_000));
    let kv = read("cachelib_kv_format_sample.csv");
    assert_eq!(ops(&kv)[1..], [10, 3]);
}

fn read(path: &Path, format: Format) -> (Format, Vec<Request>) {
    let trace = Trace::open(path, format).unwrap();
    (trace.format(), trace.collect::<Result<_, _>>().unwrap())
}

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/traces");
    let folder = env::var_os("NUTHATCH_TRACES").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("not checked: no published traces at {}; set NUTHATCH_TRACES", folder.display());
    None
}
