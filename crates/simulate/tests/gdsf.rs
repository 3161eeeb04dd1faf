//! GDSF beside libCacheSim's, which differs in one thing: it takes a newcomer in first and then evicts, so that the
//! newcomer may be its own victim. The paper makes room first, and so does every storage of ours.
//!
//! Told to do as libCacheSim does, our GDSF agrees with it to the hit.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
};

use nuthatch_policy::{PolicyKind, Slab, Slot};
use nuthatch_trace::{Format, Trace};

#[test]
fn gdsf_gives_the_published_hits_if_a_newcomer_may_be_its_own_victim() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/traces");
    let folder = env::var_os("NUTHATCH_TRACES").map_or(beside, PathBuf::from);
    let Ok(published) = fs::read_to_string(folder.join("reference.csv")) else {
        println!("not checked: no {}/reference.csv; set NUTHATCH_TRACES", folder.display());
        return;
    };
    let mut rows = 0;
    for row in published.lines().map(|line| line.split(',').collect::<Vec<_>>()) {
        let [trace, "GDSF", capacity, unit, _, hits, ..] = row[..] else { continue };
        let file = match trace {
            "cachelib_bigcache_short" => "cachelib_bigcache_short.csv.zst",
            "cloudPhysicsIO" => "cloudPhysicsIO.oracleGeneral.bin",
            "arc_OLTP" | "arc_P3_first2M" => &format!("{trace}.lis.zst"),
            "ibm_docker_725k" => "ibm_docker_725k.keys.zst",
            "cache2k_web07" | "scarab_recs" => &format!("{trace}.trace.xz"),
            _ => &format!("{trace}.trace.gz"),
        };
        let found = hits_inserting_first(&folder.join(file), capacity.parse().unwrap(), unit == "bytes");
        assert_eq!(found.to_string(), hits, "{trace} at {capacity} {unit}");
        rows += 1;
    }
    assert_eq!(rows, 51);
}

fn hits_inserting_first(file: &Path, capacity: u64, bytes: bool) -> u64 {
    let mut policy = PolicyKind::Gdsf.build(capacity);
    let mut entries = Slab::<(u64, u64)>::new();
    let mut slots = HashMap::<u64, Slot>::new();
    let mut sizes = HashMap::<u64, u64>::new();
    let (mut weight, mut hits) = (0, 0);
    let trace = Trace::open(file, Format::Auto).unwrap();
    for request in trace {
        let request = request.unwrap();
        let key = request.key;
        let size = *sizes.entry(key).or_insert(request.size.max(1));
        let size = if bytes { size } else { 1 };
        if let Some(slot) = slots.get(&key) {
            hits += 1;
            policy.hit(*slot);
            continue;
        }
        if size > capacity {
            continue;
        }
        let slot = entries.insert((key, size)).unwrap();
        slots.insert(key, slot);
        policy.miss(0, size);
        policy.insert(slot, 0, size);
        weight += size;
        while weight > capacity {
            let (key, size) = policy.evict().and_then(|slot| entries.remove(slot)).unwrap();
            slots.remove(&key);
            weight -= size;
        }
    }
    hits
}
