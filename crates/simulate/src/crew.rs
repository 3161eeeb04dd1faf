//! Runs and the threads that run them, all over one read of the trace.

use std::{
    mem, panic,
    sync::{Arc, mpsc},
    thread,
};

use crate::{
    SimulateError,
    access::Batch,
    progress::{Ignored, OnProgress, Progress, Stage},
    run::Run,
    source::Source,
};

/// Accesses that one simulation takes in its turn: 64 KiB, which leaves room in a second-level cache for its state.
pub(crate) const BATCH: usize = 4096;
/// Batches that may wait for a worker, so that decoding and simulating need not keep step.
const BATCHES_WAITING: usize = 4;

/// Calls `each` with every batch of `source`, until `progress` breaks.
fn for_each_batch(
    source: &mut Source,
    progress: &mut OnProgress<'_>,
    mut each: impl FnMut(&mut Batch),
) -> Result<(), SimulateError> {
    let mut batch = Batch::default();
    let mut requests = 0;
    loop {
        batch.clear();
        let read = source.read(&mut batch, BATCH);
        requests += *read.as_ref().unwrap_or(&0) as u64;
        let now = match source {
            Source::Trace(source) => {
                Progress::of(Stage::Replaying, requests, source.trace(), source.ignored())
            }
            Source::Memory(..) => Progress {
                stage: Stage::Replaying,
                requests,
                position_bytes: 0,
                length_bytes: None,
                ignored: Ignored::default(),
            },
        };
        if read.is_ok() {
            each(&mut batch);
        }
        if progress(now).is_break() || read? == 0 {
            return Ok(());
        }
    }
}

/// Simulates on this thread alone.
pub(crate) fn replay_here(
    source: &mut Source,
    mut runs: Vec<Run>,
    progress: &mut OnProgress<'_>,
) -> Result<Vec<Run>, SimulateError> {
    for_each_batch(source, progress, |batch| {
        for run in &mut runs {
            run.take_all(batch);
        }
    })?;
    Ok(runs)
}

/// This thread decodes; each worker has its share of the simulations and sees every batch.
pub(crate) fn replay_on_threads(
    source: &mut Source,
    runs: Vec<Run>,
    threads: usize,
    progress: &mut OnProgress<'_>,
) -> Result<Vec<Run>, SimulateError> {
    let count = runs.len();
    let workers = threads.min(count);
    // Dealt like cards: neighbours in the list, with like capacities, are like in cost.
    let mut hands = Vec::from_iter((0..workers).map(|_| Vec::new()));
    for (index, run) in runs.into_iter().enumerate() {
        hands[index % workers].push((index, run));
    }
    thread::scope(|scope| {
        let (batches, working): (Vec<_>, Vec<_>) = hands
            .into_iter()
            .map(|mut hand| {
                let (batches, inbox) = mpsc::sync_channel::<Arc<Batch>>(BATCHES_WAITING);
                let worker = scope.spawn(move || {
                    for batch in inbox {
                        for (_, run) in &mut hand {
                            run.take_all(&batch);
                        }
                    }
                    hand
                });
                (batches, worker)
            })
            .unzip();
        let outcome = for_each_batch(source, progress, |batch| {
            let batch = Arc::new(mem::take(batch));
            for worker in &batches {
                // Fails only if the worker panicked, which joining it passes on.
                let _ = worker.send(Arc::clone(&batch));
            }
        });
        drop(batches);
        let mut dealt = Vec::with_capacity(count);
        for worker in working {
            match worker.join() {
                Ok(hand) => dealt.extend(hand),
                Err(panicked) => panic::resume_unwind(panicked),
            }
        }
        outcome?;
        dealt.sort_unstable_by_key(|(index, _)| *index);
        Ok(dealt.into_iter().map(|(_, run)| run).collect())
    })
}
