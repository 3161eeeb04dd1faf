//! How many bytes are written for each byte that a user sets, when all keys are overwritten at random for long.

use anyhow::Context;

use crate::{
    area_log::{
        Ground,
        fill::fill,
        pairs::{Noise, Pair, key},
        store::{Product, Settings, Store},
    },
    effort::Effort,
    own_process::Transferred,
    random::Random,
    report::{Better, Measure, Report, Role, Sample},
};

const VALUE_BYTES: usize = 1000;
const PAIR_BYTES: u64 = VALUE_BYTES as u64 + 16;
/// Segments that hold all keys once: the grain at which space comes back must be small beside what there is.
const SEGMENTS: u64 = 100;
/// Pairs that are durable together.
const BATCH: u64 = 1000;
/// How often every key is overwritten, on average, before and while bytes are counted.
const LAPS_BEFORE: u64 = 2;
const LAPS: u64 = 2;

const NAME: &str = "write-amplification";

pub(super) fn measure(ground: &Ground, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    if !report.wants(NAME) {
        return Ok(());
    }
    let keys = effort.keys_on_disk / 10;
    let ours = |dead_percent_max| Settings {
        segment_bytes: Some(keys * PAIR_BYTES / SEGMENTS),
        dead_percent_max: Some(dead_percent_max),
        ..Settings::DURABLE
    };
    let at = |dead_percent_max: u8| {
        let name = format!("nuthatch, {} % live", 100 - dead_percent_max);
        (Product::Nuthatch, ours(dead_percent_max), Sample::new(&name, Role::Ours))
    };
    let peers = [Product::Fjall, Product::Redb, Product::Sqlite];
    let peers = peers.map(|product| (product, Settings::DURABLE, product.sample()));
    let samples = [at(50), at(30)].into_iter().chain(peers).map(|(product, settings, mut sample)| {
        match overwritten(ground, product, settings, keys) {
            Ok((amplification, beside)) => {
                sample.rounds.push(amplification);
                sample.beside = beside;
            }
            Err(error) => sample.beside = format!("not measured: {error:#}"),
        }
        sample
    });
    let samples = samples.collect();
    report.add(&Measure { name: NAME.to_owned(), unit: "x", better: Better::Lower, samples });
    Ok(())
}

/// Bytes written per byte set, and what to know beside.
fn overwritten(
    ground: &Ground,
    product: Product,
    settings: Settings,
    keys: u64,
) -> anyhow::Result<(f64, String)> {
    let folder = ground.folder()?;
    let store = product.open(folder.path(), settings)?;
    fill(store.as_ref(), keys, VALUE_BYTES).context("filling")?;
    let mut random = Random::new(3);
    overwrite(store.as_ref(), keys, LAPS_BEFORE, &mut random)?;
    store.settle()?;
    let before = Transferred::so_far()?;
    overwrite(store.as_ref(), keys, LAPS, &mut random)?;
    store.settle()?;
    let written = Transferred::so_far()?.since(before);
    let set = (keys * LAPS * PAIR_BYTES) as f64;
    let beside = format!(
        "{:.2}x sent to the disk in whole pages; {:.0} MB set; {}",
        written.sent_to_disk as f64 / set,
        set / 1e6,
        store.told()
    );
    Ok((written.written as f64 / set, beside))
}

fn overwrite(store: &dyn Store, keys: u64, laps: u64, random: &mut Random) -> anyhow::Result<()> {
    let noise = Noise::new();
    let mut batch = Vec::<Pair>::new();
    for _ in 0..keys * laps / BATCH {
        batch.clear();
        for _ in 0..BATCH {
            let key = key(random.next() % keys);
            batch.push((key, noise.value(random, VALUE_BYTES).to_vec()));
        }
        store.put_all(&batch)?;
        // Otherwise a fast writer would run ahead, and the live share be smaller and compaction cheaper than told.
        store.keep_up()?;
    }
    Ok(())
}
