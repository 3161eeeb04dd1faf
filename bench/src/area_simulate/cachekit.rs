//! The `cachekit` crate: the policies it shares with us, driven by a loop over keys.

use std::hint::black_box;

use cachekit::{
    policy::{arc::ArcCore, fast_lru::FastLru, s3_fifo::S3FifoCache},
    traits::Cache,
};

use crate::{
    area_simulate::{Outcome, stream::Stream},
    cpu_clock::thread_cpu_time,
};

/// `None` for a policy that it does not have.
pub(super) fn replay(stream: &Stream, policy: &str, capacity: u64) -> Option<Outcome> {
    let capacity = usize::try_from(capacity).ok()?;
    match policy {
        "lru" => Some(drive(stream, || FastLru::new(capacity))),
        "s3-fifo" => Some(drive(stream, || S3FifoCache::new(capacity))),
        "arc" => Some(drive(stream, || ArcCore::new(capacity))),
        _ => None,
    }
}

fn drive<C: Cache<u64, ()>>(stream: &Stream, cache: impl FnOnce() -> C) -> Outcome {
    let start = thread_cpu_time();
    let mut cache = cache();
    let mut hits = 0_u64;
    for key in &stream.keys {
        if cache.get(key).is_some() {
            hits += 1;
        } else {
            black_box(cache.insert(*key, ()));
        }
    }
    let cpu_seconds = (thread_cpu_time() - start).as_secs_f64();
    Outcome { cpu_seconds, hit_ratio: hits as f64 / stream.keys.len() as f64 }
}
