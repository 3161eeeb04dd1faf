//! What compaction does to the latency of puts: the same load on two logs of ours, of which one compacts and the other,
//! which tolerates more dead bytes, does not.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use tempfile::TempDir;

use crate::{
    area_log::{
        Ground,
        durable_puts::{Turn, write},
        fill::fill,
        pairs::{Noise, Pair, key},
        store::{Product, Settings, Store},
    },
    effort::Effort,
    random::Random,
    report::{Better, Measure, Report, Role, Sample},
};

const KEYS: u64 = 100_000;
const VALUE_BYTES: usize = 1000;
const SEGMENT_BYTES: u64 = 4 << 20;
/// The overwriting that gives compaction something to do, on both logs: as many pairs at once, and so often.
const CHURN_BATCH: usize = 20;
const CHURN_EVERY: Duration = Duration::from_millis(2);

struct Subject {
    _folder: TempDir,
    store: Box<dyn Store>,
    sample: Sample,
    turns: Vec<Turn>,
}

pub(super) fn measure(ground: &Ground, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    for (mode, durable, writers) in [("always", true, 64), ("never", false, 1)] {
        let name = |what: &str| format!("put-{mode}-{writers}w-beside-churn-{what}");
        let names = [name("p99"), name("p99.9"), name("p99.9-times-that-without-compaction")];
        if !names.iter().any(|name| report.wants(name)) {
            continue;
        }
        let settings = Settings { durable, segment_bytes: Some(SEGMENT_BYTES), ..Settings::DURABLE };
        let mut subjects = [
            subject(ground, settings, 50, "nuthatch compacting", Role::Ours)?,
            subject(ground, settings, 90, "nuthatch not compacting", Role::Beside)?,
        ];
        for round in 0..effort.rounds {
            for subject in &mut subjects {
                let turn = beside_churn(subject.store.as_ref(), writers, effort.window, round as u64);
                subject.turns.push(turn.with_context(|| subject.sample.subject.clone())?);
            }
        }
        for (name, share) in names.iter().zip([0.99, 0.999]) {
            let samples = subjects.iter().map(|subject| Sample {
                rounds: subject.turns.iter().map(|turn| turn.latencies.micros_at(share)).collect(),
                beside: subject.store.told(),
                ..subject.sample.clone()
            });
            let samples = samples.collect();
            report.add(&Measure { name: name.clone(), unit: "us", better: Better::Lower, samples });
        }
        let [with, without] = &subjects;
        let ratios = with
            .turns
            .iter()
            .zip(&without.turns)
            .map(|(with, without)| with.latencies.micros_at(0.999) / without.latencies.micros_at(0.999));
        let sample = Sample { rounds: ratios.collect(), ..Sample::new("nuthatch", Role::Ours) };
        let [.., name] = names;
        report.add(&Measure { name, unit: "x", better: Better::Lower, samples: vec![sample] });
    }
    Ok(())
}

fn subject(
    ground: &Ground,
    settings: Settings,
    dead_percent_max: u8,
    name: &str,
    role: Role,
) -> anyhow::Result<Subject> {
    let folder = ground.folder()?;
    let settings = Settings { dead_percent_max: Some(dead_percent_max), ..settings };
    let store = Product::Nuthatch.open(folder.path(), settings)?;
    fill(store.as_ref(), KEYS, VALUE_BYTES)?;
    if dead_percent_max == 50 {
        // To the brink: compaction has work from the first turn on.
        fill(store.as_ref(), KEYS, VALUE_BYTES)?;
    }
    Ok(Subject { _folder: folder, store, sample: Sample::new(name, role), turns: Vec::new() })
}

/// A turn of writers, while one more overwrites at a steady pace.
fn beside_churn(store: &dyn Store, writers: usize, window: Duration, round: u64) -> anyhow::Result<Turn> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let churn = scope.spawn(|| churn(store, round, &is_over));
        let turn = write(store, writers, window, round);
        is_over.store(true, Relaxed);
        churn.join().map_err(|_| anyhow::anyhow!("the churn panicked"))??;
        turn
    })
}

fn churn(store: &dyn Store, round: u64, is_over: &AtomicBool) -> anyhow::Result<()> {
    let (noise, mut random) = (Noise::new(), Random::new(round ^ 0xc4));
    let mut next = Instant::now();
    while !is_over.load(Relaxed) {
        let pair =
            |random: &mut Random| (key(random.next() % KEYS), noise.value(random, VALUE_BYTES).to_vec());
        let batch = (0..CHURN_BATCH).map(|_| pair(&mut random)).collect::<Vec<Pair>>();
        store.put_all(&batch)?;
        next += CHURN_EVERY;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
