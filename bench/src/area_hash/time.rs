//! Nanoseconds per hash.

use std::{
    hash::{BuildHasher, Hash},
    hint::black_box,
};

use crate::{
    area_hash::function::HashFunction,
    cpu_clock::thread_cpu_time,
    effort::Effort,
    random::Random,
    report::{Better, Measure, Report},
};

/// Keys that lie in the processor's first cache: what is measured is hashing, not waiting for keys.
pub(crate) enum Input {
    Numbers(Vec<u64>),
    Bytes(Vec<Box<[u8]>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Hashes that do not wait for each other, as when many requests are under way.
    Throughput,
    /// Each key is chosen by the hash before it, as a lookup waits for its hash.
    Latency,
}

const INPUT_BYTES: usize = 32 * 1024;
const KEYS_MAX: usize = 1024;

pub(crate) fn measure(functions: &[HashFunction], effort: Effort, report: &mut Report) {
    let mut random = Random::new(3);
    let numbers = Input::Numbers((0..KEYS_MAX).map(|_| random.next()).collect());
    ask("u64", &numbers, effort.operations * 4, functions, effort, report);
    for bytes in [16, 64, 1024] {
        let keys = KEYS_MAX.min(INPUT_BYTES / bytes);
        let key = |_| (0..bytes).map(|_| random.next().to_le_bytes()[0]).collect();
        let input = Input::Bytes((0..keys).map(key).collect());
        ask(
            &format!("{bytes}-bytes"),
            &input,
            effort.operations * 64 / bytes.max(16),
            functions,
            effort,
            report,
        );
    }
}

fn ask(
    key: &str,
    input: &Input,
    hashes: usize,
    functions: &[HashFunction],
    effort: Effort,
    report: &mut Report,
) {
    for (mode, name) in [(Mode::Throughput, "throughput"), (Mode::Latency, "latency")] {
        let name = format!("{name}-{key}");
        if !report.wants(&name) {
            continue;
        }
        let mut samples = functions.iter().map(HashFunction::sample).collect::<Vec<_>>();
        for _ in 0..effort.rounds {
            for (function, sample) in functions.iter().zip(&mut samples) {
                sample.rounds.push((function.nanos_per_hash)(input, mode, hashes));
            }
        }
        report.add(&Measure { name, unit: "ns", better: Better::Lower, samples });
    }
}

/// Hashes keys of `input`, about `hashes` times in all, with a freshly seeded `H`.
pub(crate) fn nanos_per_hash<H: BuildHasher + Default>(input: &Input, mode: Mode, hashes: usize) -> f64 {
    let hasher = H::default();
    match input {
        Input::Numbers(keys) => nanos(&hasher, keys, mode, hashes),
        Input::Bytes(keys) => nanos(&hasher, keys, mode, hashes),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of hashes are far below 2^52")]
fn nanos<H: BuildHasher, K: Hash>(hasher: &H, keys: &[K], mode: Mode, hashes: usize) -> f64 {
    debug_assert!(keys.len().is_power_of_two(), "a hash is made an index by a mask");
    let began = thread_cpu_time();
    match mode {
        Mode::Throughput => {
            let mut sum = 0_u64;
            for _ in 0..hashes / keys.len() {
                // The keys are as good as new to the compiler, which would hash them once otherwise.
                for key in black_box(keys) {
                    sum = sum.wrapping_add(hasher.hash_one(key));
                }
            }
            black_box(sum);
        }
        Mode::Latency => {
            let mut index = 0;
            for _ in 0..hashes {
                #[expect(clippy::cast_possible_truncation, reason = "masked to an index anyway")]
                let hash = hasher.hash_one(&keys[index & (keys.len() - 1)]) as usize;
                index = hash ^ (hash >> 32);
            }
            black_box(index);
        }
    }
    (thread_cpu_time() - began).as_secs_f64() * 1e9 / hashes as f64
}
