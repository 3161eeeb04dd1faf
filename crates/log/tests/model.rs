//! The log agrees with a plain map through any history of writes, trims, clears and reopenings.

mod support;

use nuthatch_log::{Batch, Log, Options};
use proptest::prelude::*;
use support::{Content, TWO_BITS_OF_TAG, content, options, scratch};

#[derive(Clone, Debug)]
enum Write {
    Put(u8, Option<u64>),
    Delete(u8),
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, usize, Option<u64>),
    Delete(u8),
    Batch(Vec<Write>),
    Forget(u8),
    Commit,
    Trim,
    Clear,
    Reopen,
}

/// A standing clock says 1000, so what expires before is dropped on reopening.
fn expiry() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![3 => Just(None), 1 => Just(Some(500)), 1 => Just(Some(2000))]
}

fn put() -> impl Strategy<Value = (u8, usize, Option<u64>)> {
    (0..12_u8, prop_oneof![0..50_usize, 500..1500_usize], expiry())
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        (0..12_u8, expiry()).prop_map(|(key, expiry)| Write::Put(key, expiry)),
        (0..12_u8).prop_map(Write::Delete),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => put().prop_map(|(key, bytes, expiry)| Step::Put(key, bytes, expiry)),
        4 => (0..12_u8).prop_map(Step::Delete),
        3 => prop::collection::vec(write(), 0..6).prop_map(Step::Batch),
        1 => (0..12_u8).prop_map(Step::Forget),
        1 => Just(Step::Commit),
        1 => Just(Step::Trim),
        1 => Just(Step::Clear),
        2 => Just(Step::Reopen),
    ]
}

/// No two values are the same, so an old one cannot pass for the new.
fn fresh_value(at: usize, bytes: usize) -> Vec<u8> {
    let mut value = (at as u32).to_le_bytes().to_vec();
    value.resize(4 + bytes, at as u8);
    value
}

fn is_live(expires_at: Option<u64>) -> bool {
    expires_at.is_none_or(|at| at > 1000)
}

/// What a reader who minds expiry sees.
fn live(content: &Content) -> Content {
    content.iter().filter(|(_, (_, at))| is_live(*at)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn run(steps: &[Step], options: &Options) -> Result<(), TestCaseError> {
    let dir = scratch();
    let mut log = Log::open(dir.path(), options.clone()).map_err(fail)?.0;
    let mut model = Content::new();
    let mut last = log.last_lsn();
    for (at, step) in steps.iter().enumerate() {
        let key = |key: &u8| vec![b'k', *key];
        match step {
            Step::Put(k, bytes, expiry) => {
                log.put(&key(k), &fresh_value(at, *bytes), *expiry).map_err(fail)?;
                model.insert(key(k), (fresh_value(at, *bytes), *expiry));
            }
            Step::Delete(k) => {
                log.delete(&key(k)).map_err(fail)?;
                model.remove(&key(k));
            }
            Step::Batch(writes) => {
                let keys: Vec<_> = (0..12).map(|k| key(&k)).collect();
                let values: Vec<_> = (0..writes.len()).map(|i| fresh_value(at * 100 + i, i * 200)).collect();
                let mut batch = Batch::new();
                for (write, value) in writes.iter().zip(&values) {
                    match write {
                        Write::Put(k, expiry) => {
                            batch.put(&keys[usize::from(*k)], value, *expiry).map_err(fail)?;
                            model.insert(key(k), (value.clone(), *expiry));
                        }
                        Write::Delete(k) => {
                            batch.delete(&keys[usize::from(*k)]).map_err(fail)?;
                            model.remove(&key(k));
                        }
                    }
                }
                log.append(&batch).map_err(fail)?;
            }
            Step::Forget(k) => {
                log.forget_expired(&key(k), 1000).map_err(fail)?;
            }
            Step::Commit => log.commit(log.last_lsn()).map_err(fail)?,
            Step::Trim => {
                log.trim().map_err(fail)?;
            }
            Step::Clear => {
                log.clear().map_err(fail)?;
                model.clear();
            }
            Step::Reopen => {
                drop(log);
                let (again, recovery) = Log::open(dir.path(), options.clone()).map_err(fail)?;
                prop_assert_eq!((recovery.torn_bytes, recovery.lost.len()), (0, 0));
                prop_assert_eq!(content(&again), live(&model), "reopening drops exactly what has expired");
                let records = live(&model)
                    .into_iter()
                    .map(|(key, (value, _))| (32 + key.len() + value.len()).next_multiple_of(8));
                prop_assert_eq!(again.stats().live_bytes, records.sum::<usize>() as u64);
                log = again;
            }
        }
        prop_assert!(log.last_lsn() >= last, "an LSN was given out twice");
        last = log.last_lsn();
        prop_assert_eq!(live(&content(&log)), live(&model));
        prop_assert!(!log.stats().trim_failed);
    }
    Ok(())
}

fn fail(error: nuthatch_log::LogError) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_log_agrees_with_a_map(steps in prop::collection::vec(step(), 1..80)) {
        run(&steps, &options())?;
    }

    #[test]
    fn the_log_agrees_with_a_map_when_hints_are_read(steps in prop::collection::vec(step(), 1..80)) {
        run(&steps, &options().hint_bytes_min(0))?;
        run(&steps, &options().hint_bytes_min(0).hash_mask(TWO_BITS_OF_TAG))?;
    }

    /// Twelve keys in four entries: nothing but the records tells them apart.
    #[test]
    fn the_log_agrees_with_a_map_when_hashes_collide(steps in prop::collection::vec(step(), 1..80)) {
        run(&steps, &options().hash_mask(TWO_BITS_OF_TAG))?;
    }
}
