//! Writers that each wait until their own write survives a power cut.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use tempfile::TempDir;

use crate::{
    area_log::{
        Ground,
        latencies::{Latencies, nanos},
        pairs::{Noise, key},
        store::{Product, Settings, Store},
    },
    effort::Effort,
    random::Random,
    report::{Better, Measure, Report},
};

const WRITERS: [usize; 3] = [1, 64, 1000];
const VALUE_BYTES: usize = 100;
/// Keys that are written, over and over.
const KEYS: u64 = 1_000_000;
/// Enough for a thread that only calls a store, so that a thousand of them stay small.
const STACK_BYTES: usize = 512 * 1024;

/// What one turn brought.
pub(super) struct Turn {
    wall: Duration,
    pub(super) latencies: Latencies,
}

type Question = (&'static str, &'static str, Better, fn(&Turn) -> f64);

const QUESTIONS: [Question; 4] = [
    ("throughput", "puts/s", Better::Higher, Turn::per_second),
    ("p50", "us", Better::Lower, |turn| turn.latencies.micros_at(0.5)),
    ("p99", "us", Better::Lower, |turn| turn.latencies.micros_at(0.99)),
    ("p99.9", "us", Better::Lower, |turn| turn.latencies.micros_at(0.999)),
];

pub(super) fn measure(ground: &Ground, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    for writers in WRITERS {
        let name = |question: &str| format!("durable-put-{writers}w-{question}");
        if !QUESTIONS.iter().any(|question| report.wants(&name(question.0))) {
            continue;
        }
        let mut entrants = Product::PLAIN.to_vec();
        if writers > 1 {
            entrants.extend(Product::GATHERED);
        }
        let all = rounds(ground, &entrants, writers, effort)?;
        for (question, unit, better, value) in QUESTIONS {
            let samples = entrants.iter().zip(&all).map(|(product, turns)| {
                let mut sample = product.sample();
                sample.rounds = turns.iter().map(value).collect();
                let puts = turns.iter().map(|turn| turn.latencies.count()).sum::<usize>();
                sample.beside = format!("{puts} puts");
                sample
            });
            report.add(&Measure { name: name(question), unit, better, samples: samples.collect() });
        }
    }
    Ok(())
}

/// Every entrant's turns.
fn rounds(
    ground: &Ground,
    entrants: &[Product],
    writers: usize,
    effort: Effort,
) -> anyhow::Result<Vec<Vec<Turn>>> {
    let mut stores = Vec::<(TempDir, Box<dyn Store>)>::new();
    for product in entrants {
        let folder = ground.folder()?;
        let store = product.open(folder.path(), Settings::DURABLE);
        stores.push((folder, store.with_context(|| format!("opening {}", product.name()))?));
    }
    let mut all = entrants.iter().map(|_| Vec::new()).collect::<Vec<Vec<Turn>>>();
    for round in 0..effort.rounds {
        for ((product, (_, store)), turns) in entrants.iter().zip(&stores).zip(&mut all) {
            let turn = write(store.as_ref(), writers, effort.window, round as u64);
            turns.push(turn.with_context(|| format!("writing to {}", product.name()))?);
        }
    }
    Ok(all)
}

/// Keeps so many writers busy for `window`; a turn ends when the last of them has its last answer.
pub(super) fn write(store: &dyn Store, writers: usize, window: Duration, seed: u64) -> anyhow::Result<Turn> {
    let noise = Noise::new();
    let start = Barrier::new(writers + 1);
    let mut times = Vec::new();
    let wall = thread::scope(|scope| {
        let mut threads = Vec::with_capacity(writers);
        for writer in 0..writers {
            let (noise, start) = (&noise, &start);
            let work = move || {
                let mut random = Random::new(seed << 16 | writer as u64);
                start.wait();
                let began = Instant::now();
                let mut times = Vec::new();
                while began.elapsed() < window {
                    let key = key(random.next() % KEYS);
                    let value = noise.value(&mut random, VALUE_BYTES);
                    let asked = Instant::now();
                    store.put(&key, value)?;
                    times.push(nanos(asked.elapsed()));
                }
                anyhow::Ok(times)
            };
            // A thread that does not start would leave the others at the barrier for ever.
            #[expect(
                clippy::expect_used,
                reason = "a machine that cannot run the threads cannot run this benchmark"
            )]
            let thread =
                thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work).expect("a thread");
            threads.push(thread);
        }
        start.wait();
        let began = Instant::now();
        for thread in threads {
            let answered = thread.join().map_err(|_| anyhow::anyhow!("a writer panicked"))?;
            times.extend(answered?);
        }
        anyhow::Ok(began.elapsed())
    })?;
    Ok(Turn { wall, latencies: Latencies::of(times) })
}

impl Turn {
    fn per_second(&self) -> f64 {
        self.latencies.count() as f64 / self.wall.as_secs_f64()
    }
}
