//! Disks that fail, fill up, dawdle, lie and rot.

use std::time::Instant;

use nuthatch_log::{
    LogError, SyncMode,
    vfs::{
        Vfs,
        sim::{Rng, Sim, Survival},
    },
    without_checksums,
};

use crate::{
    history::{Run, Step, open, steps, store},
    judge::judge,
    model::content,
    report, rounds, try_check,
};

/// Steps of one process.
fn quiet_steps(seed: u64) -> Vec<Step> {
    let mut rng = Rng::new(seed);
    let count = 5 + rng.below(60);
    let mut steps = steps(&mut rng, count);
    steps.retain(|step| !matches!(step, Step::Kill | Step::PowerCut(_) | Step::Reopen));
    steps
}

/// The first thing that is wrong with some histories on such a disk.
fn found_on(disk: impl Fn() -> Sim) -> Option<String> {
    (0..40).find_map(|seed| try_check(&disk(), &quiet_steps(seed), SyncMode::Always, 8, 4).err())
}

#[test]
fn the_checker_finds_nothing_on_an_honest_disk() {
    assert_eq!(found_on(Sim::new), None);
}

#[test]
fn the_checker_finds_a_log_that_does_not_sync() {
    let found = found_on(|| {
        let sim = Sim::new();
        sim.neglect_syncs();
        sim
    });
    println!("no sync: {}", found.unwrap());
}

#[test]
fn the_checker_finds_a_log_that_does_not_sync_its_directory() {
    let found = found_on(|| {
        let sim = Sim::new();
        sim.neglect_dir_syncs();
        sim
    });
    println!("no directory sync: {}", found.unwrap());
}

#[test]
fn the_checker_finds_a_log_that_has_no_checksums() {
    println!("no checksum: {}", without_checksums(|| found_on(Sim::new)).unwrap());
}

