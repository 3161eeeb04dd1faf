//! How long a log takes to open again, at ten million keys or as many as asked for: closed, killed, and without hints. If
//! `DIR` is there, it is opened as it is.
//!
//! ```text
//! cargo run --release -p nuthatch-log --example reopen -- DIR [KEYS] [VALUE_BYTES]
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it reports, and stops at the first thing that goes wrong"
)]

use std::{env, fs, path::Path, process, process::Command, time::Instant};

use nuthatch_log::{Log, Options, SyncMode};

const FILL: &str = "NUTHATCH_REOPEN_FILL";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let dir = Path::new(arguments.first().map_or("reopen-log", |dir| dir));
    let number = |at: usize, default| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (keys, value_bytes): (u64, usize) = (number(1, 10_000_000), number(2, 100) as usize);
    if env::var_os(FILL).is_some() {
        fill(dir, keys, value_bytes);
    }
    if dir.exists() {
        return open("as it was left", dir, keys);
    }
    let status = Command::new(env::current_exe().unwrap()).args(&arguments).env(FILL, "1").status().unwrap();
    assert!(!status.success(), "it ends by a kill");
    open("after kill -9", dir, keys);
    open("closed", dir, keys);
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "hint") {
            fs::remove_file(path).unwrap();
        }
    }
    open("without hints", dir, keys);
}

fn fill(dir: &Path, keys: u64, value_bytes: usize) -> ! {
    let log = Log::open(dir, options()).unwrap().0;
    let value = vec![7; value_bytes];
    let started = Instant::now();
    for key in 0..keys {
        log.put(format!("{key:016}").as_bytes(), &value, None).unwrap();
    }
    log.flush().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let bytes = resident_bytes() as f64 / keys as f64;
    println!(
        "{:<14} {seconds:6.2} s, {:.0} puts per second, {bytes:.1} bytes of memory per key, the whole process",
        "filled",
        keys as f64 / seconds
    );
    let _ = Command::new("kill").args(["-9", &process::id().to_string()]).status();
    process::abort()
}

fn open(how: &str, dir: &Path, keys: u64) {
    let before = resident_bytes();
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let (log, recovery) = Log::open(dir, options()).unwrap();
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    assert_eq!(recovery.keys as u64, keys);
    let bytes = (resident_bytes() - before) as f64 / keys as f64;
    println!(
        "{how:<14} {seconds:6.2} s ({cpu:.2} s of processor time), {:.0} keys per second, {bytes:.1} bytes of memory per key",
        keys as f64 / seconds
    );
    let started = Instant::now();
    log.close().unwrap();
    println!("   and closed in {:.2} s", started.elapsed().as_secs_f64());
}

fn options() -> Options {
    Options::new().sync(SyncMode::Never)
}

/// Of all threads of this process, which others on the machine do not add to. From Linux; elsewhere 0.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Of this process, from Linux; elsewhere 0.
fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
