//! What `simulate --policy sets` promises is what the live cache does: hit for hit, over every trace at hand.
//!
//! The traces in the simulator's fixtures are always replayed, the full set where it is (beside the repository, or where
//! `NUTHATCH_TRACES` says).
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::{
    collections::HashMap,
    env, fs,
    hash::{BuildHasherDefault, Hasher},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use nuthatch_cache::{Cache, StorageKind};
use nuthatch_simulate::{Capacity, Contender, Replay};
use nuthatch_trace::{Format, Trace};

/// Shares of the distinct objects: those of the reference figures, and some more.
const SHARES: &[f64] = &[0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.9];
const SMALL: &[u64] = &[1, 16, 33];

#[test]
fn the_live_sets_hit_as_often_as_the_simulated_ones_on_small_traces() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulate/tests/fixtures");
    assert!(compare_all(&traces(&fixtures, "lirs_")) >= 5 * SHARES.len());
}

#[test]
fn the_live_sets_hit_as_often_as_the_simulated_ones_on_all_published_traces() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/traces");
    let folder = env::var_os("NUTHATCH_TRACES").map_or(beside, PathBuf::from);
    let traces = traces(&folder, "");
    if traces.is_empty() {
        println!("not compared: larger traces, for want of {}; set NUTHATCH_TRACES", folder.display());
    } else {
        compare_all(&traces);
    }
}

/// The traces in `folder`, the largest first.
fn traces(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path());
    let is_trace = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let kind = [".lis.zst", ".trace.gz", ".trace.xz", ".keys.zst", ".oracleGeneral.bin"];
        name.starts_with(prefix) && kind.iter().any(|kind| name.ends_with(kind))
    };
    let mut traces = Vec::from_iter(files.filter(is_trace));
    traces.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
    traces
}

/// Compares on as many threads as there are; returns how many caches were.
fn compare_all(traces: &[PathBuf]) -> usize {
    let (sender, waiting) = mpsc::channel();
    traces.iter().for_each(|trace| sender.send(trace).unwrap());
    drop(sender);
    let waiting = std::sync::Mutex::new(waiting);
    let next = || waiting.lock().unwrap().try_recv().ok();
    let outcome = thread::scope(|scope| {
        let workers = [0, 1].map(|_| {
            scope.spawn(|| Vec::from_iter(std::iter::from_fn(next).flat_map(|trace| compare(trace))))
        });
        workers.map(|worker| worker.join().unwrap()).concat()
    });
    let differing = Vec::from_iter(outcome.iter().filter(|row| row.live != row.simulated));
    assert!(differing.is_empty(), "{differing:#?}");
    outcome.len()
}

#[derive(Clone, Debug)]
#[expect(dead_code, reason = "printed")]
struct Outcome {
    trace: String,
    capacity: u64,
    live: u64,
    simulated: u64,
}

fn compare(path: &Path) -> Vec<Outcome> {
    let mut trace = Trace::open(path, Format::Auto).unwrap();
    let name = trace.name().to_owned();
    let mut numbers = HashMap::new();
    let (mut objects, mut batch) = (Vec::new(), Vec::new());
    loop {
        trace.read_batch(&mut batch, 4096).unwrap();
        if batch.is_empty() {
            break;
        }
        for request in &batch {
            let next = numbers.len() as u32;
            objects.push(*numbers.entry(request.key).or_insert(next));
        }
    }
    let shares = SHARES.iter().map(|share| Capacity::Share(*share));
    let capacities = shares.chain(SMALL.iter().map(|capacity| Capacity::Objects(*capacity)));
    let again = Trace::open(path, Format::Auto).unwrap();
    let rows = Replay::new([Contender::Sets], capacities).threads(1).run(again).unwrap();
    let outcome = rows.iter().map(|row| Outcome {
        trace: name.clone(),
        capacity: row.capacity,
        // Copied entries are found without a lock, boxed ones under it.
        live: if row.capacity % 2 == 0 {
            live(row.capacity, &objects, ())
        } else {
            live(row.capacity, &objects, Vec::<u8>::new())
        },
        simulated: row.hits,
    });
    outcome.collect()
}

/// Hits of a live cache that is filled on misses.
fn live<V: Clone + 'static>(capacity: u64, objects: &[u32], value: V) -> u64 {
    let builder = Cache::builder().capacity(capacity).storage(StorageKind::Sets);
    let cache = builder.hasher(BuildHasherDefault::<AsSimulated>::default()).build().unwrap();
    let mut hits = 0;
    for object in objects {
        if cache.get(object).is_some() {
            hits += 1;
        } else {
            cache.insert(*object, value.clone());
        }
    }
    hits
}

/// Hashes an object's number as the simulator does: by the finaliser of splitmix64.
#[derive(Default)]
struct AsSimulated(u64);

impl Hasher for AsSimulated {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        panic!("keys are numbers");
    }

    fn write_u32(&mut self, object: u32) {
        let key = u64::from(object).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = key ^ (key >> 31);
    }
}
