//! What an entry of the keydir costs in memory and time, at ten million keys or as many as the first argument says.
//!
//! ```text
//! cargo run --release -p nuthatch-log --example keydir [-- KEYS]
//! ```
//!
//! The table alone: no hashing of keys, no records. Memory is what the operating system counts, allocator included.

#![expect(clippy::print_stdout, reason = "it reports")]
#![expect(dead_code, reason = "an example uses some of what a log uses")]

#[path = "../src/locks.rs"]
mod locks;
#[path = "../src/keydir/page.rs"]
mod page;
#[path = "../src/keydir/place.rs"]
mod place;
#[path = "../src/keydir/shard.rs"]
mod shard;
#[path = "../src/keydir/table.rs"]
mod table;

use std::{
    env, fs,
    hint::black_box,
    time::{Duration, Instant},
};

use place::Place;
use table::Table;

fn main() {
    let keys: u64 = env::args().nth(1).and_then(|keys| keys.parse().ok()).unwrap_or(10_000_000);
    let before = resident_bytes();
    let table = Table::new();

    let mut worst = Duration::ZERO;
    let mut most_per_key = 0.0_f64;
    let started = CpuTime::now();
    for key in 0..keys {
        let one = Instant::now();
        table.insert(mixed(key), place(key));
        worst = worst.max(one.elapsed());
        if key % (keys / 64) == 0 && key >= keys / 8 {
            most_per_key = most_per_key.max((resident_bytes() - before) as f64 / key as f64);
        }
    }
    report("insert, the clock read twice for each", keys, started);
    println!("{:>10.1} µs    worst insert (interrupts of the machine included)", worst.as_secs_f64() * 1e6);
    let resident = (resident_bytes() - before) as f64;
    println!(
        "{:>10.2} bytes per key, {most_per_key:.2} at most since an eighth of the keys",
        resident / keys as f64
    );

    let looks = keys.min(5_000_000);
    time("look for a key that is there", looks, |at| table.contains(mixed(scattered(at, keys)), place(0)));
    time("look for a key that is not", looks, |at| table.contains(mixed(keys + at), place(0)));
    time("overwrite", looks, |at| {
        let key = scattered(at, keys);
        table.replace(mixed(key), place(key), place(key))
    });
    time("remove one and insert another", looks, |at| {
        table.remove(mixed(at), place(at));
        table.insert(mixed(keys + at), place(at));
        true
    });
    let resident = (resident_bytes() - before) as f64;
    println!("{:>10.2} bytes per key after that", resident / keys as f64);

    let started = CpuTime::now();
    let mut seen = 0;
    table.scan(0, |_, place| {
        black_box(place);
        seen += 1;
        true
    });
    report("scan", seen, started);
}

fn time(what: &str, times: u64, mut run: impl FnMut(u64) -> bool) {
    let started = CpuTime::now();
    for at in 0..times {
        black_box(run(at));
    }
    report(what, times, started);
}

fn report(what: &str, times: u64, started: CpuTime) {
    println!("{:>10.1} ns    {what}", started.elapsed_ns() / times as f64);
}

fn place(key: u64) -> Place {
    Place::new((key >> 20) as u32, key as u32 & 0xf_ffff, 100, false)
}

fn scattered(at: u64, keys: u64) -> u64 {
    mixed(at) % keys
}

/// SplitMix64's finaliser.
fn mixed(key: u64) -> u64 {
    let key = (key ^ key >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ key >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ key >> 31
}

/// Nanoseconds that this thread has run, which others on the machine do not add to. From Linux; elsewhere 0.
struct CpuTime(f64);

impl CpuTime {
    fn now() -> Self {
        let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        Self(text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0.0))
    }

    fn elapsed_ns(&self) -> f64 {
        Self::now().0 - self.0
    }
}

/// Of this process, from Linux; elsewhere 0.
fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
