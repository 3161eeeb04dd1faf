//! What a power cut leaves is a state that the log was in, whenever it comes and whatever the disk makes of it.
//!
//! The disk is simulated (`vfs::sim`), so every moment of a history can be cut, and every image that the moment may leave be
//! opened. More rounds on demand: `NUTHATCH_CRASH_ROUNDS=100 cargo test -p nuthatch-log --test power_cut -- --nocapture`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests panics as a test does")]
#![expect(clippy::print_stdout, reason = "the rate is what one runs it for")]

mod faults;
mod history;
mod judge;
mod model;

use std::{env, time::Instant};

use history::{Run, Step, steps};
use nuthatch_log::{
    SyncMode,
    vfs::sim::{Rng, Sim},
};

/// How much of the long tests to do; 1 is for every day.
fn rounds() -> u64 {
    env::var("NUTHATCH_CRASH_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

/// Runs the steps and checks every moment of them. Returns the number of images.
fn check(steps: &[Step], mode: SyncMode, few: u64, samples: u64) -> u64 {
    try_check(&Sim::new(), steps, mode, few, samples)
        .unwrap_or_else(|error| panic!("{mode:?}, {steps:?}: {error}"))
}

fn try_check(sim: &Sim, steps: &[Step], mode: SyncMode, few: u64, samples: u64) -> Result<u64, String> {
    let mut run = Run::new(sim.clone(), mode).map_err(|error| error.to_string())?;
    for step in steps {
        run.step(step)?;
    }
    run.judge_all(few, samples)
}

fn report(what: &str, images: u64, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("{what}: {images} images in {seconds:.2} s, {:.0} a second", images as f64 / seconds);
}

/// All histories of three steps, and more on demand; of each moment every image, if they are not too many.
#[test]
fn every_short_history_cut_anywhere_leaves_a_state_that_it_went_through() {
    let alphabet = [
        Step::Put(0, 20, None),
        Step::Put(1, 700, None),
        Step::Delete(0),
        Step::Batch(vec![(0, Some(500)), (1, Some(600)), (2, None)]),
        Step::Commit,
        Step::Clear,
        Step::Kill,
    ];
    let length = 3 + rounds().ilog10();
    let started = Instant::now();
    let mut images = 0;
    for number in 0..alphabet.len().pow(length) {
        let digit = |at| alphabet[number / alphabet.len().pow(at) % alphabet.len()].clone();
        let steps: Vec<_> = (0..length).map(digit).collect();
        let modes = [SyncMode::Always, SyncMode::Never];
        for mode in modes.into_iter().take(length as usize - 2) {
            images += check(&steps, mode, 4, 1);
        }
    }
    report("short histories", images, started);
}

#[test]
fn long_histories_cut_anywhere_leave_a_state_that_they_went_through() {
    let started = Instant::now();
    let mut images = 0;
    for seed in 0..16 * rounds() {
        let mut rng = Rng::new(seed);
        let count = 10 + rng.below(150);
        let steps = steps(&mut rng, count);
        let mode = [SyncMode::Always, SyncMode::EverySec, SyncMode::Never][rng.below(3)];
        images += check(&steps, mode, 4, 1);
    }
    report("long histories", images, started);
}