/// A sync fails once and its pages are gone. Nothing is acknowledged from then on, nothing is tried again; what was
/// acknowledged before is there, also after the process has died and the next one has read what is only in memory.
#[test]
fn after_a_failed_sync_nothing_more_is_promised_and_nothing_promised_is_lost() {
    let started = Instant::now();
    let (mut images, mut failed) = (0, 0);
    for seed in 0..40 * rounds() {
        let mode = [SyncMode::Always, SyncMode::EverySec][(seed % 2) as usize];
        let mut rng = Rng::new(!seed);
        let mut run = Run::new(Sim::new(), mode).unwrap();
        run.sim.fail_sync_after(rng.below(12), rng.bits(), rng.below(2) == 0);
        let error = quiet_steps(seed).iter().find_map(|step| run.try_step(step).err());
        if let Some(error) = error {
            let expected = matches!(error, LogError::Write { .. } | LogError::Poisoned { .. });
            assert!(expected, "seed {seed}: {error}");
            failed += 1;
            assert_refuses(&mut run);
        }
        run.sync_failed = error_or_poison(&run);
        let check = |run: &mut Run| -> Result<u64, String> {
            run.step(&Step::Kill)?;
            run.step(&Step::Put(5, 40, None))?;
            run.step(&Step::Commit)?;
            run.step(&Step::Put(4, 900, None))?;
            run.judge_all(4, 2)
        };
        images += check(&mut run).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    assert!(failed > 8, "{failed} of the histories met the failure");
    report("failed syncs", images, started);
}

fn error_or_poison(run: &Run) -> bool {
    run.log.as_ref().is_none_or(|log| log.stats().poisoned)
}

fn assert_refuses(run: &mut Run) {
    let ops = run.sim.ops();
    for step in [Step::Put(0, 10, None), Step::Commit, Step::Flush, Step::Batch(vec![(1, Some(9))])] {
        let outcome = run.try_step(&step);
        if step == Step::Commit && outcome.is_ok() {
            continue; // all of it was on disk before the failure
        }
        assert!(matches!(outcome, Err(LogError::Poisoned { .. })), "{step:?}: {outcome:?}");
    }
    assert_eq!(run.sim.ops(), ops, "a poisoned log leaves the disk alone");
}

/// Whatever is refused for want of room is not half there; and when there is room, the same log goes on.
#[test]
fn a_full_disk_is_named_and_loses_nothing_and_room_mends_it() {
    let started = Instant::now();
    let (mut images, mut full) = (0, 0);
    for seed in 0..20 * rounds() {
        let mode = [SyncMode::Always, SyncMode::EverySec, SyncMode::Never][(seed % 3) as usize];
        let mut rng = Rng::new(!seed);
        let mut run = Run::new(Sim::new(), mode).unwrap();
        run.sim.set_room(Some(rng.below(12_000) as u64));
        for step in quiet_steps(seed) {
            match run.try_step(&step) {
                Ok(()) => {}
                Err(LogError::Full { .. }) => full += 1,
                Err(error) => panic!("seed {seed}: {step:?}: {error}"),
            }
        }
        run.sim.set_room(None);
        for step in [Step::Flush, Step::Put(5, 40, None), Step::Commit, Step::Kill] {
            run.step(&step).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
        images += run.judge_all(4, 2).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    assert!(full > 10, "{full} steps found the disk full");
    report("full disks", images, started);
}

#[test]
fn transfers_that_are_short_or_interrupted_change_nothing() {
    let started = Instant::now();
    let mut images = 0;
    for seed in 0..8 * rounds() {
        let sim = Sim::new();
        sim.transfer_short(seed);
        let mut steps = steps(&mut Rng::new(seed), 60);
        steps.retain(|step| !matches!(step, Step::PowerCut(_)));
        images += try_check(&sim, &steps, SyncMode::Always, 4, 2)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    report("short transfers", images, started);
}

/// The process meets the end of the power at every change of its life.
#[test]
fn a_power_cut_is_an_error_to_the_dying_process_and_no_loss() {
    for seed in 0..6 * rounds() {
        let steps = quiet_steps(seed);
        for ops in 0.. {
            let sim = Sim::new();
            sim.power_off_after(ops);
            let Ok(mut run) = Run::new(sim, SyncMode::Always) else {
                continue;
            };
            let cut = steps.iter().find_map(|step| run.try_step(step).err());
            if cut.is_none() {
                break;
            }
            run.log = None;
            let window = run.model.after_power_cut(run.sim.ops());
            for survival in [Survival::Nothing, Survival::Seed(seed)] {
                let image = run.sim.moment().survivor(survival);
                judge(&image, &run.model, window.clone(), run.mode)
                    .unwrap_or_else(|error| panic!("seed {seed}, power off after {ops}: {error}"));
            }
        }
    }
}

/// Flips a bit of each byte of a store. Returns the first whose reader is neither refused nor right.
fn rot() -> Option<String> {
    let mut run = Run::new(Sim::new(), SyncMode::Always).unwrap();
    for step in [
        Step::Put(0, 20, None),
        Step::Put(1, 1500, Some(2000)),
        Step::Batch(vec![(0, Some(700)), (2, Some(900)), (3, None)]),
        Step::Delete(1),
        Step::Put(3, 1800, None),
        Step::Put(1, 5, None),
        Step::Flush,
        Step::Put(4, 100, None),
        Step::Reopen,
    ] {
        run.step(&step).unwrap();
    }
    let moment = run.sim.moment();
    for name in run.sim.list(store()).unwrap() {
        let path = store().join(name);
        if path.extension().is_none() {
            continue; // the lock
        }
        for at in 0..run.sim.read(&path).unwrap().len() {
            let image = moment.survivor(Survival::Everything);
            image.flip(&path, at as u64, 1 << (at % 8)).unwrap();
            let found = match open(&image, SyncMode::Always) {
                Err(LogError::Damaged { .. } | LogError::UnsupportedVersion { .. }) => continue,
                Err(error) => Err(error.to_string()),
                Ok(log) => content(&log),
            };
            let right = match &found {
                Ok(found) => *found == run.model.last().content,
                Err(error) => error.contains("damaged"),
            };
            if !right {
                return Some(format!("{}, byte {at}: {found:?}", path.display()));
            }
        }
    }
    None
}

#[test]
fn no_rotten_byte_of_a_closed_store_goes_unnoticed_or_changes_a_value() {
    assert_eq!(rot(), None);
}

#[test]
fn rot_is_found_out_by_checksums_only() {
    println!("no checksum: {}", without_checksums(rot).unwrap());
}
