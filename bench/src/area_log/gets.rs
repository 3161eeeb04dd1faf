//! Reads of keys that are there, drawn uniformly: from the system's page cache, from the stores' own caches, and from the
//! disk.

use std::{
    hint::black_box,
    path::Path,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::{
    area_log::{
        Ground, cold,
        fill::fill,
        latencies::{Latencies, nanos},
        pairs::key,
        store::{Product, Settings, Store},
    },
    cpu_clock::thread_cpu_time,
    effort::Effort,
    own_process::Transferred,
    random::Random,
    report::{Better, Measure, Report, Sample},
};

const KEYS: u64 = 1_000_000;
const VALUE_BYTES: usize = 100;
/// Reads of a turn from memory, and from the disk.
const WARM_READS: usize = 1 << 15;
const COLD_READS: usize = 1000;

type Filled<'a> = (Product, &'a Path, Box<dyn Store>);

pub(super) fn measure(ground: &Ground, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let warm =
        ["page-cache", "own-cache"].map(|cache| [1, 2].map(|threads| format!("get-{cache}-{threads}t")));
    let cpu = |name: &str| format!("{name}-cpu");
    let cold = ["p50", "p99"].map(|percentile| format!("get-cold-{percentile}"));
    let is_wanted = warm.iter().flatten().any(|name| report.wants(&cpu(name)));
    if !is_wanted && !cold.iter().any(|name| report.wants(name)) {
        return Ok(());
    }
    let folders = filled(ground)?;
    for (names, settings) in warm.into_iter().zip([Settings::SMALL_OWN_CACHE, Settings::QUICK]) {
        let stores = opened(&folders, settings)?;
        for (name, threads) in names.into_iter().zip([1, 2]) {
            if report.wants(&cpu(&name)) {
                let (walls, cpus) = warm_rounds(&stores, threads, effort)?;
                for (name, samples) in [(name.clone(), walls), (cpu(&name), cpus)] {
                    report.add(&Measure { name, unit: "ns", better: Better::Lower, samples });
                }
            }
        }
    }
    if cold.iter().any(|name| report.wants(name)) {
        let all = cold_rounds(&opened(&folders, Settings::SMALL_OWN_CACHE)?, effort)?;
        for (name, share) in cold.into_iter().zip([0.5, 0.99]) {
            let samples = all.iter().map(|(sample, rounds)| Sample {
                rounds: rounds.iter().map(|latencies| latencies.micros_at(share)).collect(),
                ..sample.clone()
            });
            let samples = samples.collect();
            report.add(&Measure { name, unit: "us", better: Better::Lower, samples });
        }
    }
    Ok(())
}

/// A folder for every product, all with the same keys.
fn filled(ground: &Ground) -> anyhow::Result<Vec<(Product, TempDir)>> {
    let fill = |product: Product| {
        let folder = ground.folder()?;
        let store = product.open(folder.path(), Settings::QUICK)?;
        fill(store.as_ref(), KEYS, VALUE_BYTES).with_context(|| format!("filling {}", product.name()))?;
        Ok((product, folder))
    };
    Product::PLAIN.into_iter().map(fill).collect()
}

/// Opened again: what filling left in memory is gone, and nothing is put off.
fn opened(folders: &[(Product, TempDir)], settings: Settings) -> anyhow::Result<Vec<Filled<'_>>> {
    let open = |(product, folder): &'_ (Product, TempDir)| {
        let store = product.open(folder.path(), settings)?;
        store.settle()?;
        anyhow::Ok(store)
    };
    let opened = folders.iter().map(|filled| anyhow::Ok((filled.0, filled.1.path(), open(filled)?)));
    opened.collect()
}

/// Nanoseconds per read of a thread: as they pass, and of its processor.
fn warm_rounds(
    stores: &[Filled<'_>],
    threads: usize,
    effort: Effort,
) -> anyhow::Result<(Vec<Sample>, Vec<Sample>)> {
    let mut walls = stores.iter().map(|(product, ..)| product.sample()).collect::<Vec<_>>();
    let mut cpus = walls.clone();
    for round in 0..=effort.rounds {
        for ((_, _, store), (wall, cpu)) in stores.iter().zip(walls.iter_mut().zip(&mut cpus)) {
            let turn = warm_turn(store.as_ref(), threads, round as u64)?;
            // The first round brings pages in.
            if round > 0 {
                wall.rounds.push(turn.0);
                cpu.rounds.push(turn.1);
            }
        }
    }
    Ok((walls, cpus))
}

fn warm_turn(store: &dyn Store, threads: usize, seed: u64) -> anyhow::Result<(f64, f64)> {
    let start = Barrier::new(threads);
    let times = thread::scope(|scope| {
        let read = |thread: usize| {
            let start = &start;
            scope.spawn(move || {
                let reader = store.reader();
                start.wait();
                let mut reader = reader?;
                let mut random = Random::new(seed << 8 | thread as u64);
                let (began, cpu_before) = (Instant::now(), thread_cpu_time());
                for _ in 0..WARM_READS {
                    let length = reader.get(&key(random.next() % KEYS))?;
                    ensure!(black_box(length) == Some(VALUE_BYTES), "a key that was written is not there");
                }
                Ok((began.elapsed(), thread_cpu_time() - cpu_before))
            })
        };
        let readers = (0..threads).map(read).collect::<Vec<_>>();
        let joined = readers
            .into_iter()
            .map(|reader| reader.join().map_err(|_| anyhow::anyhow!("a reader panicked"))?);
        joined.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let nanos = |time: Duration| time.as_secs_f64() * 1e9 / WARM_READS as f64;
    let longest = times.iter().map(|time| time.0).max().unwrap_or_default();
    let cpu = times.iter().map(|time| time.1).sum::<Duration>() / u32::try_from(threads)?;
    Ok((nanos(longest), nanos(cpu)))
}

fn cold_rounds(stores: &[Filled<'_>], effort: Effort) -> anyhow::Result<Vec<(Sample, Vec<Latencies>)>> {
    let mut all = stores.iter().map(|(product, ..)| (product.sample(), Vec::new())).collect::<Vec<_>>();
    for round in 0..effort.rounds {
        for ((_, folder, store), (sample, rounds)) in stores.iter().zip(&mut all) {
            cold::drop_cached_pages(folder)?;
            let mut reader = store.reader()?;
            let mut random = Random::new(0xc01d + round as u64);
            let before = Transferred::so_far()?;
            let mut times = Vec::with_capacity(COLD_READS);
            for _ in 0..COLD_READS {
                let key = key(random.next() % KEYS);
                let asked = Instant::now();
                let length = reader.get(&key)?;
                times.push(nanos(asked.elapsed()));
                ensure!(length == Some(VALUE_BYTES), "a key that was written is not there");
            }
            let fetched = Transferred::so_far()?.since(before).fetched_from_disk;
            sample.beside =
                format!("{:.1} KB from the disk per get", fetched as f64 / 1e3 / COLD_READS as f64);
            rounds.push(Latencies::of(times));
        }
    }
    Ok(all)
}
