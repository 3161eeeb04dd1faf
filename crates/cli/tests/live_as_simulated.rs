//! What the simulator promises, the live cache keeps: on the exact storage, with one shard and on one thread, it hits
//! whenever the simulated cache does, request by request as it seems, for the sums agree to the hit.
//!
//! Policies see hashes, and those of the live cache are not the simulator's. To all but three that makes no difference, since
//! they only ask whether two hashes are equal. The sketches of W-TinyLFU and auto count hashes in cells that several
//! share: they get the simulator's hashes here, through a policy around them.
//!
//! The traces of `simulate/tests/fixtures` are always replayed, larger ones where they are at hand (beside the repository,
//! or where `NUTHATCH_TRACES` says).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    cell::Cell,
    collections::HashMap,
    env, fs,
    hash::{BuildHasherDefault, Hasher},
    path::{Path, PathBuf},
    thread,
};

use nuthatch_cache::{Cache, StorageKind};
use nuthatch_policy::{Policy, PolicyKind, Slot};
use nuthatch_simulate::{Capacity, Replay, Unit};
use nuthatch_trace::{Format, Request, Trace};

/// Of a larger trace: enough for ghosts, sketches and adaptive policies to have come into their own.
const REQUESTS_MAX: usize = 60_000;

#[test]
fn on_small_traces_a_live_cache_hits_when_the_simulated_one_does() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulate/tests/fixtures");
    assert_eq!(replay_all(traces(&fixtures), 50_000), 5);
}

#[test]
fn on_published_traces_a_live_cache_hits_when_the_simulated_one_does() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/traces");
    let folder = env::var_os("NUTHATCH_TRACES").map_or(beside, PathBuf::from);
    if folder.join("reference.csv").is_file() {
        assert!(replay_all(traces(&folder), REQUESTS_MAX) > 10);
    }
}

/// The files that are traces.
fn traces(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_other_kind = ["README.md", "expected.csv", "departures.csv", "reference.csv", "crosscheck.csv"];
    files.filter(|file| !of_other_kind.iter().any(|name| file.ends_with(name))).collect()
}

/// Replays the beginning of each, two at a time, and says how many there were.
fn replay_all(traces: Vec<PathBuf>, requests_max: usize) -> usize {
    let differences = thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            let traces = &traces;
            scope.spawn(move || {
                let half = traces.iter().skip(half).step_by(2);
                half.flat_map(|trace| differences(trace, requests_max)).collect::<Vec<_>>()
            })
        });
        halves.map(|half| half.join().unwrap()).concat()
    });
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
    traces.len()
}

/// A line for each policy and capacity at which the two disagree.
fn differences(file: &Path, requests_max: usize) -> Vec<String> {
    let open = || Trace::open(file, Format::Auto).unwrap();
    let requests = open().take(requests_max).collect::<Result<Vec<_>, _>>().unwrap();
    let accesses = accesses(&requests);
    let objects = accesses.iter().map(|access| access.object + 1).max().unwrap();
    let object_bytes = accesses.iter().map(|access| (access.object, access.bytes)).collect::<HashMap<_, _>>();
    let bytes = object_bytes.values().sum::<u64>();
    let mut capacities = vec![Capacity::Objects((objects / 100).max(10)), Capacity::Objects(objects / 10)];
    if bytes > objects {
        capacities.push(Capacity::Bytes(bytes / 20));
    }
    let replay = Replay::new(PolicyKind::ALL, capacities).threads(1).limit(Some(requests_max as u64));
    let rows = replay.run(open()).unwrap();
    let compare = |row: &nuthatch_simulate::Row| {
        let kind = row.policy.parse().unwrap();
        let live = Live::new(kind, row.capacity, row.unit);
        let hits =
            [live.gets_then_inserts(&accesses), Live::new(kind, row.capacity, row.unit).loads(&accesses)];
        assert_eq!(row.requests, accesses.len() as u64);
        (hits != [row.hits; 2]).then(|| {
            let nuthatch_simulate::Row { trace, policy, capacity, unit, hits: simulated, .. } = row;
            format!("{trace} {policy} at {capacity} {unit}: simulated {simulated}, live {hits:?}")
        })
    };
    rows.iter().filter_map(compare).collect()
}

/// A request as the simulator sees it: objects are numbered by their first request, and keep its size.
struct Access {
    object: u64,
    bytes: u64,
}

fn accesses(requests: &[Request]) -> Vec<Access> {
    let mut objects = HashMap::new();
    let number = |request: &Request| {
        let next = objects.len() as u64;
        let (object, bytes) = *objects.entry(request.key).or_insert((next, request.size.max(1)));
        Access { object, bytes }
    };
    requests.iter().map(number).collect()
}

/// A live cache that counts.
struct Live {
    cache: Cache<u64, u64, BuildHasherDefault<Numbers>>,
}

impl Live {
    fn new(kind: PolicyKind, capacity: u64, unit: Unit) -> Self {
        let builder = Cache::builder().shards(1).hasher(BuildHasherDefault::default());
        let builder = match kind {
            PolicyKind::WTinyLfu | PolicyKind::WTinyLfuAdaptive | PolicyKind::Auto => {
                builder.policy_with(move |capacity| SimulatorsHashes(kind.build(capacity)))
            }
            kind => builder.storage(StorageKind::Exact).policy(kind),
        };
        let cache = match unit {
            Unit::Objects => builder.capacity(capacity).build(),
            Unit::Bytes => builder.weight_capacity(capacity).weigher(|_, bytes| *bytes).build(),
        };
        Self { cache: cache.unwrap() }
    }

    /// How often a get hits, if each miss is followed by an insert.
    fn gets_then_inserts(&self, accesses: &[Access]) -> u64 {
        let mut hits = 0;
        for Access { object, bytes } in accesses {
            REQUESTED.set(*object);
            if self.cache.get(object).is_some() {
                hits += 1;
            } else {
                self.cache.insert(*object, *bytes);
            }
        }
        hits
    }

    /// How often nothing is loaded.
    fn loads(&self, accesses: &[Access]) -> u64 {
        let mut hits = accesses.len() as u64;
        for Access { object, bytes } in accesses {
            REQUESTED.set(*object);
            self.cache.get_or_insert_with(object, || {
                hits -= 1;
                *bytes
            });
        }
        hits
    }
}

thread_local! {
    /// The object of the request that is served.
    static REQUESTED: Cell<u64> = const { Cell::new(0) };
}

/// Numbers are their own hashes; the cache spreads them.
#[derive(Default)]
struct Numbers(u64);

impl Hasher for Numbers {
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers")
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Tells a policy of the hash that the simulator gives to the requested object.
struct SimulatorsHashes(Box<dyn Policy>);

fn simulators_hash() -> u64 {
    let key = REQUESTED.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

impl Policy for SimulatorsHashes {
    fn miss(&mut self, _hash: u64, weight: u64) {
        self.0.miss(simulators_hash(), weight);
    }

    fn insert(&mut self, slot: Slot, _hash: u64, weight: u64) {
        self.0.insert(slot, simulators_hash(), weight);
    }

    fn hit(&mut self, slot: Slot) {
        self.0.hit(slot);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.0.reweigh(slot, weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        self.0.evict()
    }

    fn remove(&mut self, slot: Slot) {
        self.0.remove(slot);
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn resize(&mut self, capacity: u64) {
        self.0.resize(capacity);
    }

    fn coldest_first(&self) -> Vec<Slot> {
        self.0.coldest_first()
    }

    fn check_invariants(&self) {
        self.0.check_invariants();
    }
}
